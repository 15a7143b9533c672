"""Descriptions of videos: lines recovered, and what promotes the channel dropped. ``rules/promotion.toml`` has the words.

Most of such a text repeats from video to video. What is dropped says so itself, in its words or by an address beside them: in
doubt a sentence stays.
"""

import re
from dataclasses import dataclass, field
from itertools import zip_longest

from render_post.blocks import Block, Divider, Dropped
from render_post.promotion import Promotion, shipped
from render_post.recovery import Piece, blocks_of, plain_words
from render_post.units import CREDIT, Kind, Unit, split

PROMOTION = "generic/promotion"
SEPARATOR = "generic/separator"
HASHTAGS = "generic/hashtags"

_VIDEO = re.compile(
    r"https?://(?:www\.|m\.)?(?:youtube\.com/(?:watch|shorts/|live/|embed/)|youtu\.be/|bilibili\.com/(?:video|bangumi)/|b23\.tv/"
    r"|vimeo\.com/(?:\w{1,40}/){0,3}\d|dailymotion\.com/video/|odysee\.com/@|rumble\.com/v|ganjing(?:world)?\.com/)",
    re.IGNORECASE,
)
"""Addresses of videos' pages, of the platforms whose descriptions are plain text."""

_SHORT_LABEL = 44
"""Characters before an address that are its label as a whole; among the longest real ones are «enter the channel's member area to
see the whole broadcast, the link is:»."""

_PROFILE_LABEL = 24
_NAME = 8
"""Characters before a label's telling word that are the name of what it labels, such as the channel's."""

_RIGHT = 48
"""Characters after a call that go with it."""

_MAX_DESCRIPTION = 50_000
"""Characters. YouTube takes 5,000, the others not many more; what is longer is something else."""

_LONGEST = 3_000
"""Characters of a unit that is looked at; longer ones, without any end of a sentence, are kept."""

_SOFT = re.compile(r"[,;、|~\s—–-]+|(?=\d{1,2}:\d\d)")
_OPENING = re.compile(
    r"(?:如果|如[您你]|若[您你]|喜[歡欢]|if you|for more)"
    r"|(?:希望|想[要請请]|[歡欢]迎|[請请]|敬|感[謝谢恩]|[謝谢]{2}|支持|加入|更多|[點点][擊击]|[關关]注"
    r"|通[過过]|透[過过]|[並并亦也]|want to|please|follow|join|support|check|don.t forget|go to)[^,;，；、]*\Z"
)
"""What calls begin with, before the words that make them certain."""

_OPENING_REACH = 20
_PRONOUN = 2
_TIMED = re.compile(r"\s*[\[(]?\d{1,2}:\d\d")
_BRACKETED = re.compile(r"[\W_]{0,4}【[^】]{1,30}】\s*")
_TAGS = re.compile(r"(?:\s*[#＃][^\s#＃，。！？、：；,.!?:;]{1,20}){1,50}\s*\Z")
_SHORT_RULE = 8
_NOTHING = re.compile(r"[\W_]*\Z")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_CAPITALISED = re.compile(r"(?<=[a-z0-9/])[A-Z][a-z']*\Z")


def is_description(address: str | None, blocks: list[Block]) -> bool:
    """Whether a body is a video's description: the post's address is a video's page, and it is plain text without structure.

    Args:
        address: of the article; None for none.
        blocks: as they were read, or with what other rules dropped.
    """
    if not _VIDEO.match(address or ""):
        return False
    size = 0
    for block in blocks:
        text = "" if isinstance(block, Dropped | Divider) else plain_words(block)
        if text is None:
            return False
        size += len(text)
    return size <= _MAX_DESCRIPTION


def tidy_description(blocks: list[Block]) -> list[Block]:
    """Recover the lines of a description, and put :class:`Dropped` in the place of what promotes.

    Linear in the text's length.
    """
    found: list[Block] = []
    pending: list[_Part] = []
    for block in blocks:
        text = plain_words(block)
        if text is None:
            # A rule ahead of this pass dropped something here: what leans on it may go as well.
            pending.append(_Part(block=block))
        else:
            pending += [_Part(unit) for unit in split(text)]
            pending.append(_Part(ends=True))
    _judge(pending)
    pieces: list[Piece] = []
    for part in pending:
        if part.unit is not None:
            pieces += part.pieces or [Piece(part.unit.text, part.unit.line, part.rule)]
            continue
        found += blocks_of(pieces)
        pieces = []
        if part.block is not None:
            found.append(part.block)
    return found + blocks_of(pieces)


@dataclass(slots=True)
class _Part:
    """A unit of the description, the end of a paragraph, or another block; and what becomes of it."""

    unit: Unit | None = None
    block: Block | None = None
    ends: bool = False
    rule: str = ""
    pieces: list[Piece] = field(default_factory=list)

    @property
    def gone(self) -> bool:
        """Whether nothing of it stays."""
        return bool(self.rule) or isinstance(self.block, Dropped)

    @property
    def drops_last(self) -> bool:
        return bool(self.pieces) and bool(self.pieces[-1].rule)


_NO_PARTS: list[_Part] = []


def _judge(parts: list[_Part]) -> None:
    words = shipped()
    for part in parts:
        unit = part.unit
        if unit is None:
            continue
        if unit.kind is Kind.RULE:
            part.rule = SEPARATOR
        elif unit.kind is Kind.TAGS:
            part.rule = PROMOTION if words.call.search(folded(unit.text[:_LONGEST])) else HASHTAGS
        else:
            _judge_unit(part, unit, words)
    _judge_sections(parts, words)
    _judge_leaning(parts)


def folded(text: str) -> str:
    """Small letters, and full-width letters, digits and marks as ASCII ones; of the same length."""
    narrow = text.translate(_FULL_WIDTH)
    small = narrow.lower()
    return small if len(small) == len(narrow) else narrow


def _judge_unit(part: _Part, unit: Unit, words: Promotion) -> None:
    text = folded(unit.text)
    if len(text) > _LONGEST:
        return
    spans = [span for span in (_of_address(text, unit, number, words) for number in range(len(unit.addresses))) if span]
    spoken = not CREDIT.match(text)
    if spoken:
        spans += _of_calls(text, unit, words)
    if spoken and not unit.addresses and (handle := words.handle.search(text)) and _NOTHING.match(text, handle.end()):
        spans.append((0 if handle.start() <= _SHORT_LABEL else handle.start(), len(text)))
    part.rule, part.pieces = _dropped(unit, _merged(spans, text))


def _of_address(text: str, unit: Unit, number: int, words: Promotion) -> tuple[int, int] | None:
    address = unit.addresses[number]
    before = unit.addresses[number - 1].end if number else 0
    label, target = text[before : address.start], text[address.start : address.end]
    if words.kept.search(label[-_SHORT_LABEL:]):
        return None
    pays = words.payment.search(target) is not None
    tail = label[-_SHORT_LABEL:]
    named = words.label.search(tail)
    size = len(label.strip())
    if named is None and not pays and not (words.profile.search(target) and size <= _PROFILE_LABEL):
        return None
    name = address.start - len(tail) + named.start() if named else address.start
    credit = max((found.end() for found in CREDIT.finditer(label)), default=0)
    if credit:
        # «Host: somebodyFacebook: …»: only what is certain.
        start = max(name, before + credit)
    elif named is None:
        start = before if size <= _PROFILE_LABEL else address.start
    else:
        start = _opening(text, name, before, _PRONOUN if words.call.search(label) else _NAME)
    if address.certain:
        return start, address.end
    if glued := _CAPITALISED.search(unit.text, address.start, address.end):
        return start, glued.start()
    # A name in Chinese is the rest of it.
    return start, len(text) if len(text) - address.end <= _NAME else address.end


def _of_calls(text: str, unit: Unit, words: Promotion) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for call in words.call.finditer(text):
        start = _opening(text, call.start(), 0, _PRONOUN)
        following = next((a for a in unit.addresses if call.end() <= a.start), None)
        if following is not None and following.start - call.end() <= _RIGHT:
            end = following.end
        elif (stop := _SOFT.search(text, call.end())) and (len(text) - call.end() > _RIGHT or not stop[0]):
            end = stop.end() if stop.start() - call.end() <= _RIGHT else call.end()
        else:
            end = len(text) if len(text) - call.end() <= _RIGHT else call.end()
        found.append((start, end))
    return found


def _opening(text: str, start: int, floor: int, name: int) -> int:
    """Where what is certain from a place on begins: at words that open a call before it, or at the unit's start if near."""
    if opening := _OPENING.search(text, max(floor, start - _OPENING_REACH), start):
        start, name = opening.start(), min(name, _PRONOUN)
    near = len(text[floor:start].strip()) <= name and not _TIMED.match(text, floor)
    return floor if near or _BRACKETED.fullmatch(text, floor, start) else start


def _merged(spans: list[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and (start <= found[-1][1] or _NOTHING.match(text[found[-1][1] : start])):
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    if found and _NOTHING.match(text[found[-1][1] :]):
        found[-1] = found[-1][0], len(text)
    if found and _NOTHING.match(text[: found[0][0]]):
        found[0] = 0, found[0][1]
    return found


def _dropped(unit: Unit, spans: list[tuple[int, int]]) -> tuple[str, list[Piece]]:
    if not spans:
        return "", []
    if spans == [(0, len(unit.text))]:
        return PROMOTION, []
    pieces: list[Piece] = []
    place = 0
    for start, end in spans:
        if start > place:
            between = unit.text[place:start]
            pieces.append(Piece(between, unit.line and not place, HASHTAGS if _TAGS.match(between) else ""))
        pieces.append(Piece(unit.text[start:end], unit.line and not start, PROMOTION))
        place = end
    if place < len(unit.text):
        pieces.append(Piece(unit.text[place:], line=False))
    return "", pieces


def _lines(parts: list[_Part]) -> list[list[_Part]]:
    found: list[list[_Part]] = []
    for part in parts:
        if not found or part.unit is None or part.unit.line or found[-1][-1].unit is None:
            found.append([part])
        else:
            found[-1].append(part)
    return found


def _judge_sections(parts: list[_Part], words: Promotion) -> None:
    """Drop the lines that end in an address below a heading of other shows, with the heading."""
    within = False
    lines = _lines(parts)
    for line, after in zip_longest(lines, lines[1:], fillvalue=_NO_PARTS):
        units = _units(line)
        if not units:
            # A heading that repeats was dropped before.
            within = within or any(words.section.search(folded(text)) for text in _dropped_lines(line))
            continue
        if units[0].kind is not Kind.TEXT:
            within = False
            continue
        linked = _is_linked(line)
        heading = next((n for n, unit in enumerate(units) if words.section.search(folded(unit.text[:_LONGEST]))), None)
        within = within and linked
        if not within and heading is not None and (linked or _is_linked(after)):
            within = True
            line = line[heading:]  # noqa: PLW2901 (a heading that follows a sentence)
        if within:
            for part in line:
                part.rule, part.pieces = PROMOTION, []


def _dropped_lines(line: list[_Part]) -> list[str]:
    return [text for part in line if isinstance(part.block, Dropped) for text in part.block.text[:_LONGEST].split("\n")]


def _units(line: list[_Part]) -> list[Unit]:
    return [part.unit for part in line if part.unit is not None]


def _is_linked(line: list[_Part]) -> bool:
    """Whether a line ends in an address."""
    units = _units(line)
    return bool(units) and bool(units[-1].addresses) and _NOTHING.match(units[-1].text, units[-1].addresses[-1].end) is not None


def _judge_leaning(parts: list[_Part]) -> None:
    """Drop an address that stands alone behind what was dropped, and signs that stand alone beside it."""
    shown = [part for part in parts if part.unit is not None or part.block is not None]
    for number, part in enumerate(shown[1:], 1):
        if part.unit is not None and not part.gone and not part.pieces and _leans(shown, number, part.unit):
            part.rule = PROMOTION
    for number, part in enumerate(shown):
        if part.unit is None or part.gone or part.pieces or part.unit.addresses or not _NOTHING.match(part.unit.text):
            continue
        if (number and (shown[number - 1].gone or shown[number - 1].drops_last)) or (
            number + 1 < len(shown) and shown[number + 1].gone
        ):
            part.rule = SEPARATOR


def _leans(shown: list[_Part], number: int, unit: Unit) -> bool:
    if len(unit.addresses) != 1 or not _NOTHING.match(unit.text[: unit.addresses[0].start] + unit.text[unit.addresses[0].end :]):
        return False
    before = shown[number - 1]
    if before.rule == SEPARATOR and before.unit is not None and len(before.unit.text) <= _SHORT_RULE and number > 1:
        before = shown[number - 2]
    return before.unit is not None and not before.unit.addresses and (before.rule == PROMOTION or before.drops_last)
