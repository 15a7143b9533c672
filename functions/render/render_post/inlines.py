"""White space within a paragraph, as a browser would show it, except that lines of Chinese join without a space."""

import re
import unicodedata

from render_post.blocks import Break, Image, Inline, Mark, Run, Style, inline_text

_EDGE = " \t\n\r\f\v\u00a0\u2003\u2002\u3000\u2028\u2029"
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff\U0010f000-\U0010f2ff]")
"""Controls, noncharacters, and the private-use characters that :mod:`render_post.markdown` needs for itself."""

_BLANK = " \t\n\r\f\u2028\u2029"
_SPACE = re.compile(f"[{_BLANK}]+")
_ODD = re.compile(f"[{_BLANK[1:]}{_CONTROLS.pattern[1:]}")
"""What has to be worked upon, as have two spaces in a row. Most text has none of it."""

_WIDE = re.compile(
    "[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6"
    "\U0001f300-\U0001faff\U00020000-\U0003fffd]"
)
"""East Asian Wide and Fullwidth, without Hangul, which is written with spaces (Unicode Standard Annex 11)."""

_AMBIGUOUS = frozenset("“”‘’…—·")
"""Punctuation that Chinese text shares with Latin text: wide next to a wide character."""

_WIDE_PUNCTUATION = re.compile("[\u3001-\u3003\u3008-\u3011\u3014-\u301f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff60]")


_LONGEST_INVISIBLE = 8
"""Characters. A paragraph of a few characters that nobody sees is an editor's leaving; a longer one may hide a message."""


def collapse(inlines: list[Inline]) -> list[Inline]:
    """Collapse white space over the whole paragraph, join runs of equal style, and take off what is blank at the edges.

    A line feed between two wide characters goes (CSS Text 3, section 4.1.3), and so it does next to a full-width
    punctuation mark; any other white space becomes one space, outside of the emphasis that it borders on.
    """
    if len(inlines) == 1 and isinstance(run := inlines[0], Run) and not run.style.marks:
        text = run.text.strip(_EDGE)
        if not (_ODD.search(text) or "  " in text):
            return [run if len(text) == len(run.text) else Run(text, run.style)] if text else []
    joined: list[Inline] = []
    gap = ""
    for inline in inlines:
        if not isinstance(inline, Run):
            joined.append(inline)
            gap = ""
            continue
        style, text = inline.style, inline.text
        if style.marks and Mark.CODE in style.marks:
            _add(joined, gap, _CONTROLS.sub("", text), style)
            gap = ""
            continue
        body = text.strip(_BLANK)
        before = after = ""
        if len(body) < len(text):
            start = len(text) - len(text.lstrip(_BLANK)) if body else len(text)
            before, after = _gap(text[:start]), _gap(text[start + len(body) :])
        if _ODD.search(body) or "  " in body:
            before, body, after = _joined(_CONTROLS.sub("", text))
        gap = "\n" if "\n" in (gap, before) else gap or before
        if body:
            _add(joined, gap, body, style)
            gap = after
    return _trimmed(_coalesced(joined))


def _gap(blank: str) -> str:
    return "\n" if "\n" in blank else blank and " "


def _joined(text: str) -> tuple[str, str, str]:
    """Text with its white space collapsed, between what of it is left before and after: "", a space or a line feed."""
    pieces: list[str] = []
    before = gap = last = ""
    position = 0
    for space in _SPACE.finditer(text):
        start = space.start()
        if start > position:
            if gap and _shows(gap, last, text[position]):
                pieces.append(" ")
            pieces.append(text[position:start])
            last = text[start - 1]
        gap = "\n" if "\n" in space[0] else " "
        if not pieces:
            before, gap = gap, ""
        position = space.end()
    if position < len(text):
        if gap and _shows(gap, last, text[position]):
            pieces.append(" ")
        pieces.append(text[position:])
        gap = ""
    return before, "".join(pieces), gap


def _add(joined: list[Inline], gap: str, text: str, style: Style) -> None:
    last = joined[-1] if joined and gap else None
    if isinstance(last, Run):
        if _shows(gap, last.text[-1:], text[:1]):
            if last.style == style:
                text = " " + text
            else:
                both = Style(style.marks & last.style.marks, style.link if style.link == last.style.link else "")
                joined.append(Run(" ", both))
    elif isinstance(last, Image):
        joined.append(Run(" "))
    if text:
        joined.append(Run(text, style))


def _shows(gap: str, before: str, after: str) -> bool:
    if gap != "\n":
        return True
    if _WIDE_PUNCTUATION.match(before) or _WIDE_PUNCTUATION.match(after):
        return False
    before_wide, after_wide = _WIDE.match(before), _WIDE.match(after)
    if before_wide and (after_wide or after in _AMBIGUOUS):
        return False
    return not (after_wide and before in _AMBIGUOUS)


def _coalesced(inlines: list[Inline]) -> list[Inline]:
    if len(inlines) == 1:
        return inlines
    found: list[Inline] = []
    pieces: list[str] = []
    style: Style | None = None
    for inline in inlines:
        if isinstance(inline, Run) and inline.style == style:
            pieces.append(inline.text)
            continue
        if style is not None:
            found.append(Run("".join(pieces), style))
        if isinstance(inline, Run):
            pieces, style = [inline.text], inline.style
        else:
            found.append(inline)
            style = None
    if style is not None:
        found.append(Run("".join(pieces), style))
    return found


def _trimmed(inlines: list[Inline]) -> list[Inline]:
    """Take off blanks at the edges of the paragraph and of its lines, and breaks at its edges."""
    if len(inlines) == 1 and isinstance(run := inlines[0], Run):
        text = run.text.strip(_EDGE)
        return [run if len(text) == len(run.text) else Run(text, run.style)] if text else []
    found: list[Inline] = []
    for inline in inlines:
        if isinstance(inline, Run) and (not found or isinstance(found[-1], Break)):
            text = inline.text.lstrip(_EDGE)
            if text:
                found.append(Run(text, inline.style))
        elif isinstance(inline, Break):
            _trim_end(found)
            if found:
                found.append(inline)
        else:
            found.append(inline)
    _trim_end(found)
    while found and isinstance(found[-1], Break):
        found.pop()
        _trim_end(found)
    return found


def _trim_end(found: list[Inline]) -> None:
    while found and isinstance(last := found[-1], Run):
        text = last.text.rstrip(_EDGE)
        if text == last.text:
            return
        found.pop()
        if text:
            found.append(Run(text, last.style))


def split_at_blank_lines(inlines: list[Inline]) -> list[list[Inline]]:
    """Split a paragraph where two or more line breaks follow each other: authors end paragraphs like that."""
    if len(inlines) == 1 and not isinstance(inlines[0], Break):
        return [inlines]
    found: list[list[Inline]] = [[]]
    breaks = 0
    for inline in inlines:
        if isinstance(inline, Break):
            breaks += 1
            continue
        if breaks > 1:
            found.append([])
        elif breaks:
            found[-1].append(Break())
        breaks = 0
        found[-1].append(inline)
    return [part for part in found if part]


def lines(inline: Inline) -> list[Inline]:
    """A run of preformatted text, with its line feeds as line breaks."""
    if not isinstance(inline, Run):
        return [inline]
    first, *rest = inline.text.split("\n")
    found: list[Inline] = [Run(first, inline.style)]
    for line in rest:
        found += [Break(), Run(line, inline.style)]
    return found


def is_visible(inlines: list[Inline]) -> bool:
    """Whether a paragraph holds a picture, or anything that can be seen."""
    for part in inlines:
        if isinstance(part, Image) or (isinstance(part, Run) and len(part.text) > _LONGEST_INVISIBLE):
            return True
    text = inline_text(inlines)
    return len(text) > _LONGEST_INVISIBLE or any(
        unicodedata.category(character) not in {"Cf", "Cc", "Zs", "Zl", "Zp"} for character in text
    )
