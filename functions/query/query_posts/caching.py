"""How long answers may be kept, and by whom (RFC 9111)."""

from query_posts.exchange import Answer, Request

_DEFAULTS = {
    "/healthz": "no-store",
    "/changes": "no-store",  # each answer says until when it tells, and is never the same
    "/counts": "max-age=60",  # counted every five minutes
    "/openapi.json": "max-age=300",
}
_OTHERS = "no-cache"
"""Kept, but asked about each time: a post that is taken down is gone from every cache."""

_SHARED = frozenset({"public", "s-maxage", "proxy-revalidate"})


def lifetime(request: Request, answer: Answer, *, private: bool) -> str:
    """The Cache-Control field: what the route says, or the default of its kind.

    Args:
        request: what was asked for.
        answer: what its route answers.
        private: whether it is for its reader alone, so that no shared cache may keep it.
    """
    said = answer.headers.get("Cache-Control") or _default(request, answer)
    if not private:
        return said
    directives = [directive.strip() for directive in said.split(",")]
    kept = [directive for directive in directives if directive.partition("=")[0].lower() not in _SHARED]
    return ", ".join(kept if {"no-store", "private"} & set(kept) else ["private", *kept])


def vary(answer: Answer, field: str) -> str:
    """The Vary field, with one field more."""
    said = [name.strip() for name in answer.headers.get("Vary", "").split(",") if name.strip()]
    return ", ".join(said if field.lower() in map(str.lower, said) else [*said, field])


def _default(request: Request, answer: Answer) -> str:
    if answer.status >= 400:  # noqa: PLR2004 (where errors begin: RFC 9110, 15)
        return "no-store"
    first = f"/{request.path.split('/')[1]}"
    return _DEFAULTS.get(first, _OTHERS)
