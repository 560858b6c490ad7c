"""docs/formats.md says what the declarations say."""

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from unflux.model.columns import TableShape
from unflux.model.flows import FLOWS
from unflux.present.explanation import RECORDS
from unflux.present.verdict_csv import HEADER
from unflux.present.verdict_parquet import VERDICT_TABLE

DOCS = Path(__file__).parents[2] / "docs"


def _keys(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    for name, declared in schema["properties"].items():
        yield f"`{prefix}{name}`", _kind(declared), declared["description"]
        if "properties" in declared:
            yield from _keys(declared, f"{prefix}{name}.")
        items = declared.get("items", {})
        if items.get("type") == "object":
            yield from _keys(items, f"{prefix}{name}[].")


def _kind(declared: dict[str, Any]) -> str:
    if "const" in declared:
        return f"`{declared['const']}`"
    for reference in (*declared.get("anyOf", ()), declared, declared.get("items", {})):
        if "$ref" in reference:
            named = f"[{reference['$ref'].removeprefix('#/$defs/')}](#evaluation-parts)"
            if "anyOf" in declared:
                return f"{named} or null"
            return f"array of {named}" if declared.get("type") == "array" else named
    if "enum" in declared:
        return ", ".join(f"`{value}`" for value in declared["enum"])
    kinds = declared["type"]
    return " or ".join(kinds) if isinstance(kinds, list) else str(kinds)


def _schema_table(name: str, part: str | None = None) -> str:
    schema = json.loads((DOCS / "schemas" / f"{name}-1.schema.json").read_text())
    schema = schema if part is None else schema["$defs"][part]
    rows = [f"| {key} | {kind} | {meaning} |" for key, kind, meaning in _keys(schema)]
    return "\n".join(["| key | type | meaning |", "|---|---|---|", *rows])


def _shape_table(shape: TableShape) -> str:
    rows = [
        f"| `{c.name}` | {str(c.type).split('<')[0]} | {c.unit.replace('|', ', ')} |"
        f" {'yes' if c.nullable else 'no'} | {c.meaning.replace('|', ', ')} |"
        for c in shape.columns
    ]
    head = ["| column | type | unit or form | null | meaning |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows])


PARTS = ("group", "share", "precision", "decision_time", "quantiles", "calibration", "bin",
         "reliability")  # fmt: skip
TABLES: dict[str, Callable[[], str]] = {
    "verdict": lambda: _schema_table("verdict"),
    "network": lambda: _schema_table("network"),
    "action": lambda: _schema_table("action"),
    "event": lambda: _schema_table("event"),
    "probe": lambda: _schema_table("probe"),
    "marker": lambda: _schema_table("marker"),
    "request": lambda: _schema_table("request"),
    "trace": lambda: _schema_table("trace"),
    "flows": lambda: _shape_table(FLOWS),
    "track": lambda: _schema_table("track"),
    "evaluation": lambda: _schema_table("evaluation"),
    "testbed": lambda: _schema_table("testbed"),
    "address-evaluation": lambda: _schema_table("address-evaluation"),
    "capture": lambda: _schema_table("capture"),
    **{part: partial(_schema_table, "evaluation", part) for part in PARTS},
    "records": lambda: _shape_table(RECORDS),
    "columns": lambda: _shape_table(VERDICT_TABLE),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_in_the_docs_are_the_declarations(name: str) -> None:
    path = DOCS / "formats.md"
    page = path.read_text()
    begin, end = f"<!-- begin {name} -->\n", f"\n<!-- end {name} -->"
    head, rest = page.split(begin)
    old, tail = ("\n" + rest).split(end)
    if os.environ.get("UNFLUX_REWRITE_GOLDEN"):
        path.write_text(head + begin + TABLES[name]() + end + tail)
    else:
        assert old.removeprefix("\n") == TABLES[name]()


def test_every_column_has_unit_and_meaning() -> None:
    for column in VERDICT_TABLE.columns:
        assert column.unit, column.name
        assert column.meaning, column.name


def test_csv_and_parquet_have_the_same_columns() -> None:
    assert list(HEADER) == VERDICT_TABLE.schema.names
