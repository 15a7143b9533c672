"""All that a running local stack holds, read past its functions, and held against its posts bucket."""

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx
from bench import soak_checks as checks
from bench.soak_checks import Difference
from bench.soak_truth import Clean, Held, clean, rows_of

from postkeep.aws.items import picture_of, post_of
from postkeep.counts import KINDS
from postkeep.post import THUMBNAILS, Picture, Post, Status, post_id
from postkeep.renditions import RenditionObject
from postkeep_local.operations.archive import Archive
from postkeep_local.operations.searching import store_of
from reconcile_posts.walks import RENDITIONS
from search_posts.entries import stamp_of
from search_posts.indexing import living

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_THREADS = 4
_TOKENS = 300
"""Words that are searched for at the end: the last ones, of posts that changed while faults were injected."""

_NEVER = datetime(1, 1, 1, tzinfo=UTC)

_PARTITION = re.compile(r"(?:POST|PICTURES)#(.*)")


def held(s3: "S3Client", bucket: str) -> dict[str, Held]:
    """The newest version of each key of a bucket, delete markers among them."""
    newest: dict[str, tuple[str, bool]] = {}
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        entries = [(entry, True) for entry in page.get("Versions", ())]
        for entry, there in [*entries, *((marker, False) for marker in page.get("DeleteMarkers", ()))]:
            if entry["IsLatest"]:
                newest[entry["Key"]] = (entry["VersionId"], there)

    def read(key: str) -> Held:
        version, there = newest[key]
        return Held(version, s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read() if there else None)

    with ThreadPoolExecutor(_THREADS) as pool:
        return dict(zip(newest, pool.map(read, newest), strict=True))


@dataclass(slots=True)
class Table:
    """The posts table's items.

    Attributes:
        records: by key.
        rows: of each post by its id, by their sort keys.
        pictures: of each post by its id, of all editions.
    """

    records: dict[str, Post] = field(default_factory=dict)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    pictures: dict[str, list[Picture]] = field(default_factory=dict)

    @classmethod
    def read(cls, archive: Archive) -> "Table":
        """Read all of it."""
        table = cls()
        for page in archive.client("dynamodb").get_paginator("scan").paginate(TableName=archive.posts_table, ConsistentRead=True):
            for item in page["Items"]:
                partition = _PARTITION.fullmatch(item["pk"]["S"])
                if partition is None:
                    continue  # what is known of addresses and files of pictures, whichever posts have them
                identity = partition[1]
                if item["pk"]["S"].startswith("PICTURES#"):
                    table.pictures.setdefault(identity, []).append(picture_of(item))
                elif item["sk"]["S"] == "POST":
                    post = post_of(item)
                    table.records[post.key] = post
                else:
                    table.rows.setdefault(identity, {}).update(rows_of([item]))
        return table


def listed(api: httpx.Client, path: str, **parameters: str) -> Iterator[dict[str, Any]]:
    """A listing of the API, or the changes, followed to the end.

    Raises:
        httpx.HTTPStatusError: if an answer is none.
    """
    cursor: str | None = None
    while True:
        page = api.get(path, params={**parameters, **({"cursor": cursor} if cursor else {})}).raise_for_status().json()
        yield from page["posts"]
        cursor = page["next"] if page.get("more", True) else None
        if not cursor:
            return


@dataclass(slots=True)
class Verification:
    """Holds everything against the posts bucket.

    Attributes:
        archive: the stack's.
        api: with the API's address as its base.
        tell: told each step.
        newest: when a record changed last, once the table was looked at.
    """

    archive: Archive
    api: httpx.Client
    tell: Callable[[str], None]
    newest: datetime = _NEVER

    def truth(self) -> tuple[dict[str, Held], dict[str, Clean]]:
        """What the posts bucket holds, and what must be there because of it."""
        there = held(self.archive.client("s3", connections=_THREADS), self.archive.posts_bucket)
        return there, {key: clean(key, one.content) for key, one in there.items()}

    def inside(self, there: dict[str, Held], wanted: dict[str, Clean]) -> Iterator[Difference]:
        """Look at the table, the archive bucket and the search index."""
        self.tell("table, texts, pictures, index")
        table = Table.read(self.archive)
        self.newest = max((post.changed for post in table.records.values()), default=self.newest)
        keys = {clean.post.id: key for key, clean in wanted.items()}
        yield from checks.records(wanted, there, table.records)
        yield from checks.rows(wanted, {keys.get(identity, identity): rows for identity, rows in table.rows.items()})
        s3, bucket = self.archive.client("s3", connections=_THREADS), self.archive.archive_bucket
        objects = _keys(s3, bucket)
        named = {post.rendition.key: key for key, post in table.records.items() if post.rendition}

        def read(name: str) -> RenditionObject | None:
            if name not in objects:
                return None
            return RenditionObject.decode(s3.get_object(Bucket=bucket, Key=name)["Body"].read())

        with ThreadPoolExecutor(_THREADS) as pool:
            texts = dict(zip(named.values(), pool.map(read, named), strict=True))
        yield from checks.texts(wanted, texts, sorted(k for k in objects if k.startswith(RENDITIONS) and k not in named))
        yield from checks.pictures(
            wanted,
            {keys.get(identity, identity): some for identity, some in table.pictures.items()},
            {key: post.edition for key, post in table.records.items()},
            {name.removeprefix(THUMBNAILS) for name in objects if name.startswith(THUMBNAILS)},
        )
        store = store_of(self.archive)
        manifest = store.standing().manifest
        found = living(manifest, {segment.id: store.marks(segment) for segment in manifest.segments})
        must = {post.id: stamp_of(post) for post in table.records.values() if post.rendition}
        yield from checks.index(must, found, keys)

    def outside(self, wanted: dict[str, Clean], tokens: Iterable[str]) -> Iterator[Difference]:
        """Ask the API for everything, as a reader does."""
        self.tell("listings, counts, each post, search")
        for statuses in ({Status.PENDING, Status.READY}, {Status.REJECTED}, {Status.DELETED}):
            asked = {"status": min(statuses)} if len(statuses) == 1 else {}
            yield from checks.shown(wanted, list(listed(self.api, "/posts", limit="100", **asked)), statuses)
        yield from checks.counts(wanted, self._counts())
        with ThreadPoolExecutor(_THREADS) as pool:
            for some in pool.map(lambda key: list(self._post(key, wanted[key])), wanted):
                yield from some
            wanted_tokens = list(tokens)[-_TOKENS:]
            for token, ids in zip(wanted_tokens, pool.map(self.hits, wanted_tokens), strict=True):
                yield from checks.hits(token, wanted, ids)

    def followed(self, wanted: dict[str, Clean], mirror: dict[str, dict[str, Any]]) -> Iterator[Difference]:
        """Hold the mirror that followed all along, and one that begins now."""
        self.tell("changes")
        yield from checks.mirror(wanted, mirror, "the mirror that followed")
        anew = {post["key"]: post for post in listed(self.api, "/changes", limit="100")}
        yield from checks.mirror(wanted, anew, "a mirror from the beginning")

    def _counts(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {"statuses": self.api.get("/counts").raise_for_status().json()["statuses"]}
        for kind in KINDS:
            if kind != "statuses":
                page = self.api.get(f"/{kind}", params={"limit": "1000"}).raise_for_status().json()
                found[kind] = {entry["value"]: entry["posts"] for entry in page["counts"]}
        return found

    def _post(self, key: str, wanted: Clean) -> Iterator[Difference]:
        answer = self.api.get(f"/posts/{post_id(key)}")
        text = self.api.get(f"/posts/{post_id(key)}/text", params={"format": "markdown"})
        said = text.text if text.status_code == HTTPStatus.OK else None
        yield from checks.detail(key, wanted, answer.status_code, answer.json(), said)

    def hits(self, token: str) -> list[str]:
        """The ids of all posts that a search for a word finds."""
        found = self.api.get("/search", params={"q": token, "sort": "newest", "limit": "50", "counts": "false"})
        return [post["id"] for post in found.raise_for_status().json()["posts"]]


def _keys(s3: "S3Client", bucket: str) -> set[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {entry["Key"] for page in pages for entry in page.get("Contents", ())}
