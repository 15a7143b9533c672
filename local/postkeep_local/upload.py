"""A folder's posts, uploaded: what is there already with the same content is left alone, and nothing is ever deleted."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from postkeep_local.clients import make_client
from postkeep_local.folder import PICTURE_TYPES, Ignored, PictureFile, PostFile, Unusable, printable, walk

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WORKERS = 8
"""Uploads at a time: beyond that a local emulator gains nothing, and S3 little for small files on a home line."""

_CONTENT_TYPES = PICTURE_TYPES | {
    ".md": "text/markdown; charset=utf-8",
    ".markdown": "text/markdown; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
_HASH = "sha256"
"""The object metadata that names the content where the ETag does not: under KMS encryption it is no MD5."""


type _File = PostFile | PictureFile


class Outcome(StrEnum):
    """What became of a file."""

    UPLOADED = "uploaded"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Stored:
    """What a listing says of an object."""

    etag: str
    size: int


@dataclass(slots=True)
class Summary:
    """What became of a folder.

    Attributes:
        uploaded: keys written, or that would be in a dry run.
        skipped: keys that were there with the same content.
        failed: printable names, each with its reason.
        ignored: files that are no posts.
        pictures: how many pictures there are; they are among the others if they were wanted, and nowhere else if not.
    """

    uploaded: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)
    pictures: int = 0


def s3_client(
    endpoint_url: str | None, region: str | None = None, *, profile: str | None = None, local: bool = False
) -> "S3Client":
    """A client that serves :data:`WORKERS` threads.

    Args:
        endpoint_url: None for AWS's own (or what AWS_ENDPOINT_URL says).
        region: None for the configured one.
        profile: of the user's AWS configuration; None for the one that is chosen there.
        local: take the local stack's dummy credentials instead of the user's own.
    """
    client: S3Client = make_client("s3", endpoint_url, region, profile=profile, local=local, connections=WORKERS)
    return client


@dataclass(frozen=True, slots=True)
class Upload:
    """A folder on its way into a bucket.

    Attributes:
        client: of S3.
        bucket: its name.
        prefix: of all keys.
        dry_run: compare, and write nothing.
        pictures: take the pictures of the folder as well.
    """

    client: "S3Client"
    bucket: str
    prefix: str = ""
    dry_run: bool = False
    pictures: bool = False

    def __call__(self, folder: Path, *, started: Callable[[int], None], done: Callable[[str, Outcome], None]) -> Summary:
        """Upload what is new or changed.

        Args:
            folder: walked as :func:`postkeep_local.folder.walk` says; a key is the prefix and the relative path.
            started: told once how many files there are.
            done: told of each file's outcome.

        Raises:
            botocore.exceptions.ClientError: if the bucket cannot be listed.
        """
        summary = Summary()
        pictures, posts = self._walk(folder, summary)
        files = [*pictures, *posts]
        started(len(files))
        there = self._listing(_common_prefix(self.prefix, files)) if files else {}
        # All pictures come first: a post's text is made when the post comes, and looks once for what it shows.
        for file, outcome, reason in chain(self._all(pictures, there), self._all(posts, there)):
            match outcome:
                case Outcome.UPLOADED:
                    summary.uploaded.append(file.key)
                case Outcome.SKIPPED:
                    summary.skipped.append(file.key)
                case Outcome.FAILED:
                    summary.failed.append((printable(file.key), reason))
            done(file.key, outcome)
        return summary

    def _walk(self, folder: Path, summary: Summary) -> tuple[list[_File], list[_File]]:
        """The folder's pictures, if they are wanted, and its posts; what is left out is told to the summary."""
        pictures: list[_File] = []
        posts: list[_File] = []
        for found in walk(folder, self.prefix):
            match found:
                case PostFile():
                    posts.append(found)
                case PictureFile():
                    pictures.append(found)
                case Unusable():
                    summary.failed.append((found.name, found.reason))
                case Ignored():
                    summary.ignored.append(found)
        summary.pictures = len(pictures)
        return pictures if self.pictures else [], posts

    def _listing(self, prefix: str) -> dict[str, Stored]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return {o["Key"]: Stored(o["ETag"].strip('"'), o["Size"]) for page in pages for o in page.get("Contents", ())}

    def _all(self, files: Sequence[_File], there: dict[str, Stored]) -> Iterator[tuple[_File, Outcome, str]]:
        """Every file's outcome as it comes; few files are in hand at a time, so that an interrupt ends it soon."""
        todo = iter(files)
        with ThreadPoolExecutor(WORKERS) as pool:
            running: dict[Future[tuple[Outcome, str]], _File] = {}
            while True:
                running |= {pool.submit(self._one, f, there.get(f.key)): f for f in islice(todo, 2 * WORKERS - len(running))}
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), *future.result()

    def _one(self, file: _File, stored: Stored | None) -> tuple[Outcome, str]:
        try:
            # All at once: a file that changes under the upload must not end up with another content's hash. What is larger
            # than memory is no post.
            body = file.path.read_bytes()
            if stored is not None and self._same(file.key, body, stored):
                return Outcome.SKIPPED, ""
            if not self.dry_run:
                self.client.put_object(
                    Bucket=self.bucket,
                    Key=file.key,
                    Body=body,
                    ContentType=next(kind for suffix, kind in _CONTENT_TYPES.items() if file.key.lower().endswith(suffix)),
                    Metadata={_HASH: hashlib.sha256(body).hexdigest()},
                )
        except OSError as error:
            return Outcome.FAILED, error.strerror or str(error)
        except (BotoCoreError, ClientError) as error:
            return Outcome.FAILED, str(error)
        return Outcome.UPLOADED, ""

    def _same(self, key: str, body: bytes, stored: Stored) -> bool:
        """Whether the object has this content.

        The ETag of an object that was put in one part, and not encrypted with KMS, is its MD5 (Amazon S3 API Reference,
        «Object»). Elsewhere the hash that an upload of ours left on it tells.
        """
        if stored.size != len(body):
            return False
        if stored.etag == hashlib.md5(body, usedforsecurity=False).hexdigest():
            return True
        found = self.client.head_object(Bucket=self.bucket, Key=key)
        return found["Metadata"].get(_HASH) == hashlib.sha256(body).hexdigest()


def _common_prefix(prefix: str, files: Sequence[_File]) -> str:
    """The longest run of whole folders that all keys begin with, so that a small folder is not compared with a large bucket."""
    folders = [file.key[: file.key.rfind("/") + 1] for file in files]
    low, high = min(folders), max(folders)
    shared = 0
    while shared < min(len(low), len(high)) and low[shared] == high[shared]:
        shared += 1
    return max(prefix, low[: low.rfind("/", 0, shared) + 1], key=len)
