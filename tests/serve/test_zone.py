import dns.name
import pytest
from tests.serve.zones import ORIGIN, zone

from unflux.serve.zone import compose_owner, is_newer, room_below


@pytest.mark.parametrize(
    ("serial", "than", "newer"),
    [(2, 1, True), (1, 1, False), (1, 2, False), (0, 2**32 - 1, True), (2**31, 0, False),
     (2**31 - 1, 0, True), (5, 2**32 - 5, True), (2**32 - 5, 5, False)],
)  # fmt: skip
def test_serials_run_in_a_circle(serial: int, than: int, newer: bool) -> None:
    assert is_newer(serial, than) is newer


def test_the_longest_owner_fits() -> None:
    room = room_below(dns.name.from_text(ORIGIN))
    assert room == 255 - len(ORIGIN) - 2
    labels = [b"a" * 63] * (room // 64) + [b"b" * (room % 64 - 1)]
    owner = compose_owner(labels, room)
    assert owner is not None
    assert len(owner) == room + 2
    assert compose_owner([*labels[:-1], b"b" * (room % 64)], room) is None


def test_the_soa_is_what_the_file_says() -> None:
    soa = zone(serial=2**32 - 1).soa_rrset()
    assert soa.to_text() == (
        f"{ORIGIN}. 60 IN SOA localhost. hostmaster.localhost. 4294967295 60 60 86400 60"
    )


def test_the_size_is_that_of_all_records() -> None:
    small = zone("bad.example")
    assert small.octets == len(small.soa + b"".join(small.records))
