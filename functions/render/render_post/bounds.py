"""What a body may cost: bodies that would take the HTML parser too long are flattened first. Linear in the body's size.

Three things make an HTML parser's time or memory grow faster than its input: the search through open elements at each start
tag (so: the number of tags), formatting elements that are opened again in each block after them, and many attributes in one
tag. The limits lie far above real posts: among 50,000 the most tags are about 4,000, the most distinct formatting tags 6.
"""

import re

from render_post import elements

MAX_CHARACTERS = 16_000_000
"""Characters of a body; post objects are refused at a smaller size already."""

MAX_TAGS = 20_000
_MAX_REOPENED = 200_000
_MAX_ATTRIBUTES = 20_000

_TAG = re.compile(r"<[a-zA-Z]")
_FORMATTING = re.compile(r"<(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])[^>]*>", re.IGNORECASE)
_QUOTED_END = re.compile(r"""=\s*(?:"[^">]*>|'[^'>]*>)""")
_GAP = re.compile(r"[\s/\"']")

_NAME = re.compile(r"/?([a-zA-Z][^\s/>]*)")
_ATTRIBUTE = re.compile(r"[\s/]*([^\s/>=][^\s/>=]*)[^\S]*(=?)[^\S]*")
_UNQUOTED = re.compile(r"[^\s>]*")
_ENTITY_FREE = {"<": "&lt;", ">": "&gt;", '"': "&quot;"}

_RAW = frozenset({"script", "style", "template", "title", "iframe", "noscript", "svg", "xmp", "noembed", "noframes"})


def excessive(html: str) -> bool:
    """Whether an HTML parser's time or memory for this could grow beyond a second or so."""
    return _has_many_tags(html) or _has_many_attributes(html)


def _has_many_tags(html: str) -> bool:
    most = html.count("<")
    # Were all of them different formatting tags, that would do.
    if most * most <= _MAX_REOPENED:
        return False
    tags = sum(1 for _ in _TAG.finditer(html))
    return tags > MAX_TAGS or tags * len({match[0] for match in _FORMATTING.finditer(html)}) > _MAX_REOPENED


def _has_many_attributes(html: str) -> bool:
    # The length of the longest stretch without «>» settles it for most pages: it has more characters than attributes.
    quoted_ends = sum(1 for _ in _QUOTED_END.finditer(html))
    if (quoted_ends + 1) * len(html) <= _MAX_ATTRIBUTES:
        return False
    pieces = html.split(">")
    if (quoted_ends + 1) * max(map(len, pieces)) <= _MAX_ATTRIBUTES:
        return False
    return (quoted_ends + 1) * _most_gaps(pieces, anywhere=quoted_ends > 0) > _MAX_ATTRIBUTES


def _most_gaps(pieces: list[str], *, anywhere: bool) -> int:
    # How many attributes a stretch without «>» can have at most: the places where one could begin.
    most = 0
    for piece in pieces:
        if len(piece) <= most:
            continue
        tag = _TAG.search(piece)
        start = tag.start() if tag else 0
        if (tag or anywhere) and len(piece) - start > most:
            most = max(most, sum(1 for _ in _GAP.finditer(piece, start)))
    return most


class _Scanner:
    """Reads tags in one pass, with quotation marks as HTML knows them."""

    def __init__(self, html: str) -> None:
        self._html = html
        self._absent: set[str] = set()
        """What does not occur any more from here on, so that it is searched for once."""

    def find(self, what: str, start: int) -> int:
        """Where a string next occurs, or -1."""
        if what in self._absent:
            return -1
        found = self._html.find(what, start)
        if found < 0:
            self._absent.add(what)
        return found

    def after(self, what: str, start: int) -> int:
        """Where the next occurrence of a string ends, or the page."""
        found = self.find(what, start)
        return found + len(what) if found >= 0 else len(self._html)

    def tag(self, start: int) -> tuple[str, dict[str, str], int] | None:
        """Read the tag at ``start``: its name (with ``/`` for an end tag), the attributes of use, and where it ends."""
        html = self._html
        name = _NAME.match(html, start + 1)
        if name is None or self.find(">", start) < 0:
            return None
        attributes: dict[str, str] = {}
        position = name.end()
        while attribute := _ATTRIBUTE.match(html, position):
            position = attribute.end()
            if not attribute[2]:
                continue
            mark = html[position : position + 1]
            end = self.find(mark, position + 1) if mark in {'"', "'"} else -1
            if end >= 0:
                value, position = html[position + 1 : end], end + 1
            else:
                unquoted = _UNQUOTED.match(html, position)
                end = unquoted.end() if unquoted else position
                value, position = html[position:end], end
            if attribute[1].lower() in {"href", "src", "alt", "data-src"}:
                attributes.setdefault(attribute[1].lower(), value)
        end = self.find(">", position)
        return (name[0].lower(), attributes, end + 1) if end >= 0 else None


def flatten(html: str) -> str:
    """Give the same text as paragraphs, line breaks, links and pictures without any nesting, and with few enough tags.

    What scripts, style sheets and the like hold is left out, as are all other tags and attributes.
    """
    scanner = _Scanner(html)
    page = _FlatPage()
    position = 0
    while position < len(html):
        start = scanner.find("<", position)
        page.text(html[position : start if start >= 0 else len(html)])
        if start < 0:
            break
        if html.startswith(("<!", "<?"), start):
            position = scanner.after("-->" if html.startswith("<!--", start) else ">", start + 2)
        elif (found := scanner.tag(start)) is None:
            page.text("<")
            position = start + 1
        else:
            name, attributes, position = found
            if name in _RAW:
                end = scanner.find("</" + name, position)
                position = scanner.after(">", end) if end >= 0 else position
            else:
                page.tag(name, attributes)
    return "".join(page.out)


class _FlatPage:
    """A page of paragraphs in the making."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self._room = MAX_TAGS // 2
        self._paragraph = self._link = False

    def text(self, text: str) -> None:
        if self._paragraph and not (text.isspace() or not text):
            self.out.append("<p>" if self._has_room() else "\n")
            self._paragraph = False
        self.out.append(text.replace("<", "&lt;").replace(">", "&gt;"))

    def tag(self, name: str, attributes: dict[str, str]) -> None:
        if name in {"a", "/a"}:
            if self._link:
                self.out.append("</a>")
            self._link = name == "a" and "href" in attributes and self._has_room()
            if self._link:
                self.out.append(f"<a href={_quoted(attributes['href'])}>")
        elif name == "img":
            if self._has_room():
                self.out.append("<img " + " ".join(f"{key}={_quoted(value)}" for key, value in attributes.items()) + ">")
        elif name == "br":
            self.out.append("<br>" if self._has_room() else "\n")
        elif name.lstrip("/") not in elements.INLINE:
            self._paragraph = True

    def _has_room(self) -> bool:
        self._room -= 1
        return self._room >= 0


def _quoted(value: str) -> str:
    return '"' + "".join(_ENTITY_FREE.get(character, character) for character in value[:8_192]) + '"'
