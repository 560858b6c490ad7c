"""Members of JSON objects as columns of text, numbers as they are written."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from unflux.read.json_objects import JsonObject
from unflux.read.kernel.scan.layout import FLOAT, INTEGER, STRING
from unflux.read.objects import Objects, Values


def column_texts(objects: Objects, path: str) -> pa.Array:
    """Return a member of the objects of a block; null where it is no string and no number."""
    return texts_of(objects.column(path))


def texts_of(values: Values) -> pa.Array:
    """Return strings and numbers as text, null for all other values."""
    spans = values.spans(STRING, INTEGER, FLOAT)
    is_null = spans.is_null
    rows = np.flatnonzero(~is_null)
    places = np.full(len(is_null), -1)
    places[rows] = np.arange(len(rows))
    return spans.at(rows).texts().take(pa.array(places, mask=is_null))


def member_texts(rows: Sequence[JsonObject], paths: Iterable[str]) -> Mapping[str, pa.Array]:
    """Return members of objects that were parsed one by one, in columns by their paths."""
    return {
        path: pa.array([_text(_member(row, path)) for row in rows], pa.string()) for path in paths
    }


def _member(row: JsonObject, path: str) -> object:
    value: object = row
    for key in path.split("/"):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    # A lone surrogate is no text that a column can hold.
    return str(value).encode("utf-8", "backslashreplace").decode()
