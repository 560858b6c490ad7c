"""Numbers in octets. The caller has compared the place with the end of what may be read."""

import numpy as np

from unflux.read.kernel.jit import inlined


@inlined
def octet(octets: np.ndarray, at: int) -> int:
    """Return the octet at a place."""
    return np.int64(octets[np.uintp(at)])


@inlined
def big16(octets: np.ndarray, at: int) -> int:
    """Return two octets, the most significant first."""
    return octet(octets, at) << 8 | octet(octets, at + 1)


@inlined
def big32(octets: np.ndarray, at: int) -> int:
    """Return four octets, the most significant first."""
    return big16(octets, at) << 16 | big16(octets, at + 2)


@inlined
def big64(octets: np.ndarray, at: int) -> int:
    """Return eight octets, the most significant first, as a signed number."""
    return big32(octets, at) << 32 | big32(octets, at + 4)


@inlined
def little32(octets: np.ndarray, at: int) -> int:
    """Return four octets, the least significant first."""
    low = octet(octets, at) | octet(octets, at + 1) << 8
    return low | octet(octets, at + 2) << 16 | octet(octets, at + 3) << 24


@inlined
def number16(octets: np.ndarray, at: int, is_big: bool) -> int:
    """Return two octets in the given order."""
    number = big16(octets, at)
    return number if is_big else (number & 0xFF) << 8 | number >> 8


@inlined
def number32(octets: np.ndarray, at: int, is_big: bool) -> int:
    """Return four octets in the given order."""
    return big32(octets, at) if is_big else little32(octets, at)
