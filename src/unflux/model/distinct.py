"""The distinct values of a column: each is computed on once, and stands for its rows as a code."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


def map_distinct(
    column: pa.Array | pa.ChunkedArray,
    function: Callable[[str], object],
    type_: pa.DataType,
) -> pa.Array:
    """Apply ``function`` to each distinct value of ``column``; null stays null."""
    values, codes = encode_distinct(column)
    return pa.array([function(value) for value in values.to_pylist()], type=type_).take(codes)


def encode_distinct(column: pa.Array | pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """Return the distinct non-null values and, per row, the int64 code of its value or null."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # more text than one chunk can hold
        column = pa.concat_arrays([chunk.cast(pa.large_string()) for chunk in column.chunks])
    if not isinstance(column, pa.DictionaryArray):
        column = pc.dictionary_encode(column)
    return column.dictionary, column.indices.cast(pa.int64())


@dataclass(frozen=True, slots=True)
class OrderCodes:
    """A column as int64 codes that sort as its values do; null stays null."""

    codes: pa.Array
    values: pa.Array
    """The value of each code, in order."""

    def decode(self, codes: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        """Return the values that the codes stand for."""
        return self.values.take(codes)


def order_codes(column: pa.Array | pa.ChunkedArray) -> OrderCodes:
    """Number the distinct values of a column in their order."""
    values, codes = encode_distinct(column)
    order = pc.sort_indices(values)
    ranks = pc.sort_indices(order).cast(pa.int64())  # the inverse of the permutation
    return OrderCodes(ranks.take(codes), values.take(order))
