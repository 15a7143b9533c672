"""What stands above an article's first sentence and is no beginning of it: who wrote it, when, where it was first published."""

import re

_LONGEST = 80
"""Characters of a line that is told by its form: a longer one is taken for the article's."""

_LONGEST_NOTE = 1_000
"""Characters. An editor's note that is longer is an article by itself."""

_MOST_BESIDE_ADDRESS = 24
"""Characters of words beside an address that only say whose it is."""

_NO_LETTERS = re.compile(r"[\W\d_一二三四五六七八九十百零〇第章节節ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ]*")
_ADDRESS = re.compile(r"(?:https?://|www\.)[!-~]+", re.ASCII)
_HASHTAG = re.compile(r"[#＃][^\s#＃]{1,60}")
_SENTENCE = re.compile(r"[。！？｡]|[!?.](?:\s|\Z)")
_CHAPTER = re.compile(r"[(（\[【]?\d{1,2}[:：]\d{2}(?:[:：]\d{2})?(?!\d)")
_LEAST_CHAPTERS = 3

_LABELS = (
    "文字?|[图圖]文?|原?作者|[译譯]者?|[编編][译譯]者?|翻[译譯]|校[对對]?|[审審]校|(?:责任|責任)?[编編][辑輯校]|[责責][编編]|策[划劃]|[监監][制製]"
    "|(?:特[约約])?[记記]者|撰[文稿]人?|[采採][写寫访訪编編]|整理|口述|[讲講]述|主[讲講]|主持人?|嘉[宾賓]|受[访訪]者?|[发發]言人|[绘繪]者?|插[画畫]|[摄攝]影"
    "|[来來]源|出[处處]|[转轉]自|原(?:文[标標])?[题題]|原?[标標][题題]|原文[链連][接結]|原[载載]|首[发發]|[书書]名|出版社"
    "|[图圖](?:片(?:[来來]源)?|源)|[题題][图圖]|封面[图圖]?|配[图圖]|[资資]料(?:照片|[图圖]片?)|[发發][布佈表][时時][间間]|[栏欄]目|[关關][键鍵][词詞]|[标標][签籤]"
    "|Author|Text|Words|Translator|Editor|Source|Photos?|Photo credit|Image|Credit|Published|Updated"
)
"""What stands before a name or a source, in both scripts; only with a mark behind it does it count."""

_LABELLED = re.compile(rf"[（(【\[]?\s*(?:{_LABELS})(?:\s*[、&和及/／]?\s*(?:{_LABELS}))*\s*[】\]]?\s*[:：/／|｜丨︱∣].*")
_BY = re.compile(r"(?:[Bb]y|BY|[Pp]hotos? by|[Tt]ranslated by) (?:[A-Z][\w.'’-]*(?:,? and |, | & | )?){1,10}")
_FROM_ELSEWHERE = re.compile(
    r"[（(【\[*＊]?\s*(?:[注註][:：]\s*)?(?:(?:本文|原文|文章|此文|本篇)(?:最早|最初|最先|原|已)?"
    r"(?:[首原][发發刊载載]|刊[载載發发登於于]|[发發]表[于於在]|[转轉][载載自]|[摘译譯选選]自|[来來](?:自|源)|出自|源自|[经經授][权權授])"
    r"|Originally published|This (?:article|post|essay|story) (?:was )?(?:first|originally) (?:appeared|published))"
)
_NOTE = re.compile(
    r"[（(【\[*＊]*\s*(?:(?:[编編]者?|[译譯]者?)?按[语語]?|[编編]者的?[话話]|[编編]者?[注註]|(?:Editor['’]s|Editors['’]) [Nn]ote)"
    r"\s*(?:[】\])）]|[】\]]?\s*[:：|｜丨︱]|\Z)"
)

_MONTHS = "(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*"
_WEEKDAY = "(?:星期|周|週)[一二三四五六日天]"
_DATE = re.compile(
    rf"\W*(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?\W+|{_WEEKDAY}\W*)?"
    rf"(?:(?:19|20)\d\d\s*[-/.年]\s*\d{{1,2}}\s*[-/.月]\s*\d{{1,2}}\s*[日号號]?|{_MONTHS}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)? {_MONTHS}\.?,? \d{{4}}|\d{{1,2}}/\d{{1,2}}/\d{{4}})"
    rf"(?:\W*{_WEEKDAY}|[\sT]*\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:\.\d+)?(?: ?[AaPp]\.?[Mm]\.?)?|\s*(?:GMT|UTC|Z)){{0,3}}\W*"
)
_NAMES = re.compile(r"[\u4e00-\u9fff·]{2,5}(?:\s*[、/／|｜丨]\s*[\u4e00-\u9fff·]{2,5})+")
_TITLES = re.compile(r"(?:[-–—•*\d.、\s]*《[^《》]{1,60}》[\s、，,；;。]*)+")
_DATELINE = re.compile(
    r"\s*[（(【\[][^（）()【】\[\]。]{0,24}"
    r"(?:特[约約](?:撰稿|[记記]者)?|撰稿|[编編][译譯]|供稿|[综綜]合[报報][道導导]|[讯訊电電]|[专專]稿)\s*[）)】\]]\s*[:：]?\s*"
)


def is_preamble(line: str, title: str, author: str) -> bool:
    """Whether a line is no beginning of an article.

    Such are the title and the author once more; labels with a name, a source or a date behind them; a date, names, titles or
    numbers alone; an address or hashtags with few words; a mark of a chapter in a video. A line with a sentence in it is none of
    these, so that the questions of an interview (``记者：……？``) stay, but for a notice of where the article was first published.

    Args:
        line: without white space at its ends.
        title: the post's as :func:`bare` gives it; "" for none.
        author: likewise.
    """
    if len(line) > _LONGEST:
        return bool(_CHAPTER.match(line)) and "。" not in line and len(_CHAPTER.findall(line)) >= _LEAST_CHAPTERS
    if _FROM_ELSEWHERE.match(line) or _repeats(bare(line), title, author):
        return True
    words = _ADDRESS.sub("", line)
    if _SENTENCE.search(words.removesuffix(".")):
        return False
    if words != line and len(words) <= _MOST_BESIDE_ADDRESS:
        return True
    return any(
        (
            _LABELLED.fullmatch(line),
            _BY.fullmatch(line),
            _DATE.fullmatch(line),
            _NAMES.fullmatch(line),
            _TITLES.fullmatch(line),
            _CHAPTER.match(line),
            # Numbers, rules and hashtags alone.
            _NO_LETTERS.fullmatch(_HASHTAG.sub("", line)),
        )
    )


def is_note(paragraph: str) -> bool:
    """Whether a paragraph is an editor's, before the author's words."""
    return len(paragraph) <= _LONGEST_NOTE and _NOTE.match(paragraph) is not None


def without_dateline(paragraph: str) -> str:
    """A paragraph without what a newspaper puts before its first sentence: ``（某社特约）``, ``（某社北京十日电）``."""
    found = _DATELINE.match(paragraph)
    return paragraph[found.end() :] if found and found.end() < len(paragraph) else paragraph


def bare(text: str) -> str:
    """The letters and digits of a text, to compare it by."""
    return "".join(filter(str.isalnum, text)).casefold()


def _repeats(line: str, title: str, author: str) -> bool:
    return line in {title, author, author + title, title + author} or (line in title and len(line) * 2 > len(title))
