"""DuckDB inside this process: the default engine."""

from dataclasses import dataclass
from functools import cached_property
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Final

import duckdb
import pyarrow as pa

from unflux.engine.fetched import conform, conform_types
from unflux.engine.settings import QUIET, duckdb_settings
from unflux.engine.statements import compiled_statements
from unflux.engine.step import Step
from unflux.model.errors import UnfluxError

if TYPE_CHECKING:
    import ibis.expr.types as ir

COMPRESSED: Final = "compressed"
"""The database that many rows are put into: a sixth of the memory of a plain table."""

ROW_GROUP: Final = 122_880
"""Rows that DuckDB compresses as one."""

ROWS_COMPRESSED_AT_ONCE: Final = 2 * ROW_GROUP
"""Rows that lie uncompressed while they are put. Chosen: 2026-11-24; some 50 MB of sightings."""

_KINDS: Final = """
SELECT 'VIEW' FROM duckdb_views() WHERE database_name = 'temp' AND view_name = $1
UNION ALL
SELECT 'TABLE' FROM duckdb_tables() WHERE database_name = 'temp' AND table_name = $1
"""


@dataclass(frozen=True)
class DuckDBEngine:
    """An in-memory DuckDB database; what does not fit spills into ``spill_directory``."""

    NAME: ClassVar[str] = "duckdb"

    database: Any
    spill_directory: TemporaryDirectory[str]

    @classmethod
    def open(cls, *, workers: int | None, memory_bytes: int | None) -> "DuckDBEngine":
        """Open an empty database; raises UnfluxError where there is no folder to spill into."""
        try:
            spill_directory = TemporaryDirectory(prefix="unflux-")
        except OSError as error:
            message = f"the engine has no folder to spill into: {error}"
            raise UnfluxError(message) from error
        settings = duckdb_settings(workers=workers, memory_bytes=memory_bytes)
        database = duckdb.connect(
            ":memory:", config={**settings, "temp_directory": spill_directory.name}
        )
        database.execute(QUIET)
        database.execute("SET TimeZone = 'UTC'")
        database.execute(f"ATTACH ':memory:' AS {COMPRESSED} (COMPRESS)")
        return cls(database, spill_directory)

    @cached_property
    def connection(self) -> Any:
        """The same database behind Ibis, which is slow to load and not needed by compiled steps."""
        import ibis  # noqa: PLC0415  see above

        return ibis.duckdb.from_connection(self.database)

    def put(self, name: str, rows: pa.Table) -> None:
        """Let DuckDB scan few rows where they lie; copy many into a compressed table.

        Scanned where they lie, many rows cost more: Arrow filters copies of them all at once.
        """
        self._forget(name)
        if rows.num_rows <= ROW_GROUP:
            self.database.register(name, rows)
            return
        table = f'{COMPRESSED}."{name}"'
        for start in range(0, rows.num_rows, ROWS_COMPRESSED_AT_ONCE):
            self.database.register("incoming", rows.slice(start, ROWS_COMPRESSED_AT_ONCE))
            first = f"CREATE OR REPLACE TABLE {table} AS"
            self.database.execute(f"{f'INSERT INTO {table}' if start else first} FROM incoming")
            self.database.execute(f"CHECKPOINT {COMPRESSED}")
            self.database.unregister("incoming")
        self.database.execute(f'CREATE TEMP VIEW "{name}" AS FROM {table}')

    def drop(self, name: str) -> None:
        """Forget the table of a step."""
        self._forget(name)

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
        self._forget(name)
        return self.connection.create_table(name, expression, temp=True)

    def close(self) -> None:
        """Drop everything."""
        self.database.close()
        self.spill_directory.cleanup()

    def _create(self, name: str, statement: str) -> None:
        self._forget(name)
        self.database.execute(f'CREATE TEMP TABLE "{name}" AS {statement}')

    def _forget(self, name: str) -> None:
        """Drop the view or the table of that name, where there is one."""
        self.database.unregister(name)
        for kind in self.database.execute(_KINDS, [name]).fetchall():
            self.database.execute(f'DROP {kind[0]} "{name}"')
