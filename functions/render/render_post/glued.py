"""Addresses in plain text whose line breaks are lost: where each begins, where it ends, and whether that end is certain."""

import re
from dataclasses import dataclass

LETTERS = "\u3041-\u30fa\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
"""Letters of East Asia, as the inside of a character class."""

_START = re.compile(
    r"https?://(?=[A-Za-z0-9\[])"
    r"|(?<![A-Za-z0-9.@/_-])(?:www\.(?=[A-Za-z0-9])"
    r"|(?:discord\.gg|t\.me|bit\.ly|youtu\.be|(?:m\.)?youtube\.com|patreon\.com|paypal\.me|facebook\.com|twitter\.com|instagram\.com)/)"
    r"|@(?=[A-Za-z0-9])",
    re.IGNORECASE,
)
_BODY = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]{0,1024}")
"""As far as is looked for what ends it: so that thousands of addresses glued together take no quadratic time."""
_REST = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_RULED_OFF = re.compile(r"-{5}|={4}|\*{3}|_{5}|~{4}|\+{4}")
"""Runs that rule off what follows; in addresses shorter ones occur."""

_YOUTUBE_ID = r"[\w-]{11}(?![?&/])"
_EXACT = re.compile(
    # Ids of known length: https://developers.google.com/youtube/v3/docs gives 11 characters for videos, 24 for channels.
    r"(?:https?://)?(?:(?:www\.|m\.)?youtube\.com/(?:watch\?v=|shorts/|live/|embed/)|youtu\.be/)" + _YOUTUBE_ID + "|"
    r"(?:https?://)?(?:www\.|m\.)?youtube\.com/channel/UC[\w-]{22}"
    r"(?:/(?:join|videos|featured|about|live|playlists|community|streams|shorts)|(?![?/]))|"
    r"(?:https?://)?(?:www\.)?youtube\.com/(?:c/)?@?[\w.-]{1,60}/(?:join|videos|featured)|"
    r"https?://(?:www\.)?paypal\.(?:me|com/paypalme)/\w{1,40}\?(?:country\.x=[A-Z0-9]{2}&)?locale\.x=[a-z]{2}_[A-Z]{2}|"
    r"https?://chat\.whatsapp\.com/[A-Za-z0-9]{22}",
    re.ASCII,
)
_LABEL_NAMES = (
    "Discord|Face[Bb]ook|FACEBOOK|FB|Twitter|TWITTER|Insta(?:gram)?|INSTAGRAM|IG|Telegram|TELEGRAM|E-?[Mm]ail|EMAIL|Gmail"
    "|Patreon|Pay[Pp]a[lI]|PAYPAL|YouTube|Youtube|Line|LINE|Whats[Aa]pp|We[Cc]hat|Weibo|Medium|Matters|Web[Ss]ite|Blog|Podcast"
    "|Spotify|Bitcoin|BTC|Ethereum|ETH|Ti[kt]tok|TikTok|Fan[Pp]age|Bilibili|Threads|Odysee|Clubhouse|Google[Nn]ews|Kurious|Podcasts|Android|iOS|ios"
)
LABEL = re.compile(
    rf"#?(?:{_LABEL_NAMES})(?:[{LETTERS}]{{0,8}}[ \u3000]?(?:：|→|:(?=[\s@{LETTERS}]|http|www\.))|\s{{1,2}}(?=https?:|www\.|@))"
)
"""The name of a network or a means, with what makes it a label: a colon, an arrow, or an address behind it."""

_PHRASE = re.compile(r"(?:Join|Support|Follow|Subscribe|Like|Contact|Visit) (?:me|us|my|our|to (?:me|us|my|our))\b")
_LABEL_REACH = 24
_NESTED = frozenset("=/:?&%#")
_TRAILING = ".,;:!?'"
_PAIRS = {")": "(", "]": "["}
_CLOSED = re.compile(
    r"(?:https?://)?(?:www\.|m\.|zh-tw\.)?(?:facebook|instagram|twitter|patreon|bit|reurl|t|youtu|paypal|tiktok)"
    r"\.(?:com|ly|cc|me|be)/[\w.@-]+(?:/[\w.@-]+)?/?",
    re.ASCII | re.IGNORECASE,
)
_OPEN_ENDED = re.compile(r"wiki|baike|/tags?/|/search|/categor|[?&](?:q|query|wd|keyword|search\w{0,10})=", re.IGNORECASE)
"""Addresses whose last part may well be Chinese."""

_CAPITALISED = re.compile(r"[a-z0-9][A-Z][A-Za-z]*\Z")
_GOES_ON = re.compile(r"\s{1,4}[A-Za-z'’&(-]")
_LONGEST_WORD = 24

_MAIL_LOCAL = re.compile(r"[A-Za-z0-9._+-]{1,64}\Z")
_MAIL_HOST = re.compile(
    r"(?:gmail|googlemail|qq|163|126|foxmail|outlook|hotmail|live|yahoo|icloud|proton(?:mail)?|msn)\.(?:com|me|net|ch)"
    r"|[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}"
)
_KNOWN_MAIL_END = re.compile(r"(?:gmail|qq|163|126|foxmail|outlook|hotmail|yahoo|icloud|protonmail)\.com\Z")


@dataclass(frozen=True, slots=True)
class Address:
    """An address in a text.

    Attributes:
        start: where it begins.
        end: where it ends, exclusive.
        certain: whether what follows is known to be no part of it.
    """

    start: int
    end: int
    certain: bool


def may_have_address(text: str) -> bool:
    """Whether a text has any of what addresses have: most paragraphs have none of it."""
    return "/" in text or "@" in text or "www." in text.casefold()


def addresses(text: str) -> list[Address]:
    """Find web and mail addresses, in order, none within another. Linear in the text's length."""
    if not may_have_address(text):
        return []
    found: list[Address] = []
    position = 0
    for start in _START.finditer(text):
        if start.start() < position:
            continue
        address = _mail(text, start.start(), position) if start[0] == "@" else _web(text, start)
        if address is not None:
            found.append(address)
            position = address.end
    return found


def _mail(text: str, at: int, floor: int) -> Address | None:
    local = _MAIL_LOCAL.search(text, max(floor, at - 64), at)
    host = _MAIL_HOST.match(text, at + 1)
    if local is None or host is None:
        return None
    end = host.end()
    following = text[end : end + 1]
    return Address(local.start(), end, not _is_word(following) or _KNOWN_MAIL_END.search(host[0]) is not None)


def _is_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in "-_")


def _web(text: str, start: re.Match[str]) -> Address | None:
    begin, limit = start.start(), _end_of_body(text, start.end())
    if limit == start.end():
        return None
    exact = _EXACT.match(text, begin, limit)
    if exact is not None:
        return Address(begin, exact.end(), certain=True)
    nested = _cut_at_scheme(text, start.end(), limit)
    cut = _cut_at_label(text, start.end(), limit if nested is None else nested)
    if cut is None:
        cut = nested
    if cut is None and (ruled := _RULED_OFF.search(text, start.end(), limit)):
        cut = ruled.start()
    if cut is not None:
        return Address(begin, cut, certain=True)
    if rest := _REST.match(text, limit)[0]:  # type: ignore[index]  # matches what is empty
        return Address(begin, limit + len(rest), certain=False)
    end = _without_punctuation(text, start.end(), limit)
    return Address(begin, end, _ends(text, begin, end))


def _end_of_body(text: str, position: int) -> int:
    body = _BODY.match(text, position)
    return body.end() if body else position


def _cut_at_scheme(text: str, begin: int, limit: int) -> int | None:
    nested = _SCHEME.search(text, begin, limit)
    if nested is None:
        return None
    if text[nested.start() - 1] in _NESTED and not _CLOSED.fullmatch(text, _scheme_start(text, begin), nested.start()):
        return None
    return nested.start()


def _scheme_start(text: str, begin: int) -> int:
    return begin - 8 if text[begin - 8 : begin].lower() == "https://" else begin - 7 if text[begin - 7 : begin] else 0


def _cut_at_label(text: str, begin: int, limit: int) -> int | None:
    reach = min(len(text), limit + _LABEL_REACH)
    for pattern in (LABEL, _PHRASE):
        for label in pattern.finditer(text, begin + 2, reach):
            if label.start() >= limit:
                break
            before = text[label.start() - 1]
            if before.isalnum() or label[0][0] == "#" or (before == "/" and "." in text[begin : label.start()]):
                return label.start()
    return None


def _without_punctuation(text: str, begin: int, end: int) -> int:
    """Where an address ends, less the punctuation behind it; brackets that close what was opened in it belong to it."""
    surplus = {closing: text.count(closing, begin, end) - text.count(opening, begin, end) for closing, opening in _PAIRS.items()}
    while end > begin:
        last = text[end - 1]
        if last in _PAIRS and surplus[last] > 0:
            surplus[last] -= 1
        elif last != "#" and (last not in _TRAILING or text.startswith("...", end - 3)):
            break
        end -= 1
    return end


def _ends(text: str, begin: int, end: int) -> bool:
    following = text[end : end + 1]
    if following.isspace() and _CAPITALISED.search(text, max(begin, end - _LONGEST_WORD), end):
        # «…/channelAnd then»: a sentence may have begun within it.
        return not _GOES_ON.match(text, end)
    if not following or following.isascii() or not following.isalnum():
        return True
    if _OPEN_ENDED.search(text, begin, end):
        return False
    return text[end - 1].isalnum() or _CLOSED.fullmatch(text, begin, end) is not None
