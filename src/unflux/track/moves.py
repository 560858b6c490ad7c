"""Moves: domains of a network that began with agents of an earlier one."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from unflux.model.tracks import Move

DAY_S: Final = 86_400.0
"""Of the records, or the first half of shorter ones: what is first seen in it has not begun in it,
but was not asked for before, as with new addresses an hour (:mod:`unflux.track.life`)."""
LEAST_SHARED: Final = 3
MOST: Final = 200

Use = tuple[str, str, float, float]
"""Domain, address, first and last seen in epoch seconds."""


def find_moves(uses: Iterable[Use], end_s: float) -> tuple[Move, ...]:
    """Return the domains whose first day's addresses had served earlier ones, in their order.

    Those that were there when the records began are none.
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
        if at_s <= settled_s:
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
