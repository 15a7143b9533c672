"""Understanding the address of a picture: once, so that what is checked is what is asked for."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Self
from urllib.parse import quote, urljoin, urlsplit

import idna

from postkeep.errors import PictureRefused

PORTS = {"http": 80, "https": 443}
"""The schemes that are followed, and their ports, which are the only ones: what listens elsewhere is rarely a picture's host."""

_LONGEST = 8_000
"""Characters of an address, as it is written and as it is sent: what RFC 9110, section 4.1, wants all to support."""

# Host and port; the host is looked at further. Not left to urllib, which some releases have overlook what stands around brackets.
_AUTHORITY = re.compile(r"(?:\[(?P<literal>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:]*))(?::(?P<port>[0-9]{0,5}))?")

_LONGEST_NAME = 254
"""Characters, the dot at the end included: RFC 1035, section 2.3.4, written out."""

# RFC 1123 host names, with the underscore that is out there; lengths from RFC 1035.
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_][a-z0-9_-]{0,62}(\.[a-z0-9_][a-z0-9_-]{0,62})*")

# What resolvers take for an IPv4 address, in octal, hexadecimal or with fewer than four parts, and no registry gives out as a
# name: the rule of https://url.spec.whatwg.org/#ends-in-a-number-checker.
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")

_UNQUOTED = "/%:@!$&'()*+,;=~-._?|[]"
"""What stays as it is in a path or query: RFC 3986's characters, escapes already made, and what servers are seen to expect."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was understood.

    Attributes:
        scheme: ``http`` or ``https``.
        host: in lower case and ASCII, without a trailing dot; or an IP address in its usual form, without brackets. What a
            resolver would take for an IP address in another form is refused: two readers may differ on which it is.
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
        if len(address) > _LONGEST:
            raise PictureRefused("bad-address", f"{len(address):,} characters; the limit is {_LONGEST:,}")
        try:
            parts = urlsplit(address.strip())
            if parts.scheme not in PORTS:
                raise PictureRefused("unsupported-scheme", f"{parts.scheme[:40]!r} is neither http nor https")
            host, port = _host_and_port(parts.netloc, PORTS[parts.scheme])
        except ValueError as error:  # of urllib and ipaddress; UnicodeError and IDNAError are ValueErrors too
            raise PictureRefused("bad-address", str(error)) from error
        if port not in PORTS.values():
            raise PictureRefused("unsupported-port", f"port {port}")
        path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_UNQUOTED, errors="surrogatepass")
        target = cls(parts.scheme, host, port, path)
        if len(str(target)) > _LONGEST:
            raise PictureRefused("bad-address", f"{len(str(target)):,} characters as sent; the limit is {_LONGEST:,}")
        return target

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


def _host_and_port(authority: str, default: int) -> tuple[str, int]:
    if "@" in authority:
        raise ValueError("an address with a user name")
    found = _AUTHORITY.fullmatch(authority)
    if not found:
        raise ValueError(f"{authority[:80]!r} is no host with a port")
    host = str(IPv6Address(found["literal"])) if found["literal"] else _name(found["name"])
    return host, int(found["port"]) if found["port"] else default


def _name(host: str) -> str:
    if len(host) > _LONGEST_NAME:  # before the work of understanding it
        raise ValueError(f"a host name of {len(host):,} characters")
    name = host.lower() if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    name = name.removesuffix(".")
    if not _HOST.fullmatch(name):
        raise ValueError(f"{name[:80]!r} is no host name")
    return str(IPv4Address(name)) if _NUMBER.fullmatch(name) else name
