"""Fetched tables: the same Arrow types from every engine."""

import ibis.expr.types as ir
import pyarrow as pa

from unflux.model.columns import MOMENT


def conform(rows: pa.Table, expression: ir.Table) -> pa.Table:
    """Cast fetched rows to the types that the expression declares, all columns nullable.

    Every timestamp becomes microseconds UTC, whatever zone the engine writes on it.
    """
    fields = [
        pa.field(name, MOMENT if type_.is_timestamp() else type_.to_pyarrow())
        for name, type_ in expression.schema().items()
    ]
    return rows.rename_columns([field.name for field in fields]).cast(pa.schema(fields))
