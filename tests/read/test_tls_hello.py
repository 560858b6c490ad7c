"""The name that a client of TLS asks for is read of its first message, whatever that is."""

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unflux.read.tls_hello import parse_server_name


def hello(name: str | None) -> bytes:
    """Return what the library of this machine says first."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    return outgoing.read()


def test_the_name_of_a_real_client_is_read() -> None:
    assert parse_server_name(hello("shop.example")) == "shop.example"
    assert parse_server_name(hello(None)) is None
    assert parse_server_name(hello("shop.example") + b"more of the connection") == "shop.example"


def test_what_is_cut_short_has_the_name_or_none() -> None:
    whole = hello("shop.example")
    ends = whole.index(b"shop.example") + len(b"shop.example")
    for size in range(len(whole)):
        expected = "shop.example" if size >= ends else None
        assert parse_server_name(whole[:size]) == expected


def test_a_name_with_odd_octets_is_escaped() -> None:
    assert parse_server_name(hello("shop.example").replace(b"shop", b"\xff\x1bop")) == (
        "\\xff\x1bop.example"
    )


@pytest.mark.slow
@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_octets_give_a_name_or_none(octets: bytes, at: int) -> None:
    damaged = hello("a.example")
    for segment in (octets, damaged[:at] + octets + damaged[at + len(octets) :]):
        name = parse_server_name(segment)
        assert name is None or 0 < len(name) <= 4 * 255
