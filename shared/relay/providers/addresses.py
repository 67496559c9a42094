"""Which hosts and addresses a credential may be sent to: those of the public internet and no other.

A host that somebody stored could lead into the network that a function runs in: its own services, the cloud's metadata at
169.254.169.254. So a literal address must be global unicast, a name must be one that DNS alone can answer, and what DNS answers is
judged again where it is dialled (`relay.adapters._checked_dial`). `ipaddress.is_global` is asked too, but differs between Pythons.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

_REFUSED_V4: Final = tuple(
    ipaddress.IPv4Network(each)
    for each in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # RFC 1918, as 172.16/12 and 192.168/16
        "100.64.0.0/10",  # shared by a carrier's customers, RFC 6598
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local: where clouds serve metadata and credentials
        "172.16.0.0/12",
        "192.0.0.0/24",  # IETF protocol assignments
        "192.0.2.0/24",  # documentation, as 198.51.100/24 and 203.0.113/24
        "192.88.99.0/24",  # relays of 6to4, RFC 7526
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")
"""Everything else is loopback, local, multicast, a translation or not given out: https://www.iana.org/assignments/ipv6-address-space"""
_REFUSED_V6: Final = tuple(
    ipaddress.IPv6Network(each)
    for each in (
        "2001::/23",  # IETF protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation, as 3fff::/20
        "3fff::/20",
    )
)
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_6TO4: Final = ipaddress.IPv6Network("2002::/16")
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_LONGEST_NAME: Final = 253


def is_public(address: str) -> bool:
    """Whether a literal address is global unicast; one that carries an IPv4 address is what that one is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return parsed.is_global and not any(parsed in network for network in _REFUSED_V4)
    if parsed.scope_id is not None:
        return False
    embedded = _embedded(parsed)
    if embedded is not None:
        return is_public(str(embedded))
    return parsed.is_global and parsed in _GLOBAL_V6 and not any(parsed in network for network in _REFUSED_V6)


def may_be_public(host: str) -> bool:
    """Whether a URL's host may be asked: a public address as `is_public` says, or a full name whose addresses are yet to be judged.

    A name that ends in a number is an address to some resolvers (`0x7f000001`, `2130706433`, `127.1`), one without a dot is
    whatever the local search list makes of it.
    """
    if ":" in host:
        return is_public(host)
    name = host.lower().removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return is_public(host)
    named = len(labels) > 1 and len(name) <= _LONGEST_NAME and all(_LABEL.fullmatch(each) for each in labels)
    return named and labels[-1] != "localhost"


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _MAPPED or address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _6TO4:
        return ipaddress.IPv4Address(int(address) >> 80 & 0xFFFFFFFF)
    return None
