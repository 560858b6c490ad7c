"""Every text format against inputs and expectations written down beside each other."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pytest

from unflux.read import eve_blocks, zeek_json, zeek_tsv
from unflux.read.source import Batch, Drops, Options, Rollup
from unflux.read.sources import recognise

GOLDEN = Path(__file__).parents[1] / "golden" / "read"
TEXT_FORMATS = ("zeek", "eve", "cof", "dig", "table")
INPUTS = sorted(path for name in TEXT_FORMATS for path in (GOLDEN / name).glob("input.*"))
OPTIONS = Options(utc_offset_s=8 * 3600)  # only dig's bare local times look at it


def rows_of(table: pa.Table) -> list[list[object]]:
    return [
        [value.isoformat() if hasattr(value, "isoformat") else value for value in row.values()]
        for row in table.to_pylist()
    ]


Read = Callable[[BinaryIO, Options, Drops], Iterator[Batch | Rollup]]


def read_document(octets: bytes, read: Read | None = None) -> dict[str, Any]:
    """Return everything that is read of a source, in the form of the expectations."""
    source = recognise(octets[: 1 << 16])
    drops = Drops()
    document: dict[str, Any] = {"format": source.NAME, "responses": [], "rollups": []}
    for part in (read or source.read)(io.BytesIO(octets), OPTIONS, drops):
        if isinstance(part, Batch):
            assert isinstance(document["responses"], list)
            records = rows_of(part.records)
            for number, *response in rows_of(part.responses):
                held = [record[1:] for record in records if record[0] == number]
                document["responses"].append({"response": response, "records": held})
        else:
            assert isinstance(document["rollups"], list)
            document["rollups"].append(
                {
                    "sightings": rows_of(part.sightings),
                    "lookups": rows_of(part.lookups),
                    "answer_sets": rows_of(part.answer_sets),
                }
            )
    document["response_count"] = drops.response_count
    document["query_count"] = drops.query_count
    document["drops"] = dict(sorted(drops.reasons.items()))
    return document


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_golden(path: Path) -> None:
    expected = path.with_name(path.name.replace("input.", "expected.", 1) + ".expected")
    assert read_document(path.read_bytes()) == json.loads(expected.read_text())


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_golden_in_columns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (zeek_tsv, zeek_json, eve_blocks):
        monkeypatch.setattr(module, "MIN_COLUMNAR_BYTES", 0)
    expected = path.with_name(path.name.replace("input.", "expected.", 1) + ".expected")
    document, wanted = read_document(path.read_bytes()), json.loads(expected.read_text())
    for either in (document, wanted):
        either["responses"].sort(key=repr)  # odd lines come after the others
    assert document == wanted


@pytest.mark.parametrize("name", TEXT_FORMATS)
def test_every_text_format_has_a_golden_folder(name: str) -> None:
    assert any(path.parent.name == name for path in INPUTS)
