"""What a function is told by its environment. This is the only module that reads it."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from postkeep.errors import SettingMissing


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingMissing(name)
    return value


@dataclass(frozen=True, slots=True)
class ParseSettings:
    """What parse needs. It learns the posts bucket from each event.

    Attributes:
        table: the posts table's name.
        render_queue: the render queue's URL.
        max_post_bytes: a larger post object is rejected.
        tombstone_life: how long a deleted post's tombstone is kept.
    """

    table: str
    render_queue: str
    max_post_bytes: int
    tombstone_life: timedelta

    @classmethod
    def from_env(cls, environment: Mapping[str, str] = os.environ) -> "ParseSettings":
        """Read the settings.

        Raises:
            SettingMissing: if one is not set.
        """
        return cls(
            table=_required(environment, "TABLE_NAME"),
            render_queue=_required(environment, "RENDER_QUEUE_URL"),
            max_post_bytes=int(_required(environment, "MAX_POST_BYTES")),
            tombstone_life=timedelta(days=int(_required(environment, "TOMBSTONE_DAYS"))),
        )


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """What render needs.

    Attributes:
        table: the posts table's name.
        posts_bucket: where the posts are.
        archive_bucket: where the renditions go.
        thumbnail_queue: the thumbnail queue's URL.
        index_queue: the URL of the search index's queue.
        max_post_bytes: as parse's.
        fetch_pictures: whether pictures are fetched from their hosts at all.
    """

    table: str
    posts_bucket: str
    archive_bucket: str
    thumbnail_queue: str
    index_queue: str
    max_post_bytes: int
    fetch_pictures: bool

    @classmethod
    def from_env(cls, environment: Mapping[str, str] = os.environ) -> "RenderSettings":
        """Read the settings.

        Raises:
            SettingMissing: if one is not set.
        """
        return cls(
            table=_required(environment, "TABLE_NAME"),
            posts_bucket=_required(environment, "POSTS_BUCKET"),
            archive_bucket=_required(environment, "ARCHIVE_BUCKET"),
            thumbnail_queue=_required(environment, "THUMBNAIL_QUEUE_URL"),
            index_queue=_required(environment, "INDEX_QUEUE_URL"),
            max_post_bytes=int(_required(environment, "MAX_POST_BYTES")),
            fetch_pictures=_required(environment, "FETCH_PICTURES") == "true",
        )


@dataclass(frozen=True, slots=True)
class ThumbnailSettings:
    """What thumbnail needs.

    Attributes:
        table: the posts table's name.
        archive_bucket: where the thumbnails go.
        picture_hosts: hosts that are served elsewhere, such as ``{"pictures.example": "http://127.0.0.1:8000"}``.
            Only these are exempt from the rule that a picture's address must be public; with the entry ``"*": ""``,
            no other host is asked at all. It serves demonstrations and tests on one machine; the template neither sets
            nor can set it.
        avif: whether thumbnails are made in AVIF too.
        keep_originals: whether the pictures themselves are kept.
    """

    table: str
    archive_bucket: str
    picture_hosts: Mapping[str, str]
    avif: bool
    keep_originals: bool

    @classmethod
    def from_env(cls, environment: Mapping[str, str] = os.environ) -> "ThumbnailSettings":
        """Read the settings.

        Raises:
            SettingMissing: if one is not set.
        """
        return cls(
            table=_required(environment, "TABLE_NAME"),
            archive_bucket=_required(environment, "ARCHIVE_BUCKET"),
            picture_hosts=json.loads(environment.get("POSTKEEP_PICTURE_HOSTS") or "{}"),
            avif=_required(environment, "THUMBNAIL_AVIF") == "true",
            keep_originals=_required(environment, "KEEP_ORIGINALS") == "true",
        )


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """What retry needs.

    Attributes:
        table: the posts table's name.
        thumbnail_queue: the thumbnail queue's URL.
        fetch_pictures: as render's.
    """

    table: str
    thumbnail_queue: str
    fetch_pictures: bool

    @classmethod
    def from_env(cls, environment: Mapping[str, str] = os.environ) -> "RetrySettings":
        """Read the settings.

        Raises:
            SettingMissing: if one is not set.
        """
        return cls(
            table=_required(environment, "TABLE_NAME"),
            thumbnail_queue=_required(environment, "THUMBNAIL_QUEUE_URL"),
            fetch_pictures=_required(environment, "FETCH_PICTURES") == "true",
        )


@dataclass(frozen=True, slots=True)
class ReconcileSettings:
    """What reconcile needs.

    Attributes:
        table: the posts table's name.
        posts_bucket: where the posts are.
        archive_bucket: where the renditions are, and its own progress and report.
        parse_function: the name of the function that checks records.
        backlog_queue: the URL of the queue for texts that nobody waits for.
    """

    table: str
    posts_bucket: str
    archive_bucket: str
    parse_function: str
    backlog_queue: str

    @classmethod
    def from_env(cls, environment: Mapping[str, str] = os.environ) -> "ReconcileSettings":
        """Read the settings.

        Raises:
            SettingMissing: if one is not set.
        """
        return cls(
            table=_required(environment, "TABLE_NAME"),
            posts_bucket=_required(environment, "POSTS_BUCKET"),
            archive_bucket=_required(environment, "ARCHIVE_BUCKET"),
            parse_function=_required(environment, "PARSE_FUNCTION"),
            backlog_queue=_required(environment, "RENDER_BACKLOG_QUEUE_URL"),
        )


@dataclass(frozen=True, slots=True)
class CountSettings:
    """What count needs.

    Attributes:
        table: the posts table's name.
        archive_bucket: where the counts are.
        changes_lag: how far readers of the changes stay behind.
    """

    table: str
    archive_bucket: str
    changes_lag: timedelta

    @classmethod
    def from_env(cls, environment: Mapping[str, str] = os.environ) -> "CountSettings":
        """Read the settings.

        Raises:
            SettingMissing: if one is not set.
        """
        return cls(
            table=_required(environment, "TABLE_NAME"),
            archive_bucket=_required(environment, "ARCHIVE_BUCKET"),
            changes_lag=timedelta(seconds=int(_required(environment, "CHANGES_LAG_SECONDS"))),
        )


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """What index needs.

    Attributes:
        table: the posts table's name.
        archive_bucket: where the texts are, and the search index.
    """

    table: str
    archive_bucket: str

    @classmethod
    def from_env(cls, environment: Mapping[str, str] = os.environ) -> "IndexSettings":
        """Read the settings.

        Raises:
            SettingMissing: if one is not set.
        """
        return cls(table=_required(environment, "TABLE_NAME"), archive_bucket=_required(environment, "ARCHIVE_BUCKET"))


class ReadAccess(StrEnum):
    """Who may read the API."""

    PUBLIC = "public"
    KEY = "key"
    JWT = "jwt"
    """Who has a token that API Gateway checks."""


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """What every function needs that answers requests.

    Attributes:
        cors_origin: the origin allowed to read answers in a browser; "" for none.
        cursor_key: what cursors of listings are signed with.
        read_access: who may read.
        read_keys: the SHA-256 of each key that opens the archive, in hexadecimal; some, where it is read with a key.
    """

    cors_origin: str
    cursor_key: str = field(repr=False)
    read_access: ReadAccess
    read_keys: tuple[str, ...]

    @classmethod
    def from_env(cls, environment: Mapping[str, str] = os.environ) -> "ApiSettings":
        """Read the settings.

        Raises:
            SettingMissing: if one is not set. An archive that is to be read with a key and has none is read by nobody.
        """
        access = ReadAccess(_required(environment, "READ_ACCESS"))
        keys = _required(environment, "READ_KEYS") if access is ReadAccess.KEY else ""
        return cls(
            cors_origin=environment.get("CORS_ORIGIN", ""),
            cursor_key=_required(environment, "CURSOR_KEY"),
            read_access=access,
            read_keys=tuple(keys.split(",")) if keys else (),
        )


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """What search needs.

    Attributes:
        archive_bucket: where the search index is.
        space: bytes of it that the function's own disk may hold.
        api: how it answers requests.
    """

    archive_bucket: str
    space: int
    api: ApiSettings

    @classmethod
    def from_env(cls, environment: Mapping[str, str] = os.environ) -> "SearchSettings":
        """Read the settings.

        Raises:
            SettingMissing: if one is not set.
        """
        return cls(
            archive_bucket=_required(environment, "ARCHIVE_BUCKET"),
            space=int(_required(environment, "SEARCH_SPACE_BYTES")),
            api=ApiSettings.from_env(environment),
        )


@dataclass(frozen=True, slots=True)
class QuerySettings:
    """What query needs.

    Attributes:
        table: the posts table's name.
        posts_bucket: where the posts and their older versions are.
        archive_bucket: where the renditions and thumbnails are.
        changes_lag: how far readers of the changes stay behind.
        tombstone_life: how long a deleted post's tombstone is kept.
        api: how it answers requests.
    """

    table: str
    posts_bucket: str
    archive_bucket: str
    changes_lag: timedelta
    tombstone_life: timedelta
    api: ApiSettings

    @classmethod
    def from_env(cls, environment: Mapping[str, str] = os.environ) -> "QuerySettings":
        """Read the settings.

        Raises:
            SettingMissing: if one is not set.
        """
        return cls(
            table=_required(environment, "TABLE_NAME"),
            posts_bucket=_required(environment, "POSTS_BUCKET"),
            archive_bucket=_required(environment, "ARCHIVE_BUCKET"),
            changes_lag=timedelta(seconds=int(_required(environment, "CHANGES_LAG_SECONDS"))),
            tombstone_life=timedelta(days=int(_required(environment, "TOMBSTONE_DAYS"))),
            api=ApiSettings.from_env(environment),
        )
