"""How long answers may be kept, and by whom (RFC 9111)."""

from postkeep.web.exchange import Answer

_SHARED = frozenset({"public", "s-maxage", "proxy-revalidate"})


def lifetime(answer: Answer, *, private: bool) -> str:
    """The Cache-Control field: what the route says, without what is for shared caches where none may keep it.

    Args:
        answer: what its route answers.
        private: whether it is for its reader alone.
    """
    said = answer.headers["Cache-Control"]
    if not private:
        return said
    directives = [directive.strip() for directive in said.split(",")]
    kept = [directive for directive in directives if directive.partition("=")[0].lower() not in _SHARED]
    return ", ".join(kept if {"no-store", "private"} & set(kept) else ["private", *kept])


def vary(answer: Answer, field: str) -> str:
    """The Vary field, with one field more."""
    said = [name.strip() for name in answer.headers.get("Vary", "").split(",") if name.strip()]
    return ", ".join(said if field.lower() in map(str.lower, said) else [*said, field])
