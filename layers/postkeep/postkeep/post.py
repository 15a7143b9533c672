"""The Post and what belongs to it, as frozen values. No I/O here."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

type PostId = str
"""26 lower-case base32 characters: see :func:`post_id`."""

type Edition = str
"""See :func:`edition`."""

type PictureId = str
"""26 lower-case base32 characters: see :func:`picture_id`."""

SUFFIXES = (".md", ".markdown", ".html", ".txt")
"""The endings of the keys that are posts; the template's bucket events name the same four."""

_SEQUENCER_WIDTH = 32
"""S3's documentation gives no width for a sequencer, only that the shorter of two is to be padded on the left; seen: 16 to 18."""

_OLD_DIGITS = 4
_OLD_END = 10**_OLD_DIGITS

_POSTS_FOLDERS = frozenset({"_posts", "_drafts", "archived", "posts"})
_ID_BYTES = 16
_POST_ID = re.compile(r"[a-z2-7]{26}")
_SEQUENCER = re.compile(r"[0-9A-Fa-f]{1,32}")


class Status(StrEnum):
    """Where a post is on its way.

    PENDING: its metadata is recorded, its text is not made yet. READY: its text is there (its pictures may still come).
    REJECTED: its author must act, and ``reason`` says how. DELETED: a tombstone.
    """

    PENDING = "pending"
    READY = "ready"
    REJECTED = "rejected"
    DELETED = "deleted"


class PictureStatus(StrEnum):
    """What became of a picture.

    PENDING: not tried yet. READY: its thumbnails are there. FAILED: it will never come. WAITING: tried, to be tried again.
    SKIPPED: fetching is switched off.
    """

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"
    WAITING = "waiting"
    SKIPPED = "skipped"

    @classmethod
    def _missing_(cls, value: object) -> "PictureStatus | None":
        # As items of older archives have it.
        return cls.READY if value == "done" else None


@lru_cache(maxsize=1024)
def digest(text: str) -> str:
    """128 bits of a text's SHA-256, as 26 lower-case base32 characters."""
    raw = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_ID_BYTES]
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()


def post_id(key: str) -> PostId:
    """The identity of the post object at ``key``: 128 bits of the key's SHA-256, so that it fits every URL and every index.

    The key itself cannot serve: real keys hold up to 1,024 bytes of spaces, ``#``, ``%``, controls and emoji.
    """
    return digest(key)


def is_post_id(text: str) -> bool:
    """Whether a text has the form of a post's id."""
    return _POST_ID.fullmatch(text) is not None


def edition(generation: int, rules: int) -> Edition:
    """Which text of a post: of which generation of its record, by which version of the cleaning. Later ones sort after earlier.

    What is derived from a post (its rendition, its pictures) is named by its edition, so that no late handler can overwrite or
    delete another edition's.

    Args:
        generation: from 1 to 99,999,999.
        rules: below 10,000 as texts were made before rules could be published, which had the cleaning's own number alone;
            since then that number times 10,000, and the version of the published rules: see ``render_post.rendition``. The first
            four digits are the cleaning's in both, so that the old sort before the new.
    """
    return f"{generation:08d}-{rules:0{_OLD_DIGITS if rules < _OLD_END else 2 * _OLD_DIGITS}d}"


_FIRST_EDITION = edition(1, 1)


def picture_id(address: str) -> PictureId:
    """The identity of a picture within its post: 128 bits of its origin address's SHA-256."""
    return digest(address)


def is_post_key(key: str) -> bool:
    """Whether an object of this key is a post; S3's suffix filters are case-sensitive, and so is this."""
    return key.endswith(SUFFIXES)


def archive_of(key: str) -> str:
    """The archive that a key belongs to: the folders before ``_posts`` or ``archived``, else the first folder, else ``""``.

    Several archives may live in one bucket under prefixes (``oped/_posts/…``, ``society/archived/…``).
    """
    folders = key.split("/")[:-1]
    for n, folder in enumerate(folders):
        if folder in _POSTS_FOLDERS:
            return "/".join(folders[:n])
    return folders[0] if folders else ""


def pad_sequencer(sequencer: str) -> str:
    """Make two sequencers comparable as strings: upper-case hex, padded with zeros on the left.

    Source: Amazon S3 User Guide, «Event message structure»: right-align the shorter of two before comparing.

    Raises:
        ValueError: if it is not 1 to 32 hexadecimal digits.
    """
    if not _SEQUENCER.fullmatch(sequencer):
        message = f"not a sequencer: {sequencer[:40]!r}"
        raise ValueError(message)
    return sequencer.upper().rjust(_SEQUENCER_WIDTH, "0")


@dataclass(frozen=True, slots=True)
class Revision:
    """Which state of the object a record describes.

    Attributes:
        sequencer: the padded sequencer of the event that led to it; all zeros where none is known.
        version_id: the version of the object in the bucket; "" for an absent object and in a bucket without versions.
        etag: the object's ETag without quotes; "" for an absent object.
    """

    sequencer: str = "0" * _SEQUENCER_WIDTH
    version_id: str = ""
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Rendition:
    """Where a post's text lies, and its counts.

    Attributes:
        key: the object in the archive bucket.
        rules: the version of the cleaning that made it.
        characters: characters of plain text, white space included.
        pictures: how many pictures the article has.
        language: a BCP 47 tag of the text, such as ``zh-Hant``; ``und`` where none can be told.
        words: words of plain text; a Chinese character counts as one.
        reading_seconds: how long reading it takes.
        lead: the id of the article's first picture, which listings show; "" where there is none, and in records of texts that
            were made before there was this field.
    """

    key: str
    rules: int
    characters: int
    pictures: int
    language: str = "und"
    words: int = 0
    reading_seconds: int = 0
    lead: PictureId = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What the front matter says, understood.

    Attributes:
        title: decoded text; "" where the post has none.
        author: decoded text; "" where the post has none.
        published: aware, UTC; None where no source gives an instant.
        date_source: ``front-matter``, ``comment``, ``file-name``, or ``unknown``.
        source_url: the article's own address, or None.
        tags: in the order written, without repetitions.
        categories: likewise.
        extra: the front-matter keys that mean nothing to Postkeep, as they were written (JSON values).
    """

    title: str = ""
    author: str = ""
    published: datetime | None = None
    date_source: str = "unknown"
    source_url: str | None = None
    tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """The record of a post object.

    Attributes:
        key: the object's key: the post's identity.
        status: see :class:`Status`.
        revision: the state of the object that this record describes.
        generation: 1 for the first content recorded under this key, one more with each change of it; every derived
            object and message names the generation that it was made from.
        added: when the key was first recorded (UTC); kept over changes, begun anew after a deletion.
        changed: when this record last changed in a way a reader can see (UTC).
        metadata: see :class:`Metadata`; empty for a tombstone.
        size: of the object in bytes.
        content_hash: SHA-256 of the object's bytes in hex; "" for a tombstone.
        reason: the machine-readable word of a rejection, else "".
        detail: the sentence of a rejection, else "".
        warnings: what was mended or left out, for the author.
        rendition: the text, once it is made.
        summary: the first words of the text, once it is made.
        expires: when DynamoDB may drop a tombstone (UTC), else None.
        saying: the digest of all that the record says of the file's content: two records that say the same have the same.
        settled: whether what is derived from the record agrees with it: its text, its rows and its pictures.
        leftovers: rendition objects of earlier generations that are still to be deleted, by their keys.
    """

    key: str
    status: Status
    revision: Revision
    generation: int
    added: datetime
    changed: datetime
    metadata: Metadata = Metadata()
    size: int = 0
    content_hash: str = ""
    reason: str = ""
    detail: str = ""
    warnings: tuple[str, ...] = ()
    rendition: Rendition | None = None
    summary: str = ""
    expires: datetime | None = None
    saying: str = ""
    settled: bool = False
    leftovers: tuple[str, ...] = ()

    @property
    def edition(self) -> Edition:
        """The edition of its text; "" while there is none."""
        return edition(self.generation, self.rendition.rules) if self.rendition else ""

    @property
    def id(self) -> PostId:
        """The post's identity in URLs and in the table."""
        return post_id(self.key)

    @property
    def archive(self) -> str:
        """The archive that the key belongs to."""
        return archive_of(self.key)


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """One file that was made of a picture.

    Attributes:
        name: below ``thumbnails/`` in the archive bucket and in the API, such as ``<SHA-256 of the original>-1/640.webp``; the
            ending is the format. What has a name never changes.
        width: pixels.
        height: pixels.
        bytes: of the file.
    """

    name: str
    width: int
    height: int
    bytes: int

    @property
    def object_key(self) -> str:
        """Where the thumbnail lies in the archive bucket."""
        return f"{THUMBNAILS}{self.name}"

    @property
    def format(self) -> str:
        """``webp``, ``jpeg`` or ``avif``."""
        return self.name.rpartition(".")[2]


THUMBNAILS = "thumbnails/"
"""Where thumbnails lie in the archive bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The file that thumbnails were made of.

    Attributes:
        sha256: of its bytes, in hex.
        bytes: how many.
        kind: what the bytes are: ``jpeg``, ``png``, ``webp``, ``gif``, ``avif``, ``bmp`` or ``tiff``.
        fetched: when (UTC).
        address: where it was in the end, after redirects; "" for one out of the posts bucket.
        media_type: what its host said that it is; "" where it said nothing.
        animated: whether it moves.
        partial: whether it ended early.
        placeholder: a ThumbHash (https://evanw.github.io/thumbhash/) in base64, 36 characters at most.
        colour: the dominant one, as ``#rrggbb``.
    """

    sha256: str
    bytes: int
    kind: str
    fetched: datetime
    address: str = ""
    media_type: str = ""
    animated: bool = False
    partial: bool = False
    placeholder: str = ""
    colour: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture of a post: an item of its own, keyed under its post, so that a post with 102 of them is never rewritten.

    Like renditions, the pictures of two editions never share an item.

    Attributes:
        id: see :func:`picture_id`.
        address: the origin address.
        edition: of the text that the picture is in.
        status: see :class:`PictureStatus`.
        reason: the machine-readable word of a failure, else "".
        detail: the sentence of a failure, else "".
        thumbnails: by format, WebP first, the smallest of each first.
        width: of the original as it is to be seen, in pixels, 0 where unknown.
        height: likewise.
        attempts: how often it was tried without success.
        next_try: when it may be tried again (UTC), for WAITING; for PENDING that was asked for again, when it is asked for once
            more if nothing was heard of it.
        original: the file that it is, once it is known.
        fallbacks: other addresses of it, tried in turn where the first fails.
        staged: the key in the archive bucket of a copy out of the posts bucket, which comes before any address; "" for none.
    """

    id: PictureId
    address: str
    edition: Edition = _FIRST_EDITION
    status: PictureStatus = PictureStatus.PENDING
    reason: str = ""
    detail: str = ""
    thumbnails: tuple[Thumbnail, ...] = ()
    width: int = 0
    height: int = 0
    attempts: int = 0
    next_try: datetime | None = None
    original: Original | None = None
    fallbacks: tuple[str, ...] = ()
    staged: str = ""
