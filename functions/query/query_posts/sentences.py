"""A text as lines that a person can compare: real bodies are one long line of HTML, in which a line end says nothing.

Lines end where the text's do, behind sentences, and around block-level tags, so that a changed sentence is a changed line. Where
one ends depends on what stands beside it alone: a change leaves the lines elsewhere as they are.
"""

import re

MAX_CHARACTERS = 700_000
"""A longer text is split at its line ends alone. The largest of 50,547 real bodies has 679 kB; the worst text takes 0.5 s."""

LONG = 240
"""Characters from which a sentence is split at its clauses, addresses and inline tags too: texts whose line breaks were destroyed
have no other ends."""

_BLOCK = (
    "address|article|aside|blockquote|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6r]|header|iframe|li|main"
    "|nav|ol|p|pre|section|summary|table|tbody|td|tfoot|th|thead|tr|ul"
)
# What viewers take for a line end besides "\n": a text must not be able to make lines of a diff up.
_BREAKS = re.compile("[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_INLINE_ENDS = "(?:</[A-Za-z0-9]{1,12}>)*+"
# No pattern here tries a place twice: what repeats is possessive, and begins only where it did not just end.
# A Latin mark ends a sentence before white space or a tag, not in «3.14» or an address; its closing quotation marks, brackets
# and tags belong to it. A line end that follows is the line's own.
_SENTENCE_END = re.compile(
    rf"""((?: (?<![。！？｡])[。！？｡]++ [”’」』）》】"')\]]*+
            | (?<![.!?])[.!?]++ ["'”’»)\]]*+ (?=[\s<]) )
          {_INLINE_ENDS} [^\S\n]? ) \n?""",
    re.VERBOSE,
)
_BLOCK_END = re.compile(rf"(<(?:/(?:{_BLOCK})|[bBhH][rR]\b[^<>]{{0,200}})>(?:</(?:{_BLOCK})>)*+)\n?")
_BLOCK_BEGIN = re.compile(rf"(?<!\n)<(?=[a-zA-Z])(?=(?:{_BLOCK})\b)")
_HAN = "\u3000-\u303f\u3400-\u9fff\uff00-\uffef"
_CLAUSE_END = re.compile(
    rf"((?<![，；、：])[，；、：]++|[,;]\s|(?<=[{_HAN}])\s|\s(?=[{_HAN}])|(?<=[^\s\"'=(>])(?=https?://)|(?<=[^>])(?=<[a-zA-Z]))"
)


def split(text: str, *, finely: bool) -> list[str]:
    """The lines of a text.

    Args:
        text: the text; an empty one has no lines.
        finely: whether to split within the text's own lines.
    """
    if not text:
        return []
    if not finely:
        return text.split("\n")
    text = _BREAKS.sub("\n", text)
    text = _SENTENCE_END.sub(r"\1\n", text)
    text = _BLOCK_END.sub(r"\1\n", text)
    text = _BLOCK_BEGIN.sub("\n<", text)
    lines = text.removeprefix("\n").removesuffix("\n").split("\n")
    if len(text) <= LONG or max(map(len, lines)) <= LONG:
        return lines
    return [part for line in lines for part in (_clauses(line) if len(line) > LONG else (line,))]


def _clauses(line: str) -> list[str]:
    return _CLAUSE_END.sub(r"\1\n", line).removesuffix("\n").split("\n")
