"""What a feed may not be sent to, by whatever words."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.guard import Kind, is_allowed, judge

TABLE = {
    "8.8.8.8": Kind.PUBLIC,
    "93.184.216.34": Kind.PUBLIC,
    "2606:4700:4700::1111": Kind.PUBLIC,
    "::ffff:8.8.8.8": Kind.PUBLIC,
    "127.0.0.1": Kind.LOOPBACK,
    "127.255.255.254": Kind.LOOPBACK,
    "::1": Kind.LOOPBACK,
    "::ffff:127.0.0.1": Kind.LOOPBACK,
    "::ffff:7f00:1": Kind.LOOPBACK,
    "10.0.0.1": Kind.PRIVATE,
    "172.16.0.1": Kind.PRIVATE,
    "172.31.255.255": Kind.PRIVATE,
    "172.32.0.1": Kind.PUBLIC,
    "192.168.1.1": Kind.PRIVATE,
    "::ffff:192.168.1.1": Kind.PRIVATE,
    "fc00::1": Kind.PRIVATE,
    "fd12:3456::1": Kind.PRIVATE,
    "100.64.0.1": Kind.SHARED,
    "169.254.1.1": Kind.LINK_LOCAL,
    "fe80::1": Kind.LINK_LOCAL,
    "fe80::1%eth0": Kind.LINK_LOCAL,
    "169.254.169.254": Kind.METADATA,
    "::ffff:169.254.169.254": Kind.METADATA,
    "fd00:ec2::254": Kind.METADATA,
    "100.100.100.200": Kind.METADATA,
    "168.63.129.16": Kind.METADATA,
    "0.0.0.0": Kind.UNSPECIFIED,
    "0.1.2.3": Kind.UNSPECIFIED,
    "::": Kind.UNSPECIFIED,
    "224.0.0.1": Kind.MULTICAST,
    "ff02::1": Kind.MULTICAST,
    "ff0e::1": Kind.MULTICAST,
    "fec0::1": Kind.SITE_LOCAL,
    "::127.0.0.1": Kind.DISGUISED,
    "64:ff9b::7f00:1": Kind.DISGUISED,
    "64:ff9b::808:808": Kind.DISGUISED,
    "64:ff9b:1::1": Kind.DISGUISED,
    "2002:7f00:1::": Kind.DISGUISED,
    "2001:0:4136:e378::1": Kind.DISGUISED,
    "192.88.99.1": Kind.DISGUISED,
    "192.0.0.8": Kind.RESERVED,
    "192.0.2.1": Kind.RESERVED,
    "198.18.0.1": Kind.RESERVED,
    "255.255.255.255": Kind.RESERVED,
    "240.0.0.1": Kind.RESERVED,
    "2001:db8::1": Kind.RESERVED,
    "3fff::1": Kind.RESERVED,
    "4000::1": Kind.RESERVED,
    "5f00::1": Kind.RESERVED,
    "0x7f.1": Kind.UNREADABLE,
    "localhost": Kind.UNREADABLE,
    "": Kind.UNREADABLE,
}


@pytest.mark.parametrize(("address", "kind"), TABLE.items(), ids=TABLE)
def test_an_address_is_named_for_what_it_is(address: str, kind: Kind) -> None:
    assert judge(address) is kind


@pytest.mark.parametrize("kind", Kind)
def test_only_the_own_network_can_be_opened(kind: Kind) -> None:
    assert is_allowed(kind, private=False) is (kind is Kind.PUBLIC)
    home = kind in (Kind.PUBLIC, Kind.LOOPBACK, Kind.PRIVATE, Kind.SHARED)
    assert is_allowed(kind, private=True) is home


@given(st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str))
def test_nothing_is_public_that_the_registries_do_not_call_global(address: str) -> None:
    found = ip_address(address)
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    if judge(address) is Kind.PUBLIC:
        assert (mapped or found).is_global


@given(st.ip_addresses(v=4))
def test_no_writing_of_an_ipv4_address_inside_ipv6_is_kinder_to_it(address: IPv4Address) -> None:
    bare = judge(str(address))
    assert judge(f"::ffff:{address}") is bare
    for prefix in ("::", "64:ff9b::"):
        assert not is_allowed(judge(f"{prefix}{address}"), private=False)
