"""A fake of the query API for the commands that read: posts by id, their texts, and answers by path for all else."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from postkeep.post import post_id

URL = "https://archive.example/v1"
KEY = "tea/_posts/2021-06-29-雨前茶.md"
ID = post_id(KEY)
FOLDER = "/thumbnails/" + "a" * 64 + "-1"

Answer = httpx.Response | Callable[[httpx.Request], httpx.Response]


def listed(key: str = KEY, **more: Any) -> dict[str, Any]:
    """A post in a listing."""
    return {
        "id": post_id(key),
        "key": key,
        "status": "ready",
        "title": "雨前茶",
        "author": "陆羽",
        "published": "2021-06-29T01:39:02.000Z",
        "date_source": "front-matter",
        "source_url": "https://tea.example/posts/1",
        "tags": ["茶", "山"],
        "categories": ["随笔"],
        "language": "zh-Hans",
        "characters": 1234,
        "words": 1200,
        "reading_seconds": 240,
        "pictures": 2,
        "reason": "",
        "detail": "",
    } | more


def thumbnail(width: int = 640, form: str = "webp", **more: Any) -> dict[str, Any]:
    return {"url": f"{FOLDER}/{width}.{form}", "format": form, "width": width, "height": 400, "bytes": 9} | more


def picture(address: str = "https://pictures.example/a.jpg", status: str = "ready", **more: Any) -> dict[str, Any]:
    return {
        "id": "p",
        "address": address,
        "status": status,
        "reason": "",
        "detail": "",
        "alt": "一杯茶",
        "width": 1200,
        "height": 800,
        "thumbnails": [thumbnail()] if status == "ready" else [],
    } | more


def detail(*pictures: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return listed() | {"warnings": [], "extra": {}, "picture_items": list(pictures)} | more


def problem(status: int, kind: str, sentence: str, **headers: str) -> httpx.Response:
    body = {"type": f"urn:postkeep:problem:{kind}", "title": "x", "status": status, "detail": sentence}
    return httpx.Response(status, json=body, headers={"Content-Type": "application/problem+json", **headers})


@dataclass
class FakeArchive:
    """Answers by path, below the API's own; what has none is a problem."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        found = self.answers.get(request.url.path.removeprefix("/v1"))
        if found is None:
            return problem(404, "post-unknown", f"there is no {request.url.path}")
        if isinstance(found, httpx.Response):
            return httpx.Response(found.status_code, content=found.content, headers=found.headers)
        return found(request)

    def gives(self, path: str, value: Any) -> None:
        self.answers[path] = httpx.Response(200, content=json.dumps(value).encode())

    def says(self, path: str, text: str) -> None:
        self.answers[path] = httpx.Response(200, content=text.encode())

    def paths(self) -> list[str]:
        return [request.url.path.removeprefix("/v1") for request in self.asked]

    def lists(self, posts: list[dict[str, Any]], size: int = 100) -> None:
        """Give a listing, in pages of so many posts."""

        def page(request: httpx.Request) -> httpx.Response:
            start = int(request.url.params.get("cursor", "0"))
            end = start + min(size, int(request.url.params["limit"]))
            more = str(end) if end < len(posts) else None
            return httpx.Response(200, json={"posts": posts[start:end], "next": more, "searched_until": "2021-06-29T01:39:02Z"})

        self.answers["/posts"] = page

    def has(self, *pictures: Mapping[str, Any], markdown: str = "第一杯**茶**。", html: str = "<p>茶</p>", **more: Any) -> None:
        """Have the post :data:`ID` with its text."""
        self.gives(f"/posts/{ID}", detail(*pictures, **more))
        forms = {"markdown": markdown, "plain": markdown.replace("*", ""), "html": html}
        self.answers[f"/posts/{ID}/text"] = lambda request: httpx.Response(
            200, content=forms[request.url.params["format"]].encode()
        )
        removed = [{"rule": "generic/sharing", "text": "Share\nthis"}, {"rule": "generic/sharing", "text": "x"}]
        self.gives(f"/posts/{ID}/removed", {"id": ID, "rules": 2, "characters": 11, "removed": removed})
        self.gives(f"/posts/{ID}/revisions", {"revisions": [{"version": "v2"}, {"version": "v1"}], "next": None})
