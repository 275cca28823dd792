"""Which network addresses a program may be sent to by somebody else's words (server-side request forgery).

A feed's address is written by a user, its redirects by a server, its DNS answers by anybody. What is judged here is
the numeric address that a socket is about to be connected to: how it was written plays no part any more.

`ipaddress.is_global` alone is not enough: it calls NAT64, 6to4, site-local, IPv4-compatible and multicast addresses
global, all of which can lead back into a private network.
"""

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network


class Kind(StrEnum):
    """What an address is, in words that follow "which is"."""

    PUBLIC = "a public address"
    LOOPBACK = "this machine itself"
    PRIVATE = "a private address"
    SHARED = "an address that a carrier shares out"
    LINK_LOCAL = "a link-local address"
    METADATA = "the metadata service of a cloud"
    UNSPECIFIED = "no address in particular"
    MULTICAST = "a multicast address"
    SITE_LOCAL = "a site-local address"
    DISGUISED = "an address that hides another one"
    RESERVED = "a reserved address"
    UNREADABLE = "no address at all"


#: What an administrator may open to a feed: the own network. The rest leads to no calendar of anybody's.
HOME = frozenset({Kind.LOOPBACK, Kind.PRIVATE, Kind.SHARED})

# The first that fits decides. Sources: the IANA special-purpose registries (RFC 6890), and what the clouds document.
_TABLE: tuple[tuple[Kind, str], ...] = (
    (Kind.METADATA, "169.254.169.254 169.254.170.2 100.100.100.200 168.63.129.16 192.0.0.192"),
    (Kind.METADATA, "fd00:ec2::254 fd20:ce::254"),
    (Kind.UNSPECIFIED, "0.0.0.0/8 ::/128"),
    (Kind.LOOPBACK, "127.0.0.0/8 ::1/128"),
    (Kind.PRIVATE, "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7"),
    (Kind.SHARED, "100.64.0.0/10"),
    (Kind.LINK_LOCAL, "169.254.0.0/16 fe80::/10"),
    (Kind.SITE_LOCAL, "fec0::/10"),
    (Kind.MULTICAST, "224.0.0.0/4 ff00::/8"),
    # IPv4-compatible, NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056) and its relays, Teredo (RFC 4380)
    (Kind.DISGUISED, "::/96 64:ff9b::/96 64:ff9b:1::/48 2002::/16 192.88.99.0/24 2001::/32"),
    (Kind.RESERVED, "192.0.0.0/24 192.0.2.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4"),
    (Kind.RESERVED, "2001::/23 2001:db8::/32 3fff::/20"),
)
_NETWORKS = tuple((kind, ip_network(written)) for kind, line in _TABLE for written in line.split())
#: All that IPv6 has given out to be reached from everywhere (RFC 4291 section 2.5.4).
_GLOBAL_UNICAST = IPv6Network("2000::/3")


def judge(address: str) -> Kind:
    """What a numeric address is. An IPv4-mapped one is what it maps; a zone (``%eth0``) plays no part."""
    try:
        found = ip_address(address)
    except ValueError:
        return Kind.UNREADABLE
    if isinstance(found, IPv6Address):
        # without the zone, which no network contains
        found = found.ipv4_mapped or IPv6Address(int(found))
    for kind, network in _NETWORKS:
        if _contains(network, found):
            return kind
    if isinstance(found, IPv6Address) and found not in _GLOBAL_UNICAST:
        return Kind.RESERVED
    return Kind.PUBLIC


def is_allowed(kind: Kind, *, private: bool) -> bool:
    """Whether such an address may be connected to; `private`: the administrator opened the own network."""
    return kind is Kind.PUBLIC or (private and kind in HOME)


def is_near(host: str) -> bool:
    """Whether a host that an administrator wrote is this machine or of its own network: an address of a private
    network, or a name without a dot."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host


def _contains(network: IPv4Network | IPv6Network, address: IPv4Address | IPv6Address) -> bool:
    return network.version == address.version and address in network
