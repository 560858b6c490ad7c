"""Addresses: canonical text, prefixes, special use, and numbers for range look-ups."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from socket import AF_INET6, inet_ntop, inet_pton
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.distinct import encode_distinct

CACHED_ADDRESSES: Final = 1 << 16
"""Addresses remembered by each function. Chosen: 2026-11-22; some 15 MB a function at most."""

MAX_ADDRESS_LENGTH: Final = 45
"""Characters of the longest text of an IPv6 address, with an embedded IPv4 address."""

NOT_GLOBAL: Final = (
    # IANA IPv4 Special-Purpose Address Registry (RFC 6890), "globally reachable: false"
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
    "224.0.0.0/4",  # multicast (RFC 5771) is no host either
    # IANA IPv6 Special-Purpose Address Registry (RFC 6890), likewise
    "::/127", "::ffff:0:0/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23",
    "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10",
    "fec0::/10",  # site-local, deprecated by RFC 3879
    "ff00::/8",  # multicast (RFC 4291 section 2.7)
)  # fmt: skip
"""Address blocks that are not globally reachable, as of 2026-11-22."""

GLOBAL_WITHIN: Final = (
    "192.0.0.9/32", "192.0.0.10/32",
    "2001:1::1/128", "2001:1::2/128", "2001:1::3/128", "2001:3::/32", "2001:4:112::/48",
    "2001:20::/28", "2001:30::/28",
)  # fmt: skip
"""Globally reachable parts of the blocks above (same registries)."""

MAPPED: Final = IPv6Network("::ffff:0:0/96")
"""IPv4 addresses in the place of IPv6 ones (RFC 4291 section 2.5.5.2): systems speak IPv4 to
them."""

TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""IPv4 addresses behind a translator, in the well-known prefix that DNS64 puts before them (RFC
6052 section 2.1, RFC 6147). Translators of a network's own prefix cannot be told."""


def canonical_address(text: str) -> str | None:
    """Return the canonical text of an IPv4 or IPv6 address, or null where it is none.

    IPv6 as RFC 5952 writes it, IPv4-mapped addresses in mixed notation (its section 5). Octets
    with leading zeros and scope ids are refused: they name different hosts to different readers.
    """
    return None if len(text) > MAX_ADDRESS_LENGTH or "%" in text else _canonical(text)


@lru_cache(maxsize=CACHED_ADDRESSES)
def _canonical(text: str) -> str | None:
    try:
        return _to_text(ip_address(text))
    except ValueError:
        return None


@lru_cache(maxsize=CACHED_ADDRESSES)
def prefixes(address: str) -> tuple[str, str]:
    """Return the /24 and /16 of an IPv4, the /48 and /32 of an IPv6 address, as text."""
    if ":" not in address:
        first, second, third, _ = address.split(".")
        return f"{first}.{second}.{third}.0/24", f"{first}.{second}.0.0/16"
    number = int(IPv6Address(address))
    return (
        f"{_to_text(IPv6Address(number >> 80 << 80))}/48",
        f"{_to_text(IPv6Address(number >> 96 << 96))}/32",
    )


@lru_cache(maxsize=CACHED_ADDRESSES)
def is_special_use(address: str) -> bool:
    """Tell whether the address is not globally reachable (RFC 6890 registries)."""
    family, number = address_number(address)
    starts, ends = _NOT_GLOBAL_RANGES[family]
    inside = bisect_right(starts, number) - 1
    if inside < 0 or number > ends[inside]:
        return False
    starts, ends = _GLOBAL_WITHIN_RANGES[family]
    inside = bisect_right(starts, number) - 1
    return inside < 0 or number > ends[inside]


def address_number(address: str) -> tuple[int, int]:
    """Return the family (4 or 6) and the number of a canonical address."""
    if ":" not in address:
        return 4, int(IPv4Address(address))
    return 6, int(IPv6Address(address))


@dataclass(frozen=True, slots=True)
class AddressNumbers:
    """Addresses as columns of numbers: IPv4 in ``low`` alone, IPv6 in both halves."""

    family: np.ndarray
    """uint8: 4, 6, or 0 where the address is null."""
    high: np.ndarray
    """uint64: upper half of an IPv6 address."""
    low: np.ndarray
    """uint64: an IPv4 address, or the lower half of an IPv6 address."""


def address_numbers(addresses: pa.Array | pa.ChunkedArray) -> AddressNumbers:
    """Return the numbers of a column of canonical addresses, for sorting and range look-ups."""
    values, codes = encode_distinct(addresses)
    numbers = _numbers(values)
    rows = np.asarray(codes.fill_null(len(values)))  # a null points behind the values, to zeros
    return AddressNumbers(
        *(
            np.append(column, column.dtype.type(0))[rows]
            for column in (numbers.family, numbers.high, numbers.low)
        )
    )


def address_texts(numbers: AddressNumbers) -> pa.Array:
    """Return the canonical text of each address; that of family 0 is null."""
    octets = numbers.low.astype("<u8").view(np.uint8).reshape(-1, 8)
    parts = [_OCTET_TEXTS.take(pa.array(octets[:, place])) for place in (3, 2, 1, 0)]
    texts = pc.binary_join_element_wise(*parts, ".")
    texts = pc.if_else(pa.array(numbers.family == 4), texts, None)
    is_ipv6 = numbers.family == 6
    if not is_ipv6.any():
        return texts
    halves = zip(numbers.high[is_ipv6].tolist(), numbers.low[is_ipv6].tolist(), strict=True)
    spelt = [_to_text(IPv6Address(high << 64 | low)) for high, low in halves]
    return pc.replace_with_mask(texts, pa.array(is_ipv6), pa.array(spelt, pa.string()))


_OCTET_TEXTS: Final = pa.array([str(octet) for octet in range(256)])


@dataclass(frozen=True, slots=True)
class AddressFacts:
    """What the text of each address of a column says, in the order of the column."""

    slash24: pa.Array
    slash16: pa.Array
    is_special_use: pa.Array


def address_facts(addresses: pa.Array | pa.ChunkedArray) -> AddressFacts:
    """Return prefixes and special use of a column of canonical addresses; null stays null."""
    values, codes = encode_distinct(addresses)
    numbers = _numbers(values)
    slash24, slash16 = _prefix_texts(values, numbers)
    return AddressFacts(
        slash24.take(codes),
        slash16.take(codes),
        pa.array(_are_special_use(numbers)).take(codes),
    )


def _numbers(values: pa.Array) -> AddressNumbers:
    """Read canonical addresses, none of them null."""
    is_ipv6 = np.asarray(pc.match_substring(values, ":")).astype(bool)
    high, low = np.zeros((2, len(values)), dtype=np.uint64)
    octets = np.asarray(_octets(values.filter(pa.array(~is_ipv6))).cast(pa.uint8()))
    low[~is_ipv6] = octets.reshape(-1, 4).astype(np.uint64) @ _OCTET_WEIGHTS
    packed = (inet_pton(AF_INET6, text) for text in values.filter(pa.array(is_ipv6)).to_pylist())
    halves = np.frombuffer(b"".join(packed), dtype=">u8").reshape(-1, 2)
    high[is_ipv6], low[is_ipv6] = halves[:, 0], halves[:, 1]
    return AddressNumbers(np.where(is_ipv6, 6, 4).astype(np.uint8), high, low)


def _octets(ipv4: pa.Array) -> pa.Array:
    """Return the four octets of each address as text, one after the other."""
    return pc.split_pattern(ipv4, ".").flatten()


def _prefix_texts(values: pa.Array, numbers: AddressNumbers) -> tuple[pa.Array, pa.Array]:
    """Write what :func:`prefixes` does of every address."""
    is_ipv6 = numbers.family == 6
    octets = _octets(values.filter(pa.array(~is_ipv6)))
    first, second, third = (octets.take(pa.array(np.arange(n, len(octets), 4))) for n in range(3))
    high, codes = np.unique(numbers.high[is_ipv6] >> np.uint64(16), return_inverse=True)
    both = [
        (f"{_write_high(slash48 << 16)}/48", f"{_write_high(slash48 >> 16 << 32)}/32")
        for slash48 in high.tolist()
    ]
    # IPv4 first, then IPv6: where each address stands in that order.
    places = np.empty(len(values), dtype=np.int64)
    places[np.r_[np.flatnonzero(~is_ipv6), np.flatnonzero(is_ipv6)]] = np.arange(len(values))
    ipv4 = (
        pc.binary_join_element_wise(first, second, third, "0/24", "."),
        pc.binary_join_element_wise(first, second, "0.0/16", "."),
    )
    slash24, slash16 = (
        pa.concat_arrays(
            [
                texts.cast(pa.string()),
                pa.array([pair[n] for pair in both], pa.string()).take(pa.array(codes)),
            ]
        ).take(pa.array(places))
        for n, texts in enumerate(ipv4)
    )
    return slash24, slash16


def _write_high(high: int) -> str:
    """Write the IPv6 address of an upper half; the system does, ten times as fast as Python.

    They differ only where an IPv4 address is embedded in the lower half.
    """
    return inet_ntop(AF_INET6, high.to_bytes(8, "big") + bytes(8))


def _are_special_use(numbers: AddressNumbers) -> np.ndarray:
    """Tell what :func:`is_special_use` does of every address."""
    special = np.zeros(len(numbers.family), dtype=bool)
    for family, keys in (
        (4, numbers.low),
        (6, _sort_keys(numbers.high, numbers.low)),
    ):
        chosen = numbers.family == family
        inside = _are_inside(keys[chosen], *_NOT_GLOBAL_KEYS[family])
        special[chosen] = inside & ~_are_inside(keys[chosen], *_GLOBAL_WITHIN_KEYS[family])
    return special


def _are_inside(keys: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Tell which keys lie in one of the ranges, which are sorted and disjoint."""
    before = np.searchsorted(starts, keys, side="right") - 1
    inside: np.ndarray = (before >= 0) & (keys <= ends[before])
    return inside


def _sort_keys(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Return 128-bit numbers as byte strings of equal width, which sort as the numbers do."""
    halves = np.stack([high, low], axis=1).astype(">u8")
    return np.ascontiguousarray(halves).view("S16").reshape(-1)


def _to_text(address: IPv4Address | IPv6Address) -> str:
    # Python writes mapped addresses differently from version to version.
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return f"::ffff:{address.ipv4_mapped}"
    return str(address)


def _ranges(blocks: tuple[str, ...]) -> dict[int, tuple[list[int], list[int]]]:
    """Return sorted first and last numbers of the blocks, by family."""
    ranges: dict[int, tuple[list[int], list[int]]] = {4: ([], []), 6: ([], [])}
    for network in sorted(map(ip_network, blocks), key=lambda n: int(n.network_address)):
        starts, ends = ranges[network.version]
        starts.append(int(network.network_address))
        ends.append(int(network.broadcast_address))
    return ranges


_NOT_GLOBAL_RANGES: Final = _ranges(NOT_GLOBAL)
_GLOBAL_WITHIN_RANGES: Final = _ranges(GLOBAL_WITHIN)


def _range_keys(
    ranges: dict[int, tuple[list[int], list[int]]],
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Return ranges as arrays of the keys that :func:`_are_special_use` searches for."""

    def keys(family: int, ends: list[int]) -> np.ndarray:
        high = np.array([end >> 64 for end in ends], dtype=np.uint64)
        low = np.array([end & (1 << 64) - 1 for end in ends], dtype=np.uint64)
        return low if family == 4 else _sort_keys(high, low)

    return {
        family: (keys(family, starts), keys(family, ends))
        for family, (starts, ends) in ranges.items()
    }


_NOT_GLOBAL_KEYS: Final = _range_keys(_NOT_GLOBAL_RANGES)
_GLOBAL_WITHIN_KEYS: Final = _range_keys(_GLOBAL_WITHIN_RANGES)
_OCTET_WEIGHTS: Final = np.array([1 << 24, 1 << 16, 1 << 8, 1], dtype=np.uint64)
