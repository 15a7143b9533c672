"""The real posts, where they are at hand: they are other people's articles, and none of them is part of the repository."""

import tarfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from postkeep.post import is_post_key
from support.template import ROOT

CORPUS = ROOT.parent / "shared" / "corpus"
"""Beside the repository: ``dev`` with posts in the folders of their archives, ``gold``, and ``bulk.tar.gz`` with more posts."""


def dev_posts(corpus: Path = CORPUS) -> dict[str, bytes]:
    """The posts to work on, by key, in the order of the keys; none where they are not at hand."""
    dev = corpus / "dev"
    found = {path.relative_to(dev).as_posix(): path for path in dev.rglob("*") if path.is_file()}
    return {key: found[key].read_bytes() for key in sorted(found) if is_post_key(key)}


def bulk_posts(limit: int | None = None, corpus: Path = CORPUS) -> Iterator[tuple[str, bytes]]:
    """The posts for load, by key; none where they are not at hand.

    Args:
        limit: about so many, evenly spaced over the archive; None for all.
        corpus: the folder.
    """
    path = corpus / "bulk.tar.gz"
    if not path.is_file():
        return
    with tarfile.open(path) as archive:
        members = [member for member in archive if member.isfile() and is_post_key(member.name)]
        for member in members[:: max(1, len(members) // limit) if limit else 1]:
            if file := archive.extractfile(member):
                yield member.name, file.read()


def same_path(key: str, wanted: str) -> bool:
    """Whether a key is that of a gold file, which may be in another of Unicode's normal forms."""
    return unicodedata.normalize("NFC", key).endswith(unicodedata.normalize("NFC", wanted))
