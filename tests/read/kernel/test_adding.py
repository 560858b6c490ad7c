"""Texts become the numbers that they stand for."""

from ipaddress import IPv4Address, IPv6Address

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.read.two_ways import kernel

from unflux.model.addresses import address_number, canonical_address
from unflux.read.kernel.adding import _addresses
from unflux.read.kernel.rollup import address_texts
from unflux.read.kernel.tables import TableSet
from unflux.read.source import Options

MASK = (1 << 64) - 1

GROUPS = st.lists(st.sampled_from([0, 0, 0, 1, 0xFFFF, 0x10, 0xABC]), min_size=8, max_size=8)
ADDRESSES = (
    st.integers(0, 2**32 - 1).map(IPv4Address)
    | st.integers(0, 2**128 - 1).map(IPv6Address)
    | GROUPS.map(lambda groups: IPv6Address(sum(g << 16 * at for at, g in enumerate(groups))))
    | st.integers(0, 2**32 - 1).map(lambda low: IPv6Address(0xFFFF << 32 | low))
)


@settings(max_examples=300, deadline=None)
@given(st.lists(ADDRESSES, max_size=30))
def test_addresses(addresses: list[IPv4Address | IPv6Address]) -> None:
    texts = [canonical_address(str(address)) for address in addresses]
    held = TableSet(kernel(), Options())
    low, high = _addresses(held, pa.chunked_array([pa.array(texts, pa.string())]))
    expected = [address_number(text)[1] for text in texts if text is not None]
    assert [int(half) & MASK for half in low] == [number & MASK for number in expected]
    assert [int(half) & MASK for half in high] == [number >> 64 for number in expected]
    assert low.dtype == high.dtype == np.int64


@settings(max_examples=300, deadline=None)
@given(st.lists(ADDRESSES, max_size=30))
def test_addresses_are_written_as_one_by_one(addresses: list[IPv4Address | IPv6Address]) -> None:
    numbers = np.array([[int(one) >> 64, int(one) & MASK] for one in addresses], np.uint64)
    high, low = numbers.reshape(-1, 2).T.view(np.int64)
    families = np.array([one.version for one in addresses], np.uint8)
    found = address_texts(kernel(), families, high.copy(), low.copy())
    assert found.to_pylist() == [canonical_address(str(one)) for one in addresses]
