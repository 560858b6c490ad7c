"""Trace file: what ``unflux trace`` wrote of hosts that agents relay to."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from unflux.model.addresses import canonical_address
from unflux.model.errors import UnfluxError
from unflux.model.traces import SCHEMA, RelayTarget

RELAYED_TO: Final = frozenset({"mothership", "name-mothership", "chained-proxy"})


def read_traces(path: Path) -> tuple[RelayTarget, ...]:
    """Read the accused hosts that agents relay to; all others are passed over.

    Raises UnfluxError where the file cannot be read or a line is no object of ``unflux/trace/1``.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read ({getattr(error, 'strerror', None) or 'not UTF-8'})"
        raise UnfluxError(message) from error
    return tuple(_targets(path, lines))


def _targets(path: Path, lines: list[str]) -> Iterator[RelayTarget]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
            if found["schema"] != SCHEMA:
                raise ValueError(f"not of {SCHEMA}")
            if found["verdict"] == "accused" and found["role"] in RELAYED_TO:
                yield _target(found)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            message = f"{path}, line {number}: not what unflux trace writes"
            raise UnfluxError(message) from error


def _target(found: dict[str, Any]) -> RelayTarget:
    """Return what is used of an object; raises as :func:`_targets` catches."""
    return RelayTarget(
        address=_address(found["address"]),
        agents=frozenset(_address(agent["address"]) for agent in found["agents"]),
        requests=sum(int(agent["requests"]) for agent in found["agents"]),
        score=_score(found["score"]),
        first_seen=_moment(found["first_seen"]),
        last_seen=_moment(found["last_seen"]),
    )


def _address(text: str) -> str:
    address = canonical_address(text)
    if address is None:
        raise ValueError("no address")
    return address


def _score(number: float) -> float:
    score = float(number)
    if not 0 <= score <= 1:  # nor is NaN, which JSON of Python may hold
        raise ValueError("no score")
    return score


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment
