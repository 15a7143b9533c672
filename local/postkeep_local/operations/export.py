"""An archive's posts → a file or a folder: the use case of `postkeep export`, one function a format."""

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.exceptions import S3UploadFailedError

from postkeep.errors import PostkeepError
from postkeep_local.folder import printable
from postkeep_local.operations.book import Book
from postkeep_local.operations.exporting import Document, RawFile, Unread
from postkeep_local.operations.lines import line, markdown
from postkeep_local.operations.targets import Files, NotWritable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EXPORTS = "exports/"
"""Where exports lie in the archive bucket."""

LONGEST_LINK = 7 * 24
"""Hours. Source: Amazon S3 User Guide, «Download and upload objects with presigned URLs»: seven days at most."""

_CONTENT_TYPES = {".jsonl": "application/x-ndjson", ".zip": "application/zip", ".epub": "application/epub+zip"}


@dataclass(slots=True)
class Exported:
    """What became of the posts.

    Attributes:
        posts: how many were written.
        without_text: how many were left out, since they have no text (yet).
        failed: keys of posts that could not be read or written, each with its reason.
    """

    posts: int = 0
    without_text: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def looked(self) -> int:
        """How many were looked at."""
        return self.posts + self.without_text + len(self.failed)


type Told = Callable[[Exported], None]
"""Is told of the progress, after each post."""


def export_lines(path: Path, documents: Iterable[Document | Unread], told: Told) -> Exported:
    """Write a line of JSON for each post."""
    done = Exported()
    with path.open("wb") as file:
        for found in documents:
            if isinstance(found, Unread):
                done.failed.append((found.key, found.reason))
            else:
                file.write(line(found))
                done.posts += 1
            told(done)
    return done


def export_files(files: Files, found: Iterable[RawFile | Document | Unread], told: Told) -> Exported:
    """Write a file for each post: as it is in the posts bucket, or its cleaned text."""
    done = Exported()
    for one in found:
        if isinstance(one, Document) and one.rendition is None:
            done.without_text += 1
        elif isinstance(one, Unread):
            done.failed.append((one.key, one.reason))
        else:
            key, body = markdown(one) if isinstance(one, Document) else (one.key, one.body)
            try:
                files.add(key, body)
                done.posts += 1
            except NotWritable as why:
                done.failed.append((key, str(why)))
        told(done)
    return done


def export_book(path: Path, title: str, documents: Iterable[Document | Unread], told: Told) -> Exported:
    """Write a book with a chapter for each post.

    Raises:
        postkeep_local.operations.book.BookEmpty: if none of them has a text.
    """
    done = Exported()
    with closing(Book(path, title)) as book:
        for found in documents:
            if isinstance(found, Unread):
                done.failed.append((found.key, found.reason))
            elif book.add(found):
                done.posts += 1
            else:
                done.without_text += 1
            told(done)
        book.finish()
    return done


class NotDelivered(PostkeepError):
    """S3 did not take an export; the text says why, for the person who asked."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An export in the archive bucket.

    Attributes:
        key: of its object.
        link: that gives it to whoever has the link.
        until: when the link ends (UTC), unless the credentials that signed it end before.
    """

    key: str
    link: str
    until: datetime


def deliver(s3: "S3Client", bucket: str, path: Path, name: str, *, hours: int, now: datetime) -> Delivery:
    """Upload an export, and make a link to it.

    Args:
        s3: a client.
        bucket: the archive bucket's name.
        path: the file.
        name: what it is to be called.
        hours: how long the link is to work, at most :data:`LONGEST_LINK`.
        now: the clock (aware).

    Raises:
        NotDelivered: if S3 refused it.
    """
    key = f"{EXPORTS}{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{name}"
    kind = _CONTENT_TYPES.get(Path(name).suffix, "application/octet-stream")
    try:
        s3.upload_file(str(path), bucket, key, ExtraArgs={"ContentType": kind, "ContentDisposition": "attachment"})
    except S3UploadFailedError as error:  # which boto3 makes of what S3 said
        raise NotDelivered(printable(str(error.__context__ or error))) from error
    seconds = hours * 3600
    link = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=seconds)
    return Delivery(key, link, now + timedelta(seconds=seconds))
