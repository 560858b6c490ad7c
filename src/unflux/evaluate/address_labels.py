"""Read labels of addresses: who stands behind agents, or who the agents are."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from unflux.evaluate.labels import LONG_LABEL, NAME_COLUMNS
from unflux.evaluate.opening import opened_text
from unflux.model.address_evaluation import AddressLabel, Evaluated
from unflux.model.addresses import canonical_address
from unflux.model.errors import UnfluxError

AGENT: Final = "agent"
ROLES: Final = ("mothership", "controller")
NO_ADDRESS: Final = "labels whose address is none"
NO_ROLE: Final = "labels whose role is neither mothership nor controller"
TOO_LONG: Final = "labels whose network is longer than 64 characters"
WRONG_WIDTH: Final = "label rows with too few or too many fields"


def are_of_addresses(path: Path) -> bool:
    """Tell whether labels are of addresses: a column ``address`` and none of names.

    False for what cannot be read: who reads it says why.
    """
    try:
        with opened_text(path, "labels") as text:
            names = {name.strip().lower() for name in next(csv.reader(text), [])}
    except UnfluxError:
        return False
    return "address" in names and not names & {*NAME_COLUMNS}


def read_address_labels(path: Path) -> tuple[list[AddressLabel], Counter[str]]:
    """Read a CSV, plain or compressed, of ``address`` and ``network``, and with ``role`` or not.

    ``motherships.csv`` and ``agents.csv`` of a testbed are such files. Raises UnfluxError where it
    cannot be read, has no such columns, or no usable row.
    """
    drops: Counter[str] = Counter()
    with opened_text(path, "labels") as text:
        labels = list(dict.fromkeys(_labels(text, path, drops)))
    if not labels:
        message = f"{path}: no usable label in it"
        raise UnfluxError(message)
    return labels, drops


def who_is_labelled(labels: Sequence[AddressLabel]) -> Evaluated:
    """Return whether labels are of agents, or of who stands behind them."""
    return "agents" if all(label.role == AGENT for label in labels) else "behind"


def _labels(text: io.TextIOWrapper, path: Path, drops: Counter[str]) -> Iterator[AddressLabel]:
    rows = csv.reader(text)
    names = [name.strip().lower() for name in next(rows, [])]
    if missing := [name for name in ("address", "network") if names.count(name) != 1]:
        message = f"{path}: no labels of addresses: one column {missing[0]} is needed"
        raise UnfluxError(message)
    for row in filter(None, rows):
        if len(row) != len(names):
            drops[WRONG_WIDTH] += 1
            continue
        told = dict(zip(names, (field.strip() for field in row), strict=True))
        address, role = canonical_address(told["address"]), told.get("role", AGENT)
        if address is None:
            drops[NO_ADDRESS] += 1
        elif role not in (ROLES if "role" in told else (AGENT,)):
            drops[NO_ROLE] += 1
        elif len(told["network"]) > LONG_LABEL:
            drops[TOO_LONG] += 1
        else:
            yield AddressLabel(address=address, network=told["network"], role=role)
