"""DuckDB inside this process: the default engine."""

from dataclasses import dataclass
from functools import cached_property
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

import duckdb
import pyarrow as pa

from unflux.engine.fetched import conform, conform_types
from unflux.engine.settings import duckdb_settings
from unflux.engine.statements import compiled_statements
from unflux.engine.step import Step

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class DuckDBEngine:
    """An in-memory DuckDB database; what does not fit spills into ``spill_directory``."""

    NAME: ClassVar[str] = "duckdb"

    database: Any
    spill_directory: TemporaryDirectory[str]

    @classmethod
    def open(cls, *, workers: int | None, memory_bytes: int | None) -> "DuckDBEngine":
        """Open an empty database."""
        spill_directory = TemporaryDirectory(prefix="unflux-")
        settings = duckdb_settings(workers=workers, memory_bytes=memory_bytes)
        database = duckdb.connect(
            ":memory:", config={**settings, "temp_directory": spill_directory.name}
        )
        database.execute("SET TimeZone = 'UTC'")
        return cls(database, spill_directory)

    @cached_property
    def connection(self) -> Any:
        """The same database behind Ibis, which is slow to load and not needed by compiled steps."""
        import ibis  # noqa: PLC0415  see above

        return ibis.duckdb.from_connection(self.database)

    def put(self, name: str, rows: pa.Table) -> None:
        """Copy the rows into a table of DuckDB's own, which it scans faster than Arrow's."""
        self.database.register("incoming", rows)
        self._create(name, "FROM incoming")
        self.database.unregister("incoming")

    def drop(self, name: str) -> None:
        """Forget a table."""
        self.database.execute(f'DROP TABLE "{name}"')

    def run(self, step: Step) -> None:
        """Evaluate into a table of DuckDB's own, by the statement compiled ahead."""
        self._create(step.name, compiled_statements()[step.name])

    def take(self, step: Step) -> pa.Table:
        """Evaluate by the statement compiled ahead."""
        rows = self.database.execute(compiled_statements()[step.name]).to_arrow_table()
        return conform_types(rows)

    def rows(self, name: str) -> pa.Table:
        """Return a table that was put or run."""
        return conform_types(self.database.execute(f'FROM "{name}"').to_arrow_table())

    def named(self, name: str) -> "ir.Table":
        """Return a table that was put or run as an expression."""
        return self.connection.table(name)

    def table(self, name: str, rows: pa.Table) -> "ir.Table":
        """Put the rows and return them as an expression."""
        self.put(name, rows)
        return self.named(name)

    def fetch(self, expression: "ir.Table") -> pa.Table:
        """Evaluate; see :class:`unflux.engine.connection.Engine`."""
        return conform(self.connection.to_pyarrow(expression), expression)

    def cache(self, expression: "ir.Table", name: str) -> "ir.Table":
        """Evaluate into a table of DuckDB's own."""
        return self.connection.create_table(name, expression, temp=True, overwrite=True)

    def close(self) -> None:
        """Drop everything."""
        self.database.close()
        self.spill_directory.cleanup()

    def _create(self, name: str, statement: str) -> None:
        self.database.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS {statement}')
