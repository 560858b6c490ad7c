"""Texts of a block as columns: each distinct one is parsed once, the usual ones by compiled code.

``parse`` functions are those of the row-by-row readers, so that whichever of the two takes a text,
the value is the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.read.kernel.scan.layout import OTHER
from unflux.read.passes import (
    canonical_addresses,
    encode,
    gather,
    lower_plain_names,
    read_moments,
)
from unflux.read.presentation import MAX_LABEL_CHARS


@dataclass(frozen=True, slots=True)
class Coded:
    """A column as numbers of its distinct values."""

    values: pa.Array
    """Each once; none is null."""
    codes: np.ndarray
    """int32: the value of each row, or -1 for null."""

    def at(self, rows: np.ndarray) -> "Coded":
        """Return some rows: their numbers, or a flag for each row."""
        return Coded(self.values, self.codes[rows])

    def column(self) -> pa.DictionaryArray:
        """Return the column, dictionary-encoded."""
        codes = pa.array(self.codes, mask=self.codes < 0)
        return pa.DictionaryArray.from_arrays(codes, self.values)

    @property
    def is_null(self) -> np.ndarray:
        """Which rows have no value."""
        return self.codes < 0


@dataclass(frozen=True, slots=True)
class Spans:
    """Where the texts of a column lie in a block of UTF-8; a start below 0 is null."""

    octets: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, column: pa.StringArray) -> "Spans":
        """Return the texts of a column of Arrow, where they lie."""
        _, offsets, octets = column.buffers()
        bounds = np.frombuffer(
            offsets, dtype=np.int32, count=len(column) + 1, offset=4 * column.offset
        )
        starts = bounds[:-1]
        if column.null_count:
            starts = np.where(np.asarray(column.is_null()), np.int32(-1), starts)
        return cls(np.frombuffer(octets or b"", dtype=np.uint8), starts, bounds[1:])

    def at(self, rows: np.ndarray) -> "Spans":
        """Return some rows: their numbers, or a flag for each row."""
        return Spans(self.octets, self.starts[rows], self.ends[rows])

    @property
    def is_null(self) -> np.ndarray:
        """Which rows have no text."""
        return self.starts < 0

    @property
    def is_empty(self) -> np.ndarray:
        """Which rows have no text, or one without characters."""
        is_empty: np.ndarray = (self.starts < 0) | (self.starts == self.ends)
        return is_empty

    def or_else(self, other: "Spans") -> "Spans":
        """Take the text of ``other`` where this has none or an empty one."""
        is_empty = self.is_empty
        if not is_empty.any():
            return self
        starts = np.where(is_empty, other.starts, self.starts)
        ends = np.where(is_empty, other.ends, self.ends)
        return Spans(self.octets, np.where(starts == ends, np.int32(-1), starts), ends)

    def distinct(self) -> tuple["Spans", np.ndarray]:
        """Return the distinct texts and the number of each row's (int32, -1 for null)."""
        codes, firsts = encode(self.octets, self.starts, self.ends)
        return self.at(firsts), codes

    def texts(self) -> pa.StringArray:
        """Return a copy of the texts, none of which is null."""
        return _string_array(*gather(self.octets, self.starts, self.ends)[::-1])

    def holds(self, condition: Callable[[str], bool], *, of_null: bool = False) -> np.ndarray:
        """Return for which texts the condition holds; ``of_null`` where there is none."""
        distinct, codes = self.distinct()
        found = np.array([*map(condition, distinct.texts().to_pylist()), of_null], dtype=bool)
        flags: np.ndarray = found[codes]
        return flags

    def map(self, parse: Callable[[str], str | None]) -> Coded:
        """Return what ``parse`` makes of each text."""
        distinct, codes = self.distinct()
        return recode(pa.array(map(parse, distinct.texts().to_pylist()), pa.string()), codes)

    def map_labels(self, parse: Callable[[str], str | None]) -> Coded:
        """Return what ``parse`` makes of each text, itself of all that are short and printable."""
        distinct, codes = self.distinct()
        texts = distinct.texts()
        length = distinct.ends - distinct.starts
        is_short = bool(((length > 0) & (length <= MAX_LABEL_CHARS)).all())
        if is_short and pc.all(pc.ascii_is_printable(texts), min_count=0).as_py():
            return Coded(texts, codes)
        return recode(pa.array(map(parse, texts.to_pylist()), pa.string()), codes)

    def map_names(self, parse: Callable[[str], str | None]) -> Coded:
        """Return what ``parse`` makes of each text, and of plain names just that."""
        distinct, codes = self.distinct()
        return recode(distinct.names(parse), codes)

    def names(self, parse: Callable[[str], str | None]) -> pa.StringArray:
        """Return the same, row by row; no text is null."""
        names, is_plain = self.plain_names()
        if is_plain.all():
            return names
        rest = self.at(~is_plain).texts().to_pylist()
        parsed = pa.array(map(parse, rest), pa.string())
        return pc.replace_with_mask(names, pa.array(~is_plain), parsed)

    def plain_names(self) -> tuple[pa.StringArray, np.ndarray]:
        """Return the plain names as they are normalised, and which texts these are."""
        octets, offsets, is_plain = lower_plain_names(self.octets, self.starts, self.ends)
        return _string_array(offsets, octets), is_plain

    def addresses(self) -> tuple[pa.StringArray, np.ndarray]:
        """Return the canonical text of each usual address, and its family: 4, 6, or 0 if none."""
        octets, offsets, family = canonical_addresses(self.octets, self.starts, self.ends)
        return _string_array(offsets, octets), family


def _string_array(offsets: np.ndarray, octets: np.ndarray) -> pa.StringArray:
    return pa.StringArray.from_buffers(
        len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(octets)
    )


def recode(values: pa.Array, codes: np.ndarray | None = None) -> Coded:
    """Return a column whose row ``i`` is ``values[codes[i]]``; values may repeat or be null.

    Without codes it is the column of the values.
    """
    encoded = values.dictionary_encode()
    renumbered = np.asarray(encoded.indices.fill_null(-1)).astype(np.int32)
    if codes is not None:
        renumbered = np.append(renumbered, np.int32(-1))[codes]
    return Coded(encoded.dictionary, renumbered)


def unify(*columns: Coded) -> tuple[pa.Array, list[np.ndarray]]:
    """Return the distinct values of several columns together, and the codes of each in them."""
    together = recode(pa.concat_arrays([column.values for column in columns]))
    codes: list[np.ndarray] = []
    first = 0
    for column in columns:
        own = together.codes[first : first + len(column.values)]
        codes.append(np.append(own, np.int32(-1))[column.codes])
        first += len(column.values)
    return together.values, codes


def parse_moments(spans: Spans, parse: Callable[[str], int | None]) -> np.ndarray:
    """Return microseconds since the epoch (int64), :data:`OTHER` where there is no moment."""
    moments = read_moments(spans.octets, spans.starts, spans.ends)
    return patched_numbers(moments, spans, parse)


def patched_numbers(
    numbers: np.ndarray, spans: Spans, parse: Callable[[str], int | None]
) -> np.ndarray:
    """Fill in what ``parse`` makes of the texts that are :data:`OTHER` so far."""
    rows = np.flatnonzero((numbers == OTHER) & ~spans.is_null)
    if len(rows):
        distinct, codes = spans.at(rows).distinct()
        parsed = [parse(text) for text in distinct.texts().to_pylist()]
        numbers[rows] = np.array([OTHER if p is None else p for p in parsed], dtype=np.int64)[codes]
    return numbers
