"""What makes a text of a post's HTML: Postkeep, html2text, and the tools that the cleaning is measured against.

Each is called as its own documentation says, with the settings that did best for it on the posts (see docs/quality.md). None but
html2text is part of Postkeep's environments: ``make bench-text`` installs them beside.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from html2text import HTML2Text

from postkeep.frontmatter import ParsedPost
from render_post.rendition import RenderedText, render
from render_post.rulebook import RuleBook, generic_only, shipped
from support.scoring import Output

POSTKEEP = "Postkeep"
BASELINE = "html2text"
"""The tool whose time is 1."""

_PICTURE = re.compile(
    r"""!\[(?:[^\]\\]|\\.){0,1000}\]\(\s*
    (?: <(?P<quoted>[^<>\n]*)> | (?P<bare>(?:[^\s()\\<]|\\.|\([^\s()]*\))+) )
    (?:\s+"[^"\n]*")?\s*\)""",
    re.VERBOSE,
)
"""A picture in what the tools write as Markdown; its address may be one that CommonMark would not read."""

_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that makes a text of a post.

    Attributes:
        name: in the table.
        distribution: the package that brings it; "" for Postkeep itself.
        run: makes the text of a post: what is timed. The key is that of the post's object.
        output: gives what ``run`` returned in the form that is scored: not timed.
        pictures: whether it tells the pictures.
    """

    name: str
    distribution: str
    run: Callable[[str, ParsedPost], Any]
    output: Callable[[Any], Output]
    pictures: bool = True


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    distribution: str
    module: str
    make: Callable[[], tuple[Callable[[str, ParsedPost], Any], Callable[[Any], Output]]]
    pictures: bool = True


def wrapped(body: str) -> str:
    """A body as a whole document, for tools that are made for documents."""
    return f"<html><body><article>{body}</article></body></html>"


def from_markdown(text: str) -> Output:
    """A text whose pictures stand in it as in Markdown."""
    found = (match["quoted"] or match["bare"] or "" for match in _PICTURE.finditer(text))
    return Output(text, tuple(_ESCAPE.sub(r"\1", address) for address in found))


def _rendered(book: RuleBook) -> tuple[Callable[[str, ParsedPost], RenderedText], Callable[[RenderedText], Output]]:
    return (
        lambda key, post: render(post.body, post.metadata, key, book),
        lambda made: Output(made.text, tuple(picture.address for picture in made.pictures)),
    )


def _html2text(markup: str) -> str:
    return HTML2Text(bodywidth=0).handle(markup)


def _trafilatura(**settings: Any) -> tuple[Callable[[str, ParsedPost], str], Callable[[str], Output]]:
    extract = import_module("trafilatura").extract
    # None stands for "no text found".
    return lambda _, post: extract(wrapped(post.body), include_images=True, **settings) or "", from_markdown


def _readability() -> tuple[Callable[[str, ParsedPost], str], Callable[[str], Output]]:
    document = import_module("readability").Document

    def run(_: str, post: ParsedPost) -> str:
        return _html2text(document(wrapped(post.body)).summary(html_partial=True, keep_all_images=True))

    return run, from_markdown


def _resiliparse() -> tuple[Callable[[str, ParsedPost], str], Callable[[str], Output]]:
    extract = import_module("resiliparse.extract.html2text").extract_plain_text
    return (
        lambda _, post: extract(wrapped(post.body), main_content=True, comments=False, post_meta=False),
        Output,
    )


def _html_to_markdown() -> tuple[Callable[[str, ParsedPost], Any], Callable[[Any], Output]]:
    module = import_module("html_to_markdown")
    options = module.ConversionOptions(output_format="plain")
    return (
        lambda _, post: module.convert(post.body, options),
        lambda made: Output(made.content or "", tuple(image.src for image in made.metadata.images)),
    )


_ENTRIES = (
    _Entry(POSTKEEP, "", "render_post", lambda: _rendered(shipped())),
    _Entry(f"{POSTKEEP}, generic rules alone", "", "render_post", lambda: _rendered(generic_only())),
    _Entry(BASELINE, "html2text", "html2text", lambda: (lambda _, post: _html2text(post.body), from_markdown)),
    _Entry("html-to-markdown", "html-to-markdown", "html_to_markdown", _html_to_markdown),
    _Entry("trafilatura, for recall", "trafilatura", "trafilatura", lambda: _trafilatura(favor_recall=True)),
    _Entry(
        "trafilatura, for precision",
        "trafilatura",
        "trafilatura",
        lambda: _trafilatura(favor_precision=True, include_comments=False),
    ),
    _Entry("readability-lxml", "readability-lxml", "readability", _readability),
    _Entry("resiliparse", "resiliparse", "resiliparse", _resiliparse, pictures=False),
)


def missing() -> list[str]:
    """The packages that are not installed."""
    return sorted({entry.distribution or POSTKEEP for entry in _ENTRIES if find_spec(entry.module) is None})


def load() -> list[Tool]:
    """Import all tools.

    Raises:
        ImportError: if one is not installed, see :func:`missing`.
    """
    return [Tool(entry.name, entry.distribution, *entry.make(), entry.pictures) for entry in _ENTRIES]


def versions(tools: Iterable[Tool]) -> dict[str, str]:
    """The installed versions, by package, in the order of the tools."""
    return {tool.distribution: version(tool.distribution) for tool in tools if tool.distribution}
