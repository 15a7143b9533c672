"""Postkeep's HTTP API as its readers ask it: bounded answers, patience with a busy API, and problems as errors.

::

    PostkeepError
    ├── ApiUnusable     it cannot be reached, or what answers there is no API of Postkeep
    └── ApiProblem      it answers that it will not, or cannot, with the word and the sentence that it gives
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from itertools import count
from typing import Any, Self

import httpx

from postkeep.errors import PostkeepError
from postkeep_local.folder import printable

type Listed = Mapping[str, Any]
"""A post as the API shows it."""

PAGE = 100
"""Posts a page: the API's limit."""

SECONDS = 30.0
"""How long an HTTP API may take: API Gateway waits as long for its function."""

MOST_BYTES = 6 * 1024 * 1024
"""A Lambda function answers no more."""

_MOST_FILE = 64 * 1024 * 1024
"""Bytes of a post's file: three times what the template allows."""

_TRIES = 4
_LONGEST = 20.0
"""Seconds that are waited before a question is asked again; an API that wants a longer pause is not waited for."""

_FIRST = 0.5
"""Seconds before the second try where the API names no time; each further pause is twice as long."""

_BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_WRONGLY_ASKED = frozenset({"", "route-unknown", "cursor-expired"})
"""Problems of that status that are none of a post's: "" is what other servers than Postkeep's answer."""

_PROBLEM = "urn:postkeep:problem:"
_SHOWN = 500
"""Characters of what an API says that get into a message."""

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""RFC 6750, 2.1: what a bearer token is made of."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ApiUnusable(PostkeepError):
    """The API cannot be reached, or is none of Postkeep's; the text says so, for the person at the terminal."""


class ApiProblem(PostkeepError):
    """An answer other than the one that was asked for (RFC 9457).

    Attributes:
        status: the HTTP status.
        kind: the API's word for it, such as ``post-unknown``; "" where it gave none.
        detail: its sentence, as it came.
    """

    def __init__(self, status: int, kind: str, detail: str) -> None:
        self.status = status
        self.kind = kind
        self.detail = detail
        said = printable(detail[:_SHOWN]).strip() or "The API gives no reason"
        word = f"{printable(kind[:_SHOWN])}, " if kind else ""
        super().__init__(f"{said[0].upper()}{said[1:].rstrip('.')}. ({word}HTTP {status})")

    @property
    def absent(self) -> bool:
        """Whether what was asked for is not there, or not there any more: rather than that it was asked for in a wrong way."""
        return self.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE} and self.kind not in _WRONGLY_ASKED


@dataclass(frozen=True, slots=True)
class Page:
    """A page of posts.

    Attributes:
        posts: in the API's order.
        more: whether another page may follow.
        searched_until: the instant that the search has come to; "" where the API does not say it.
    """

    posts: list[Listed]
    more: bool
    searched_until: str = ""


class Api:
    """An API of Postkeep. A context manager; it may be asked from several threads."""

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        tries: int = _TRIES,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Get ready to ask; nothing is asked yet.

        Args:
            url: its address, with a path where it has one.
            token: sent as ``Authorization: Bearer``; "" for none.
            tries: how often a busy API is asked, at most.
            transport: for tests; None for the network.
            sleep: takes seconds.

        Raises:
            ApiUnusable: if the address is none, or the token must not go there or cannot.
        """
        base = _address(url)
        if token and not _TOKEN.fullmatch(token):
            raise ApiUnusable("The token is none: it may hold letters, digits and - . _ ~ + / only, and = at its end.")
        if token and base.scheme != "https" and base.host not in _LOOPBACK:
            # RFC 6750, 5.3: whoever reads it on its way may use it.
            raise ApiUnusable(f"A token is not sent to {printable(url)}: that is no https address.")
        self.url = str(base).rstrip("/")
        self._tries = tries
        self._sleep = sleep
        self._transport = transport
        self._client = self._reader(base, token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, parameters: Mapping[str, str] | None = None, *, accept: str = "*/*") -> bytes:
        """The body of an answer.

        An API that is busy (429, 503) is asked again, after as long as its Retry-After says.

        Args:
            path: below the API's address, with its leading slash.
            parameters: of the query string.
            accept: media types.

        Raises:
            ApiProblem: if it is not answered with 200.
            ApiUnusable: if there is no answer, or one of more than 6 MiB.
        """
        return self._settled(*self._ask(self._client, path, parameters, accept))

    def file(self, path: str) -> bytes:
        """What lies where an answer leads, or the answer's own body; the token does not go there.

        Raises:
            ApiProblem, ApiUnusable: as :meth:`get`; the latter if there are more than 64 MiB.
        """
        answer, body = self._ask(self._client, path)
        if not answer.has_redirect_location:
            return self._settled(answer, body)
        where = answer.headers["Location"]  # a URL: httpx has looked
        with self._reader(where) as elsewhere:
            return self._settled(*self._ask(elsewhere, where, most=_MOST_FILE))

    def _reader(self, url: str | httpx.URL, token: str = "") -> httpx.Client:
        return httpx.Client(
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=SECONDS,
            transport=self._transport,
            trust_env=httpx.URL(url).host not in _LOOPBACK,  # the user's HTTP_PROXY has no say on this machine
        )

    def _ask(
        self,
        client: httpx.Client,
        where: str,
        parameters: Mapping[str, str] | None = None,
        accept: str = "*/*",
        *,
        most: int = MOST_BYTES,
    ) -> tuple[httpx.Response, bytes]:
        """Ask until the answer is not to come back later."""
        if client is self._client:
            # An absolute address would go elsewhere, and take the token along.
            where = f"{self.url}/{where.lstrip('/')}"
        try:
            for attempt in count(1):  # pragma: no branch (it has no end of its own)
                with client.stream(
                    "GET", where, params=dict(parameters) if parameters else None, headers={"Accept": accept}
                ) as answer:
                    pause = _pause(answer, attempt) if attempt < self._tries else None
                    if pause is None:
                        body = self._bounded(answer, most)
                        break
                self._sleep(pause)
        except UnicodeEncodeError:
            raise ApiUnusable("What is asked for is no UTF-8, which addresses must be.") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = printable(str(error)[:_SHOWN]) or type(error).__name__
            raise ApiUnusable(f"The API at {printable(self.url)} cannot be reached: {said}") from error
        return answer, body

    def _settled(self, answer: httpx.Response, body: bytes) -> bytes:
        if answer.status_code != HTTPStatus.OK:
            raise _problem(answer, body)
        return body

    def value(self, path: str, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON object of an answer.

        Raises:
            ApiProblem, ApiUnusable: as :meth:`get`; the latter as well if it is no object.
        """
        found = _decoded(self.get(path, parameters, accept="application/json"))
        if not isinstance(found, dict):
            raise self._foreign(path)
        return found

    def text(self, post_id: str, form: str) -> str:
        """A post's text: as ``markdown``, ``plain`` or ``html``.

        Raises:
            ApiProblem, ApiUnusable: as :meth:`get`.
        """
        return self.get(f"/posts/{post_id}/text", {"format": form}).decode("utf-8", "replace")

    def pages(self, parameters: Mapping[str, str], most: int | None = None) -> Iterator[Page]:
        """Posts, page by page; pages may be short, and empty.

        Args:
            parameters: filters and order, as ``GET /posts`` takes them.
            most: how many posts in all; None for every one.

        Raises:
            ApiProblem, ApiUnusable: as :meth:`value`; the latter as well for cursors that lead in a circle.
        """
        cursor, left = "", most
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            page = self.value("/posts", {**parameters, "limit": str(size), **({"cursor": cursor} if cursor else {})})
            posts, following = self.listed(page), page.get("next")
            if left is not None:
                posts = posts[:left]
                left -= len(posts)
            more = isinstance(following, str) and following != ""
            searched_until = page.get("searched_until")
            yield Page(posts, more, searched_until if isinstance(searched_until, str) else "")
            if not more:
                return
            if following == cursor:
                raise self._foreign("/posts")
            cursor = str(following)

    def listed(self, page: Mapping[str, Any], name: str = "posts") -> list[Listed]:
        """The list of objects that an answer has under a name.

        Raises:
            ApiUnusable: if it has none.
        """
        found = page.get(name)
        if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
            raise self._foreign(f"/{name}")
        return found

    def _bounded(self, answer: httpx.Response, most: int) -> bytes:
        body = bytearray()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > most:
                raise ApiUnusable(f"The API at {printable(self.url)} gives an answer of more than {most:,} bytes.")
        return bytes(body)

    def _foreign(self, path: str) -> ApiUnusable:
        return ApiUnusable(f"What answers at {printable(self.url)}{path} is no API of Postkeep, or one of another version.")


def _address(url: str) -> httpx.URL:
    try:
        base = httpx.URL(url)
    except httpx.InvalidURL:
        base = httpx.URL("")
    if base.scheme not in {"http", "https"} or not base.host or base.userinfo or base.query or base.fragment:
        raise ApiUnusable(f"{printable(url[:_SHOWN])} is no address of an API, such as https://archive.example.")
    return base


def _pause(answer: httpx.Response, attempt: int) -> float | None:
    """Seconds to wait before asking again; None where that makes no sense."""
    if answer.status_code not in _BUSY:
        return None
    said = answer.headers.get("Retry-After", "").strip()
    seconds = _FIRST * 2 ** (attempt - 1)
    if said.isascii() and said.isdigit():
        seconds = float(said[:6])
    elif said:
        try:
            moment = parsedate_to_datetime(said)
            seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
        except (ValueError, OverflowError):
            pass  # no date either: as if it named no time
    return max(0.0, seconds) if seconds <= _LONGEST else None


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _problem(answer: httpx.Response, body: bytes) -> ApiProblem:
    status = answer.status_code
    kind, detail = "", f"The API answers: {answer.reason_phrase or 'an error'}"
    match _decoded(body):
        case {"type": str(kind), "detail": str(detail)}:
            kind = kind.removeprefix(_PROBLEM)
        case {"message": str(message)}:  # API Gateway's own form
            detail = f"The API answers: {message}"
    if status in _REFUSED:
        detail = f"{detail.rstrip('.')}; its key is given by --token or POSTKEEP_TOKEN"
    elif answer.is_redirect:
        detail = f"The API is elsewhere: {answer.headers.get('Location', '')}"
    return ApiProblem(status, kind, detail)
