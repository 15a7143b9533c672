"""Waiting until posts are in their final state, as the API tells it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

import httpx

from postkeep.post import PictureStatus, PostId, Status, post_id

_PAGE = 100
"""Posts a page: the API's limit."""

_INTERVAL = 1.0
"""Seconds between two rounds of questions, at least; a round that took longer is followed by a pause as long as itself."""


@dataclass(frozen=True, slots=True)
class PostState:
    """What the API tells of a post.

    Attributes:
        key: the object's key.
        status: a :class:`postkeep.post.Status`; "" while the API does not know the post.
        title: as the API gives it.
        characters: of the text.
        expected: how many pictures the text has.
        pictures: the pictures' items as the API gives them, once asked for.
        reason: the word of a rejection.
        detail: the sentence of a rejection.
    """

    key: str
    status: str = ""
    title: str = ""
    characters: int = 0
    expected: int = 0
    pictures: tuple[Mapping[str, Any], ...] = ()
    reason: str = ""
    detail: str = ""

    @property
    def id(self) -> PostId:
        """The post's id."""
        return post_id(self.key)

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to the post by itself: rejected, or ready and no picture untried."""
        if self.status == Status.REJECTED:
            return True
        return (
            self.status == Status.READY and (not self.expected or bool(self.pictures)) and not self.count(PictureStatus.PENDING)
        )

    @property
    def thumbnails(self) -> int:
        """How many thumbnails were made."""
        return sum(len(picture["thumbnails"]) for picture in self.pictures)

    def count(self, *statuses: PictureStatus) -> int:
        """How many pictures are in one of these states."""
        return sum(picture["status"] in statuses for picture in self.pictures)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the posts are.

    Attributes:
        posts: how many are waited for.
        known: how many the API knows.
        texts: how many have their text, or were rejected.
        final: how many are in their final state.
        pictures: how many pictures were tried.
    """

    posts: int
    known: int
    texts: int
    final: int
    pictures: int


@dataclass(slots=True)
class Watch:
    """Posts that are waited for.

    Attributes:
        api: with the API's address as its base.
        patience: how long nothing may change before it is given up (s).
        clock: monotonic (s).
        sleep: takes seconds.
    """

    api: httpx.Client
    patience: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _states: dict[PostId, PostState] = field(default_factory=dict)

    def __call__(self, keys: Sequence[str], progress: Callable[[Standing], None]) -> list[PostState]:
        """Wait until every post is in its final state, or until nothing changes any more.

        Args:
            keys: of the post objects.
            progress: told after every round of questions.

        Returns:
            The states in the order of the keys, final or not.

        Raises:
            httpx.HTTPStatusError: if the API refuses a question.
        """
        self._states = {post_id(key): PostState(key) for key in keys}
        seen: object = None
        moved = self.clock()
        while True:
            began = self.clock()
            self._ask()
            now = self._standing()
            progress(now)
            if now.final == now.posts:
                break
            if seen != now:
                seen, moved = now, self.clock()
            elif self.clock() - moved > self.patience:
                break
            self.sleep(max(_INTERVAL, self.clock() - began))
        return list(self._states.values())

    def _standing(self) -> Standing:
        states = self._states.values()
        return Standing(
            posts=len(states),
            known=sum(bool(state.status) for state in states),
            texts=sum(state.status not in _TEXTLESS for state in states),
            final=sum(state.final for state in states),
            pictures=sum(len(state.pictures) - state.count(PictureStatus.PENDING) for state in states),
        )

    def _ask(self) -> None:
        """One round: the listings while some text is missing, then each post whose pictures are not settled."""
        try:
            if any(state.status in _TEXTLESS for state in self._states.values()):
                for found in self._listed():
                    if (state := self._states.get(found["id"])) is not None and not state.final:
                        self._states[state.id] = _updated(state, found)
            for state in list(self._states.values()):
                if state.status == Status.READY and not state.final:
                    self._states[state.id] = _updated(state, self._get(f"/posts/{state.id}", {}))
        except httpx.TransportError:
            # The stack is busy, or gone: patience decides.
            return
        except httpx.HTTPStatusError as error:
            if error.response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR and error.response.status_code not in _FOR_NOW:
                raise

    def _listed(self) -> Iterator[Mapping[str, Any]]:
        for parameters in ({}, {"status": Status.REJECTED.value}):
            cursor: str | None = None
            while True:
                page = self._get("/posts", {**parameters, "limit": str(_PAGE), **({"cursor": cursor} if cursor else {})})
                yield from page["posts"]
                cursor = page["next"]
                if not cursor:
                    break

    def _get(self, path: str, parameters: Mapping[str, str]) -> Mapping[str, Any]:
        answer = self.api.get(path, params=dict(parameters))
        answer.raise_for_status()
        found: Mapping[str, Any] = answer.json()
        return found


_FOR_NOW = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.TOO_MANY_REQUESTS})
"""A post may change between the listing and the question for it."""

_TEXTLESS = frozenset({"", Status.PENDING.value})


def _updated(state: PostState, found: Mapping[str, Any]) -> PostState:
    return replace(
        state,
        status=found["status"],
        title=found["title"],
        characters=found["characters"],
        expected=found["pictures"],
        pictures=tuple(found.get("picture_items", state.pictures)),
        reason=found["reason"],
        detail=found["detail"],
    )
