"""The characters of strangers' texts: references decoded, and nothing that a record, a page or a feed could not hold."""

import html
import re

# Only references with their semicolon: an address such as ``?a=1&copy=2`` holds none.
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]\s*")
# Not in XML, and so not in a feed: https://www.w3.org/TR/xml/#charsets; DEL and C1, which it discourages, go with them.
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
# Which are breaks between words in a line, and are not in XML either.
_FEEDS = {0x0B: " ", 0x0C: " "}
# White space as str.isspace has it, and what has no width.
_ENDS = " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\u200b\u200c\u200d\u2060\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)


def decoded(value: str) -> str:
    """Character references decoded, once: ``&amp;amp;`` is how ``&amp;`` is written, and cannot be told from a mistake."""
    return _REFERENCE.sub(lambda match: html.unescape(match[0]), value)


def encodable(value: str) -> str:
    """A text that UTF-8 can encode: a pair of surrogates becomes its character, a lone one U+FFFD.

    JSON writes emoji as pairs of escapes, and generators of YAML that go by JSON's rules do too.
    """
    if not _SURROGATE.search(value):
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def one_line(value: str) -> str:
    """A text as one line: a line break or a tab becomes a space, controls go, and so does white space at the ends.

    Zero-width characters go at the ends and stay between others, where emoji and several scripts are made with them.
    """
    without = value if value.isprintable() else _CONTROLS.sub("", _BREAKS.sub(" ", value))
    return without.strip(_ENDS)


def excerpt(value: str, limit: int = 80) -> str:
    """A piece of a stranger's text for a warning: one line, ``limit`` characters at most."""
    line = one_line(encodable(value[: 2 * limit]))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def in_xml(value: str) -> str:
    """A text without the characters that XML cannot hold, or discourages; a lone surrogate becomes U+FFFD.

    Source: Extensible Markup Language 1.0, 2.2, «Characters».
    """
    return _CONTROLS.sub("", encodable(value)).translate(_FEEDS)
