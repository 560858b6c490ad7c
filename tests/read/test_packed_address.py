"""Addresses of packets as text."""

from unflux.read.packed_address import packed_address_text


def test_both_families() -> None:
    assert packed_address_text(b"\xc0\0\2\1") == "192.0.2.1"
    assert packed_address_text(bytes(15) + b"\1") == "::1"
    assert packed_address_text(bytes(10) + b"\xff\xff\xc0\0\2\1") == "::ffff:192.0.2.1"


def test_any_other_length_is_none() -> None:
    assert [packed_address_text(bytes(size)) for size in (0, 3, 5, 15, 17)] == [None] * 5
