"""Markers: what is written is read back, and nothing else is."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from unflux.model.markers import Marker, compose_marker, parse_marker

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "schemas" / "marker-1.schema.json").read_text()
)
MARKER = Marker(
    token="k2m9q4x1c8v5b3n7", agent="192.0.2.7", prober="2a09::9",
    expires_at=datetime(2026, 11, 24, 12, 0, 0, 5, tzinfo=UTC),
)  # fmt: skip


def test_what_is_written_is_read_back_and_meets_its_schema() -> None:
    assert parse_marker(compose_marker(MARKER)) == MARKER
    jsonschema.validate(json.loads(compose_marker(MARKER)), SCHEMA)


@pytest.mark.parametrize(
    "change",
    [{"token": "short"}, {"token": "K" * 16}, {"token": 'k" ; pass any any -> any any (sid:1;)'},
     {"token": "k" * 64}, {"token": f"{'k' * 16}\n"}, {"token": 7}, {"agent": "any"},
     {"agent": "192.0.2.0/24"}, {"prober": None}, {"prober": "2A09::9"}, {"expires_at": "soon"},
     {"expires_at": "2026-11-24T12:00:00"}, {"schema": "unflux/marker/2"}],
)  # fmt: skip
def test_what_could_mean_something_in_a_rule_is_refused(change: dict[str, object]) -> None:
    value = json.loads(compose_marker(MARKER)) | change
    with pytest.raises(ValueError, match=r"."):
        parse_marker(json.dumps(value))


@pytest.mark.parametrize("line", ["", "[]", "{", "null", '{"schema":"unflux/marker/1"}'])
def test_what_is_no_marker_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_marker(line)
