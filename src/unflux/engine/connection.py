"""What an engine is: named Arrow tables in, Ibis expressions evaluated, Arrow tables out."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

import duckdb
import pyarrow as pa

from unflux.engine.local import DuckDBEngine
from unflux.engine.spark import SparkEngine
from unflux.engine.step import Step
from unflux.model.errors import UnfluxError, UsageError

if TYPE_CHECKING:
    import ibis.expr.types as ir

_SPARK: Final = re.compile(r"spark://[^\s,]+:\d+(?:,[^\s,]+:\d+)*|local\[(?:\d+|\*)\]")


class Engine(Protocol):
    """Evaluates Ibis expressions; the same expressions give the same rows on every engine."""

    NAME: str

    def put(self, name: str, rows: pa.Table) -> None:
        """Make an Arrow table known under a name; a name given again replaces."""
        ...

    def drop(self, name: str) -> None:
        """Forget the rows of a step that was run."""
        ...

    def run(self, step: Step) -> None:
        """Evaluate a step now and keep its rows in the engine, under its name."""
        ...

    def take(self, step: Step) -> pa.Table:
        """Evaluate a step and return its rows, in no order; types are those of our columns."""
        ...

    def rows(self, name: str) -> pa.Table:
        """Return the rows known under a name, in no order; types are those of our columns."""
        ...

    def named(self, name: str) -> "ir.Table":
        """Return what is known under a name as an expression."""
        ...

    def table(self, name: str, rows: pa.Table) -> "ir.Table":
        """Put the rows and return them as an expression."""
        ...

    def fetch(self, expression: "ir.Table") -> pa.Table:
        """Evaluate. Moments are microseconds UTC; rows come in the order the expression asks
        for, and in no order where it asks for none.
        """
        ...

    def cache(self, expression: "ir.Table", name: str) -> "ir.Table":
        """Evaluate now, keep the rows in the engine, and return them as an expression."""
        ...


@contextmanager
def open_engine(
    target: str = "duckdb",
    *,
    workers: int | None = None,
    memory_bytes: int | None = None,
    connect_timeout_s: float = 5.0,
) -> Iterator[Engine]:
    """Open ``duckdb``, a Spark cluster (``spark://HOST:PORT``), or Spark here (``local[N]``).

    ``workers`` and ``memory_bytes`` limit DuckDB (null: all cores, four fifths of the memory).
    Raises UsageError for another target, UnfluxError where Spark is missing or does not answer,
    and where DuckDB has neither memory nor disk for what it is asked.
    """
    engine: Any
    if target == "duckdb":
        engine = DuckDBEngine.open(workers=workers, memory_bytes=memory_bytes)
    elif _SPARK.fullmatch(target):
        engine = SparkEngine.open(target, connect_timeout_s=connect_timeout_s)
    else:
        message = f"engine {target!r} is none of duckdb, spark://HOST:PORT and local[N]"
        raise UsageError(message)
    try:
        yield engine
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        message = f"the engine has no room: {str(error).splitlines()[0]}"
        raise UnfluxError(message) from error
    finally:
        engine.close()
