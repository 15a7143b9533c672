"""Front-matter values as people write them → text, addresses and lists of names."""

import re
from typing import Any
from urllib.parse import urlsplit

from postkeep.address import MAX_ADDRESS
from postkeep.characters import decoded, excerpt, one_line
from postkeep.listing import MAX_VALUES

MAX_TEXT = 1_000
"""Characters of a title and of authors. Real titles have 150 at most, and a page of 100 posts must stay under Lambda's 6 MB."""

MAX_NAME = 200
"""Characters of a tag or a category."""

# An ideographic comma stays: names hold it («衣、食、住»), and nothing tells those from lists.
_COMMA = re.compile("[,，]")


def text(value: Any, name: str, warnings: list[str]) -> str:
    """A front-matter value as one line of text, decoded; "" for none. A list of one text is that text."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None:
        return ""
    if not isinstance(value, str):
        warnings.append(f"{name}: not a text, and left out")
        return ""
    return _cut(one_line(decoded(value)), name, warnings)


def people(value: Any, name: str, warnings: list[str]) -> str:
    """An author, or a list of them as one text."""
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return _cut(", ".join(filter(None, (one_line(decoded(part)) for part in value))), name, warnings)
    return text(value, name, warnings)


def address(value: Any, warnings: list[str]) -> str | None:
    """The article's own address, or None; only http and https are addresses of articles."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None:
        return None
    if not isinstance(value, str):
        warnings.append("from: not a text, and left out")
        return None
    found = one_line(decoded(value))
    if not found:
        return None
    if len(found.encode()) > MAX_ADDRESS:
        warnings.append(f"from: longer than {MAX_ADDRESS:,} bytes, and left out")
        return None
    if not _is_web(found):
        warnings.append(f"from: not a web address, and left out: {excerpt(found)}")
        return None
    return found


def names(value: Any, name: str, warnings: list[str]) -> tuple[str, ...]:
    """Tags or categories: a list, a comma-separated text, or nothing; without repetitions, in the order written."""
    if value is None:
        return ()
    if isinstance(value, str):
        parts = _COMMA.split(value)
    elif isinstance(value, list):
        parts = [part for part in value if isinstance(part, str)]
        if len(parts) < sum(part is not None for part in value):
            warnings.append(f"{name}: entries that are not texts were left out")
    else:
        warnings.append(f"{name}: neither a list nor a text, and left out")
        return ()
    found = tuple(dict.fromkeys(filter(None, (one_line(decoded(part)) for part in parts))))
    short = tuple(entry for entry in found if len(entry) <= MAX_NAME)
    if len(short) < len(found):
        warnings.append(f"{name}: entries of more than {MAX_NAME} characters were left out")
    if len(short) > MAX_VALUES:
        warnings.append(f"{name}: {len(short)} of them; the post is listed under the first {MAX_VALUES}")
    return short


def _cut(found: str, name: str, warnings: list[str]) -> str:
    if len(found) <= MAX_TEXT:
        return found
    warnings.append(f"{name}: {len(found):,} characters; those after the first {MAX_TEXT:,} were left out")
    return found[: MAX_TEXT - 1].rstrip() + "…"


def _is_web(found: str) -> bool:
    try:
        parts = urlsplit(found)
        _ = parts.port  # raises where it is none
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool((parts.hostname or "").strip("."))
