"""What stands: the actions of the last run and the serial of its policy zone.

It is kept as JSON lines: a head, then an ``unflux/action/1`` a line. It is written before any file:
who is interrupted in between leaves files that are older than the state, and the next run writes
them again, with a higher serial.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from unflux.act.action_json import action_object, compose_line, parse_action
from unflux.act.state import State
from unflux.model.actions import Action
from unflux.model.errors import UnfluxError

HEAD_SCHEMA: Final = "unflux/standing/2"
SERIALS: Final = 1 << 32
"""Of a zone (RFC 1982)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What stands, and the serial of the zone that says so."""

    actions: tuple[Action, ...] = ()
    serial: int | None = None


def read_standing(state: State) -> Deployed:
    """Return what stands; where there is no state, nothing does.

    Raises UnfluxError where the state cannot be read: what is not known cannot be withdrawn.
    """
    text = state.read("standing")
    if text is None:
        return Deployed()
    try:
        head, *rows = [json.loads(line) for line in text.splitlines()]
        if head["schema"] != HEAD_SCHEMA or len(rows) != head["actions"]:
            message = "its head does not fit"
            raise ValueError(message)
        actions = tuple(map(parse_action, rows))
        return Deployed(actions=actions, serial=int(head["serial"]) % SERIALS)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = (
            f"{state.name('standing')} is damaged ({error}): restore it, or remove it by hand "
            "with all that was delivered"
        )
        raise UnfluxError(message) from error


def write_standing(state: State, actions: Sequence[Action], serial: int) -> None:
    """Replace what stands. Raises UnfluxError."""
    head = {"schema": HEAD_SCHEMA, "serial": serial, "actions": len(actions)}
    rows = [compose_line(head), *(compose_line(action_object(action)) for action in actions)]
    state.write("standing", "".join(rows))


def next_serial(before: int | None, now: datetime) -> int:
    """Return a serial above the one before: the epoch second, or one more (RFC 1982)."""
    clock = int(now.timestamp()) % SERIALS
    if before is None:
        return clock
    # Of two serials the one less than half the circle ahead is the greater.
    is_ahead = 0 < (clock - before) % SERIALS < SERIALS // 2
    return clock if is_ahead else (before + 1) % SERIALS
