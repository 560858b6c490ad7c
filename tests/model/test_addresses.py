import ipaddress

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unflux.model.addresses import (
    GLOBAL_WITHIN,
    NOT_GLOBAL,
    address_facts,
    address_number,
    address_numbers,
    canonical_address,
    is_special_use,
    prefixes,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0:0:0::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("::FFFF:c000:201", "::ffff:192.0.2.1"),
        ("::", "::"),
    ],
)
def test_an_address_is_written_one_way(text: str, address: str) -> None:
    assert canonical_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "192.0.2", "192.0.2.01", "192.0.2.256", "192.0.2.1/32", " 192.0.2.1",
        "192.0.2.1\n", "１.2.3.4", "fe80::1%eth0", "fe80::1%1", "1:2:3", "a" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_address_is_null(text: str) -> None:
    assert canonical_address(text) is None


@given(st.text(max_size=50))
def test_any_text_gives_an_address_or_null(text: str) -> None:
    address = canonical_address(text)
    assert address is None or canonical_address(address) == address


def test_prefixes() -> None:
    assert prefixes("192.0.2.1") == ("192.0.2.0/24", "192.0.0.0/16")
    assert prefixes("2001:db8:1:2::3") == ("2001:db8:1::/48", "2001:db8::/32")
    assert prefixes("::ffff:192.0.2.1") == ("::/48", "::/32")


@given(st.ip_addresses())
def test_prefixes_hold_the_address(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    text = canonical_address(str(address))
    assert text is not None
    assert ipaddress.ip_address(text) == address
    for prefix in prefixes(text):
        assert address in ipaddress.ip_network(prefix)


@pytest.mark.parametrize(
    ("address", "is_special"),
    [
        ("8.8.8.8", False), ("10.255.255.255", True), ("11.0.0.0", False), ("9.255.255.255", False),
        ("100.64.0.1", True), ("100.128.0.0", False), ("192.0.0.9", False), ("192.0.0.8", True),
        ("192.0.2.77", True), ("0.0.0.0", True), ("255.255.255.255", True), ("224.0.0.1", True),
        ("172.32.0.0", False), ("192.88.99.1", False),
        ("::1", True), ("::", True), ("::2", False), ("::ffff:8.8.8.8", True),
        ("2001:4860:4860::8888", False), ("2001::1", True), ("2001:1::1", False),
        ("2001:1::4", True), ("2001:20::", False), ("2001:200::", False), ("2001:db8::", True),
        ("3fff:fff::1", True), ("3fff:1000::", False), ("fd00::1", True), ("fe80::1", True),
        ("ff02::1", True), ("64:ff9b::1", False), ("64:ff9b:1::1", True),
    ],
)  # fmt: skip
def test_special_use(address: str, is_special: bool) -> None:
    assert is_special_use(address) is is_special


def test_columns_keep_order_and_nulls() -> None:
    column = pa.chunked_array([["192.0.2.1", None], ["2001:db8::1", "192.0.2.1"]])
    numbers = address_numbers(column)
    assert numbers.family.tolist() == [4, 0, 6, 4]
    assert numbers.low.tolist() == [3221225985, 0, 1, 3221225985]
    assert numbers.high.tolist() == [0, 0, 0x20010DB800000000, 0]
    assert numbers.low.dtype == np.uint64
    facts = address_facts(column)
    assert facts.slash24.to_pylist() == [
        "192.0.2.0/24", None, "2001:db8::/48", "192.0.2.0/24",
    ]  # fmt: skip
    assert facts.slash16.to_pylist()[0] == "192.0.0.0/16"
    assert facts.is_special_use.to_pylist() == [True, None, True, True]


near_special_use = st.sampled_from([*NOT_GLOBAL, *GLOBAL_WITHIN]).map(ipaddress.ip_network)
edges = st.tuples(near_special_use, st.booleans(), st.integers(-1, 1)).map(
    lambda edge: str(
        type(edge[0].network_address)(
            int(edge[0].broadcast_address if edge[1] else edge[0].network_address) + edge[2]
            & (1 << edge[0].max_prefixlen) - 1
        )
    )
)


@given(st.lists(st.none() | st.ip_addresses().map(str) | edges))
def test_a_column_says_what_its_addresses_say(texts: list[str | None]) -> None:
    known = [text and canonical_address(text) for text in texts]
    column = pa.array(known, pa.string())
    facts, numbers = address_facts(column), address_numbers(column)
    both = [(None, None) if text is None else prefixes(text) for text in known]
    assert list(zip(facts.slash24.to_pylist(), facts.slash16.to_pylist(), strict=True)) == both
    assert facts.is_special_use.to_pylist() == [text and is_special_use(text) for text in known]
    halves = zip(numbers.family.tolist(), numbers.high.tolist(), numbers.low.tolist(), strict=True)
    assert [(family, high << 64 | low) for family, high, low in halves] == [
        (0, 0) if text is None else address_number(text) for text in known
    ]
    assert facts.slash24.type == facts.slash16.type == pa.string()
