"""Front-matter values as people write them → text, addresses and lists of names."""

import html
import re
from typing import Any
from urllib.parse import urlsplit

from postkeep.listing import MAX_VALUES

# Only references with their semicolon: an address such as ``?a=1&copy=2`` holds none.
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def decoded(value: str) -> str:
    """Character references decoded: authors and addresses of real posts hold ``&amp;`` and ``&#38;``."""
    return _REFERENCE.sub(lambda match: html.unescape(match[0]), value)


def text(value: Any, name: str, warnings: list[str]) -> str:
    """A front-matter value as one line of text: decoded, white space at its ends removed; "" for none."""
    if value is None:
        return ""
    if not isinstance(value, str):
        warnings.append(f"{name}: not a text, and left out")
        return ""
    return decoded(value).strip()


def address(value: Any, warnings: list[str]) -> str | None:
    """The article's own address, or None; only http and https are addresses of articles."""
    found = text(value, "from", warnings)
    if not found:
        return None
    try:
        parts = urlsplit(found)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        warnings.append("from: not a web address, and left out")
        return None
    return found


def names(value: Any, name: str, warnings: list[str]) -> tuple[str, ...]:
    """Tags or categories: a list, a comma-separated text, or nothing; without repetitions, in the order written."""
    if value is None:
        return ()
    if isinstance(value, str):
        parts = value.split(",")
    elif isinstance(value, list):
        parts = [part for part in value if isinstance(part, str)]
        if len(parts) < len(value):
            warnings.append(f"{name}: entries that are not texts were left out")
    else:
        warnings.append(f"{name}: neither a list nor a text, and left out")
        return ()
    found = tuple(dict.fromkeys(filter(None, (decoded(part).strip() for part in parts))))
    if len(found) > MAX_VALUES:
        warnings.append(f"{name}: {len(found)} of them; the post is listed under the first {MAX_VALUES}")
    return found
