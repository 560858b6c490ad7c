"""What waits to be sent: texts by receiver, in the order in which they came, of bounded number."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

Execute = Callable[..., Any]

TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS waiting (receiver VARCHAR NOT NULL, place BIGINT NOT NULL,"
    " id VARCHAR NOT NULL, content VARCHAR NOT NULL)"
)
"""Made when something waits first. Without a key: DuckDB keeps keys of deleted rows for a while."""
_LAST: Final = "SELECT coalesce(max(place), 0) FROM waiting WHERE receiver = ?"
_ADD: Final = "INSERT INTO waiting VALUES (?, ?, ?, ?)"
_COUNT: Final = "SELECT receiver, count(*) FROM waiting GROUP BY receiver"
_OVER: Final = (
    "DELETE FROM waiting WHERE receiver = ? AND place IN (SELECT place FROM waiting"
    " WHERE receiver = ? ORDER BY place DESC OFFSET ?)"
)
_FIRST: Final = "SELECT id, content FROM waiting WHERE receiver = ? ORDER BY place LIMIT ?"
_SETTLE: Final = "DELETE FROM waiting WHERE receiver = ? AND id = ?"
_FORGET: Final = "DELETE FROM waiting WHERE receiver = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A text for a receiver."""

    id: str
    """The same each time it is sent, so that a receiver can tell a second copy."""
    content: str


def put(execute: Execute, receiver: str, letters: Iterable[Letter], most: int) -> int:
    """Add letters for a receiver, and drop the oldest above ``most``; return how many."""
    execute(TABLE)
    (place,) = execute(_LAST, [receiver]).fetchone()
    for letter in letters:
        place += 1
        execute(_ADD, [receiver, place, letter.id, letter.content])
    return int(execute(_OVER, [receiver, receiver, most]).fetchone()[0])


def first(execute: Execute, receiver: str, count: int) -> tuple[Letter, ...]:
    """Return what has waited longest for a receiver."""
    rows = execute(_FIRST, [receiver, count]).fetchall()
    return tuple(Letter(id=id_, content=content) for id_, content in rows)


def settle(execute: Execute, receiver: str, ids: Sequence[str] | None) -> None:
    """Delete letters that were sent or given up; null: all of the receiver."""
    if ids is None:
        execute(_FORGET, [receiver])
        return
    for id_ in ids:
        execute(_SETTLE, [receiver, id_])


def count_waiting(execute: Execute) -> dict[str, int]:
    """Return how many wait, by receiver."""
    return dict(execute(_COUNT).fetchall())
