"""Understanding the address of a picture: once, so that what is checked is what is asked for."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Self
from urllib.parse import quote, urljoin, urlsplit

import idna

from postkeep.errors import PictureRefused

PORTS = {"http": 80, "https": 443}
"""The schemes that are followed, and their ports, which are the only ones: what listens elsewhere is rarely a picture's host."""

# RFC 1123 host names, with the underscore that is out there; lengths from RFC 1035.
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_][a-z0-9_-]{0,62}(\.[a-z0-9_][a-z0-9_-]{0,62})*")

_UNQUOTED = "/%:@!$&'()*+,;=~-._?|[]"
"""What stays as it is in a path or query: RFC 3986's characters, escapes already made, and what servers are seen to expect."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was understood.

    Attributes:
        scheme: ``http`` or ``https``.
        host: in lower case and ASCII, without a trailing dot; an IPv6 address without its brackets.
        port: 80 or 443.
        path: path and query, percent-encoded, as they go into the request.
    """

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, address: str) -> Self:
        """Understand an address.

        Raises:
            PictureRefused: ``bad-address``, ``unsupported-scheme`` or ``unsupported-port``.
        """
        try:
            parts = urlsplit(address.strip())
            if parts.scheme not in PORTS:
                raise PictureRefused("unsupported-scheme", f"{parts.scheme[:40]!r} is neither http nor https")
            host = _host(parts.hostname or "", literal="[" in parts.netloc)
            port = PORTS[parts.scheme] if parts.port is None else parts.port
        except ValueError as error:  # of urllib and ipaddress; UnicodeError and IDNAError are ValueErrors too
            raise PictureRefused("bad-address", str(error)) from error
        if "@" in parts.netloc:
            raise PictureRefused("bad-address", "an address with a user name")
        if port not in PORTS.values():
            raise PictureRefused("unsupported-port", f"port {port}")
        path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_UNQUOTED, errors="surrogatepass")
        return cls(parts.scheme, host, port, path)

    def redirected(self, location: bytes) -> "Target":
        """Where a redirect from here leads.

        Args:
            location: the value of the ``Location`` field; many servers write UTF-8 into it, though only ASCII is allowed.

        Raises:
            PictureRefused: as for :meth:`parse`.
        """
        try:
            text = location.decode("utf-8")
        except UnicodeDecodeError:
            text = location.decode("latin-1")
        try:
            return Target.parse(urljoin(str(self), text))
        except ValueError as error:
            raise PictureRefused("bad-address", f"a redirect: {error}") from error

    @property
    def authority(self) -> str:
        """Host and port as the ``Host`` field has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def _host(host: str, *, literal: bool) -> str:
    if literal:
        if "%" in host:
            raise ValueError("an address with a zone")
        return str(IPv6Address(host))
    name = host.lower() if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    name = name.removesuffix(".")
    if not _HOST.fullmatch(name):
        raise ValueError(f"{name[:80]!r} is no host name")
    return name
