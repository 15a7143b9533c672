"""Questions to the API, and which of its failures were to be expected."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Lock

import httpx

_EXPECTED = {HTTPStatus.OK, HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.NOT_MODIFIED, HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
"""A post may be deleted between two questions, or be no post yet."""

_PENDING = "urn:postkeep:problem:text-pending"
"""Of the answer 503 that says no more than that a text is not made yet."""


@dataclass
class Asking:
    """Asks the API, and tells which of its failures were injected.

    A failure is excused if meanwhile a worker that answers questions was killed, or AWS was away altogether.

    Attributes:
        api: with the API's address as its base.
        excused: whether, from one monotonic second to another, something happened that a question may fail of.
        told: is told what does not hold, as it is found.
    """

    api: httpx.Client
    excused: Callable[[float, float], bool]
    told: Callable[[str], None] = lambda _: None
    asked: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def get(
        self, path: str, kind: str, asked: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response | None:
        """Ask; None where it failed, which is counted, and noted as wrong where it is not excused."""
        begun = time.monotonic()
        try:
            answer = self.api.get(path, params=dict(asked or {}), headers=headers)
        except httpx.HTTPError as error:
            answer, said = None, repr(error)
        ended = time.monotonic()
        with self._lock:
            self.asked[kind] += 1
            self.seconds.append(ended - begun)
        if answer is not None and (answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR or _PENDING in answer.text):
            if answer.status_code not in _EXPECTED and _PENDING not in answer.text:
                self.note(f"{path} {asked}: {answer.status_code} {answer.text:.200}")
            return answer
        if answer is not None:
            said = f"{answer.status_code} {answer.text:.200}"
        with self._lock:
            self.failed[kind] += 1
        if not self.excused(begun, ended):
            self.note(f"{path} {asked}: {said}, although nothing was in the way")
        return None

    def note(self, said: str) -> None:
        """Take down that an answer does not hold."""
        with self._lock:
            self.wrong.append(said)
        self.told(f"an answer does not hold: {said}")
