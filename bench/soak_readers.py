"""Those who read while a soak runs: all kinds of questions to the API, the answers of which must hold whatever happens."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from itertools import pairwise
from threading import Event, Thread
from typing import Any
from xml.etree import ElementTree as ET

import httpx
from bench.soak_asking import Asking
from bench.soak_posts import ARCHIVES, AUTHORS, CATEGORIES, TAGS, Plan

from postkeep.post import post_id

_PAGES = 12
"""Of a walk along a listing, at most."""

_FOLLOW_SECONDS = 3.0

_READERS = 3
"""Who ask at the same time, so that one slow answer does not keep all others waiting."""


@dataclass
class Readers:
    """Asks all kinds of questions at an even pace, until it is stopped.

    Attributes:
        asking: asks.
        plan: what was dropped.
        rate: questions a second; some take several requests.
        seed: of what is asked for.
    """

    asking: Asking
    plan: Plan
    rate: float
    seed: int
    mirror: dict[str, dict[str, Any]] = field(default_factory=dict)
    _cursor: str = ""

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)  # noqa: S311 - the same questions at each run
        self._kinds: list[Callable[[], None]] = [
            *[self._list] * 4,
            *[self._post] * 4,
            *[self._search] * 3,
            self._walk,
            self._walk_of_search,
            self._suggest,
            self._feed,
            self._count,
            self._history,
        ]

    def warm(self) -> None:
        """Ask once for what each function answers that answers questions."""
        for kind in (self._list, self._search):
            kind()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Read while the context lasts."""
        stop = Event()
        threads = [Thread(target=self._pace, args=(stop,), name=f"reader {number}") for number in range(_READERS)]
        threads.append(Thread(target=self._follow, args=(stop,), name="mirror"))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _pace(self, stop: Event) -> None:
        due = time.monotonic()
        while not stop.is_set():
            kind = self._draw.choice(self._kinds)
            try:
                kind()
            except Exception as error:  # noqa: BLE001 - an answer of a shape that nobody expects is a fault to be told
                self.asking.note(f"{kind.__name__}: {error!r}")
            due = max(due + _READERS / self.rate, time.monotonic())
            stop.wait(max(0.0, due - time.monotonic()))

    def _follow(self, stop: Event) -> None:
        while not stop.wait(_FOLLOW_SECONDS):
            self.follow()

    def follow(self) -> bool:
        """Have the mirror catch up with the changes; whether it did."""
        while True:
            answer = self.asking.get("/changes", "changes", {"limit": "100"} | ({"cursor": self._cursor} if self._cursor else {}))
            if answer is None or answer.status_code != HTTPStatus.OK:
                return False
            page = answer.json()
            self.mirror |= {post["key"]: post for post in page["posts"]}
            self._cursor = page["next"]
            if not page["more"]:
                return True

    def _filter(self) -> tuple[dict[str, str], Callable[[Mapping[str, Any]], bool]]:
        """What is asked of a listing, and whether a post fits it."""
        draw = self._draw
        author, tag, category, archive = draw.choice(AUTHORS), draw.choice(TAGS), draw.choice(CATEGORIES), draw.choice(ARCHIVES)
        host, year = f"news{draw.randint(1, 5)}.example", draw.randint(2012, 2024)
        choices: list[tuple[dict[str, str], Callable[[Mapping[str, Any]], bool]]] = [
            ({}, lambda post: post["status"] in {"pending", "ready"}),
            ({"author": author}, lambda post: post["author"] == author),
            ({"tag": tag}, lambda post: tag in post["tags"]),
            ({"category": category}, lambda post: category in post["categories"]),
            ({"archive": archive}, lambda post: post["archive"] == archive),
            ({"host": host}, lambda post: host in (post["source_url"] or "")),
            ({"language": "zh-Hant"}, lambda post: post["language"] == "zh-Hant"),
            ({"has_image": "true"}, lambda post: post["pictures"] > 0),
            ({"status": "rejected"}, lambda post: post["status"] == "rejected" and post["reason"]),
            ({"status": "deleted"}, lambda post: post["status"] == "deleted" and not post["title"]),
            ({"year": str(year)}, lambda post: post["published"].startswith(str(year))),
            ({"from": f"{year}-03-05", "tag": tag}, lambda post: post["published"] >= f"{year}-03-05" and tag in post["tags"]),
        ]
        return draw.choice(choices)

    def _checked(
        self, posts: list[Mapping[str, Any]], fits: Callable[[Mapping[str, Any]], bool], asked: Mapping[str, str]
    ) -> None:
        for post in posts:
            if post["key"] not in self.plan.versions:
                self.asking.note(f"a listing {asked} has {post['key']!r}, which nobody dropped")
            if not fits(post):
                self.asking.note(f"a listing {asked} has {post['key']!r}, which does not fit: {post}")

    def _list(self) -> None:
        asked, fits = self._filter()
        draw = self._draw
        more = {
            "limit": str(draw.randint(1, 50)),
            "sort": draw.choice(("published", "added")),
            "order": draw.choice(("asc", "desc")),
        }
        answer = self.asking.get("/posts", "listing", asked | more)
        if answer is None or answer.status_code != HTTPStatus.OK:
            return
        self._checked(answer.json()["posts"], fits, asked)
        # What is asked for again with its ETag comes again, or has not changed.
        again = self.asking.get("/posts", "listing", asked | more, {"If-None-Match": answer.headers["etag"]})
        if again is not None and again.status_code == HTTPStatus.NOT_MODIFIED and again.content:
            self.asking.note(f"a listing {asked} has not changed and comes again")

    def _walk(self) -> None:
        """A cursor that is followed shows no post twice, and keeps the order."""
        asked, fits = self._filter()
        posts = list(self._pages("/posts", "walk", {**asked, "limit": str(self._draw.randint(5, 50))}))
        self._checked(posts, fits, asked)
        for key, times in Counter(post["key"] for post in posts).items():
            if times > 1:
                self.asking.note(f"a walk along {asked} meets {key!r} {times} times")
        dates = [post["published"] or "" for post in posts]
        if any(later > earlier for earlier, later in pairwise(dates)) and asked.get("status") is None:
            self.asking.note(f"a walk along {asked} is out of order")

    def _walk_of_search(self) -> None:
        asked = {"q": self._draw.choice(TAGS[:5]), "sort": "newest", "limit": str(self._draw.randint(5, 50))}
        for identity, times in Counter(post["id"] for post in self._pages("/search", "walk", asked)).items():
            if times > 1:
                self.asking.note(f"a search for {asked} meets {identity} {times} times")

    def _pages(self, path: str, kind: str, asked: dict[str, str]) -> Iterator[Mapping[str, Any]]:
        cursor: dict[str, str] = {}
        for _ in range(_PAGES):
            answer = self.asking.get(path, kind, asked | cursor)
            if answer is None or answer.status_code != HTTPStatus.OK:
                return
            yield from answer.json()["posts"]
            if not answer.json()["next"]:
                return
            cursor = {"cursor": answer.json()["next"]}

    def _some_key(self) -> str | None:
        known = list(self.plan.versions)
        return self._draw.choice(known[-200:] if self._draw.random() < 0.5 else known) if known else None  # noqa: PLR2004 - new ones

    def _post(self) -> None:
        """Whatever is told of a post was once put there."""
        if (key := self._some_key()) is None:
            return
        at = f"/posts/{post_id(key)}"
        answer = self.asking.get(at, "post")
        if answer is None or answer.status_code != HTTPStatus.OK:
            return
        post = answer.json()
        if post["key"] != key or post["content_hash"] not in self.plan.versions[key]:
            self.asking.note(f"{at} tells of content that nobody put: {post['key']!r} {post['content_hash']}")
        form = self._draw.choice(("markdown", "plain", "html"))
        self.asking.get(f"{at}/{self._draw.choice(('text', 'removed', 'related', 'pictures'))}", "post")
        self.asking.get(f"{at}/text", "text", {"format": form})
        for picture in post["picture_items"][:1]:
            for thumbnail in picture["thumbnails"][:1]:
                found = self.asking.get(thumbnail["url"], "thumbnail")
                if found is not None and len(found.content) != thumbnail["bytes"]:
                    self.asking.note(f"{thumbnail['url']}: {found.status_code}, {len(found.content)} bytes")

    def _history(self) -> None:
        if (key := self._some_key()) is None:
            return
        at = f"/posts/{post_id(key)}"
        answer = self.asking.get(f"{at}/revisions", "history")
        if answer is not None and answer.status_code == HTTPStatus.OK:
            versions = [entry["version"] for entry in answer.json()["revisions"]]
            if len(set(versions)) != len(versions):
                self.asking.note(f"{at}/revisions has one twice")
        raw = self.asking.get(f"{at}/raw", "history")
        if raw is not None and raw.status_code == HTTPStatus.TEMPORARY_REDIRECT:
            try:
                file = self.asking.api.get(raw.headers["location"])
            except httpx.HTTPError:  # it leads through the proxy that injects faults
                return
            if file.status_code == HTTPStatus.OK and sha256(file.content).hexdigest() not in self.plan.versions[key]:
                self.asking.note(f"{at}/raw leads to what nobody put")
        self.asking.get(f"{at}/diff", "history")

    def _search(self) -> None:
        asked = self._draw.choice(
            (self._draw.choice(TAGS[:5]), self._draw.choice(self.plan.tokens or ["茶"]), "雨 OR tea", "橋 -雨")
        )
        answer = self.asking.get("/search", "search", {"q": asked, "limit": "20"})
        if answer is None or answer.status_code != HTTPStatus.OK:
            return
        known = {post_id(key) for key in list(self.plan.versions)}
        for post in answer.json()["posts"]:
            if post["id"] not in known:
                self.asking.note(f"a search for {asked} finds {post['id']}, which nobody dropped")

    def _suggest(self) -> None:
        self.asking.get("/suggest", "suggest", {"q": self._draw.choice(("茶", "陆", "New", "清", "Q"))})

    def _feed(self) -> None:
        path = self._draw.choice(("/feeds/atom", "/feeds/json", "/feeds/opml", "/sitemap.xml"))
        answer = self.asking.get(path, "feed")
        if answer is not None and answer.status_code == HTTPStatus.OK:
            answer.json() if path == "/feeds/json" else ET.fromstring(answer.content)  # noqa: S314 - our own answer

    def _count(self) -> None:
        path = self._draw.choice(("/counts", "/authors", "/tags", "/months", "/hosts", "/languages", "/archives", "/categories"))
        answer = self.asking.get(path, "counts")
        if answer is None or answer.status_code != HTTPStatus.OK or path == "/counts":
            return
        if any(entry["posts"] < 1 for entry in answer.json()["counts"]):
            self.asking.note(f"{path} counts what is not there")
