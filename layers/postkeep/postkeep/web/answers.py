"""How large an answer may be."""

import json

MAX_ANSWER = 5_500_000
"""Bytes of an answer's body once it is a JSON string, as Lambda takes its answers: 6 MB at most, with headers."""


def size(body: str) -> int:
    """The bytes of a body once it is a JSON string."""
    return len(json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def fits(body: str) -> bool:
    """Whether a body fits into an answer."""
    return size(body) <= MAX_ANSWER
