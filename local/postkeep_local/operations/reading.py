"""Posts of folders, read as parse and render would, up to where what repeats is dropped."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from postkeep.errors import PostRejected
from postkeep.frontmatter import parse
from postkeep.listing import source_host
from postkeep.post import Metadata
from postkeep_local.folder import PostFile, walk
from render_post import rulebook, source
from render_post.blocks import Block
from render_post.bounds import MAX_CHARACTERS
from render_post.clean import find_article
from render_post.removal import partition
from render_post.structure import read_blocks
from render_post.wording import drop_by_wording


def posts_of(files: Iterable[PostFile]) -> Iterator[tuple[Metadata, list[Block]] | None]:
    """Read posts as parse and render would, up to where what repeats is dropped; None for one that they reject or cannot read."""
    book = rulebook.shipped()
    for file in files:
        try:
            parsed = parse(file.path.read_bytes(), file.key)
        except (OSError, PostRejected):
            yield None
            continue
        if len(parsed.body) > MAX_CHARACTERS:
            yield None
        else:
            yield parsed.metadata, article_of(parsed.body, parsed.metadata, file.key, book)


def article_of(body: str, metadata: Metadata, key: str, book: rulebook.RuleBook) -> list[Block]:
    """The blocks of a post's article, less what the rules drop by selectors and wording."""
    base = metadata.source_url
    rules = book.of(source_host(base or ""), metadata.author)
    article = find_article(source.read(body, metadata, key).html, rules, base)
    blocks, _ = partition(drop_by_wording(read_blocks(article, base), rules, metadata.title))
    return blocks


def files_in(folders: Iterable[Path]) -> list[PostFile]:
    """The post files of folders."""
    return [found for folder in folders for found in walk(folder) if isinstance(found, PostFile)]
