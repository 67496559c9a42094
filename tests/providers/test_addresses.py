"""Every spelling of an address that is not of the public internet, and of some that are."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.adapters.provider_http import checked
from relay.errors import BadInput
from relay.providers.addresses import is_public, may_be_public

REFUSED_V4 = (
    "0.0.0.0", "0.255.255.255",  # noqa: S104  # nothing is bound
    "10.0.0.1", "10.255.255.255",
    "100.64.0.1", "100.127.255.255", "100.100.100.200",
    "127.0.0.1", "127.255.255.254",
    "169.254.0.1", "169.254.169.254", "169.254.170.2",
    "172.16.0.1", "172.31.255.255",
    "192.0.0.1", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.0.1",
    "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "233.252.0.1", "239.255.255.255",
    "240.0.0.1", "255.255.255.255",
)  # fmt: skip
REFUSED_V6 = (
    "::", "::1", "0:0:0:0:0:0:0:1", "::127.0.0.1", "::ffff:0:127.0.0.1",
    "fc00::1", "fd00:ec2::254", "fdff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1",
    "2001:db8::1", "3fff::1", "3fff:fff::1", "2001::1", "2001:0:53aa:64c:0:0:f5ff:fffe", "2001:2::1", "2001:10::1",
    "100::1", "5f00::1", "64:ff9b:1::1", "4000::1",
    "fe80::1%eth0", "fe80::1%25eth0", "2606:4700::1%1", "2606:4700::1%25eth0",
)  # fmt: skip
PUBLIC_V4 = ("1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "128.0.0.1", "172.15.0.1",
             "172.32.0.1", "192.0.1.1", "198.17.0.1", "198.20.0.1", "223.255.255.254")  # fmt: skip
PUBLIC_V6 = ("2606:4700::1111", "2a00:1450:4003::1", "2001:200::1", "2001:4860:4860::8888")
CARRIERS = {
    "mapped": lambda v4: f"::ffff:{v4}",
    "mapped in hex": lambda v4: (
        f"::ffff:{int(ipaddress.IPv4Address(v4)) >> 16:x}:{int(ipaddress.IPv4Address(v4)) & 0xFFFF:x}"
    ),
    "NAT64": lambda v4: f"64:ff9b::{v4}",
    "6to4": lambda v4: f"2002:{int(ipaddress.IPv4Address(v4)) >> 16:x}:{int(ipaddress.IPv4Address(v4)) & 0xFFFF:x}::1",
}
ODD = (
    "0x7f000001", "0X7F000001", "0x7f.0.0.1", "0x", "2130706433", "017700000001", "0177.0.0.1", "127.1", "127.0.1", "0",
    "127.0.0.1.", "127.0.0.1..", "169.254.169.254.", "1.1.1.1.", "shop.0x7f", "shop.1", "4294967297", "１２７.0.0.1",
    "localhost", "LOCALHOST", "localhost.", "shop.localhost", "intranet", "metadata", "a..b", ".", "..", "-a.example",
    "%31%32%37.0.0.1", "a b.example", "a\x00.example", "a.example\n", "a" * 64 + ".example", "a." * 130 + "example",
)  # fmt: skip


@pytest.mark.row("C01")
@pytest.mark.parametrize("address", [*REFUSED_V4, *REFUSED_V6])
def test_an_address_that_is_not_global_unicast_is_refused(address):
    assert not is_public(address)
    assert not may_be_public(address)


@pytest.mark.row("C01")
@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("address", [*REFUSED_V4, *PUBLIC_V4])
def test_an_address_that_carries_another_is_what_that_one_is(address, carrier):
    assert is_public(CARRIERS[carrier](address)) is (address in PUBLIC_V4)


@pytest.mark.parametrize("address", [*PUBLIC_V4, *PUBLIC_V6])
def test_what_lies_beside_the_refused_networks_is_public(address):
    assert is_public(address)
    assert may_be_public(address)


@pytest.mark.row("C01")
@pytest.mark.parametrize("host", ODD)
def test_an_odd_spelling_of_an_address_or_a_local_name_is_refused(host):
    assert not may_be_public(host)


@pytest.mark.parametrize(
    "host", ["shop.example", "My-Shop.myshopify.com", "shop.example.", "xn--espaa-rta.es", "a_b.example", "1.example"]
)
def test_a_full_name_is_judged_by_what_it_leads_to(host):
    assert may_be_public(host)
    assert not is_public(host)


@given(st.ip_addresses())
def test_nothing_is_public_that_python_knows_to_be_private(address):
    if is_public(str(address)) and not (
        address.version == 6 and str(address).startswith(("::ffff:", "64:ff9b::", "2002:"))
    ):
        assert address.is_global
        assert not any((address.is_private, address.is_loopback, address.is_link_local, address.is_multicast))


@pytest.mark.row("C01")
@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "10.0.0.1", "192.168.1.1:8443", "[::1]", "[fd00:ec2::254]", "[::ffff:10.0.0.1]", "[2002:a00:1::1]",
     "[64:ff9b::a9fe:a9fe]", "[fe80::1%25eth0]", "[::ffff:7f00:1]", "0x7f000001", "2130706433", "127.1", "0177.0.0.1", "localhost",
     "１２７.0.0.1", "127.0.0.2", "intranet", "%31%32%37.0.0.1"],
)  # fmt: skip
def test_a_base_url_with_such_a_host_is_refused_whatever_the_mode(host, local):
    with pytest.raises(BadInput) as caught:
        checked(f"https://{host}/shop", local=local)

    assert host not in str(caught.value)


@pytest.mark.row("C01")
@pytest.mark.parametrize("base", ["https://127.0.0.1", "https://127.0.0.1:8443/x", "http://127.0.0.1:80"])
def test_this_machine_is_asked_in_local_mode_alone(base):
    assert checked(base, local=True) == base
    with pytest.raises(BadInput):
        checked(base, local=False)
