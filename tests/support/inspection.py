"""What a text that render made shows in a browser, held to what it may show: elements, attributes and addresses."""

import unicodedata
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from render_post.html import ATTRIBUTES, ELEMENTS, FIXED_ATTRIBUTES, SCHEMES

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
# What a renderer that trusts addresses would make of the Markdown: raw HTML is already on in this preset.
_PARSER.validateLink = lambda url: True  # type: ignore[method-assign]

_OF_MARKDOWN = ELEMENTS | {"thead", "th"}
_ATTRIBUTES_OF_MARKDOWN = {"a": {"href"}, "img": {"src", "alt"}, "ol": {"start"}}
_ALLOWED = {tag: set(names) | set(FIXED_ATTRIBUTES.get(tag, {})) for tag, names in ATTRIBUTES.items()}


def html_faults(html: str) -> list[str]:
    """What a page of safe HTML shows that is not on render's lists; with scripts on, and with scripts off."""
    # Off: as a page shows it whose author does not know that scripts may be.
    return _faults(html, ELEMENTS, _ALLOWED) + _faults(f"<noscript>{html}</noscript>", ELEMENTS | {"noscript"}, _ALLOWED)


def markdown_faults(markdown: str, *, relative: bool = False) -> list[str]:
    """What Markdown shows that is not on render's lists, in a renderer that lets raw HTML and any address pass.

    Args:
        markdown: what render made.
        relative: whether pictures may have relative addresses, as the archive's own have where the article has no address.
    """
    return _faults(_PARSER.render(markdown), _OF_MARKDOWN, _ATTRIBUTES_OF_MARKDOWN, {""} if relative else set())


def shown(markdown: str) -> str:
    """The text that a reader of Markdown sees."""
    return LexborHTMLParser("<html><body>" + _PARSER.render(markdown)).text()


def _faults(html: str, elements: frozenset[str], attributes: Mapping[str, set[str]], more: Collection[str] = ()) -> list[str]:
    schemes = {"href": SCHEMES, "src": (SCHEMES - {"mailto"}).union(more)}
    found: list[str] = []
    body = LexborHTMLParser(f"<!doctype html><html><head></head><body>{html}</body></html>").root
    for node in body.traverse(include_text=True) if body else ():
        tag = node.tag or ""
        if tag in {"html", "head", "body", "-text"} and not node.attributes:
            continue
        if tag not in elements:
            found.append(f"<{tag}>")
        for name, value in node.attributes.items():
            known = name in attributes.get(tag, set())
            if not known or (name in schemes and not _is_address(value or "", schemes[name])):
                found.append(f"{tag} {name}={value}")
    return found


def _is_address(address: str, schemes: Collection[str]) -> bool:
    if not address.isascii() or any(unicodedata.category(character) in {"Cc", "Zs"} for character in address):
        return False
    return urlsplit(address).scheme in schemes
