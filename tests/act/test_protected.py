"""Lists of what is protected: how they are read, and what they cover."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.act.plans import protected

from unflux.act.protected import read_addresses, read_protected
from unflux.model.errors import UnfluxError


def test_a_file_holds_names_addresses_and_prefixes(tmp_path: Path) -> None:
    path = tmp_path / "allow.txt"
    path.write_text(
        "# ours\nBank.Example.\n\n20.1.2.3  # one host\n2a09::/32\n20.2.3.4/16\n"
        "bücher.example\n*.shop.example\n",
        encoding="utf-8",
    )
    held = read_protected([path])
    assert held.touched_by_name("www.bank.example") == "bank.example"
    assert held.touched_by_name("xn--bcher-kva.example") == "xn--bcher-kva.example"
    assert held.touched_by_name("shop.example") == "shop.example"
    assert held.block_of("20.1.2.3") == "20.1.2.3/32"
    assert held.block_of("20.2.255.255") == "20.2.0.0/16"
    assert held.block_of("2a09:0:ffff::1") == "2a09::/32"
    assert held.block_of("20.1.2.4") is None


@pytest.mark.parametrize(
    "line",
    [
        "20.1.2",
        "20.1.2.3/33",
        "bank example",
        "a..b",
        "-/-",
        "20.1.2.300",
        "fe80::1%eth0",
        "https://bank.example/",
        "a.example,b.example",
    ],
)
def test_a_line_that_is_not_understood_stops_the_run(tmp_path: Path, line: str) -> None:
    path = tmp_path / "allow.txt"
    path.write_text(f"bank.example\n{line}\n")
    with pytest.raises(UnfluxError, match=r"allow\.txt, line 2"):
        read_protected([path])


def test_a_missing_file_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(UnfluxError, match="cannot be read"):
        read_protected([tmp_path / "none.txt"])
    with pytest.raises(UnfluxError, match="cannot be read"):
        read_addresses(tmp_path / "none.txt")


def test_addresses_only(tmp_path: Path) -> None:
    path = tmp_path / "confirmed.txt"
    path.write_text("20.1.2.3\n2A09:0::7\n")
    assert read_addresses(path) == {"20.1.2.3", "2a09::7"}
    path.write_text("20.1.2.0/24\n")
    with pytest.raises(UnfluxError, match="no address"):
        read_addresses(path)


def test_blocking_above_a_protected_name_touches_it() -> None:
    held = protected("www.bank.example")
    for name in ("www.bank.example", "a.www.bank.example", "bank.example", "example", "."):
        assert held.touched_by_name(name) == "www.bank.example"
    for name in ("notbank.example", "xwww.bank.example", "example.com"):
        assert held.touched_by_name(name) is None


@given(st.integers(0, 2**32 - 1), st.integers(0, 32), st.integers(0, 2**32 - 1))
def test_blocks_hold_what_ipaddress_says(number: int, length: int, other: int) -> None:
    import ipaddress

    block = ipaddress.ip_network((number, length), strict=False)
    assert isinstance(block, ipaddress.IPv4Network)
    for address in (ipaddress.IPv4Address(other), block[0], block[-1]):
        held = protected(str(block)).block_of(str(address))
        assert (held is not None) == (address in block)


def test_union_holds_both() -> None:
    both = protected("a.example", "20.1.2.0/24") | protected("b.example", "2a09::/32")
    assert both.touched_by_name("a.example")
    assert both.touched_by_name("b.example")
    assert [str(n) for n in both.networks()] == ["20.1.2.0/24", "2a09::/32"]
