"""Every error Postkeep raises on purpose.

::

    PostkeepError
    ├── PostRejected          the file is at fault: recorded on the post with its reason, never retried
    ├── Superseded            a newer revision is already known: there is nothing to do
    ├── Differs               the record says something else of the content: decide what follows it
    ├── Conflict              another writer came between a read and its write: read again and decide anew
    ├── ObjectMissing         no such object, or no such version of it
    │   └── ObjectDeleted     the version is a delete marker
    ├── ObjectChanged         another object is there than the one that was read
    ├── ObjectTooLarge        the object is larger than the reader's limit
    ├── SendFailed            a queue did not take all messages
    ├── ReconcileUnderway     another run of reconcile is at work on the same archive
    ├── UpgradeUnderway       somebody else is upgrading the same archive
    ├── MessageInvalid        a queue message that this version cannot read
    ├── PictureRefused        this picture will never be had: gone, forbidden, not a picture, too big
    ├── PictureUnavailable    the picture's host is slow, busy or down: try again later
    ├── PictureSkipped        pictures of its host are not fetched here
    ├── DecoderLost           the process that decodes pictures ended, for no reason that lies in the picture
    ├── CursorInvalid         the cursor was not issued for this query
    │   └── CursorExpired     it was issued too long ago
    ├── ManifestInvalid       the search index's manifest cannot be read
    ├── IndexUnavailable      the search index is not to be had now
    ├── RulesInvalid          a file of rules for the cleaning that cannot be used
    ├── SegmentInvalid        a segment of the search index that cannot be used
    ├── QueryInvalid          a search that cannot be understood
    └── SettingMissing        the function was deployed without a variable that it needs

Errors carry data, not sentences to be parsed: each has the fields that its handler and its log line need.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from postkeep.post import Post


class PostkeepError(Exception):
    """The root of all of Postkeep's own errors."""


class PostRejected(PostkeepError):
    """The post's author must act; a retry would give the same answer.

    Attributes:
        reason: a stable machine-readable word, such as ``front-matter-invalid``.
        detail: one sentence for the author, naming the line and the text at fault where known.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Superseded(PostkeepError):
    """The work is out of date: a newer state of the same post is recorded already."""

    def __init__(self, post_id: str, why: str) -> None:
        super().__init__(f"{post_id}: {why}")
        self.post_id = post_id
        self.why = why


class Differs(PostkeepError):
    """The record that is there says something else of the object's content; carries it (a :class:`postkeep.post.Post`)."""

    def __init__(self, stored: "Post") -> None:
        super().__init__(f"{stored.id}: generation {stored.generation} says something else")
        self.stored = stored


class Conflict(PostkeepError):
    """The record changed between the read and the conditional write that relied on it."""

    def __init__(self, post_id: str) -> None:
        super().__init__(f"{post_id}: the record changed meanwhile")
        self.post_id = post_id


class ObjectMissing(PostkeepError):
    """There is no such object in the bucket (or no such version of it)."""

    def __init__(self, key: str, version_id: str | None = None) -> None:
        super().__init__(f"no object {key!r}" + (f" at version {version_id}" if version_id else ""))
        self.key = key
        self.version_id = version_id


class ObjectDeleted(ObjectMissing):
    """The version that was asked for is a delete marker: with it, the object was deleted."""


class ObjectChanged(PostkeepError):
    """The object is not the one that was read any more, or is there although none was."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key!r} was written meanwhile")
        self.key = key


class ObjectTooLarge(PostkeepError):
    """The object is larger than the caller was willing to read; none of it was kept."""

    def __init__(self, key: str, size: int, limit: int) -> None:
        super().__init__(f"{key!r} has {size:,} bytes; the limit is {limit:,}")
        self.key = key
        self.size = size
        self.limit = limit


class SendFailed(PostkeepError):
    """The queue did not take some of the messages; the sender must be tried again as a whole."""

    def __init__(self, count: int, code: str) -> None:
        super().__init__(f"{count} messages were not taken: {code}")
        self.count = count
        self.code = code


class ReconcileUnderway(PostkeepError):
    """Another run of reconcile is at work, or was until it was killed.

    Attributes:
        run: its id.
        until: when it counts as dead if it does not say that it is alive (UTC).
    """

    def __init__(self, run: str, until: "datetime") -> None:
        super().__init__(f"the run {run} is at work; it counts as dead at {until.isoformat(timespec='seconds')}")
        self.run = run
        self.until = until


class UpgradeUnderway(PostkeepError):
    """Somebody else is upgrading the archive, or was until they were killed.

    Attributes:
        until: when they count as dead if they do not say that they are alive (UTC).
    """

    def __init__(self, until: "datetime") -> None:
        super().__init__(
            f"somebody else is upgrading this archive; unless they go on, it can be taken over after {until:%H:%M:%S} (UTC)"
        )
        self.until = until


class MessageInvalid(PostkeepError):
    """A queue message that is not of a form this version reads."""


class PictureRefused(PostkeepError):
    """The picture will never be had from this address.

    Attributes:
        reason: a stable machine-readable word, such as ``not-found`` or ``address-not-public``.
        detail: one sentence.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class PictureUnavailable(PostkeepError):
    """The picture's host did not answer usefully this time.

    Attributes:
        reason: a stable machine-readable word, such as ``timeout`` or ``server-error``.
        detail: one sentence.
        retry_after: how long the host asked us to wait, or None where it did not say.
    """

    def __init__(self, reason: str, detail: str, retry_after: timedelta | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after


class PictureSkipped(PostkeepError):
    """Pictures of this host are not fetched in this deployment; carries the host."""

    def __init__(self, host: str) -> None:
        super().__init__(f"pictures of {host} are not fetched here")
        self.host = host


class DecoderLost(PostkeepError):
    """The process that decodes pictures could not be started, was killed by somebody else, or failed by a bug of ours.

    Attributes:
        why: how it ended.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class CursorInvalid(PostkeepError):
    """The cursor is damaged or belongs to another query."""


class CursorExpired(CursorInvalid):
    """The cursor was issued for this query, but too long ago."""


class ManifestInvalid(PostkeepError):
    """The search index's manifest cannot be read; ``postkeep search rebuild`` makes it again.

    Attributes:
        why: what is wrong with it.
    """

    def __init__(self, why: str) -> None:
        super().__init__(f"the search index's manifest: {why}")
        self.why = why


class IndexUnavailable(PostkeepError):
    """The search index is not to be had now, although its manifest was read anew; carries why."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the search index is not to be had: {why}")
        self.why = why


class RulesInvalid(PostkeepError):
    """A file of rules for the cleaning cannot be used as it stands.

    Attributes:
        name: of the file.
        detail: what is wrong, and where.
    """

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}")
        self.name = name
        self.detail = detail


class SegmentInvalid(PostkeepError):
    """A segment of the search index is damaged, or of another version: it is to be made again.

    Attributes:
        name: of the segment.
        detail: what is wrong.
    """

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}")
        self.name = name
        self.detail = detail


class QueryInvalid(PostkeepError):
    """A search cannot be understood.

    Attributes:
        position: of the character at fault, from 0; at the end where something is missing.
        detail: one sentence for the person who searches.
    """

    def __init__(self, position: int, detail: str) -> None:
        super().__init__(f"at {position}: {detail}")
        self.position = position
        self.detail = detail


class SettingMissing(PostkeepError):
    """An environment variable that the function needs is not set."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the environment variable {name} is not set")
        self.name = name
