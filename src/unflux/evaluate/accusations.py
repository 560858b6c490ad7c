"""Read what was said of addresses: the JSON lines of ``unflux trace`` and ``unflux scan``."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from unflux.evaluate.address_labels import AGENT
from unflux.model.address_evaluation import Accusation, Evaluated
from unflux.model.addresses import canonical_address
from unflux.model.errors import UnfluxError

TRACE: Final = "unflux/trace/1"
NETWORK: Final = "unflux/network/1"
VERDICT: Final = "unflux/verdict/1"
SPEAKERS: Final[Mapping[Evaluated, tuple[str, frozenset[str]]]] = {
    "behind": ("unflux trace", frozenset({TRACE})),
    "agents": ("unflux scan", frozenset({NETWORK, VERDICT})),
}
"""Which command says something of whom, and the objects that it writes."""
VERDICTS: Final = frozenset({"accused", "suspected", "undecided", "innocent"})
OWN_ROLE: Final[Mapping[str, str]] = {
    "mothership": "mothership",
    "name-mothership": "mothership",
    "controller": "controller",
}
"""Roles of a trace by those of labels: what relays names too is a mothership."""
NO_LINE: Final = "lines that are none of unflux trace or scan"


def read_accusations(
    lines: Iterable[str], evaluated: Evaluated, drops: Counter[str], *, source: str
) -> list[Accusation]:
    """Return what the lines of a source say of hosts behind agents, or of agents, in their order.

    Other objects of ours say nothing; what is none is a counted drop. A run that found nobody may
    have written no line at all. Raises UnfluxError where there are some, and none is of the command
    that says something of whom is evaluated.
    """
    speaker, spoken = SPEAKERS[evaluated]
    found: list[Accusation] = []
    is_empty, is_heard = True, False
    for line in lines:
        if not line.strip():
            continue
        is_empty = False
        try:
            told = json.loads(line)
            found += list(_read_object(told))
            is_heard |= told["schema"] in spoken
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            drops[NO_LINE] += 1
    if not (is_empty or is_heard):
        message = f"{source}: no line of {speaker}, which such labels are compared with"
        raise UnfluxError(message)
    return found


def _read_object(told: dict[str, Any]) -> Iterator[Accusation]:
    schema = told["schema"]
    if schema == TRACE:
        if told["verdict"] not in VERDICTS:
            raise ValueError(told["verdict"])
        role = str(told["role"])
        yield _accusation(told["address"], OWN_ROLE.get(role, role), told["verdict"])
    elif schema == NETWORK:
        for agent in told["agents"]:
            yield _accusation(agent["address"], AGENT, "accused")
    elif not schema.startswith("unflux/"):
        raise ValueError(schema)


def _accusation(address: str, role: str, verdict: str) -> Accusation:
    canonical = canonical_address(address)
    if canonical is None:
        raise ValueError(address)
    return Accusation(address=canonical, role=role, verdict=verdict)
