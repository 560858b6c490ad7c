"""DuckDB's statements of the steps, compiled ahead: docs/decisions/0008."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from unflux.engine.step import Step

if TYPE_CHECKING:
    import ibis.expr.types as ir

STATEMENTS: Final = Path(__file__).with_name("statements.sql")
HEADER: Final = "-- Written from the Ibis expressions by scripts/compile_statements; not by hand.\n"
_MARK: Final = "-- step "
_EXCLUDED: Final = re.compile(r"EXCLUDE \(([^)]*)\)")


@cache
def compiled_statements() -> Mapping[str, str]:
    """Return the statements that come with unflux, by the name of their step."""
    parts = STATEMENTS.read_text(encoding="ascii").split(_MARK)
    return dict(part.rstrip().split("\n", 1) for part in parts[1:])


def compile_statements(given: Mapping[str, pa.Schema], steps: Iterable[Step]) -> str:
    """Compile steps that read the tables ``given`` or those of earlier steps; return the file."""
    import ibis  # noqa: PLC0415  slow, and not needed where statements are compiled

    tables = {}
    for name, schema in given.items():
        # As in the engine, where every column of a table may be null.
        nullable = pa.schema([field.with_nullable(True) for field in schema])
        tables[name] = ibis.table(ibis.Schema.from_pyarrow(nullable), name)
    parts = [HEADER]
    for step in steps:
        expression = step.build(*(tables[name] for name in step.reads))
        columns = {name: type_(nullable=True) for name, type_ in expression.schema().items()}
        tables[step.name] = ibis.table(columns, step.name)
        parts.append(f"{_MARK}{step.name}\n{compile_statement(expression)}\n")
    return "\n".join(parts)


def compile_statement(expression: "ir.Table") -> str:
    """Compile an expression for DuckDB; whole numbers leave it as BIGINT, not as HUGEINT."""
    import ibis  # noqa: PLC0415  slow, and not needed where statements are compiled

    columns = (
        f'CAST("{name}" AS BIGINT) AS "{name}"' if type_.is_integer() else f'"{name}"'
        for name, type_ in expression.schema().items()
    )
    # Ibis keeps dropped columns as a set, whose order differs from run to run.
    compiled = _EXCLUDED.sub(
        lambda found: f"EXCLUDE ({', '.join(sorted(found[1].split(', ')))})",
        ibis.to_sql(expression, dialect="duckdb", pretty=False),
    )
    return f"SELECT {', '.join(columns)} FROM ({compiled})"  # noqa: S608  no data in it
