"""DuckDB inside this process: the default engine."""

from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from unflux.engine.fetched import conform
from unflux.engine.settings import duckdb_settings


@dataclass(frozen=True, slots=True)
class DuckDBEngine:
    """An in-memory DuckDB database; what does not fit spills into ``spill_directory``."""

    NAME: ClassVar[str] = "duckdb"

    connection: Any
    spill_directory: TemporaryDirectory[str]

    @classmethod
    def open(cls, *, workers: int | None, memory_bytes: int | None) -> "DuckDBEngine":
        """Open an empty database."""
        spill_directory = TemporaryDirectory(prefix="unflux-")
        settings = duckdb_settings(workers=workers, memory_bytes=memory_bytes)
        connection = ibis.duckdb.connect(
            ":memory:", temp_directory=spill_directory.name, **settings
        )
        return cls(connection, spill_directory)

    def table(self, name: str, rows: pa.Table) -> ir.Table:
        """Copy the rows into a table of DuckDB's own, which it scans faster than Arrow's."""
        return self.connection.create_table(name, rows, temp=True, overwrite=True)

    def fetch(self, expression: ir.Table) -> pa.Table:
        """Evaluate; see :class:`unflux.engine.connection.Engine`."""
        return conform(self.connection.to_pyarrow(expression), expression)

    def cache(self, expression: ir.Table, name: str) -> ir.Table:
        """Evaluate into a table of DuckDB's own."""
        return self.connection.create_table(name, expression, temp=True, overwrite=True)

    def close(self) -> None:
        """Drop everything."""
        self.connection.disconnect()
        self.spill_directory.cleanup()
