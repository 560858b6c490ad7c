"""Data of records as a column, parsed kind by kind."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.addresses import canonical_address
from unflux.read.spans import Coded, Spans


class DataColumn:
    """Collects the data of records; what was not added, or is bad, is null."""

    def __init__(self, row_count: int) -> None:
        self._codes = np.full(row_count, -1, dtype=np.int32)
        self._values: list[pa.Array] = [pa.array([], pa.string())]
        self._count = 0

    def add(self, is_member: np.ndarray, spans: Spans, parse: Callable[[str], str | None]) -> None:
        """Add what ``parse`` makes of the texts of some rows, and of plain names just that."""
        rows = np.flatnonzero(is_member)
        if len(rows):
            distinct, codes = spans.at(rows).distinct()
            self._add(rows, distinct.names(parse), codes)

    def add_texts(
        self, is_member: np.ndarray, spans: Spans, parse: Callable[[str], str | None]
    ) -> None:
        """Add what ``parse`` makes of the texts of some rows."""
        rows = np.flatnonzero(is_member)
        if len(rows):
            parsed = spans.at(rows).map(parse)
            self._add(rows, parsed.values, parsed.codes)

    def add_addresses(self, is_member: np.ndarray, spans: Spans, is_ipv6: np.ndarray) -> None:
        """Add the texts of some rows that are addresses of the family told."""
        rows = np.flatnonzero(is_member)
        if not len(rows):
            return
        distinct, codes = spans.at(rows).distinct()
        addresses, family = distinct.addresses()
        rest = np.flatnonzero(family == 0)
        if len(rest):
            texts = distinct.at(rest).texts().to_pylist()
            parsed = [canonical_address(text.strip()) for text in texts]
            odd = pa.array(parsed, pa.string())
            addresses = pc.replace_with_mask(addresses, pa.array(family == 0), odd)
            family[rest] = [0 if a is None else 6 if ":" in a else 4 for a in parsed]
        is_right = family[codes] == np.where(is_ipv6[rows], 6, 4)
        self._add(rows, addresses, np.where(is_right, codes, -1))

    def _add(self, rows: np.ndarray, values: pa.Array, codes: np.ndarray) -> None:
        is_null = np.append(np.asarray(values.is_null()), True)  # last: of code -1
        self._codes[rows] = np.where(is_null[codes], -1, codes + self._count)
        self._values.append(values)
        self._count += len(values)

    def coded(self) -> Coded:
        """Return the column; values may repeat."""
        return Coded(pa.concat_arrays(self._values), self._codes)
