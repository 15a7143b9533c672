"""A cursor: the query in a line, as an address has it, a cursor in the next, then bytes (``postkeep.web.cursor``).

The bytes are tried in four ways: over a genuine cursor, to change it; as the content of a cursor that is rightly signed; as the
place in one, with which the API is asked to go on; as a place of a search.
"""

import base64
import hmac
import json
from typing import Any
from urllib.parse import parse_qsl, quote

from fuzz.inputs import as_text, lines
from postkeep.errors import CursorInvalid
from postkeep.web import cursor as unsigned
from postkeep.web.cursor import Cursors, Place
from search_posts.documents import MAX_ORDER
from search_posts.searching import Place as SearchPlace
from support.posts import EPOCH
from support.sample import CURSOR_KEY, Sample

LONGEST = 1024
TOKENS = (
    "tag=",
    "author=",
    "&",
    "[2,",
    "[1,",
    '"',
    ",",
    "null",
    "1e999",
    "NaN",
    "[[[[",
    "2021-06-29T01:39:02.123Z#",
    ".",
    "=",
    "-",
    "_",
)

_SAMPLE = Sample()
_KEY = CURSOR_KEY
_CURSORS = Cursors(_KEY, lambda: EPOCH)
_PLACE = Place("2021-06-29T01:39:02.123Z#abc", "tag")


def check(data: bytes) -> None:
    """A cursor is taken only as it was given out, for the query that it was given out for; nothing else is ever a fault."""
    (asked, written), rest = lines(data, 2)
    query = dict(parse_qsl(asked, keep_blank_values=True, errors="replace"))
    _assert_unsigned(written, query)
    for text in (written, as_text(rest)):
        found = _decoded(text, query)
        assert found is None or found == _PLACE, "nobody signed this"
    _assert_changed(rest, query)
    _assert_signed(rest, query)
    _assert_goes_on("/search" if "q" in query else "/posts", asked, rest)
    _assert_place(as_text(rest))


def _decoded(text: str, query: dict[str, str]) -> Place | None:
    try:
        return _CURSORS.decode(text, query)
    except CursorInvalid as error:
        assert str(error)
        return None


def _assert_unsigned(written: str, query: dict[str, str]) -> None:
    try:
        after = unsigned.decode(written, query)
    except CursorInvalid:
        return
    assert unsigned.decode(unsigned.encode(after, query), query) == after


def _assert_changed(changes: bytes, query: dict[str, str]) -> None:
    """A genuine cursor, with these bytes laid over it (exclusive or), is another one unless they are all nought."""
    genuine = _raw(_CURSORS.encode(_PLACE, query))
    over = changes[: len(genuine)].ljust(len(genuine), b"\0")
    raw = bytes(one ^ other for one, other in zip(genuine, over, strict=True)) + changes[len(genuine) :]
    found = _decoded(_written(raw), query)
    assert found == (_PLACE if raw == genuine else None)


def _assert_signed(content: bytes, query: dict[str, str]) -> None:
    """Whoever has the key can sign what they like, and gets nothing but places by it."""
    found = _decoded(_signed(content), query)
    if found is None:
        return
    assert json.loads(content)[-2:] == [found.chosen, found.after]
    assert _decoded(_CURSORS.encode(found, query), query) == found


def _assert_place(text: str) -> None:
    try:
        found = SearchPlace.parse(text)
    except CursorInvalid:
        return
    assert 0 <= found.order < MAX_ORDER
    assert SearchPlace.parse(str(found)) == found


def _assert_goes_on(path: str, asked: str, place: bytes) -> None:
    """The API goes on from any place that is rightly signed for the query, or says that there is none."""
    page = _asked(path, f"{asked}&limit=1")
    if page is None or page.get("next") is None:
        return
    content = json.loads(_raw(page["next"])[16:])
    (chosen,), after = lines(place, 1)
    content[-2:] = [chosen, as_text(after)]
    forged = _signed(json.dumps(content).encode())
    if len(forged) <= 600:
        _asked(path, f"{asked}&limit=1&cursor={quote(forged)}")


def _asked(path: str, query: str) -> Any:
    """A page of the API; None where it refuses to give it."""
    answer = _SAMPLE.ask(path, query)
    assert answer["statusCode"] in {200, 304, 400, 414}, answer["body"]
    return json.loads(answer["body"]) if answer["statusCode"] == 200 else None


def _signed(content: bytes) -> str:
    return _written(hmac.digest(_KEY.encode(), content, "sha256")[:16] + content)


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _raw(cursor: str) -> bytes:
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
