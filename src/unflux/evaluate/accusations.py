"""Read what was said of addresses: the JSON lines of ``unflux trace`` and ``unflux scan``."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from unflux.evaluate.address_labels import AGENT
from unflux.model.address_evaluation import Accusation
from unflux.model.addresses import canonical_address

TRACE: Final = "unflux/trace/1"
NETWORK: Final = "unflux/network/1"
VERDICTS: Final = frozenset({"accused", "suspected", "undecided", "innocent"})
OWN_ROLE: Final[Mapping[str, str]] = {
    "mothership": "mothership",
    "name-mothership": "mothership",
    "controller": "controller",
}
"""Roles of a trace by those of labels: what relays names too is a mothership."""
NO_LINE: Final = "lines that are none of unflux trace or scan"


def read_accusations(lines: Iterable[str], drops: Counter[str]) -> Iterator[Accusation]:
    """Yield what lines say of hosts behind agents, and agents of networks, in their order.

    Other objects of ours say nothing; what is none is a counted drop.
    """
    for line in lines:
        if not line.strip():
            continue
        try:
            told = list(_read_line(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            drops[NO_LINE] += 1
            continue
        yield from told


def _read_line(told: dict[str, Any]) -> Iterator[Accusation]:
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
