"""Characters of text that Markdown would take for markup: stand-ins for them on the way, and backslashes where they need one."""

import re

_TEXT = 0x10F000
_LITERAL = 0x10F100
SET = chr(0x10F200)
"""Encloses the number of text that is set already."""

RESERVED = re.compile("[\U0010f000-\U0010f200]")
STAND_INS = re.compile("[\U0010f000-\U0010f1ff]")
"""Private-use characters of plane 16, which no text in use has: the first 256 for characters of text, which may need a
backslash, the next 256 for those that must come out as they are."""

_SPECIAL = "\\`*_{}[]<>()#+-.!|~&="
_SPECIALS = re.compile(f"[{re.escape(_SPECIAL)}\u00a0\u3000]")
_SPACES = {"\u00a0": chr(_LITERAL + 0xA0), "\u3000": chr(_LITERAL + 0x01)}
"""Spaces that html2text would turn into plain ones."""

_TO_TEXT = {character: chr(_TEXT + ord(character)) for character in _SPECIAL} | _SPACES
_TO_LITERAL = {character: chr(_LITERAL + ord(character)) for character in _SPECIAL} | _SPACES

_ORIGINALS = {stand_in: character for table in (_TO_TEXT, _TO_LITERAL) for character, stand_in in table.items()}

_PREFIX = re.compile(r"[ ]*(?:(?:[>*]|\d+\.)[ ]+|>)*(?:#{1,6}[ ]+)?")
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_NUMBER = re.compile(r"([0-9]{1,9})[.)](?=\s|\Z)")
_RULE_OR_UNDERLINE = re.compile(r"(?:-[ \t]*)+\Z|=+[ \t]*\Z|[+-](?=\s|\Z)")
_HASHES = re.compile(r"#{1,6}(?=\s|\Z)")
_TAG_LIKE = re.compile(r"[A-Za-z/!?]")


_ANYWHERE = re.compile("[" + "".join(_TO_TEXT[character] for character in "*`_\\]!<&~") + "]")
"""Stand-ins for what :func:`_is_markup` looks at."""

_HASH = re.compile(_TO_TEXT["#"])
_NEAR = re.compile(r"[*`_\\\]!<&~\u00a0\u3000]")
_BEGINNINGS = frozenset("0123456789#>+-=")


def text(words: str) -> str:
    """Words of the article with stand-ins for their special characters."""
    return _SPECIALS.sub(lambda match: _TO_TEXT[match[0]], words)


def plain_line(words: str) -> str | None:
    """Words that make a line of their own, where nothing in them is near to markup; None where it takes a closer look."""
    if _NEAR.search(words):
        return None
    line = " ".join(words.split())
    return None if line[:1] in _BEGINNINGS else line


def literal(markup: str) -> str:
    """Markup, or the content of code, with stand-ins that come out as they are."""
    return _SPECIALS.sub(lambda match: _TO_LITERAL[match[0]], markup)


def backslashed(words: str, characters: str) -> str:
    """Words that :func:`text` gave, with a backslash before each of these characters whatever stands around it."""
    for character in characters:
        words = words.replace(_TO_TEXT[character], literal("\\" + character))
    return words


def restore(line: str) -> str:
    """Put the characters of text back in one line, with a backslash where they would be markup."""
    if not STAND_INS.search(line):
        return line
    prefix = _PREFIX.match(line)
    start = prefix.end() if prefix else 0
    plain = STAND_INS.sub(_original, line)
    places = {match.start() for match in _ANYWHERE.finditer(line) if _is_markup(plain, match.start())}
    places.update(place for place in _at_line_start(plain, start) if chr(_TEXT) <= line[place] < chr(_LITERAL))
    if "#" in line[:start]:
        places.update(match.start() for match in _HASH.finditer(line) if not plain[match.end() :].strip(" #"))
    if not places:
        return plain
    return "".join("\\" + character if place in places else character for place, character in enumerate(plain))


def _original(match: re.Match[str]) -> str:
    return _ORIGINALS[match[0]]


def _at_line_start(plain: str, start: int) -> set[int]:
    """The positions of characters that would make a heading, a list, a quote or a rule of the line."""
    if plain[start : start + 1] == ">" or plain.startswith("~~~", start):
        return {start}
    if number := _NUMBER.match(plain, start):
        return {number.end(1)}
    if _RULE_OR_UNDERLINE.match(plain, start) or _HASHES.match(plain, start):
        return {start}
    return set()


def _is_markup(plain: str, position: int) -> bool:
    """Whether the character at a position would be markup wherever it stands in a line."""
    character = plain[position]
    before, after = plain[position - 1] if position else "", plain[position + 1 : position + 2]
    match character:
        case "*" | "`":
            found = True
        case "_":
            found = not (before.isalnum() and after.isalnum())
        case "\\":
            found = not after or (after.isascii() and not after.isalnum() and not after.isspace())
        case "]":
            found = after in {"(", "[", ":"}
        case "!":
            found = after == "["
        case "<":
            found = _TAG_LIKE.match(after) is not None
        case "&":
            found = _ENTITY.match(plain, position) is not None
        case _:
            found = character == "~" in {before, after}
    return found
