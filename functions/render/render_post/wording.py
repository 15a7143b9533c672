"""What is no part of the article and shows in its wording or its place: passes over the blocks, driven by the rules' patterns."""

from collections.abc import Callable, Iterable, Iterator

from render_post.blocks import Block, Divider, Dropped, Image, Listing, Paragraph, Quote, Run, inline_text
from render_post.removal import partition
from render_post.rulebook import PostRules
from render_post.rules import DropRule
from render_post.text import plain_text

TITLE = "generic/title"

_TITLE_SEPARATORS = (" - ", " | ", " – ", " — ", "|", "｜", "_")
_LONGEST_FIXED = 1_000
"""Characters. Longer paragraphs are text: no pattern is tried on them, so that hostile ones cost nothing."""

_LONGEST_LEAD = 60
_LONGEST_LINK = 300
_LEAST_LINKED = 0.7
_MAX_LINKS = 60

type _Test = Callable[[str], str | None]


def drop_by_wording(blocks: list[Block], rules: PostRules, title: str) -> list[Block]:
    """Put :class:`Dropped` in the place of what the rules name.

    Args:
        blocks: of the whole article.
        rules: of the post.
        title: the post's, which goes where it stands once more as a heading before the first words.
    """
    drops = (*rules.own, *rules.generic.drops)
    blocks = _rest(blocks, _test(drops, "rest"))
    if paragraphs := _test(drops, "paragraphs"):
        blocks = _each(blocks, paragraphs)
    blocks = _lists(blocks, _test(drops, "lists"))
    blocks = _first(blocks, _test(drops, "first"), title)
    return _last(blocks, _test(drops, "last"))


def _test(drops: Iterable[DropRule], kind: str) -> _Test | None:
    """The name of the rule of which a pattern of one kind matches a text as a whole; None where no rule has such patterns."""
    patterns = [(drop, found) for drop in drops if getattr(drop, kind) and (found := drop.patterns[kind])]
    if not patterns:
        return None

    def test(text: str) -> str | None:
        return next((drop.name for drop, pattern in patterns if pattern.fullmatch(text)), None)

    return test


def _text(block: Block) -> str:
    if not isinstance(block, Paragraph):
        return ""
    text = inline_text(block.inlines).strip()
    return text if len(text) <= _LONGEST_FIXED else ""


def _rest(blocks: list[Block], test: _Test | None) -> list[Block]:
    if test is None:
        return blocks
    for number, block in enumerate(blocks):
        if (text := _text(block)) and (name := test(text)):
            return [*blocks[:number], *(gone for one in blocks[number:] for gone in dropped(name, one))]
    return blocks


def _each(blocks: list[Block], test: _Test) -> list[Block]:
    # Recursion goes as deep as lists and quotes are nested, which the reader of the page has bounded.
    found: list[Block] = []
    for block in blocks:
        if isinstance(block, Quote):
            block.blocks = _each(block.blocks, test)
        elif isinstance(block, Listing):
            block.items = [_each(item, test) for item in block.items]
        text = _text(block)
        found += _without_text(name, block) if text and (name := test(text)) else [block]
    return found


def _lists(blocks: list[Block], test: _Test | None) -> list[Block]:
    """Drop short leads such as «related articles», where links to articles follow, with these."""
    found: list[Block] = []
    position = 0
    while position < len(blocks):
        text = _text(blocks[position])
        name = test(text) if test and text and len(text) <= _LONGEST_LEAD and not _is_text(blocks, position + 1) else None
        end = _end_of_links(blocks, position + 1) if name else position
        if name and end > position + 1:
            found += [gone for block in blocks[position:end] for gone in dropped(name, block)]
            position = end
        else:
            found.append(blocks[position])
            position += 1
    return found


def _is_text(blocks: list[Block], position: int) -> bool:
    """Whether there is a paragraph of text without a link: most are followed by one, and it takes no pattern to see it."""
    block = blocks[position] if position < len(blocks) else None
    return (
        isinstance(block, Paragraph)
        and bool(block.inlines)
        and all(isinstance(part, Run) and not part.style.link for part in block.inlines)
    )


def _end_of_links(blocks: list[Block], start: int) -> int:
    """Where the links that begin at a block end: the last block that has one, and only pictures and rules between them."""
    end = start
    for position in range(start, min(len(blocks), start + _MAX_LINKS)):
        block = blocks[position]
        linked = _linked(block)
        if linked:
            end = position + 1
        elif linked is None:
            break
    return end


def _linked(block: Block) -> bool | None:
    """Whether a block is links to other pages: True; False where it has no text at all; None where it is text."""
    runs: list[Run] = []
    for paragraph in _paragraphs(block):
        own = [part for part in paragraph.inlines if isinstance(part, Run)]
        if sum(len(run.text) for run in own) > _LONGEST_LINK:
            return None
        runs += own
    if isinstance(block, Divider | Dropped):
        return False
    total = sum(len(run.text.strip()) for run in runs)
    if not total:
        return False if isinstance(block, Paragraph) else None
    linked = sum(len(run.text.strip()) for run in runs if run.style.link)
    return True if linked >= total * _LEAST_LINKED else None


def _paragraphs(block: Block) -> Iterator[Paragraph]:
    match block:
        case Paragraph():
            yield block
        case Listing():
            for item in block.items:
                for inner in item:
                    yield from _paragraphs(inner)
        case Quote():
            for inner in block.blocks:
                yield from _paragraphs(inner)
        case _:
            pass


def _first(blocks: list[Block], test: _Test | None, title: str) -> list[Block]:
    found: list[Block] = []
    for number, block in enumerate(blocks):
        if isinstance(block, Dropped | Divider):
            found.append(block)
            continue
        text = _text(block)
        name = None
        if isinstance(block, Paragraph) and text:
            name = TITLE if _is_title(block, text, title) else test(text) if test else None
        if name is not None:
            found += _without_text(name, block)
        elif isinstance(block, Paragraph) and not inline_text(block.inlines).strip():
            found.append(block)  # pictures
        else:
            return found + blocks[number:]
    return found


def _last(blocks: list[Block], test: _Test | None) -> list[Block]:
    tail: list[Block] = []  # from the end
    for number in range(len(blocks) - 1, 0, -1):
        block = blocks[number]
        text = _text(block)
        if isinstance(block, Dropped | Divider) or (isinstance(block, Paragraph) and not inline_text(block.inlines).strip()):
            tail.append(block)
        elif test and text and (name := test(text)):
            tail += reversed(_without_text(name, block))
        else:
            return [*blocks[: number + 1], *reversed(tail)]
    return [*blocks[:1], *reversed(tail)]


def _is_title(block: Paragraph, text: str, title: str) -> bool:
    text = " ".join(text.split())
    title = " ".join(title.split())
    return bool(block.level) and (text == title or any(title.startswith(text + separator) for separator in _TITLE_SEPARATORS))


def _without_text(rule: str, block: Block) -> list[Block]:
    """What stands in the place of a paragraph whose text goes: a picture beside a date, or above «read on», is the article's."""
    pictures = [part for part in block.inlines if isinstance(part, Image)] if isinstance(block, Paragraph) else []
    return [*dropped(rule, block), Paragraph([*pictures])] if pictures else [*dropped(rule, block)]


def dropped(rule: str, block: Block) -> list[Dropped]:
    """What stands in the place of a block that a rule removes; what others removed from within it already follows."""
    left, gone = partition([block])
    return [*(Dropped(rule, plain_text([one])) for one in left), *gone]
