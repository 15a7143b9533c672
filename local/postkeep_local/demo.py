"""The demonstration: a stack of its own, the example posts dropped into it, and what becomes of them."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import httpx
from rich.console import Console, RenderableType
from rich.rule import Rule
from rich.text import Text

from postkeep.post import Status
from postkeep_local import report
from postkeep_local.meter import meter
from postkeep_local.pictures_server import serve
from postkeep_local.report import Call
from postkeep_local.stack import control
from postkeep_local.upload import Upload, s3_client
from postkeep_local.watch import PostState, Standing, Watch

PICTURE_HOST = "pictures.postkeep.example"
"""The host that the example posts' pictures are said to be on."""

NO_OTHER_HOST = {"*": ""}
"""The mapping by which the thumbnail function fetches from no host that is not mapped by name."""

PATIENCE = 90.0
"""Seconds without any change after which posts are given up: more than a function's timeout and its first retry."""

_FEW = 8
"""Posts of a large folder that are shown one by one."""

_MANY = 40
"""A folder with no more posts than this is shown in full."""


@dataclass(frozen=True, slots=True)
class Drop:
    """A folder of posts for the demonstration.

    Attributes:
        name: its heading.
        folder: where the posts are.
        prefix: of their keys in the bucket.
        in_full: show every post.
    """

    name: str
    folder: Path
    prefix: str
    in_full: bool = False


@dataclass(slots=True)
class Demonstration:
    """A run of the demonstration.

    Attributes:
        root: the repository.
        build: what ``sam build`` made.
        drops: the folders of posts, the examples first.
        fetch_pictures: fetch pictures from hosts other than the examples' own.
        workers: worker processes a function.
        console: where all goes.
        patience: seconds without any change after which posts are given up.
    """

    root: Path
    build: Path
    drops: Sequence[Drop]
    fetch_pictures: bool
    workers: int
    console: Console
    patience: float = PATIENCE
    _failed: list[tuple[str, str]] = field(default_factory=list)

    def run(self) -> bool:
        """Run it, and stop the stack at the end however it ends.

        Returns:
            Whether every file became a post in its final state. Where one did not, the state folder is kept, with its logs.

        Raises:
            StackFailed: if the stack does not come up.
        """
        parent = self.root / ".postkeep" / "demo"
        parent.mkdir(parents=True, exist_ok=True)
        state = Path(tempfile.mkdtemp(dir=parent))
        good = False
        try:
            with serve(self.root / "examples" / "pictures") as pictures:
                good = self._with_stack(state, {PICTURE_HOST: pictures, **({} if self.fetch_pictures else NO_OTHER_HOST)})
        finally:
            control.down(state, self._say)
            if good:
                shutil.rmtree(state)
            else:
                self._say(f"The stack's logs are kept in {state}")
        return good

    def _with_stack(self, state: Path, picture_hosts: dict[str, str]) -> bool:
        self._say("Bringing up a stack of its own")
        outputs = control.up(
            self.root,
            state=state,
            build=self.build,
            parameters={"FetchPictures": "true"},
            picture_hosts=picture_hosts,
            workers=self.workers,
            api_port=0,
            endpoint_port=0,
            echo=self._say,
        )
        client = s3_client(outputs.endpoint_url, outputs.region, local=True)
        keys = [self._upload(Upload(client, outputs.posts_bucket, drop.prefix), drop) for drop in self.drops]
        with httpx.Client(base_url=outputs.api_url, timeout=30, trust_env=False) as api:
            states = self._wait(api, [key for some in keys for key in some])
            self._report(states, keys)
            self._ask(api, states)
        return not self._failed and all(post.final for post in states)

    def _upload(self, upload: Upload, drop: Drop) -> list[str]:
        with meter(self.console, f"Dropping {drop.name}") as shown:
            summary = upload(drop.folder, started=shown.start, done=lambda _key, _outcome: shown.advance())
        self._failed.extend(summary.failed)
        return sorted(summary.uploaded)

    def _wait(self, api: httpx.Client, keys: list[str]) -> list[PostState]:
        with meter(self.console, "Posts in their final state") as shown:
            shown.start(len(keys))

            def progress(now: Standing) -> None:
                shown.set(now.final, f"({now.known} known, {now.texts} with text, {now.pictures} pictures tried)")

            return Watch(api, self.patience)(keys, progress)

    def _report(self, states: list[PostState], keys: list[list[str]]) -> None:
        by_key = {state.key: state for state in states}
        for drop, theirs in zip(self.drops, keys, strict=True):
            some = [by_key[key] for key in theirs]
            in_full = drop.in_full or len(some) <= _MANY
            # What is not done comes first: it must not hide among hundreds.
            some.sort(key=lambda post: post.final)
            self._show(report.posts_table(drop.name, some, shown=None if in_full else _FEW))
            if not in_full:
                self._show(report.counts(some))
        self._show(report.rejected_table(states, shown=_MANY))
        self._show(report.pictures_table(states))
        for name, reason in self._failed:
            self._show(Text(f"Not uploaded: {name}: {reason}", style="bold red"))
        self._show(report.counts(states))

    def _ask(self, api: httpx.Client, states: list[PostState]) -> None:
        """Show the API: the questions that somebody new to it would ask."""
        self._show(Rule("Questions to the API", align="left"))
        for path in ("/healthz", _query(limit="2"), _query(tag="觀鳥"), _query(author="河边杂志", **{"from": "2021-01-01"})):
            self._call(api, path)
        self._call(api, _query(status=Status.REJECTED.value, limit="1"))
        best = max(
            (s for s in states if s.status == Status.READY), key=lambda s: (s.thumbnails > 0, -states.index(s)), default=None
        )
        if best is None:
            return
        self._call(api, f"/posts/{best.id}")
        self._call(api, f"/posts/{best.id}/text?format=markdown")
        for thumbnail in [t for picture in best.pictures for t in picture["thumbnails"]][:1]:
            self._call(api, str(thumbnail["url"]))
        text = api.get(f"/posts/{best.id}/text", params={"format": "plain"})
        self._show(Rule("A post's cleaned text", align="left"))
        self._show(report.sample(best.title, text.text))

    def _call(self, api: httpx.Client, path: str) -> None:
        found = api.get(path)
        self._show(report.answer(Call(unquote(path), found.status_code, found.headers.get("content-type", ""), found.content)))

    def _show(self, what: RenderableType) -> None:
        self.console.print(what)

    def _say(self, line: str) -> None:
        self.console.print(Text(line))


def _query(**parameters: Any) -> str:
    return "/posts?" + urlencode(parameters)
