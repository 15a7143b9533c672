"""Connections to public addresses and to nothing else.

A picture's address comes from a stranger, and the function that follows it stands inside a network: beside it are the
runtime's own interface on loopback, the metadata and tracing services on link-local addresses, and whatever a private
network holds. Names are no defence, since anybody's DNS may point anywhere and change between two questions. So the
check sits where the connection is made: a name is resolved once, every address in the answer must be public, and the
connection goes to an address out of that very answer. TLS and the ``Host`` field keep the name.
"""

import socket
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import zip_longest
from ssl import SSLContext
from threading import Thread
from typing import Any

import httpcore

from make_thumbnail.addresses import is_public
from postkeep.errors import PictureRefused, PictureUnavailable

type Resolver = Callable[[str, int], Sequence[str]]
"""From a host name and a port to the addresses, as text, in the order to try them."""

_MAX_TRIED = 4
"""Of many addresses, the first few are tried, since they share the time: two of each family, where there are both."""

_LEAST_SHARE = 0.1
"""Seconds that an address is given to answer, even where the ones before it took their time to the full."""

_NO_SUCH_HOST = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


def resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver, which may take its time: see :class:`PinnedBackend`.

    Raises:
        PictureUnavailable: ``no-such-host`` or ``dns``. Even a name that is not known may come back, as domains that lapse and
            zones under repair do; the bound on attempts makes an end of those that do not.
    """
    try:
        # Bytes, since for text Python would apply its own, older, reading of international names once more. The dot keeps the
        # resolver from completing the name with the domains of the network that it stands in.
        found = socket.getaddrinfo(f"{host}.".encode("ascii"), port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        reason = "no-such-host" if error.errno in _NO_SUCH_HOST else "dns"
        raise PictureUnavailable(reason, f"{host}: {error.strerror}") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def public_only(resolver: Resolver) -> Resolver:
    """Give a resolver that refuses every host with an address that is not public; IP addresses stand for themselves."""

    def public_addresses(host: str, port: int) -> Sequence[str]:
        try:
            addresses: Sequence[str] = [str(ip_address(host))]
        except ValueError:
            addresses = resolver(host, port)
        for address in addresses:
            if not is_public(address):
                raise PictureRefused("address-not-public", f"{host} has the address {address}")
        return addresses

    return public_addresses


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of the time that one fetch may take, redirects and all.

    Attributes:
        at: the moment, by the clock, in seconds.
        clock: monotonic seconds.
    """

    at: float
    clock: Callable[[], float] = time.monotonic

    def cap(self, timeout: float | None) -> float:
        """The lesser of a timeout and the time left, in seconds.

        Raises:
            PictureUnavailable: ``timeout``, if no time is left.
        """
        left = self.at - self.clock()
        if left <= 0:
            raise PictureUnavailable("timeout", "the fetch took too long as a whole")
        return left if timeout is None else min(timeout, left)


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to what its resolver answers, asked once a connection, within a deadline.

    Args:
        resolver: which addresses a host stands for; see :func:`public_only`.
        deadline: for the resolver, the connection and everything that is read from it.
        dialler: makes the connection to an address.
        patience: seconds that the resolver may take.
        allowance: bytes that may be read from the connection.
    """

    def __init__(
        self, resolver: Resolver, deadline: Deadline, dialler: httpcore.NetworkBackend, patience: float, allowance: int
    ) -> None:
        self._resolver = resolver
        self._deadline = deadline
        self._dialler = dialler
        self._patience = patience
        self._allowance = allowance

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the host's addresses that answers.

        Args:
            host: the name.
            port: the port.
            timeout: seconds for all of the addresses; each may take its share of what is left.
            local_address: passed on.
            socket_options: passed on.

        Raises:
            PictureRefused: if the resolver refuses the host.
            PictureUnavailable: if it cannot be resolved, or the deadline is past.
            httpcore.ConnectTimeout: if none of the addresses that were tried answered; it says which they were.
            httpcore.ConnectError: if they could not be reached for other reasons too, or there are none.
        """
        addresses = _alternating(self._resolved(host, port))[:_MAX_TRIED]
        ends = None if timeout is None else self._deadline.clock() + timeout
        failures = []
        for position, address in enumerate(addresses):
            share = None if ends is None else max((ends - self._deadline.clock()) / (len(addresses) - position), _LEAST_SHARE)
            try:
                stream = self._dialler.connect_tcp(address, port, self._deadline.cap(share), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failures.append((address, error))
            else:
                return _GuardedStream(stream, self._deadline, self._allowance)
        silent = failures and all(isinstance(error, httpcore.ConnectTimeout) for _, error in failures)
        told = "; ".join(f"{address}: {error}" for address, error in failures) or "the name has no address"
        raise (httpcore.ConnectTimeout if silent else httpcore.ConnectError)(told)

    def _resolved(self, host: str, port: int) -> Sequence[str]:
        """Ask the resolver, on a thread of its own: the system's cannot be told how long to wait, nor be stopped.

        A thread that is left behind ends when the resolver gives up, and keeps nothing from ending before.
        """
        answer: Future[Sequence[str]] = Future()

        def ask() -> None:
            try:
                answer.set_result(self._resolver(host, port))
            except BaseException as error:  # noqa: BLE001 - raised again where the answer is waited for
                answer.set_exception(error)

        patience = self._deadline.cap(self._patience)
        Thread(target=ask, name="resolver", daemon=True).start()
        if not wait([answer], patience).done:
            raise PictureUnavailable("dns", f"{host}: no answer from the resolver in {patience:.1f} s")
        return answer.result()


def _alternating(addresses: Sequence[str]) -> list[str]:
    """The addresses in their order, but IPv6 and IPv4 in turn (RFC 8305, section 4), so that a short list has both."""
    first: list[str] = []
    other: list[str] = []
    for address in addresses:
        (first if (":" in address) is (":" in addresses[0]) else other).append(address)
    return [address for pair in zip_longest(first, other) for address in pair if address is not None]


class _GuardedStream(httpcore.NetworkStream):
    """A stream whose every wait ends with the deadline, and that gives no more bytes than are allowed.

    A timeout per read alone lets a server drip for hours. A limit on the content alone lets it send heads, chunk extensions and
    trailers for as long as there is time.
    """

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline, allowance: int) -> None:
        self._stream = stream
        self._deadline = deadline
        self._allowance = allowance

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._stream.read(max_bytes, self._deadline.cap(timeout))
        self._allowance -= len(data)
        if self._allowance < 0:
            raise PictureRefused("too-large", "the answer, with all that is not picture")
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.cap(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secure = self._stream.start_tls(ssl_context, server_hostname, self._deadline.cap(timeout))
        return _GuardedStream(secure, self._deadline, self._allowance)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
