"""The article as blocks: what every form of it (Markdown, plain text, summary) is made from.

A block holds flat runs of text, each with its style, and not nested elements: so spans that a word processor split, emphasis
around paragraphs and links around blocks all come out the same, however they were nested.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Mark(StrEnum):
    """How text can be set apart: strong emphasis, emphasis, struck through, and literal text such as a command."""

    BOLD = "bold"
    ITALIC = "italic"
    STRUCK = "struck"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Style:
    """How a run of text is set.

    Attributes:
        marks: see :class:`Mark`.
        link: the address that the run links to; "" for none.
    """

    marks: frozenset[Mark] = frozenset()
    link: str = ""


PLAIN = Style()


# Inlines are made by the thousand. None is ever changed, but they are not frozen: that would treble the time to make one.


@dataclass(slots=True)
class Run:
    """A run of text in one style."""

    text: str
    style: Style = PLAIN


@dataclass(slots=True)
class Break:
    """A line break within a block."""


@dataclass(slots=True)
class Image:
    """A picture where it stands in the article.

    Attributes:
        address: its origin address.
        alt: the alternative text.
        figure: the number of the figure that it stands in, 0 for none; its caption is the figure's.
        fallbacks: see :class:`render_post.pictures.Found`; likewise the others.
        own: likewise.
        written: likewise.
    """

    address: str
    alt: str
    figure: int = 0
    fallbacks: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    written: str = ""


type Inline = Run | Break | Image


@dataclass(slots=True)
class Paragraph:
    """A paragraph, a heading or a caption.

    Attributes:
        inlines: its content, white space already collapsed.
        level: 1 to 6 for a heading, 0 otherwise.
        figure: the number of the figure whose caption this is, 0 for none.
    """

    inlines: list[Inline]
    level: int = 0
    figure: int = 0


@dataclass(slots=True)
class Preformatted:
    """Text whose line breaks and spaces are meant."""

    text: str


@dataclass(slots=True)
class Divider:
    """A thematic break."""


@dataclass(slots=True)
class Quote:
    """A quotation."""

    blocks: "list[Block]" = field(default_factory=list)


@dataclass(slots=True)
class Listing:
    """A list.

    Attributes:
        ordered: whether the items are numbered.
        start: the first number.
        items: the blocks of each item.
    """

    ordered: bool = False
    start: int = 1
    items: "list[list[Block]]" = field(default_factory=list)


@dataclass(slots=True)
class Table:
    """A table of data: rows of cells."""

    rows: list[list[list[Inline]]]


@dataclass(frozen=True, slots=True)
class Dropped:
    """Stands where text was removed; :func:`render_post.removal.partition` takes it out before anything is written.

    Attributes:
        rule: the name of the rule that removed it, such as ``generic/sharing`` or ``nei.st/advertisements``.
        text: what was removed.
    """

    rule: str
    text: str


type Block = Paragraph | Preformatted | Divider | Quote | Listing | Table | Dropped


def inline_text(inlines: list[Inline]) -> str:
    """The text of inlines, with a line feed for each line break."""
    if len(inlines) == 1 and isinstance(run := inlines[0], Run):
        return run.text
    return "".join(part.text if isinstance(part, Run) else "\n" if isinstance(part, Break) else "" for part in inlines)


def paragraphs(blocks: list[Block]) -> Iterator[Paragraph]:
    """All paragraphs, headings and captions in the order of the article, those of quotes, lists and tables too."""
    stack: list[Block] = list(reversed(blocks))
    while stack:
        block = stack.pop()
        match block:
            case Paragraph():
                yield block
            case Quote():
                stack.extend(reversed(block.blocks))
            case Listing():
                stack.extend(inner for item in reversed(block.items) for inner in reversed(item))
            case Table():
                yield from (Paragraph(cell) for row in block.rows for cell in row)
            case _:
                pass
