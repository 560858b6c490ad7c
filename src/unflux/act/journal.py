"""The journal: how far the delivery of each output has come, so that the next run can go on.

``intent`` is written before a file is touched, ``written`` when all files of the output are whole,
``reloaded`` when its command has ended well, ``done`` when the run is over. Whatever ends a run,
the next one delivers everything again; the journal says what to tell, and which files there may be.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from unflux.act.action_json import compose_line
from unflux.act.state import State
from unflux.model.errors import UnfluxError
from unflux.model.surrogates import without_lone_surrogates
from unflux.model.times import format_moment

SCHEMA: Final = "unflux/delivery/1"
Step = Literal["intent", "written", "reloaded", "done"]
_STEPS: Final[Mapping[str, Step]] = {step: step for step in get_args(Step)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How far the delivery of one output has come."""

    output: str
    step: Step
    at: datetime
    """When the run began that went this far."""
    files: tuple[str, ...]
    """Every file that may hold what was delivered, absolute."""
    failure: str | None = None
    """What stopped it at this step."""

    def __str__(self) -> str:
        text = f"{self.output}: {self.step} by the run of {format_moment(self.at)}, no further"
        return text if self.failure is None else f"{text}: {self.failure}"


def read_journal(state: State) -> tuple[Delivery, ...]:
    """Return the deliveries, each output once. Raises UnfluxError where they cannot be read."""
    text = state.read("deliveries")
    if text is None:
        return ()
    try:
        return tuple(_parse(json.loads(line)) for line in text.splitlines())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"{state.name('deliveries')} is damaged ({error}): restore it, or remove it"
        raise UnfluxError(message) from error


def write_journal(state: State, deliveries: Iterable[Delivery]) -> None:
    """Replace the journal. Raises UnfluxError."""
    state.write("deliveries", "".join(compose_line(_object(delivery)) for delivery in deliveries))


def _object(delivery: Delivery) -> dict[str, object]:
    failure = delivery.failure
    return {
        "schema": SCHEMA,
        "output": delivery.output,
        "step": delivery.step,
        "at": format_moment(delivery.at),
        "files": list(delivery.files),
        "failure": None if failure is None else without_lone_surrogates(failure),
    }


def _parse(value: Mapping[str, object]) -> Delivery:
    files, at, failure = value["files"], datetime.fromisoformat(str(value["at"])), value["failure"]
    if value["schema"] != SCHEMA or not isinstance(files, list) or at.tzinfo is None:
        message = f"no delivery of {SCHEMA}"
        raise ValueError(message)
    return Delivery(
        output=str(value["output"]),
        step=_STEPS[str(value["step"])],
        at=at,
        files=tuple(map(str, files)),
        failure=None if failure is None else str(failure),
    )
