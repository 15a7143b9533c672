"""What parse and render would make of files, without any stack: the functions' own code, on files instead of objects."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from postkeep.errors import PostRejected
from postkeep.frontmatter import parse
from postkeep.listing import instant
from postkeep.post import SUFFIXES, Metadata, is_post_key, post_id
from postkeep_local.folder import NotAPostFile, PostFile, Unusable, key_of, printable, walk
from render_post.language import language_of
from render_post.length import measure
from render_post.rendition import RenderedText, render
from render_post.rulebook import RuleBook

MAX_POST_BYTES = 5 * 1024 * 1024
"""The template's default of ``MaxPostBytes``."""


_NOTHING = Metadata()


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be read, or that no bucket would hold as a post.

    Attributes:
        name: the path as it was given; printable.
        reason: a few words.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Previewer:
    """How files get their keys, and what is too large.

    Attributes:
        root: keys are paths relative to this folder; None: the paths as they were given.
        prefix: put before every key.
        max_bytes: a larger file is rejected, as parse does it.
        book: the rules; None for those that ship.
    """

    root: Path | None = None
    prefix: str = ""
    max_bytes: int = MAX_POST_BYTES
    book: RuleBook | None = None

    def __call__(self, paths: Iterable[str]) -> Iterator[dict[str, Any] | Failure]:
        """Give what each file would become, in order; ``docs/cli.md`` lists the fields.

        Args:
            paths: files, and folders, whose posts are taken in the order of their names' bytes.
        """
        for given in paths:
            name = PurePosixPath(given).as_posix()
            try:
                if Path(given).is_dir():
                    yield from self._folder(name)
                else:
                    yield self._file(name)
            except OSError as error:
                yield Failure(printable(name), error.strerror or str(error))

    def _folder(self, name: str) -> Iterator[dict[str, Any] | Failure]:
        for found in walk(Path(name)):
            match found:
                case PostFile():
                    yield self._file((PurePosixPath(name) / found.key).as_posix())
                case Unusable():
                    yield Failure((PurePosixPath(name) / found.name).as_posix(), found.reason)
                case _:  # what is no post is none of this command's business
                    pass

    def _file(self, name: str) -> dict[str, Any] | Failure:
        try:
            key = self._key(name)
            body = _read(Path(name), self.max_bytes)
        except NotAPostFile as why:
            return Failure(printable(name), str(why))
        except OSError as error:
            return Failure(printable(name), error.strerror or str(error))
        if isinstance(body, int):
            detail = f"the file has {body:,} bytes; the limit is {self.max_bytes:,}"
            return _line(name, key, rejected=PostRejected("too-large", detail))
        try:
            parsed = parse(body, key)
            rendered = render(parsed.body, parsed.metadata, key, self.book)
        except PostRejected as rejected:
            return _line(name, key, rejected=rejected)
        return _line(name, key, parsed.metadata, rendered, warnings=parsed.warnings + rendered.warnings)

    def _key(self, name: str) -> str:
        if not is_post_key(name):
            raise NotAPostFile(f"its name ends in none of {' '.join(SUFFIXES)}")
        if self.root is None:
            return key_of(name, self.prefix)
        try:
            relative = Path(name).absolute().relative_to(self.root.absolute())
        except ValueError:
            raise NotAPostFile(f"it is not below {self.root}") from None
        return key_of(relative.as_posix(), self.prefix)


def encode(line: dict[str, Any]) -> bytes:
    """One line of output.

    A lone surrogate has no UTF-8; JSON's escape stands for it.
    """
    return json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def _line(
    name: str,
    key: str,
    metadata: Metadata = _NOTHING,
    rendered: RenderedText | None = None,
    *,
    warnings: tuple[str, ...] = (),
    rejected: PostRejected | None = None,
) -> dict[str, Any]:
    return {
        "path": name,
        "id": post_id(key),
        "title": metadata.title,
        "author": metadata.author,
        "published": instant(metadata.published) if metadata.published else None,
        "tags": list(metadata.tags),
        "categories": list(metadata.categories),
        "source_url": metadata.source_url,
        "text": rendered.text if rendered else None,
        "markdown": rendered.markdown if rendered else None,
        "html": rendered.html if rendered else None,
        "removed": [{"rule": dropped.rule, "text": dropped.text} for dropped in rendered.removed] if rendered else [],
        "language": language_of(rendered.text, metadata.title) if rendered else None,
        "words": measure(rendered.text).words if rendered else 0,
        "images": [picture.address for picture in rendered.pictures] if rendered else [],
        "rejected": rejected.reason if rejected else None,
        "detail": rejected.detail if rejected else None,
        "warnings": list(warnings),
    }


def _read(path: Path, limit: int) -> bytes | int:
    """A file's bytes, or its size where that is above the limit.

    Raises:
        NotAPostFile: if it is no regular file; a named pipe would be waited for without end.
        OSError: if it cannot be read.
    """
    if path.exists() and not path.is_file():
        raise NotAPostFile("not a regular file")
    with path.open("rb") as file:
        body = file.read(limit + 1)
        return body if len(body) <= limit else path.stat().st_size
