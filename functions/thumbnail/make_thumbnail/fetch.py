"""Fetching a picture from a stranger's server: bounded in time, in bytes and in where it may lead.

httpcore is used directly rather than through a client on top of it: it has no cookies, no proxies from the environment, no
redirects and no decoding of its own to be switched off, and it takes the guarded network backend as a public parameter.
"""

import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpcore

from make_thumbnail.answer import Fetched, media_type, retry_after
from make_thumbnail.guard import Deadline, PinnedBackend, Resolver, public_only, resolve
from make_thumbnail.referers import referers
from make_thumbnail.target import PORTS, Target
from make_thumbnail.trust import trusting
from postkeep.errors import PictureRefused, PictureSkipped, PictureUnavailable

USER_AGENT = "Postkeep/0.1 (+archive of posts; fetches each picture once)"
"""Who asks and why, for those who read their logs."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRY_AGAIN = frozenset({408, 425, 429})
_REFUSALS = {401: "forbidden", 403: "forbidden", 404: "not-found", 410: "gone", 451: "forbidden"}
_OTHER_REFERER = frozenset({401, 403, 406})
"""What hosts are seen to say to those who come from the wrong place; 404 and 410 among them would double most requests."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one fetch may cost.

    Attributes:
        content: bytes of the picture, both as sent and as decoded; held in memory, beside what decoding needs.
        answer: bytes of one whole answer: the head, the framing of chunks and what follows the last one besides the picture.
        redirects: how many are followed.
        resolve: seconds for one name: two tries of five, as most resolvers make them.
        connect: seconds for connecting to one host, by whichever of its addresses, and again for the TLS handshake.
        read: seconds of silence.
        total: seconds for everything, redirects and second tries without a Referer included.
    """

    content: int = 20 * 1024 * 1024
    answer: int = 25 * 1024 * 1024
    redirects: int = 5
    resolve: float = 10.0
    connect: float = 8.0
    read: float = 10.0
    total: float = 20.0


_OTHER_HOSTS = "*"


class Fetcher:
    """Fetches pictures.

    Args:
        picture_hosts: hosts that are served by another origin, such as ``{"pictures.example": "http://127.0.0.1:8000"}``.
            They alone are exempt from the rule that addresses must be public, and only under these names: a redirect to the
            origin itself is refused like any other. With the entry ``"*": ""``, no other host is asked.
        limits: see :class:`Limits`.
        resolver: see :func:`make_thumbnail.guard.resolve`.
        dialler: makes the connections.
        ssl_context: verifies the servers; see :func:`make_thumbnail.trust.trusting`, which is taken where none is given.
        clock: monotonic seconds.
        now: the time of day, aware.
    """

    def __init__(
        self,
        picture_hosts: Mapping[str, str] | None = None,
        *,
        limits: Limits | None = None,
        resolver: Resolver = resolve,
        dialler: httpcore.NetworkBackend | None = None,
        ssl_context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        hosts = dict(picture_hosts or {})
        self._others = hosts.pop(_OTHER_HOSTS, None) is None
        self._origins = {_name(host): _origin(origin) for host, origin in hosts.items()}
        self._limits = limits or Limits()
        self._resolver = resolver
        self._dialler = dialler or httpcore.SyncBackend()
        self._ssl_context = ssl_context or trusting()
        self._clock = clock
        self._now = now

    def fetch(self, address: str, referer: str = "") -> Fetched:
        """Fetch a picture.

        Args:
            address: its address, as an article has it.
            referer: the address of the article, for hosts that serve no one else (see :mod:`make_thumbnail.referers`); "" for
                none.

        Returns:
            the bytes, whatever they are, and where they came from.

        Raises:
            PictureRefused: if the address is bad or not public, the answer says never, or there are too many bytes.
            PictureUnavailable: if the host cannot be reached, is slow, busy or down; carries the wait that it asked for.
            PictureSkipped: if other hosts than the given ones are not asked.
        """
        deadline = Deadline(self._clock() + self._limits.total, self._clock)
        target = Target.parse(address)
        for _ in range(self._limits.redirects + 1):
            answer = self._answer(target, referer, deadline)
            if isinstance(answer, Fetched):
                return answer
            target = answer
        raise PictureRefused("too-many-redirects", f"more than {self._limits.redirects}")

    def _answer(self, target: Target, article: str, deadline: Deadline) -> Fetched | Target:
        """Ask, with one Referer after the other until one is welcome."""
        *others, last = referers(target, article)
        for referer in others:
            try:
                return self._ask(target, referer, deadline)
            except _Unwelcome:
                continue
        return self._ask(target, last, deadline)

    def _ask(self, target: Target, referer: str, deadline: Deadline) -> Fetched | Target:
        try:
            return self._get(target, referer, deadline)
        except httpcore.TimeoutException as error:
            raise PictureUnavailable("timeout", f"{target.host} did not answer in time: {error}") from error
        except httpcore.NetworkError as error:
            raise PictureUnavailable("connection-error", f"{target.host}: {error}") from error
        except httpcore.ProtocolError as error:
            raise PictureUnavailable("protocol-error", f"{target.host}: {error}") from error

    def _get(self, target: Target, referer: str, deadline: Deadline) -> Fetched | Target:
        """Make one request: the picture, or where it is said to be."""
        limits = self._limits
        if target.host in self._origins:
            scheme, host, port = self._origins[target.host]
            resolver: Resolver = _as_it_is
        elif not self._others:
            raise PictureSkipped(target.host)
        else:
            scheme, host, port = target.scheme, target.host, target.port
            resolver = public_only(self._resolver)
        url = httpcore.URL(scheme=scheme.encode(), host=host.encode(), port=port, target=target.path.encode())
        # A pool for each request: nothing that was connected, and so checked, for one address serves another.
        backend = PinnedBackend(resolver, deadline, self._dialler, limits.resolve, limits.answer)
        timeouts = {"connect": limits.connect, "read": limits.read, "write": limits.read}
        with (
            httpcore.ConnectionPool(self._ssl_context, network_backend=backend) as pool,
            pool.stream("GET", url, headers=_headers(target, referer), extensions={"timeout": timeouts}) as response,
        ):
            fields = {name.lower(): value for name, value in reversed(response.headers)}
            if response.status in _REDIRECTS and (location := fields.get(b"location")):
                return target.redirected(location)
            _judge(response.status, retry_after(fields.get(b"retry-after", b""), self._now()))
            encodings = [value for name, value in response.headers if name.lower() == b"content-encoding"]
            content = _content(response.iter_stream(), fields.get(b"content-length", b""), encodings, limits.content)
            return Fetched(content, media_type(fields.get(b"content-type", b"")), str(target))


def _as_it_is(host: str, _port: int) -> Sequence[str]:
    return [host]


def _name(host: str) -> str:
    """A host as :class:`Target` has it, so that it is found however an address writes it."""
    try:
        target = Target.parse(f"http://{host}/")
    except PictureRefused as error:
        raise ValueError(f"not a host: {host!r}") from error
    if target.path != "/":
        raise ValueError(f"not a host: {host!r}")
    return target.host


def _origin(origin: str) -> tuple[str, str, int]:
    parts = urlsplit(origin)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError(f"not an origin: {origin!r}")
    return parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme]


def _headers(target: Target, referer: str) -> list[tuple[str, str]]:
    fields = [
        ("Host", target.authority),
        ("User-Agent", USER_AGENT),
        ("Accept", "image/*, */*;q=0.5"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]
    return [*fields, ("Referer", referer)] if referer else fields


class _Unwelcome(PictureRefused):
    """The host may serve those who come from elsewhere."""


def _judge(status: int, wait: timedelta | None) -> None:
    if status == 200:  # noqa: PLR2004 - a status code is its own name
        return
    detail = f"status {status}"
    if status in _TRY_AGAIN or 500 <= status <= 599:  # noqa: PLR2004 - the class of server errors
        raise PictureUnavailable("rate-limited" if status == 429 else "server-error", detail, wait)  # noqa: PLR2004 - likewise
    if 400 <= status <= 499:  # noqa: PLR2004 - the class of client errors
        raise (_Unwelcome if status in _OTHER_REFERER else PictureRefused)(_REFUSALS.get(status, "client-error"), detail)
    raise PictureRefused("unexpected-status", detail)


def _content(chunks: Iterator[bytes], length: bytes, encodings: Sequence[bytes], limit: int) -> bytes:
    if length.isdigit() and int(length) > limit:
        raise PictureRefused("too-large", f"{int(length):,} bytes; the limit is {limit:,}")
    coding = b",".join(encodings).strip().lower()
    if coding not in {b"", b"identity", b"gzip", b"x-gzip"}:
        raise PictureRefused("unsupported-encoding", f"{coding[:40].decode('latin-1')!r}, where identity was asked for")
    chunks = _counted(chunks, limit)
    if coding.endswith(b"gzip"):  # what careless servers send unasked
        chunks = _counted(_unzipped(chunks, limit), limit)
    content = bytearray()  # not a join, which would keep an object for each of millions of chunks of two bytes
    for chunk in chunks:
        content += chunk
    return bytes(content)


def _counted(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    count = 0
    for chunk in chunks:
        count += len(chunk)
        if count > limit:
            raise PictureRefused("too-large", f"more than {limit:,} bytes")
        yield chunk


def _unzipped(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Undo gzip; what follows its end is left, as browsers do: zlib would gather it, and copy it all for each chunk."""
    inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    for chunk in chunks:
        try:
            # One byte more than the limit is enough to be refused for; a bomb unfolds no further.
            yield inflater.decompress(chunk, limit + 1)
        except zlib.error as error:
            raise PictureRefused("corrupt", f"not gzip, as was stated: {error}") from error
        if inflater.eof:
            return
    raise PictureUnavailable("incomplete", "the gzip stream ends early")
