"""Which IP addresses are public: the one question that everything fetched is held against."""

from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""IANA has allocated no other IPv6 block for global unicast: all else is mapped, translated, local, multicast or reserved."""

_SPECIAL = tuple(
    ip_network(block)
    for block in (
        "168.63.129.16/32",  # public by the registry, and the inner service of every machine at Azure
        "192.0.0.0/24",  # protocol assignments, of which `is_global` lets two addresses through
        "192.88.99.0/24",  # 6to4 relays
        "224.0.0.0/4",  # multicast, which is global by the letter
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID; `is_global` lets some through
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which carries any IPv4 address
        "3ffe::/16",  # 6bone, returned to IANA (RFC 3701)
        "3fff::/20",  # documentation, newer than the tables of some Python releases
    )
)
"""What ``is_global`` allows, by the letter or in some releases, and we do not. Source: the IANA special-purpose address
registries, as of 2026-11."""

_ISATAP = frozenset({0x00005EFE, 0x02005EFE})
"""The upper half of an interface identifier whose lower half is an IPv4 address (RFC 5214, section 6.1)."""


def is_public(address: str) -> bool:
    """Whether an IP address is a public unicast address.

    Addresses that carry another one (IPv4-mapped, NAT64, 6to4, Teredo, ISATAP) are not: what they lead to depends on the
    network. Nor are addresses with a zone, which mean something on one machine only.

    Raises:
        ValueError: if it is no IP address.
    """
    ip = ip_address(address)
    if isinstance(ip, IPv6Address) and (
        ip.scope_id is not None or ip not in _GLOBAL_UNICAST or int(ip) >> 32 & 0xFFFF_FFFF in _ISATAP
    ):
        return False
    return ip.is_global and not any(ip in block for block in _SPECIAL if block.version == ip.version)
