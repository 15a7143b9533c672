"""A small fake of the query API, on which posts make a step at every round of questions."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from postkeep.post import post_id

ADDRESS = "0" * 64


def thumbnail(address: str = ADDRESS) -> dict[str, Any]:
    return {"address": address, "url": f"/thumbnails/{address}.webp", "width": 320, "height": 200, "bytes": 9}


def picture(status: str, reason: str = "", thumbnails: int = 0) -> dict[str, Any]:
    return {
        "id": "p",
        "address": f"https://pictures.postkeep.example/{status}.jpg",
        "status": status,
        "reason": reason,
        "detail": "",
        "thumbnails": [thumbnail() for _ in range(thumbnails)],
    }


@dataclass
class FakePost:
    """A post that is in ``steps[n]`` at the n-th listing; a step is a status and the statuses of its pictures."""

    key: str
    steps: list[tuple[str, list[dict[str, Any]]]]
    reason: str = ""
    title: str = ""

    def view(self, round_: int) -> dict[str, Any] | None:
        status, pictures = self.steps[min(round_, len(self.steps) - 1)]
        if not status:
            return None
        return {
            "id": post_id(self.key),
            "key": self.key,
            "status": status,
            "title": self.title,
            "characters": 42 if status == "ready" else 0,
            "pictures": len(pictures) if status == "ready" else 0,
            "reason": self.reason,
            "detail": self.reason and f"because of {self.reason}",
        }

    def pictures(self, round_: int) -> list[dict[str, Any]]:
        return self.steps[min(round_, len(self.steps) - 1)][1]


@dataclass
class FakeApi:
    posts: list[FakePost]
    page: int = 100
    round: int = -1
    asked: list[str] = field(default_factory=list)
    failing: dict[int, Exception | int] = field(default_factory=dict)

    def next_round(self) -> None:
        self.round += 1

    def client(self) -> httpx.Client:
        return httpx.Client(base_url="http://127.0.0.1:9", transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        fault = self.failing.get(self.round)
        if isinstance(fault, Exception):
            raise fault
        if fault is not None:
            return httpx.Response(fault)
        path = request.url.path
        if path == "/posts":
            return self._list(dict(request.url.params))
        return self._fixed(path) or self._post(path)

    def _fixed(self, path: str) -> httpx.Response | None:
        if path == "/healthz":
            return httpx.Response(200, json={"status": "ok"})
        if path.startswith("/thumbnails/"):
            return httpx.Response(200, content=b"RIFF", headers={"Content-Type": "image/webp"})
        if path.endswith("/text"):
            return httpx.Response(200, text="一杯茶。\n\x1b[2J第二行")
        return None

    def _post(self, path: str) -> httpx.Response:
        found = next(post for post in self.posts if post_id(post.key) == path.rpartition("/")[2])
        view = found.view(self.round)
        if view is None:
            return httpx.Response(404, json={})
        return httpx.Response(200, json={**view, "picture_items": found.pictures(self.round)})

    def _list(self, query: dict[str, str]) -> httpx.Response:
        views = [view for post in self.posts if (view := post.view(self.round))]
        views = [view for view in views if (view["status"] == "rejected") == (query.get("status") == "rejected")]
        start = int(query.get("cursor", "0"))
        size = min(self.page, int(query["limit"]) if "limit" in query else 20)
        more = str(start + size) if start + size < len(views) else None
        return httpx.Response(200, content=json.dumps({"posts": views[start : start + size], "next": more}).encode())
