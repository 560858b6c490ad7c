"""Fetched tables: the same Arrow types from every engine."""

from typing import TYPE_CHECKING

import pyarrow as pa

from unflux.model.columns import COUNT, MOMENT

if TYPE_CHECKING:
    import ibis.expr.types as ir


def conform(rows: pa.Table, expression: "ir.Table") -> pa.Table:
    """Cast fetched rows to the types that the expression declares, all columns nullable.

    Every timestamp becomes microseconds UTC, whatever zone the engine writes on it.
    """
    fields = [
        pa.field(name, MOMENT if type_.is_timestamp() else type_.to_pyarrow())
        for name, type_ in expression.schema().items()
    ]
    return rows.rename_columns([field.name for field in fields]).cast(pa.schema(fields))


def conform_types(rows: pa.Table) -> pa.Table:
    """Cast fetched rows to the types of our columns: moments, and whole numbers of one width."""
    return rows.cast(pa.schema([pa.field(f.name, _conformed(f.type)) for f in rows.schema]))


def _conformed(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(type_):
        return MOMENT
    return COUNT if pa.types.is_integer(type_) else type_
