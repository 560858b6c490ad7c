"""What a trace wrote is read as it was meant, or refused with its line."""

import json
from pathlib import Path

import pytest

from unflux.act.trace_file import read_traces
from unflux.model.errors import UnfluxError

LINE = {
    "schema": "unflux/trace/1", "address": "2001:DB8::1", "role": "mothership",
    "verdict": "accused", "score": 0.99, "holder": "AS #1",
    "agents": [{"address": "192.0.2.7", "requests": 12}],
    "first_seen": "2026-11-01T00:00:00Z", "last_seen": "2026-11-01T00:10:00Z",
}  # fmt: skip


def write(path: Path, *changes: dict[str, object]) -> Path:
    path.write_text("\n".join(json.dumps(LINE | change) for change in changes) + "\n\n")
    return path


def test_only_accused_hosts_that_are_relayed_to_are_taken(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.jsonl", {}, {"verdict": "undecided"}, {"role": "controller"},
        {"role": "chained-proxy"},
    )  # fmt: skip
    found = read_traces(path)
    assert [target.address for target in found] == ["2001:db8::1"] * 2
    assert found[0].agents == {"192.0.2.7"}
    assert found[0].requests == 12


@pytest.mark.parametrize(
    "change",
    [{"schema": "unflux/verdict/1"}, {"address": "x"}, {"agents": [1]}, {"score": None},
     {"first_seen": "2026-11-01T00:00:00"}, {"agents": [{"address": "y", "requests": 1}]},
     {"score": float("nan")}, {"score": 2},
     {"agents": [{"address": "192.0.2.7", "requests": float("inf")}]}],
)  # fmt: skip
def test_what_is_no_trace_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = write(tmp_path / "t.jsonl", {}, change)
    with pytest.raises(UnfluxError, match="line 2: not what unflux trace writes"):
        read_traces(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnfluxError, match="cannot be read"):
        read_traces(tmp_path / "none")
