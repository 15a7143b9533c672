"""What a soak drops: posts that are written for it, and what happens to them, drawn by a seed."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import count
from typing import Any

HOST = "soak.postkeep.example"
"""The host that the posts' pictures are said to be on."""

PICTURES = {"fine": 30, "slow": 2, "moved": 4, "gone": 2, "page": 2, "busy": 2, "broken": 1}
"""How often each kind of picture is drawn; :mod:`bench.soak_pictures` serves them."""

ARCHIVES = ("tea", "river", "山中")
AUTHORS = ("陆羽", "王安石", "Ida Quill", "李清照", "Örn Þór", "蘇軾", "O'Brien & Co", "三好 達治")
TAGS = ("茶", "水", "山", "雨", "風", "New York", "c++", "春天", "#1", "100%")
CATEGORIES = ("随笔", "遊記", "Notes")

_NAMES = ("plain", "a b  c ", "100%", "a+b%20c", "一杯茶　路", "🍵茶🍵", "x #1?&=", "tail  ", "ÀÉ", "quote'\"")
_ENDINGS = (".md",) * 8 + (".markdown", ".html", ".txt")
_SENTENCES = {
    "zh-Hans": (
        "清晨的第一杯茶，总是最香的。",
        "河水慢慢地流过石桥。",
        "山里的雨下了一整夜，没有人说话。",
        "他把信放进抽屉，再也没有打开。",
    ),
    "zh-Hant": (
        "清晨的第一杯茶，總是最香的。",
        "風從山後面吹過來，帶著雨。",
        "書店關門以後，街上只剩下燈。",
        "這座橋比村子還要老。",
    ),
    "en": (
        "The kettle was older than the house. ",
        "Nobody had swept the bridge since spring. ",
        "She wrote it down and forgot it. ",
    ),
    "ja": ("雨の音で目が覚めた。", "古い橋のたもとに茶店がある。", "手紙はまだ届いていない。"),
}
_LARGE = 400_000
"""Bytes of a large post, at most half as many again."""

_REJECTED = (
    b"---\ntitle: [\n---\n<p>{token}</p>\n",
    '---\ntitle: "不关的引号\nx: y\n---\n<p>{token}</p>\n'.encode(),
    b"---\ntitle: bytes\n---\n<p>{token} \xff\xfe\x80</p>\n",
    b"no front matter at all {token}\n",
)


@dataclass(frozen=True, slots=True)
class Operation:
    """What is done to a key.

    Attributes:
        kind: a word for what it is.
        key: of the post object.
        contents: what is put, one after the other; None deletes.
        token: a word that the last content alone has, or shares with its copies; "" where there is none.
    """

    kind: str
    key: str
    contents: tuple[bytes | None, ...]
    token: str = ""


@dataclass(slots=True)
class Known:
    """What a plan knows of a key.

    Attributes:
        content: the newest; None while it is deleted.
        date: of publication, which edits keep: a walk along a listing by publication meets each post once only then.
        written: whether it was written here, so that it can be edited.
        good: whether the newest content is to be understood.
    """

    content: bytes | None
    date: str
    written: bool = True
    good: bool = True


WEIGHTS: Mapping[str, int] = {
    "new": 34,
    "edit": 20,
    "same": 7,
    "delete": 9,
    "again": 6,
    "burst": 4,
    "copy": 5,
    "rejected": 6,
    "mend": 5,
    "large": 2,
    "real": 8,
}
"""How often each kind of operation is drawn, where it is possible; ``real`` is ``new`` without posts of somebody's."""


_CREATING = frozenset({"new", "large", "copy", "real", "again"})
"""Kinds that make a key live; of those that are rejected, half."""


@dataclass
class Plan:
    """Draws operations, and knows what the bucket must hold once all that were drawn are done.

    Attributes:
        seed: the same one draws the same operations.
        real: contents of somebody's posts, which are dropped among the others.
        most: live keys. From then on one goes for each that comes: what still grows is no archive.
    """

    seed: int
    real: Sequence[bytes] = ()
    most: int = 500
    known: dict[str, Known] = field(default_factory=dict)
    versions: dict[str, set[str]] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    full: bool = False
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)  # noqa: S311 - the same posts at each run

    @property
    def state(self) -> dict[str, bytes | None]:
        """The newest content of each key; None for one that is deleted."""
        return {key: known.content for key, known in self.known.items()}

    def following(self) -> Operation:
        """Draw the next operation, and take it as done."""
        kind = self._draw.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        live = [key for key, known in self.known.items() if known.content is not None]
        editable = [key for key in live if self.known[key].written]
        self.full = self.full or len(live) >= self.most
        if kind in _CREATING and len(live) >= self.most:
            kind = "delete"
        gone = [key for key, known in self.known.items() if known.content is None and known.written]
        bad = [key for key in editable if not self.known[key].good]
        some: dict[str, tuple[Sequence[Any], Callable[[Any], Operation]]] = {
            "edit": (editable, lambda key: self._edited("edit", key, 1)),
            "burst": (editable, lambda key: self._edited("burst", key, self._draw.randint(3, 6))),
            "mend": (bad, lambda key: self._edited("mend", key, 1)),
            "same": (live, self._repeated),
            "delete": (live, self._deleted),
            "again": (gone or editable, self._again),
            "copy": (live, self._copied),
            "rejected": ([editable], self._rejected),
            "real": (self.real, self._somebodys),
        }
        given, do = some.get(kind, ((), self._created))
        return do(self._draw.choice(given)) if given else self._created("large" if kind == "large" else "new")

    def _done(self, operation: Operation, known: Known) -> Operation:
        made = self.versions.setdefault(operation.key, set())
        made.update(sha256(content).hexdigest() for content in operation.contents if content is not None)
        self.known[operation.key] = known
        return operation

    def _token(self) -> str:
        # One word, and no other's beginning; a number alone might be taken for something else.
        self.tokens.append(f"zq{next(self._numbers)}x")
        return self.tokens[-1]

    def _new_key(self) -> tuple[str, str]:
        draw, number = self._draw, next(self._numbers)
        date = f"{draw.randint(2012, 2024)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
        name = f"{draw.choice(_NAMES)}{number}{draw.choice(_ENDINGS)}"
        return f"{draw.choice(ARCHIVES)}/_posts/{date}-{name}", date

    def _created(self, kind: str) -> Operation:
        key, date = self._new_key()
        token = self._token()
        content = self._written(token, date, large=kind == "large")
        return self._done(Operation(kind, key, (content,), token), Known(content, date))

    def _edited(self, kind: str, key: str, times: int) -> Operation:
        date = self.known[key].date
        contents = tuple(self._written(self._token(), date) for _ in range(times))
        return self._done(Operation(kind, key, contents, self.tokens[-1]), Known(contents[-1], date))

    def _again(self, key: str) -> Operation:
        """Delete it, if it is not, and put something there."""
        known = self.known[key]
        content = self._written(self._token(), known.date)
        contents = (content,) if known.content is None else (None, content)
        return self._done(Operation("again", key, contents, self.tokens[-1]), Known(content, known.date))

    def _repeated(self, key: str) -> Operation:
        return self._done(Operation("same", key, (self.known[key].content,)), self.known[key])

    def _deleted(self, key: str) -> Operation:
        return self._done(Operation("delete", key, (None,)), replace(self.known[key], content=None))

    def _somebodys(self, content: bytes) -> Operation:
        key, date = self._new_key()
        return self._done(Operation("real", key, (content,)), Known(content, date, written=False))

    def _copied(self, key: str) -> Operation:
        """The same bytes under another key: a post of its own."""
        known = self.known[key]
        other, _ = self._new_key()
        # Posts without a date in their front matter have that of their name, so that a copy has its own.
        date = other.rpartition("/")[2][:10]
        return self._done(Operation("copy", other, (known.content,)), Known(known.content, date, written=False, good=known.good))

    def _rejected(self, editable: Sequence[str]) -> Operation:
        bad = self._draw.choice(_REJECTED).replace(b"{token}", self._token().encode())
        if editable and self._draw.random() < 0.5:  # noqa: PLR2004 - as often a post that was good as a new one
            key = self._draw.choice(editable)
            date = self.known[key].date
        else:
            key, date = self._new_key()
        return self._done(Operation("rejected", key, (bad,)), Known(bad, date, good=False))

    def _written(self, token: str, date: str, *, large: bool = False) -> bytes:
        draw = self._draw
        language = draw.choice(list(_SENTENCES))
        number = token.strip("zqx")
        front = [f'title: "{draw.choice(_SENTENCES[language]).strip()} {number}"', f"date: {date}T0{date[-1]}:00:00Z"]
        if draw.random() < 0.9:  # noqa: PLR2004 - most have an author, and so on below
            front.append(f'author: "{draw.choice(AUTHORS)}"')
        if draw.random() < 0.8:  # noqa: PLR2004
            front.append(f"from: https://news{draw.randint(1, 5)}.example/{draw.randint(1, 400)}")
        if tags := draw.sample(TAGS, draw.randint(0, 3)):
            front.append(f"tags: [{', '.join(f'"{tag}"' for tag in tags)}]")
        if draw.random() < 0.5:  # noqa: PLR2004
            front.append(f"categories: {draw.choice(CATEGORIES)}")
        size = draw.randint(_LARGE // 2, _LARGE * 3 // 2) if large else round(draw.lognormvariate(7, 1))
        body = [self._paragraph(language, f"{token} 。" if language != "en" else f"{token} here. ")]
        length = 0
        while length < min(size, 2 * _LARGE):
            body.append(self._paragraph(language))
            length += len(body[-1].encode())
        for _ in range(draw.choice((0, 0, 0, 1, 1, 2, 3))):
            kind = draw.choices(list(PICTURES), list(PICTURES.values()))[0]
            address = f"https://{HOST}/{kind}/{draw.randint(1, 12)}.png?n={draw.randint(1, 200)}"
            body.insert(draw.randint(1, len(body)), f'<p><img src="{address}" alt="{kind} {number}"></p>')
        return ("---\n" + "\n".join(front) + "\n---\n" + "\n".join(body) + "\n").encode()

    def _paragraph(self, language: str, beginning: str = "") -> str:
        sentences = self._draw.choices(_SENTENCES[language], k=self._draw.randint(1, 8))
        return f"<p>{beginning}{''.join(sentences)}{self._draw.randint(1, 10**6)}</p>"
