"""A post file: its key in the first line, then its bytes (``postkeep.frontmatter``, ``postkeep.postfile``)."""

from datetime import UTC

from fuzz.inputs import lines
from postkeep.address import MAX_ADDRESS
from postkeep.dates import YEARS
from postkeep.errors import PostRejected
from postkeep.frontmatter import MAX_WARNINGS, ParsedPost, parse
from postkeep.post import Metadata, Post, Status
from postkeep.postfile import split
from postkeep.values import MAX_NAME, MAX_TEXT
from postkeep_local.operations.exporting import Document
from postkeep_local.operations.lines import markdown
from support.posts import a_post
from support.recordable import assert_told

LONGEST = 4096
TOKENS = (
    *("---", "\n---\n", "title: ", "date: ", "author: ", "from: ", "tags: ", "categories: ", "layout: post", "null", "~"),
    *(
        "- ",
        "? ",
        ": ",
        ", ",
        "[",
        "]",
        "{",
        "}",
        "|\n  ",
        ">\n  ",
        "&a ",
        "*a",
        "!!str ",
        "!!binary ",
        "%YAML 1.1",
        "<<: ",
        "...",
    ),
    *('"', "'", '\\"', "\\x00", "\\ud83c\\udf75", "\\U00110000", "#", "\ufeff", "\u2028", "\x85", "\t", "&amp;", "&#xD800;"),
    *("https://", "2021-06-29T01:39:02.000Z", "2021年6月29日 08:05", "Tue, 29 Jun 2021 01:39:02 +0800", "1624930742000"),
    *("<!--1624930742000-->", "<!--NaN-->", "2021-06-29-", "、", "，"),
)

_REASONS = {
    "not-utf-8",
    "no-front-matter",
    "front-matter-too-large",
    "front-matter-too-deep",
    "front-matter-aliases",
    "front-matter-invalid",
}


def check(data: bytes) -> None:
    """Any bytes are understood or rejected with a documented reason, always alike, and what is understood survives an export."""
    (key,), content = lines(data, 1)
    found, again = _outcome(content, key), _outcome(content, key)
    assert_told(found)
    if isinstance(found, PostRejected):
        assert found.reason in _REASONS
        assert isinstance(again, PostRejected)
        assert (found.reason, found.detail) == (again.reason, again.detail)
        return
    assert found == again
    _assert_bounded(found)
    assert found.body == split(content).body, "render reads another body"
    assert found.body == found.body.strip()
    assert "\r" not in found.body
    _assert_survives(found.metadata, key)


def _outcome(content: bytes, key: str) -> ParsedPost | PostRejected:
    try:
        return parse(content, key)
    except PostRejected as error:
        return error


def _assert_bounded(found: ParsedPost) -> None:
    meta = found.metadata
    assert len(meta.title) <= MAX_TEXT
    assert len(meta.author) <= MAX_TEXT
    assert all(0 < len(name) <= MAX_NAME for name in (*meta.tags, *meta.categories))
    assert len(set(meta.tags)) == len(meta.tags)
    assert len(found.warnings) <= MAX_WARNINGS
    assert all(len(warning) <= 200 for warning in found.warnings)
    for text in (meta.title, meta.author, *meta.tags, *meta.categories):
        assert len(text.splitlines()) <= 1
        assert text == text.strip()
    if meta.source_url is not None:
        assert meta.source_url.lower().startswith(("http://", "https://"))
        assert len(meta.source_url.encode()) <= MAX_ADDRESS
    assert (meta.published is None) == (meta.date_source == "unknown")
    assert meta.date_source in {"front-matter", "comment", "file-name", "unknown"}
    if meta.published is not None:
        assert meta.published.tzinfo is UTC
        assert meta.published.year in YEARS
        assert meta.published.microsecond % 1000 == 0


def _assert_survives(meta: Metadata, key: str) -> None:
    """The post file that an export writes says the same again."""
    post: Post = a_post(key or "a.md", metadata=meta, status=Status.READY)
    name, body = markdown(Document(post))
    again = parse(body, name).metadata
    assert (again.title, again.author, again.source_url) == (meta.title, meta.author, meta.source_url)
    assert (again.tags, again.categories) == (meta.tags, meta.categories)
    assert again.published == meta.published
