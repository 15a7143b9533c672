import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make_thumbnail.addresses import is_public

PUBLIC = "93.184.216.34"

NOT_PUBLIC = [
    # Blocks of the IANA IPv4 special-purpose registry, first and last addresses.
    "0.0.0.0",  # noqa: S104 (an address to be refused)
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "100.100.100.200",  # Alibaba's metadata
    "127.0.0.0",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.255.255",
    "168.63.129.16",  # Azure's wire server: public by the registry
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.9",
    "192.0.0.10",
    "192.0.0.171",
    "192.0.0.192",  # Oracle's metadata, once
    "192.0.0.255",
    "192.0.2.0",
    "192.0.2.255",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.0",
    "203.0.113.255",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.255",
    # And of the IPv6 registry.
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    f"::ffff:{PUBLIC}",
    "64:ff9b::169.254.169.254",
    f"64:ff9b::{PUBLIC}",
    "64:ff9b:1::1",
    "64:ff9b:1:ffff::10.0.0.1",
    "100:0:0:1::1",
    "100::1",
    "2001::1",
    "2001:0:5ef5:79fd::1",
    "2001:1::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:30::1",
    "2001:1ff:ffff::1",
    "2606:4700::5efe:10.0.0.1",
    "2606:4700::200:5efe:169.254.169.254",
    "2606:4700::1%eth0",
    "3ffe::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "3fff:fff:ffff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%lo",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "168.63.129.15",
        "168.63.129.17",
        "172.15.0.1",
        "172.32.0.1",
        "223.255.255.255",
        PUBLIC,
        "2001:200::1",
        "2003::1",
        "2606:4700::1111",
        "2606:4700::5eff:10.0.0.1",
        "2a00:1450:4001::1",
    ],
)
def test_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses())
def test_never_more_than_the_standard_library_calls_global(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert is_public(str(ip)) <= (ip.is_global and not ip.is_multicast and not ip.is_reserved)


@given(st.ip_addresses(v=4))
def test_no_form_of_carrying_an_address(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    for outer in (
        number,
        0xFFFF << 32 | number,
        0x64FF9B << 96 | number,
        0x2002 << 112 | number << 80,
        0x20010000 << 96 | number,
        0x26064700 << 96 | 0x5EFE << 32 | number,
    ):
        assert not is_public(str(ipaddress.IPv6Address(outer)))


def test_what_is_no_address_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        is_public("pictures.example")
