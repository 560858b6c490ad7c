from ipaddress import ip_address, ip_network

import pytest
from tests.serve.transfers import KEY

from unflux.serve.access import Access


@pytest.mark.parametrize(
    ("peer", "is_known"),
    [("127.0.0.1", True), ("127.255.0.1", True), ("::1", True), ("128.0.0.1", False),
     ("::2", False), ("192.0.2.1", False), ("::ffff:127.0.0.1", False)],
)  # fmt: skip
def test_only_loopback_is_known_unless_told_otherwise(peer: str, is_known: bool) -> None:
    assert Access().is_known(ip_address(peer)) is is_known


def test_who_is_allowed_replaces_loopback() -> None:
    access = Access(networks=(ip_network("192.0.2.0/28"), ip_network("2001:db8::/64")))
    assert access.is_known(ip_address("192.0.2.15"))
    assert access.is_known(ip_address("2001:db8::1"))
    assert not access.is_known(ip_address("192.0.2.16"))
    assert not access.is_known(ip_address("127.0.0.1"))


def test_the_zone_goes_to_who_signs() -> None:
    assert Access().may_transfer(KEY)
    assert not Access().may_transfer(None)
    assert Access(is_unsigned_allowed=True).may_transfer(None)
