"""Pictures that an archive carries itself: objects of the posts bucket, beside the posts. No I/O."""

import re
from urllib.parse import quote, unquote

from postkeep.post import archive_of, is_post_key
from render_post.origin import MAX_ADDRESS, safe

SCHEME = "post:"
"""Of the address of a picture that only the posts bucket can have: an object's key follows, percent-encoded as in a path."""

_MAX_KEY = 1_024
"""Bytes of UTF-8: Amazon S3 User Guide, «Naming Amazon S3 objects»."""

_LIQUID = re.compile(
    r"\{\{-?\s*(?:site\.(?:baseurl|url|github\.url)|page\.root)\s*-?\}\}|\{\{-?\s*['\"]([^'\"{}]*)['\"]\s*\|\s*(?:relative_url|absolute_url)\s*-?\}\}"
)
"""How Jekyll's templates write the site's root before a path, and a path under it."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_RESERVED = re.compile(r"[%?#]")


def relative_path(address: str) -> str:
    """A relative address as a path, "" for any other: without query and fragment, backslashes and Liquid resolved."""
    address = _CONTROL.sub("", address.strip())
    if "{{" in address:
        address = _LIQUID.sub(lambda found: found[1] or "", address)
    path = address.partition("#")[0].partition("?")[0].replace("\\", "/")
    if not path or path.startswith("//") or len(path) > MAX_ADDRESS or _SCHEME.match(path):
        return ""
    return path


def own_keys(path: str, key: str) -> tuple[str, ...]:
    """The objects of the posts bucket that a relative address may name, the likeliest first.

    A path from the root (``/images/a.jpg``) is looked for below the archive's root (see :func:`postkeep.post.archive_of`) and
    below the bucket's; any other beside the post. Nothing outside of the bucket has a key, and no post is a picture.

    Args:
        path: as :func:`relative_path` gives it.
        key: the post object's.
    """
    if not path or not key:
        return ()
    folders = [archive_of(key), ""] if path.startswith("/") else [key.rpartition("/")[0]]
    found = dict.fromkeys(_joined(folder, unquote(path)) for folder in folders)
    return tuple(name for name in found if name and not is_post_key(name))


def own_address(key: str) -> str:
    """The address of a picture that only the posts bucket has."""
    return SCHEME + safe(_RESERVED.sub(lambda found: quote(found[0], safe=""), key))


def _joined(folder: str, path: str) -> str:
    """The key of a path below a folder; "" for none."""
    parts = [part for part in folder.split("/") if part]
    steps = path.split("/")
    if not steps[-1] or steps[-1] in {".", ".."} or _CONTROL.search(path):
        return ""
    for step in steps:
        if step == "..":
            if not parts:
                return ""
            parts.pop()
        elif step not in {"", "."}:
            parts.append(step)
    found = "/".join(parts)
    return found if 0 < len(found.encode("utf-8", "replace")) <= _MAX_KEY else ""
