"""The compiled passes over text, as the interpreter calls them: here arrays for results are made.

Where no code can be compiled the readers of logs go row by row and have no use for them; plain
tables are read as ever, so that what they need of this has an interpreted form beside it, to which
no text is plain.
"""

import secrets
from functools import cache

import numpy as np

from unflux.read.kernel.layout import KEY_COUNT, MAX_ADDRESS_TEXT
from unflux.read.kernel.native import Kernel, load_kernel
from unflux.read.kernel.scan.layout import LEVEL_WIDTH, MAX_DEPTH


def have_passes() -> bool:
    """Tell whether there are any: without compiled code all is read row by row."""
    return load_kernel() is not None


def _kernel() -> Kernel:
    kernel = load_kernel()
    if kernel is None:
        raise RuntimeError("asked for compiled passes where there are none")
    return kernel


@cache
def _keys() -> np.ndarray:
    """Return the random numbers of the hashes, others in each run."""
    return np.frombuffer(secrets.token_bytes(4 * KEY_COUNT), np.uint32).astype(np.uint64)


def encode(
    octets: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Number the distinct texts of spans in the order they come.

    Returns the number of each span's text (int32, -1 where ``starts`` is negative) and, for each
    number, the first span that has it (int64).
    """
    if not have_passes():
        return _encode_interpreted(octets, starts, ends)
    count = len(starts)
    slots = np.zeros(1 << (2 * count + 14).bit_length(), np.int32)
    hashes, firsts = np.empty(count, np.uint64), np.empty(count, np.int64)
    codes, counts = np.empty(count, np.int32), np.empty(1, np.int64)
    _kernel().encode_spans(
        octets, _packed(starts), _packed(ends), _keys(), slots, hashes, codes, firsts, counts
    )
    return codes, firsts[: int(counts[0])].copy()


def gather(
    octets: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Copy spans behind each other; return the octets and the offsets (int32), one more."""
    starts, ends = _packed(starts), _packed(ends)
    if not have_passes():
        copied = b"".join(_texts(octets, starts, ends))
        return np.frombuffer(copied, np.uint8), _ends_of(ends - starts)
    copy, offsets = np.empty(_octet_count(starts, ends), np.uint8), _offsets(len(starts))
    _kernel().gather_spans(octets, starts, ends, copy, offsets)
    return copy, offsets


def lower_plain_names(
    octets: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Write the plain names among some spans in lower case, without a final dot.

    Returns their octets, the offsets (int32, one more than spans), and which spans are plain
    names; the others are left empty.
    """
    if not have_passes():
        return np.empty(0, np.uint8), _no_offsets(len(starts)), np.zeros(len(starts), np.bool_)
    starts, ends = _packed(starts), _packed(ends)
    copy, offsets = np.empty(_octet_count(starts, ends), np.uint8), _offsets(len(starts))
    flags = np.empty(len(starts), np.uint8)
    _kernel().lower_plain_names(octets, starts, ends, copy, offsets, flags)
    return copy, offsets, flags.view(np.bool_)


def canonical_addresses(
    octets: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Write the canonical text of the addresses among some spans.

    Returns the octets, the offsets (int32, one more than spans), and the family of each: 4, 6, or
    0 where a span is no address in a usual form (IPv4-mapped ones are not), which is left empty.
    """
    if not have_passes():
        return np.empty(0, np.uint8), _no_offsets(len(starts)), np.zeros(len(starts), np.uint8)
    starts, ends = _packed(starts), _packed(ends)
    copy, offsets = np.empty(MAX_ADDRESS_TEXT * len(starts), np.uint8), _offsets(len(starts))
    families = np.empty(len(starts), np.uint8)
    _kernel().canonical_addresses(octets, starts, ends, copy, offsets, families)
    return copy, offsets, families


def read_whole_numbers(octets: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the whole part of each number of up to fifteen digits, a dot among them, as int64.

    OTHER for a negative start and for all other text.
    """
    numbers = np.empty(len(starts), np.int64)
    _kernel().read_whole_numbers(octets, _packed(starts), _packed(ends), numbers)
    return numbers


def read_moments(octets: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return microseconds since the epoch (int64) of numbers or ISO 8601 as logs write them.

    OTHER for a negative start, for moments outside 1970 to 2100, and for all other text.
    """
    numbers = np.empty(len(starts), np.int64)
    _kernel().read_moments(octets, _packed(starts), _packed(ends), numbers)
    return numbers


def split_fields(
    octets: np.ndarray, separator: int, columns: np.ndarray, column_count: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """Find the fields of each line; empty lines and those that begin with ``#`` are no rows.

    ``octets`` end with a line end. ``columns`` (int64) has the column that takes each field, or -1.
    Returns starts and ends (int32, columns by rows) of the rows that have as many fields as
    ``columns``, and how many have not.
    """
    room = len(octets) // max(len(columns), 1)  # a row has an octet a field, if only its end
    starts = np.empty((column_count, room), np.int32)
    ends, counts = np.empty_like(starts), np.empty(2, np.int64)
    _kernel().split_fields(octets, separator, columns, starts, ends, counts)
    row_count, odd_count = counts.tolist()
    return starts[:, :row_count], ends[:, :row_count], odd_count


def split_elements(
    octets: np.ndarray, separator: int, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split spans into elements; one that starts below 0 has none, an empty one has one.

    Returns starts and ends of the elements (int32), and where those of each span begin (int64,
    one more than spans).
    """
    starts, ends = _packed(starts), _packed(ends)
    is_there = starts >= 0
    room = int((ends - starts)[is_there].sum(dtype=np.int64)) + int(np.count_nonzero(is_there))
    element_starts, element_ends = np.empty(room, np.int32), np.empty(room, np.int32)
    firsts = np.empty(len(starts) + 1, np.int64)
    _kernel().split_elements(octets, separator, starts, ends, element_starts, element_ends, firsts)
    count = int(firsts[-1])
    return element_starts[:count], element_ends[:count], firsts


def blank_out(octets: np.ndarray, starts: np.ndarray, ends: np.ndarray, text: bytes) -> None:
    """Set the start of each span that is exactly ``text`` to -1; they lie behind each other."""
    _kernel().blank_out(octets, starts, ends, np.frombuffer(text, np.uint8))


def scan_objects(
    octets: np.ndarray, nodes: np.ndarray, keys: np.ndarray, *arrays: np.ndarray
) -> None:
    """Scan lines of JSON: see :func:`unflux.read.kernel.scan.objects.scan_objects`."""
    levels = np.empty((MAX_DEPTH, LEVEL_WIDTH), np.int64)
    _kernel().scan_objects(octets, nodes, keys, *arrays, levels)


def _packed(places: np.ndarray) -> np.ndarray:
    """Return places as compiled code wants them."""
    return np.ascontiguousarray(places, np.int32)


def _offsets(count: int) -> np.ndarray:
    offsets = np.empty(count + 1, np.int32)
    offsets[0] = 0
    return offsets


def _octet_count(starts: np.ndarray, ends: np.ndarray) -> int:
    return int(ends.sum(dtype=np.int64) - starts.sum(dtype=np.int64))


# --- interpreted ---------------------------------------------------------------------------


def _texts(octets: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> list[bytes]:
    whole = octets.tobytes()
    spans = zip(starts.tolist(), ends.tolist(), strict=True)
    return [whole[start:end] for start, end in spans]


def _encode_interpreted(
    octets: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    numbers: dict[bytes, int] = {}
    codes, firsts = np.full(len(starts), -1, np.int32), list[int]()
    rows = np.flatnonzero(starts >= 0)
    for row, text in zip(rows.tolist(), _texts(octets, starts[rows], ends[rows]), strict=True):
        if text not in numbers:
            numbers[text] = len(firsts)
            firsts.append(row)
        codes[row] = numbers[text]
    return codes, np.array(firsts, np.int64)


def _no_offsets(count: int) -> np.ndarray:
    return np.zeros(count + 1, np.int32)


def _ends_of(lengths: np.ndarray) -> np.ndarray:
    offsets = _no_offsets(len(lengths))
    np.cumsum(lengths, out=offsets[1:])
    return offsets
