"""Moves: domains of a network that began with agents of an earlier one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from math import inf
from typing import Any, Final

from unflux.model.names import registrable_domain
from unflux.model.rollup import ADDRESS_TYPES
from unflux.model.tracks import Move

DAY_S: Final = 86_400.0
"""Of the records, or the first half of shorter ones: what is first seen in it has not begun in it,
but was not asked for before, as with new addresses an hour (:mod:`unflux.track.life`)."""
SETTLED_S: Final = 600.0
"""After which every vantage has asked for what is asked for first. Chosen: 2026-11-29; a vantage or
a type that is denied then says nothing of one that was answered a moment later."""
LEAST_SHARED: Final = 3
MOST: Final = 200

Use = tuple[str, str, float, float]
"""Domain, address, first and last seen in epoch seconds."""
Asked = tuple[float, float]
"""When a domain was first asked for and when so in vain, in epoch seconds; infinite: never."""


def find_asked(looks: Iterable[Mapping[str, Any]]) -> dict[str, Asked]:
    """Return when each domain was asked for; rows of ``vantage_looks``.

    A look that nobody replied to says nothing of the domain.
    """
    found: dict[str, Asked] = {}
    for row in looks:
        if row["qtype"] not in ADDRESS_TYPES:
            continue
        domain, at_s = registrable_domain(row["query"]), row["first_at"].timestamp()
        is_vain = row["looks"] > row["answered"] + row["silent"]
        first_s, vain_s = found.get(domain, (inf, inf))
        found[domain] = min(first_s, at_s), min(vain_s, at_s if is_vain else inf)
    return found


def find_moves(uses: Iterable[Use], end_s: float, asked: Mapping[str, Asked]) -> tuple[Move, ...]:
    """Return the domains whose first day's addresses had served earlier ones, in their order.

    Those that were there when the records began are none; nor are those that were there when they
    were first ``asked`` for, which nobody knows the beginning of.
    """
    by_domain: dict[str, list[tuple[str, float, float]]] = defaultdict(list)
    for domain, address, first_s, last_s in uses:
        by_domain[domain].append((address, first_s, last_s))
    began = {domain: min(use[1] for use in used) for domain, used in by_domain.items()}
    ended = {domain: max(use[2] for use in used) for domain, used in by_domain.items()}
    served: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for domain, used in by_domain.items():
        for address, first_s, _ in used:
            served[address].append((first_s, domain))
    start_s = min(began.values(), default=end_s)
    settled_s = start_s + min(DAY_S, (end_s - start_s) / 2)
    moves = []
    for domain in sorted(by_domain, key=lambda name: (began[name], name)):
        at_s = began[domain]
        first_s, vain_s = asked.get(domain, (inf, inf))
        was_there = first_s <= at_s < vain_s + SETTLED_S
        if at_s <= settled_s or was_there:
            continue
        first_day = {use[0] for use in by_domain[domain] if use[1] <= at_s + DAY_S}
        shared: dict[str, int] = defaultdict(int)
        inherited = 0
        for address in first_day:
            earlier = {name for first_s, name in served[address] if first_s < at_s} - {domain}
            inherited += bool(earlier)
            for name in earlier:
                shared[name] += 1
        if inherited < LEAST_SHARED:
            continue
        since = max(shared, key=lambda name: (shared[name], name))
        moves.append(
            Move(
                domain=domain,
                at=datetime.fromtimestamp(at_s, UTC),
                since=since,
                shared=shared[since],
                inherited_ratio=inherited / len(first_day),
                has_ended=ended[since] < end_s - DAY_S,
            )
        )
    return tuple(moves[:MOST])
