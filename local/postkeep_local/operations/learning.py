"""What repeats from post to post, counted: sentences and lines that an author, or a host, puts below most of what they publish.

It must not learn content. docs/learning.md says what it never learns, and what to look at before its file is used.
"""

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from postkeep.listing import source_host
from postkeep.post import Metadata
from render_post.blocks import Block, inline_text, paragraphs
from render_post.description import is_description
from render_post.learnt import VERSION
from render_post.scripts import HAN, HANGUL, KANA
from render_post.units import CREDIT, Kind, Unit, fingerprint, split

MIN_SHARE = 0.03
"""Of an author's posts. Over three real archives, what repeats in this many is mostly no content: 0.07 to 0.3 % of the
content went with it."""

MIN_POSTS = 5
MIN_MONTHS = 3
"""Calendar months: the parts of one series share its synopsis within a few weeks."""

_MOST_IN_A_MONTH = 0.8
_LEAST_WEIGHT = 8
"""East Asian characters, or half as many words of another script, of a unit without an address."""

_LONGEST = 500
"""Characters of a unit; longer ones are told in one post and copied, not repeated."""

_LEAST_WEIGHT_OF_TINY = 3
"""The same, in descriptions: such as greetings, which go only beside something longer that repeats."""

_LEAST_WEIGHT_OF_ARTICLE = 12
"""The same, of a unit of an article that ends no sentence: what is shorter is a byline, a caption or a name."""

_GRAM = 3
_SERIES = 0.6
"""Part of the titles that share words with a unit, from which on it is the synopsis or the heading of their series."""

_FEWEST_OTHERS = 3
_SAME_POSTS = 0.8
_MIN_AUTHORS = 2
"""Authors that a host's repetition must come from: what one of them repeats is theirs."""

_MAX_UNITS = 2_000
"""Units kept of a group, those in most posts first; within the limit of :mod:`render_post.learnt`."""

_EXAMPLES = 3

_WIDE = re.compile(f"[{HAN}{KANA}{HANGUL}]")
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f\u0400-\u04ff]{2,}")
_CHAPTER = re.compile(r"\s*[\[(（]?\d{1,2}[:：]\d{2}")
_HEADING = re.compile(r"\s*[【《「\[][^】》」\]]{0,60}[】》」\]]\s*\Z")
_QUESTION = re.compile(r"[？?]\s*\Z")
_ENDED = re.compile(r"[。！？!?….:：]\W*\Z")
_CREDITS = re.compile(
    r"bgm|music|歌[单單]|composer|licen[cs]e|credits?\b|[轉转][載载]自|[來来]源|首[發发]|[譯译]者|原文|本文|photo|[攝摄]影|[图圖][片]?[：:]",
    re.IGNORECASE,
)
"""Words of credits, in units that have no address."""

_NUMBERED = re.compile(
    r"第\s?[\d一二三四五六七八九十百○〇]{1,5}\s?[期集回讲講章节節部季话話]|\b(?:[Ee]p(?:isode)?|[Pp]art|#)\.? ?\d"
)


@dataclass(frozen=True, slots=True)
class Repeated:
    """A unit that repeats.

    Attributes:
        fingerprint: see :func:`render_post.units.fingerprint`.
        posts: how many distinct posts have it.
        text: one of its forms.
    """

    fingerprint: int
    posts: int
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """What repeats in an author's or a host's posts.

    Attributes:
        kind: ``author`` or ``host``.
        name: whose.
        posts: how many distinct ones were looked at.
        units: those in most posts first.
        share: the part of these posts' text that the units are, 0 to 1.
    """

    kind: str
    name: str
    posts: int
    units: tuple[Repeated, ...]
    share: float


@dataclass(frozen=True, slots=True)
class Found:
    """What was found.

    Attributes:
        posts: distinct ones, over all.
        groups: sorted by kind and name; only those with units.
    """

    posts: int
    groups: tuple[Group, ...]


@dataclass(slots=True)
class _Post:
    author: str
    host: str
    title: str
    month: str
    size: int
    units: dict[int, int]
    """Characters of each unit that could repeat, by fingerprint."""


@dataclass(slots=True)
class Learning:
    """Counts posts as they come; the result does not depend on their order.

    Attributes:
        min_share: the part of an author's distinct posts that must have a unit.
        min_posts: how many must, at least.
    """

    min_share: float = MIN_SHARE
    min_posts: int = MIN_POSTS
    _posts: dict[tuple[str, ...], tuple[int, _Post]] = field(default_factory=dict)
    _texts: dict[int, str] = field(default_factory=dict)
    _linked: set[int] = field(default_factory=set)

    def add(self, metadata: Metadata, blocks: list[Block]) -> None:
        """Count a post.

        Args:
            metadata: its own.
            blocks: its article, before anything that repeats was dropped.
        """
        description = is_description(metadata.source_url, blocks)
        units: dict[int, int] = {}
        size = 0
        whole: list[str] = []
        for text in (inline_text(paragraph.inlines) for paragraph in paragraphs(blocks)):
            whole.append(text)
            size += len(text)
            found = split(text)
            for unit, linked in zip(found, _on_linked_line(found), strict=True):
                if _could_repeat(unit, description=description) and not (linked and _QUESTION.search(unit.text)):
                    self._take(unit, units)
        key = fingerprint(metadata.title + "\n" + "\n".join(whole))
        host = source_host(metadata.source_url or "")
        month = f"{metadata.published:%Y-%m}" if metadata.published else ""
        post = _Post(metadata.author, host, metadata.title, month, size, units)
        identity = (
            ("address", metadata.author, metadata.source_url) if metadata.source_url else ("text", metadata.author, f"{key:x}")
        )
        known = self._posts.get(identity)
        if known is None or (key, month) < (known[0], known[1].month):
            self._posts[identity] = key, post

    def _take(self, unit: Unit, units: dict[int, int]) -> None:
        text = unit.text.strip()
        mark = fingerprint(text)
        units[mark] = max(units.get(mark, 0), len(text))
        self._texts[mark] = min(self._texts.get(mark, text), text)
        if unit.addresses:
            self._linked.add(mark)

    def found(self) -> Found:
        """What repeats in the posts so far."""
        posts = self._distinct()
        by_author: defaultdict[str, list[_Post]] = defaultdict(list)
        by_host: defaultdict[str, list[_Post]] = defaultdict(list)
        for post in posts:
            by_author[post.author].append(post)
            by_host[post.host].append(post)
        groups = [self._group("author", name, by_author[name]) for name in sorted(by_author) if name]
        groups += [self._group("host", name, by_host[name]) for name in sorted(by_host) if name]
        return Found(len(posts), tuple(group for group in groups if group.units))

    def _distinct(self) -> list[_Post]:
        """Each article once: copies have the same address, or the same title and text."""
        found: dict[tuple[str, int], tuple[tuple[str, ...], _Post]] = {}
        for identity, (key, post) in self._posts.items():
            known = found.get((post.author, key))
            if known is None or identity < known[0]:
                found[post.author, key] = identity, post
        return [post for _, post in sorted(found.values(), key=lambda one: one[0])]

    def _group(self, kind: str, name: str, posts: Sequence[_Post]) -> Group:
        counts = Counter(mark for post in posts for mark in post.units)
        least = max(self.min_posts, math.ceil(self.min_share * len(posts)))
        candidates = {mark for mark, count in counts.items() if count >= least}
        having: defaultdict[int, list[_Post]] = defaultdict(list)
        for post in posts:
            for mark in post.units.keys() & candidates:
                having[mark].append(post)
        series = self._of_series(name, having, posts)
        kept = [
            Repeated(mark, counts[mark], self._texts[mark])
            for mark in candidates - series
            if _is_spread(having[mark]) and (kind == "author" or len({post.author for post in having[mark]}) >= _MIN_AUTHORS)
        ]
        kept.sort(key=lambda unit: (-unit.posts, unit.fingerprint))
        units = tuple(kept[:_MAX_UNITS])
        marks = {unit.fingerprint for unit in units}
        total = sum(post.size for post in posts)
        gone = sum(size for post in posts for mark, size in post.units.items() if mark in marks)
        return Group(kind, name, len(posts), units, gone / total if total else 0.0)

    def _of_series(self, name: str, having: Mapping[int, Sequence[_Post]], posts: Sequence[_Post]) -> set[int]:
        """The units that are synopses or headings of series, or titles of posts: content, however often it repeats."""
        in_titles = Counter(gram for post in posts for gram in _grams(post.title))
        titles = "\n".join(sorted(_plain(post.title) for post in posts))
        own = {mark: some for mark, some in having.items() if mark not in self._linked}
        series = {mark for mark, some in own.items() if _shares_words(self._texts[mark], name, some, in_titles, len(posts))}
        # What stands in the same posts as a synopsis is the rest of it, unless these are nearly all that the author wrote.
        sets = [{id(post) for post in own[mark]} for mark in sorted(series) if len(own[mark]) <= _SAME_POSTS * len(posts)]
        for mark, some in own.items():
            here = {id(post) for post in some}
            if any(len(here & other) >= _SAME_POSTS * max(len(here), len(other)) for other in sets):
                series.add(mark)
        return series | {mark for mark in own if _plain(self._texts[mark]) in titles}


def _plain(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _could_repeat(unit: Unit, *, description: bool) -> bool:
    """Whether a unit means something, and is neither who made it nor a chapter nor the heading of a series."""
    text = unit.text.strip()
    if unit.kind is not Kind.TEXT or len(text) > _LONGEST or CREDIT.search(text) or _CHAPTER.match(text) or _HEADING.match(text):
        return False
    if _NUMBERED.search(text) and not unit.addresses:
        return False
    if unit.addresses:
        return description or len(text) > unit.addresses[0].end - unit.addresses[0].start
    weight = len(_WIDE.findall(text)) + 2 * len(_WORD.findall(text))
    if description and weight >= _LEAST_WEIGHT_OF_TINY and not any(character.isdigit() for character in text):
        return not _CREDITS.search(text)
    least = _LEAST_WEIGHT if description or _ENDED.search(text) else _LEAST_WEIGHT_OF_ARTICLE
    return not _CREDITS.search(text) and weight >= least


def _on_linked_line(units: Sequence[Unit]) -> list[bool]:
    """Of each unit, whether an address follows it on its line: questions there are titles of other posts."""
    found: list[bool] = []
    linked = False
    for unit in reversed(units):
        found.append(linked)
        linked = not unit.line and (linked or bool(unit.addresses))
    return found[::-1]


def _is_spread(posts: Sequence[_Post]) -> bool:
    """Whether posts come from enough months, and not nearly all from one."""
    months = Counter(post.month for post in posts if post.month)
    return len(months) >= MIN_MONTHS and max(months.values()) <= _MOST_IN_A_MONTH * sum(months.values())


def _grams(text: str) -> frozenset[str]:
    plain = _plain(text)
    return frozenset(plain[place : place + _GRAM] for place in range(len(plain) - _GRAM + 1))


def _shares_words(text: str, name: str, posts: Sequence[_Post], in_titles: Counter[str], total: int) -> bool:
    """Whether a unit shares words with the titles of the posts that have it, and not with those of the others."""
    own = Counter(gram for post in posts for gram in _grams(post.title))
    others = total - len(posts)
    for gram in _grams(text) - _grams(name):
        share = own[gram] / len(posts)
        if share < _SERIES:
            continue
        if others < _FEWEST_OTHERS or (in_titles[gram] - own[gram]) / others < share / 2:
            return True
    return False


def encode(found: Found, made: date, *, fingerprints_only: bool) -> bytes:
    """The file of what was found; :meth:`render_post.learnt.Learnt.read` reads it.

    Args:
        found: what to write.
        made: the day it was made.
        fingerprints_only: leaves the texts out.
    """
    groups = [
        {
            group.kind: group.name,
            "posts": group.posts,
            "units": [
                {"fingerprint": f"{unit.fingerprint:016x}", "posts": unit.posts}
                | ({} if fingerprints_only else {"text": unit.text})
                for unit in group.units
            ],
        }
        for group in found.groups
    ]
    whole = {"v": VERSION, "made": made.isoformat(), "posts": found.posts, "groups": groups}
    # A line a group, so that a change of one shows as such.
    if fingerprints_only:
        lines = ",\n".join(json.dumps(group, ensure_ascii=False, separators=(",", ":")) for group in groups)
        head = json.dumps({key: value for key, value in whole.items() if key != "groups"}, separators=(",", ":"))
        return f'{head[:-1]},"groups":[\n{lines}\n]}}\n'.encode("utf-8", "replace")
    return (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")
