"""Tally: some looks as rows of the tables of vantages."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from unflux.model.addresses import canonical_address
from unflux.model.columns import TableShape
from unflux.model.vantages import (
    LOOK_BUCKET_S,
    VANTAGE_ANSWERS,
    VANTAGE_LOOKS,
    VANTAGE_SUBNETS,
    VANTAGE_TURNS,
)
from unflux.track.exchange import Look
from unflux.track.rhythm import Turn


def tally(looks: Iterable[tuple[Look, Turn]]) -> dict[TableShape, pa.Table]:
    """Count looks, each with what it says of how fast answers change."""
    made: dict[tuple[Any, ...], list[Any]] = {}
    turned: dict[tuple[Any, ...], list[Any]] = {}
    held: dict[tuple[Any, ...], list[Any]] = {}
    told: dict[tuple[Any, ...], list[Any]] = {}
    for look, turn in looks:
        at_s = int(look.at.timestamp())
        bucket_at = datetime.fromtimestamp(at_s - at_s % LOOK_BUCKET_S, UTC)
        vantage, question, reply = str(look.vantage), look.question, look.reply
        counts = (
            1,
            int(reply.outcome == "answered"),
            int(reply.outcome == "silent"),
            int(turn.is_change),
        )
        key = (bucket_at, vantage, question.name, question.qtype)
        _add(made, key, counts, look.at)
        if turn.watched_s is not None:
            watched_ms = round(turn.watched_s * 1000)
            _add(turned, key, (1, watched_ms, int(turn.is_change)), look.at)
        if question.subnet is not None and reply.outcome == "answered":
            _add(told, key, (1, int(bool(reply.scope_bits))), look.at)
        if question.qtype == "NS":
            continue
        for found in reply.found:
            address = canonical_address(found)
            if address is not None:
                _add(held, (bucket_at, vantage, question.name, address), (1,), look.at)
    return {
        VANTAGE_LOOKS: _table(VANTAGE_LOOKS, made),
        VANTAGE_ANSWERS: _table(VANTAGE_ANSWERS, held),
        VANTAGE_TURNS: _table(VANTAGE_TURNS, turned),
        VANTAGE_SUBNETS: _table(VANTAGE_SUBNETS, told),
    }


def _add(
    rows: dict[tuple[Any, ...], list[Any]],
    key: tuple[Any, ...],
    counts: Sequence[int],
    at: datetime,
) -> None:
    row = rows.setdefault(key, [Counter(), at, at])
    row[0].update(dict(enumerate(counts)))
    row[1], row[2] = min(row[1], at), max(row[2], at)


def _table(shape: TableShape, rows: dict[tuple[Any, ...], list[Any]]) -> pa.Table:
    names = shape.schema.names
    counted = len(names) - len(shape.key) - 2
    values = [
        (*key, *(counts[number] for number in range(counted)), first_at, last_at)
        for key, (counts, first_at, last_at) in rows.items()
    ]
    return pa.Table.from_pylist(
        [dict(zip(names, value, strict=True)) for value in values], schema=shape.schema
    )
