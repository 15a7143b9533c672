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
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from ssl import SSLContext
from typing import Any

import httpcore

from postkeep.errors import PictureRefused, PictureUnavailable

type Resolver = Callable[[str, int], Sequence[str]]
"""From a host name and a port to the addresses, as text, in the order to try them."""

_MAX_TRIED = 3
"""Of many addresses, the first few are tried: each may take the whole connect timeout."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""IANA has allocated no other IPv6 block for global unicast: all else is mapped, translated, local, multicast or reserved."""

_SPECIAL = tuple(
    ip_network(block)
    for block in (
        "192.0.0.0/24",  # protocol assignments, of which `is_global` lets two addresses through
        "192.88.99.0/24",  # 6to4 relays
        "224.0.0.0/4",  # multicast, which is global by the letter
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID; `is_global` lets some through
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which carries any IPv4 address
        "3fff::/20",  # documentation, newer than the tables of some Python releases
    )
)
"""What ``is_global`` allows and we do not. Source: the IANA special-purpose address registries, as of 2026-11."""

_NO_SUCH_HOST = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


def is_public(address: str) -> bool:
    """Whether an IP address is a public unicast address.

    Addresses that carry another one (IPv4-mapped, NAT64, 6to4, Teredo) are not: what they lead to depends on the network.

    Raises:
        ValueError: if it is no IP address.
    """
    ip = ip_address(address)
    if isinstance(ip, IPv6Address) and ip not in _GLOBAL_UNICAST:
        return False
    return ip.is_global and not any(ip in block for block in _SPECIAL if block.version == ip.version)


def resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver; its own timeouts bound the wait.

    Raises:
        PictureUnavailable: ``no-such-host`` or ``dns``. Even a name that is not known may come back, as domains that lapse and
            zones under repair do; the bound on attempts makes an end of those that do not.
    """
    try:
        # Bytes, since for text Python would apply its own, older, reading of international names once more.
        found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        reason = "no-such-host" if error.errno in _NO_SUCH_HOST else "dns"
        raise PictureUnavailable(reason, f"{host}: {error.strerror}") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def public_only(resolver: Resolver) -> Resolver:
    """Give a resolver that refuses every host with an address that is not public."""

    def public_addresses(host: str, port: int) -> Sequence[str]:
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
        deadline: for the connection and for everything that is read from it.
        dialler: makes the connection to an address.
    """

    def __init__(self, resolver: Resolver, deadline: Deadline, dialler: httpcore.NetworkBackend) -> None:
        self._resolver = resolver
        self._deadline = deadline
        self._dialler = dialler

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the host's addresses that answers.

        Raises:
            PictureRefused: if the resolver refuses the host.
            PictureUnavailable: if it cannot be resolved, or the deadline is past.
            httpcore.ConnectError: if no address can be reached.
            httpcore.ConnectTimeout: if the last one tried did not answer.
        """
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._resolver(host, port)[:_MAX_TRIED]:
            try:
                stream = self._dialler.connect_tcp(address, port, self._deadline.cap(timeout), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _DeadlineStream(stream, self._deadline)
        raise failure


class _DeadlineStream(httpcore.NetworkStream):
    """A stream whose every wait ends with the deadline: a timeout per read alone lets a server drip for hours."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.cap(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.cap(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, self._deadline.cap(timeout)), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
