"""Map a column through its distinct values, so that Python sees each value once."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def map_distinct(
    column: pa.Array | pa.ChunkedArray,
    function: Callable[[str], object],
    type_: pa.DataType,
) -> pa.Array:
    """Apply ``function`` to each distinct text of ``column``; null stays null."""
    values, indices = encode_distinct(column)
    mapped = pa.array([function(value) for value in values.to_pylist()], type=type_)
    return mapped.take(indices)


def encode_distinct(column: pa.Array | pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """Return the distinct non-null values and, per row, the index of its value (null: null)."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # more than 2 GiB of text stays in chunks
        column = pa.concat_arrays([chunk.cast(pa.large_string()) for chunk in column.chunks])
    if not isinstance(column, pa.DictionaryArray):
        column = pc.dictionary_encode(column)
    return column.dictionary, column.indices


def codes_of(column: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    """Return int64 codes per row (null: -1) and the distinct values they number."""
    values, indices = encode_distinct(column)
    return np.asarray(pc.fill_null(indices.cast(pa.int64()), -1)), values
