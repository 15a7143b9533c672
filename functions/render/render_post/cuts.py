"""Where a text whose line breaks are lost may be cut: what begins a line there, what ends a sentence, never within an address."""

import re
from bisect import bisect_left
from enum import StrEnum
from itertools import pairwise

from render_post.glued import LABEL, LETTERS, Address

_RULE = re.compile(
    r"-{4,}|－{4,}|={4,}|＝{4,}|\*{4,}|＊{4,}|_{4,}|＿{4,}|~{4,}|～{4,}|—{5,}|─{3,}|━{3,}|═{3,}|\+{4,}|•{4,}|·{4,}|#{4,}|◆{3,}|▬{3,}"
    r"|⭐{3,}|(?:- ){4,}|(?:\* ){4,}|(?:－ ){4,}|(?:— ){4,}|<{4,}|>{4,}|、{4,}|\|{4,}"
)
"""What authors rule lines with."""

_RULED = re.compile(r"([-－=＝*＊_＿~～—─━═+•·#◆▬⭐<>、|]) ?\1")
"""The beginning of any of them: most texts have none, and this is found sooner."""

_LINE_FEEDS = re.compile(r"\n+")
_SIGN = re.compile("[#＃]")
_TAG = re.compile(r"[#＃][^\s#＃，。！？、：；,.!?…:;()（）「」『』【】《》〈〉<>&\"'“”|｜/=*~－-]{1,40}")
_TAG_GAP = re.compile(r"[ \u3000\t,，、]{0,4}[#＃]{0,1}(?=[#＃])")
_BULLETS = "►▶▷✪☞☛➤➜➡👉■◆★☆✅🔔📌🔴🔸🔹🔶🔷✔☑⭐♥♡🎵🎬📺📢📣📧📩🎥🎧💬📱🌐🔗🔥◎▌▍❖✦✧♦♣♠🔻🔺"
_WEAK_BULLETS = "●•·○※▪▫◇□💖💗💎"
"""Bullets that also stand between the parts of a name or in a text: they begin a line only after what ends one."""

_BULLET = re.compile(f"[{_BULLETS}{_WEAK_BULLETS}]")
_POINTERS = "👉➡➜🔗"
_PAIRED = frozenset("♥♡★☆◆■💖💗🔥")
_PAIR_REACH = 14
_ENDS = "。！？!?…；」』】》）)”’~～"
_CLOSING = "”’\"')\\]）」』】》〉"
_SENTENCE = re.compile(
    "(?:[。！？…]+[!?！？。…]*"
    # ASCII marks where no ASCII letter follows
    rf"|[!?]+(?=[\s{LETTERS}！-～]|\Z)|(?<=[{LETTERS}])[!?]+|\.{{3,}}(?=[{LETTERS}])"
    # a full stop behind a word and before a capital, be the space between them lost
    r"|(?<=[a-z0-9)][a-z0-9)])\.(?=\s+[A-Z“\"'(])|(?<=[a-z]{3})\.(?=[A-Z][a-z]{2,}[ ,]))"
    rf"[{_CLOSING}]*[ \u3000\t]*"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|vs|Jr|Sr|Inc|Ltd|Co|Gen|Sen|Rep|Gov|Lt|Col|etc|approx|Vol|Fig|cf)|\b[A-Z])\Z"
)
_TIME = re.compile(
    r"(?<!\d[:：])(?<![\d.（])[\[(]?(?<!\d)(\d{1,2})[:：](\d{2})(?:[:：](\d{2}))?(?![\d:：])[\])]?"
    r"(?!\s*(?:\Z|）)|\s*(?:[aApP]\.?[mM]\b|[~～\-－—–至到点點分秒]))"
)
_NUMBER = re.compile(r"(?<![\d第.:：/\-A-Za-z])(\d{1,2})[，、.．)）](?=\s?[^\d\s])")
_FEWEST = 3
"""Times, or numbers, that make a list."""

_LATEST_FIRST = 300
"""Seconds: a list of chapters begins before."""

_CREDIT_NAMES = (
    "主持人?|嘉[賓宾]|主[講讲]人?|[導导]演|[編编][導导劇剧輯辑]|字幕|[製制]作人?|[監监][製制]|[攝摄]影|[攝摄]像|撰稿|旁白|配[樂乐音]|作者|[記记]者|出品人?|策[劃划]|剪[輯辑]"
    "|[題题]目|[講讲]者|主[編编]|翻[譯译]|[後后]期|文案|文字|撰文|[來来][賓宾]|演出|出演|[時时][間间]|地[點点]|日期|播出[時时][間间]|[類类]型|片名|片[長长]|[語语]言|年份"
)
CREDIT = re.compile(rf"(?:{_CREDIT_NAMES})\s{{0,2}}[:：]")
"""Who made it, who speaks, and where and when."""

_HEADING = re.compile(r"【(?=[^】]{1,60}】)")
_CONTINUES = re.compile(
    r"\s|[，、；;,:：。！？!?.…)\]）」』】》”’~～/／|｜\-－—=＝*]|[(（]"
    "|的|地址|和|與|与|及|或者?|等|是|觀看|观看|查看|收看|查[詢询]|[購购][買买]|下[載载]|[進进]入|即可|就可|就能|就得|[註注][冊册]|[獲获]取|上|中|裡|里|內|内"
)
"""What goes on with the line that an address stands in."""


class Kind(StrEnum):
    """What a unit is."""

    TEXT = "text"
    RULE = "rule"
    TAGS = "tags"


class Cuts:
    """Places to cut a text at, none within an address."""

    def __init__(self, text: str, found: list[Address]) -> None:
        self._text = text
        self._addresses = found
        self._starts = [address.start for address in found]
        self._places: dict[int, bool] = {}
        self._kinds: dict[int, Kind] = {}

    def _inside(self, place: int) -> bool:
        number = bisect_left(self._starts, place) - 1
        return number >= 0 and self._starts[number] < place < self._addresses[number].end

    def _cut(self, place: int, *, line: bool) -> None:
        if 0 < place < len(self._text) and not self._inside(place):
            self._places[place] = self._places.get(place, False) or line

    def everywhere(self) -> None:
        """Cut wherever a line or a sentence is certain to begin. The order matters: hashtags lean on the cuts around them."""
        colon = ":" in self._text or "：" in self._text
        self._at_line_feeds()
        if _RULED.search(self._text):
            self._at_rules()
        self.after_addresses()
        self._at_bullets()
        self._at_headings()
        if colon:
            self._at_times()
        self._at_numbers()
        if colon:
            self._at_credits()
        if colon or "→" in self._text or "@" in self._text or "www." in self._text:
            self._at_labels()
        self._after_sentences()
        self._at_tags()

    def _at_line_feeds(self) -> None:
        for match in _LINE_FEEDS.finditer(self._text):
            self._cut(match.end(), line=True)

    def _at_rules(self) -> None:
        for match in _RULE.finditer(self._text):
            if not self._inside(match.start()) and not self._inside(match.end()) and not self._inside(match.start() + 1):
                self._cut(match.start(), line=True)
                self._cut(match.end(), line=True)
                self._kinds[match.start()] = Kind.RULE

    def after_addresses(self) -> None:
        """Cut after addresses whose end is certain; a line begins there unless what follows goes on with theirs."""
        text = self._text
        for number, address in enumerate(self._addresses):
            if not address.certain:
                continue
            end = address.end
            if not (going_on := _CONTINUES.match(text, end)):
                self._cut(end, line=True)
            elif going_on[0].isspace():
                end = _past(text, end, " \t\u3000")
                if text.startswith("\n", end):
                    continue
                following = self._starts[number + 1] if number + 1 < len(self._starts) else -1
                self._cut(end, line=end == following or LABEL.match(text, end) is not None)

    def _at_bullets(self) -> None:
        """Cut before bullets, and behind the second of two that set off a heading."""
        opened: dict[str, int] = {}
        for match in _BULLET.finditer(self._text):
            place, sign = match.start(), match[0]
            if sign in _PAIRED and 0 < place - opened.get(sign, -_PAIR_REACH) < _PAIR_REACH:
                if self._text[opened[sign] + 1 : place].strip(sign):
                    del opened[sign]
                    self._cut(_past(self._text, place + 1, sign + " "), line=False)
                continue
            opened[sign] = place
            if self._begins_line(place, sign):
                self._cut(place, line=True)

    def _begins_line(self, place: int, sign: str) -> bool:
        text = self._text
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        if before == sign or not after or after in ":：。！？，" or (before and before in "([（「『《【:："):
            return False
        if sign in _POINTERS and (
            text[place + 1 : place + 3].lstrip("\ufe0f ")[:1] in {":", "："} or self._starts_address(place + 1)
        ):
            return False
        if sign in _BULLETS or not before or before in _ENDS or self._ends_address(place):
            return True
        return before.isspace() and not after.isspace()

    def _at_headings(self) -> None:
        """Cut before what stands in heavy brackets, unless it stands within a sentence."""
        for match in _HEADING.finditer(self._text):
            before = self._text[match.start() - 1 : match.start()]
            if before and not before.isalnum() and before not in "，、：；,:;(（「『《“":
                self._cut(match.start(), line=True)

    def _starts_address(self, place: int) -> bool:
        number = bisect_left(self._starts, place)
        return number < len(self._starts) and self._starts[number] <= place + 2

    def _ends_address(self, place: int) -> bool:
        number = bisect_left(self._starts, place) - 1
        return number >= 0 and self._addresses[number].end == place

    def _at_times(self) -> None:
        run: list[int] = []
        last = -1
        for match in _TIME.finditer(self._text):
            if self._inside(match.start()) or self._inside(match.start() + 1):
                continue
            parts = [int(part) for part in match.groups() if part is not None]
            seconds = parts[0] * 60 + parts[1] if len(parts) == 2 else (parts[0] * 60 + parts[1]) * 60 + parts[2]  # noqa: PLR2004 (minutes and seconds)
            if seconds <= last or not run:
                self._listed(run)
                run = []
                last = -1
                if seconds > _LATEST_FIRST:
                    continue
            run.append(match.start())
            last = seconds
        self._listed(run)

    def _at_numbers(self) -> None:
        run: list[int] = []
        for match in _NUMBER.finditer(self._text):
            number = int(match[1])
            if number == len(run) + 1 and not self._inside(match.start() + 1):
                run.append(match.start())
            elif number == 1:
                self._listed(run)
                run = [match.start()]
        self._listed(run)

    def _listed(self, run: list[int]) -> None:
        if len(run) >= _FEWEST:
            for place in run:
                self._cut(place, line=True)

    def _at_credits(self) -> None:
        for match in CREDIT.finditer(self._text):
            before = self._text[match.start() - 1 : match.start()]
            if before and not before.isalnum() and before not in "、，(（「『《“ /／&":
                self._cut(match.start(), line=True)

    def _at_labels(self) -> None:
        for match in LABEL.finditer(self._text):
            before = self._text[match.start() - 1 : match.start()]
            if before and (before in _ENDS or (before.isascii() and (before.islower() or before.isdigit()))):
                self._cut(match.start(), line=True)

    def _after_sentences(self) -> None:
        text = self._text
        for match in _SENTENCE.finditer(text):
            if match[0][0] == "." and _ABBREVIATION.search(text, max(0, match.start() - 8), match.start()):
                continue
            if not self._inside(match.start()) and not self._inside(match.start() + 1):
                self._cut(match.end(), line=False)

    def _at_tags(self) -> None:
        text = self._text
        place = 0
        while sign := _SIGN.search(text, place):
            start = end = sign.start()
            tags = 0
            last = start
            while tag := _TAG.match(text, end):
                last, tags = end, tags + 1
                end = tag.end()
                if gap := _TAG_GAP.match(text, end):
                    end = gap.end()
            place = max(end, start + 1)
            if tags and not self._inside(start):
                self._tagged(start, last, end, tags)

    def _tagged(self, start: int, last: int, end: int, tags: int) -> None:
        text = self._text
        after = _past(text, end, " \u3000\t,，、")
        ended = after == len(text) or text[after] == "\n" or self._places.get(after, False) or self._kinds.get(after) == Kind.RULE
        spaced = after > end and text[end] in " \u3000\t"
        if not ended and not (spaced and tags >= _FEWEST):
            # What is glued to the last one, or follows a few, may be a sentence that begins with it.
            after, tags = last, tags - 1
        begins = start == 0 or self._places.get(start) is not None or text[start - 1] in " \u3000\t\n"
        if not tags or (tags < _FEWEST and not (begins and (ended or start == 0 or self._places.get(start)))):
            return
        if tags < _FEWEST and not ended:
            return
        self._cut(start, line=True)
        self._cut(after, line=True)
        self._kinds[start] = Kind.TAGS
        for inner in [inner for inner in range(start + 1, after) if inner in self._places]:
            del self._places[inner]

    def lines(self) -> list[tuple[int, int]]:
        """Where the lines begin and end."""
        return list(pairwise([0, *sorted(place for place, line in self._places.items() if line), len(self._text)]))

    def parts(self) -> list[tuple[int, int, bool, Kind]]:
        """Where the parts between the cuts begin and end, whether a line begins with them, and what they are."""
        places = pairwise([0, *sorted(self._places), len(self._text)])
        return [
            (start, end, start == 0 or self._places[start], self._kinds.get(start, Kind.TEXT))
            for start, end in places
            if end > start
        ]


def _past(text: str, place: int, signs: str) -> int:
    """The first place from one on that holds none of some signs."""
    while place < len(text) and text[place] in signs:
        place += 1
    return place
