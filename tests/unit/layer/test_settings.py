from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from postkeep.errors import SettingMissing
from postkeep.settings import (
    ApiSettings,
    CountSettings,
    IndexSettings,
    ParseSettings,
    QuerySettings,
    ReadAccess,
    ReconcileSettings,
    RenderSettings,
    RetrySettings,
    SearchSettings,
    ThumbnailSettings,
)
from support.template import resource, template

ENVIRONMENT = {
    "TABLE_NAME": "t",
    "POSTS_BUCKET": "p",
    "ARCHIVE_BUCKET": "a",
    "RENDER_QUEUE_URL": "r",
    "THUMBNAIL_QUEUE_URL": "q",
    "INDEX_QUEUE_URL": "i",
    "MAX_POST_BYTES": "10",
    "TOMBSTONE_DAYS": "3",
    "CHANGES_LAG_SECONDS": "7",
    "CURSOR_KEY": "k",
    "READ_ACCESS": "key",
    "READ_KEYS": "ab,cd",
    "PARSE_FUNCTION": "f",
    "RENDER_BACKLOG_QUEUE_URL": "b",
    "FETCH_PICTURES": "true",
    "KEEP_ORIGINALS": "true",
    "THUMBNAIL_AVIF": "false",
    "SEARCH_SPACE_BYTES": "9",
}

FUNCTIONS: dict[str, Callable[[Any], object]] = {
    "Parse": ParseSettings.from_env,
    "Render": RenderSettings.from_env,
    "Thumbnail": ThumbnailSettings.from_env,
    "Count": CountSettings.from_env,
    "Reconcile": ReconcileSettings.from_env,
    "Query": QuerySettings.from_env,
    "Retry": RetrySettings.from_env,
    "Index": IndexSettings.from_env,
    "Search": SearchSettings.from_env,
}


UNREAD = {"Search": {"TABLE_NAME"}}
"""Every function is told of the table; this one cannot reach it."""


def declared(function: str) -> dict[str, Any]:
    everyone = template()["Globals"]["Function"]["Environment"]["Variables"]
    return {**everyone, **resource(f"{function}Function")["Properties"]["Environment"]["Variables"]}


def test_settings_are_read() -> None:
    assert ParseSettings.from_env(ENVIRONMENT) == ParseSettings("t", "r", 10, timedelta(days=3))
    assert RenderSettings.from_env(ENVIRONMENT) == RenderSettings("t", "p", "a", "q", "i", 10, fetch_pictures=True)
    assert RenderSettings.from_env({**ENVIRONMENT, "FETCH_PICTURES": "false"}).fetch_pictures is False
    assert ThumbnailSettings.from_env(ENVIRONMENT) == ThumbnailSettings("t", "a", {}, avif=False, keep_originals=True)
    hosts = ThumbnailSettings.from_env({**ENVIRONMENT, "POSTKEEP_PICTURE_HOSTS": '{"a.example": "http://127.0.0.1:1"}'})
    assert hosts.picture_hosts == {"a.example": "http://127.0.0.1:1"}
    lag, life = timedelta(seconds=7), timedelta(days=3)
    assert QuerySettings.from_env({**ENVIRONMENT, "CORS_ORIGIN": "*"}) == QuerySettings(
        "t", "p", "a", lag, life, ApiSettings("*", "k", ReadAccess.KEY, ("ab", "cd"))
    )
    everyone = ApiSettings.from_env({**ENVIRONMENT, "READ_ACCESS": "public", "READ_KEYS": ""})
    assert (everyone.read_access, everyone.read_keys) == (ReadAccess.PUBLIC, ())
    assert CountSettings.from_env(ENVIRONMENT) == CountSettings("t", "a", lag)
    assert RetrySettings.from_env(ENVIRONMENT) == RetrySettings("t", "q", fetch_pictures=True)
    assert RetrySettings.from_env({**ENVIRONMENT, "FETCH_PICTURES": "false"}).fetch_pictures is False
    assert IndexSettings.from_env(ENVIRONMENT) == IndexSettings("t", "a")
    assert SearchSettings.from_env(ENVIRONMENT) == SearchSettings("a", 9, ApiSettings("", "k", ReadAccess.KEY, ("ab", "cd")))
    assert ReconcileSettings.from_env(ENVIRONMENT) == ReconcileSettings("t", "p", "a", "f", "b")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_template_sets_what_a_function_needs_and_nothing_more(function: str) -> None:
    variables = {name: ENVIRONMENT.get(name, "") for name in declared(function)}
    FUNCTIONS[function](variables)
    ours = (
        set(variables)
        - {"AWS_ENDPOINT_URL", "CORS_ORIGIN", "SETTINGS_VERSION", "MALLOC_ARENA_MAX"}  # the third nobody reads, the last libc
        - UNREAD.get(function, set())
        - {name for name in variables if name.startswith("POWERTOOLS_")}
    )
    for name in ours:
        with pytest.raises(SettingMissing) as caught:
            FUNCTIONS[function]({**variables, name: ""})
        assert caught.value.name == name


def test_the_template_cannot_send_picture_requests_elsewhere() -> None:
    assert "POSTKEEP_PICTURE_HOSTS" not in str(template())
