"""Links between the pages of a listing (RFC 8288)."""

import json
from typing import Any
from urllib.parse import quote, urlencode

from postkeep.web.exchange import Answer, Request

_MARK = b'"next":'
"""What a page's body has; within the strings of JSON its quotation marks would be escaped."""


def links(request: Request, answer: Answer) -> str | None:
    """The Link field of a page: the first page and, where there is one, the next; None for what is no page.

    The addresses are relative to the page's own, and name its query alone: they hold whatever host and path lead here.
    """
    if answer.content_type != "application/json" or _MARK not in answer.body:
        return None
    page: Any = json.loads(answer.body)
    if not isinstance(page, dict) or "next" not in page:
        return None
    found = [_link(request, None, "first")]
    # The changes always have a `next`, to come back with later; `more` says whether it leads further now.
    if isinstance(page["next"], str) and page.get("more", True):
        found.append(_link(request, page["next"], "next"))
    return ", ".join(found)


def _link(request: Request, cursor: str | None, relation: str) -> str:
    asked = [(name, value) for name, value in request.parameters if name != "cursor"]
    if cursor is not None:
        asked.append(("cursor", cursor))
    query = urlencode(asked, quote_via=quote, errors="replace")
    return f'<?{query}>; rel="{relation}"'
