"""A small archive in memory, and the API over it: what the examples of the API's document are taken from."""

import json
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from fakes.downloads import MemoryDownloads
from fakes.versions import MemoryVersions
from postkeep.counts import TOTALS_KEY, Totals, contribution
from postkeep.listing import name
from postkeep.post import Post
from postkeep.renditions import RenditionObject
from postkeep.settings import ReadAccess
from postkeep.web.access import Access
from postkeep.web.cursor import Cursors
from postkeep.web.delivery import Delivery
from postkeep.web.routing import JSON, Route, Router
from query_posts.changes import Following
from query_posts.routes import Reading, application
from query_posts.sizes import ListingSizes
from query_posts.text_routes import RANGE_HEADERS
from search_posts.documents import Document
from search_posts.engine import Index, Part, build
from search_posts.entries import entry_of
from search_posts.manifest import Manifest
from search_posts.routes import Sources, add_search
from search_posts.shelf import Opened
from support.archives import WholeArchive
from support.posts import EPOCH

FILES = {
    "tea/_posts/2021-06-29-boiling.md": """---
title: 煮茶
author: 陆羽
date: 2021-06-29 09:39:02 +0800
tags: [茶, 水]
categories: [茶经]
from: https://tea.example.org/2021/06/29/boiling
---
<p>其水，用山水上，江水中，井水下。</p>
<p><img src="https://tea.example.org/spring.jpg" alt="山泉" width="1280" height="720"></p>
<p>其沸，如鱼目，微有声，为一沸。</p>
""",
    "tea/_posts/2021-06-30-drinking.md": """---
title: 饮茶
author: 陆羽
date: 2021-06-30
tags: [茶]
from: https://tea.example.org/2021/06/30/drinking
---
<p>茶之为饮，发乎神农氏，闻于鲁周公。</p>
""",
    "notes/2021-07-01-rain.md": """---
title: A walk in the rain
author: A. Reader
date: 2021-07-01T08:00:00Z
tags: [rain]
---
It rained from *six* until nine, and the hills were gone.
""",
}

CURSOR_KEY = "a key for examples"


class Sample:
    """The archive and its API.

    Attributes:
        whole: the archive.
        routes: the API's, but for search.
        searches: the API's routes of search.
        versions: of the files; those of a post are apart from the posts bucket's.
    """

    def __init__(self) -> None:
        self.whole = WholeArchive()
        self.whole.fill({key: body.encode() for key, body in FILES.items()})
        self.versions = MemoryVersions()
        for key, body in FILES.items():
            self.versions.put(key, body.replace("煮茶", "煮水").encode())
            self.versions.put(key, body.encode())
        self._count()
        table, archive = self.whole.table, self.whole.archive
        reading = Reading(
            listings=table,
            archive=archive,
            versions=self.versions,
            following=Following(table, timedelta(minutes=3), timedelta(days=90), lambda: EPOCH + timedelta(days=1)),
            downloads=MemoryDownloads(self.whole.posts),
            cursors=Cursors(CURSOR_KEY, lambda: EPOCH),
            sizes=ListingSizes(archive, lambda: EPOCH),
        )
        index = self._index()
        found = Sources(lambda _first, _last: Opened(index, Manifest(), ()), Cursors(CURSOR_KEY, lambda: EPOCH))
        self.routes: Router = application(lambda: reading)
        self.searches = Router([lambda router: add_search(router, lambda: found)])

    def ask(self, path: str, query: str = "") -> dict[str, Any]:
        """Ask the API; its answer as API Gateway takes it."""
        router = self.searches if self.searches.find(path) else self.routes
        return Delivery(router, Access(ReadAccess.PUBLIC), "", RANGE_HEADERS)(
            {
                "rawPath": path,
                "rawQueryString": query,
                "headers": {"x-forwarded-proto": "https"},
                "requestContext": {"http": {"method": "GET"}, "domainName": "archive.example.org"},
            }
        )

    def all_routes(self) -> list[Route]:
        """Those of both functions."""
        return [*self.routes.routes, *self.searches.routes]

    def examples(self) -> dict[str, Any]:
        """What it answers to each route's example: by path, the media type and the body."""
        return {route.path: self._example(route) for route in self.all_routes() if route.gives and _has_example(route)}

    def _example(self, route: Route) -> dict[str, Any]:
        answer = self.ask(*example_address(route))
        if answer["statusCode"] != route.status:
            raise ValueError(f"{route.path}: {answer}")
        media = answer["headers"]["Content-Type"].partition(";")[0]
        return {"type": media, "body": json.loads(answer["body"]) if media == JSON else answer["body"]}

    def _posts(self) -> list[Post]:
        rows = self.whole.table.rows(name("all"), after=None, low=None, high=None, limit=100)
        return list(self.whole.table.posts([row.post_id for row in rows]).values())

    def _index(self) -> Index:
        # What is open stays readable.
        with TemporaryDirectory(prefix="postkeep-sample-") as folder:
            segment, at = Path(folder) / "segment", Path(folder) / "index"
            build(map(self._entry, self._posts()), segment)
            return Index.assemble([Part(folder=segment, dead=())], at)

    def _entry(self, post: Post) -> Document:
        assert post.rendition
        return entry_of(post, RenditionObject.decode(self.whole.archive.get(post.rendition.key, limit=2**20).body).text)

    def _count(self) -> None:
        totals = Totals(as_of="2021-07-02T00:00:00.000Z")
        for post in self._posts():
            totals.add(contribution(post))
        self.whole.archive.put(TOTALS_KEY, totals.encode(), content_type=JSON)


def _has_example(route: Route) -> bool:
    # The document would have to hold itself.
    if route.path in {"/openapi.json", "/docs"}:
        return False
    return bool(route.example) or not any(parameter.place == "path" for parameter in route.parameters)


def example_address(route: Route) -> tuple[str, str]:
    """The path and the query of a route's example."""
    values = dict(route.example)
    path = route.path
    for parameter in route.parameters:
        if parameter.place == "path":
            path = path.replace(f"{{{parameter.name}}}", values.pop(parameter.name))
    return path, urlencode(values)
