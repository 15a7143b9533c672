"""The rules that hold now: those that ship, and those that are published in the archive bucket, looked for once a minute."""

from collections.abc import Callable
from datetime import datetime, timedelta

from postkeep.errors import ObjectMissing
from postkeep.ports import ObjectStore
from render_post.bundle import CURRENT, MAX_BYTES, Bundle
from render_post.rulebook import RuleBook, shipped

_HELD = timedelta(minutes=1)
"""How long rules are taken for the current ones: a GET a minute costs an instance that never rests $0.02 a month."""


class PublishedRules:
    """Gives the rules, and keeps those that were read last.

    What is published may be unreadable for a while: S3 is down, or somebody wrote the object by hand. Then the rules that are
    held stay in force. Where none are held nothing is rendered, and the messages come again: a text by the shipped rules alone
    would be numbered earlier, and so be overtaken one day, but nobody would know that it has to be; a message that waits, and
    in the end lies in the dead-letter queue, is seen.
    """

    def __init__(self, archive: ObjectStore, now: Callable[[], datetime], not_read: Callable[[Exception], None]) -> None:
        """What they are read from.

        Args:
            archive: the archive bucket.
            now: the clock (aware, UTC).
            not_read: told of what kept the published rules from being read, whether those that are held are used instead or not.
        """
        self._archive, self._now, self._not_read = archive, now, not_read
        self._book: RuleBook | None = None
        self._etag = ""
        self._looked: datetime | None = None

    def __call__(self, least: int) -> RuleBook:
        """The rules.

        Args:
            least: the version that somebody knows to be published: where an earlier one is held, a later is looked for at once.

        Raises:
            RulesInvalid: if what is published cannot be used, and nothing that is held will do.
            ObjectTooLarge: likewise.
            Exception: likewise, whatever kept it from being read.
        """
        now, held = self._now(), self._book
        if held is not None and self._looked is not None and held.version >= least and timedelta(0) <= now - self._looked < _HELD:
            return held
        try:
            found = self._read()
        except Exception as error:
            self._not_read(error)
            if held is None or held.version < least:
                raise
            found = held
        self._book, self._looked = found, now
        return found

    def _read(self) -> RuleBook:
        try:
            stored = self._archive.get(CURRENT, limit=MAX_BYTES)
        except ObjectMissing:
            self._etag = ""
            return shipped()
        if self._book is not None and stored.etag == self._etag:
            return self._book
        book = Bundle.decode(stored.body, CURRENT).book()
        self._etag = stored.etag
        return book
