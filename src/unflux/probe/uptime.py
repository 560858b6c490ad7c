"""Uptime: on how many of the looks of days an address answered."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from unflux.model.probes import Uptime

DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One earlier look at an address."""

    address: str
    at: datetime
    """The same for all that one run looked at."""
    is_up: bool


def measure_uptimes(looks: Iterable[Look]) -> dict[str, Uptime]:
    """Return the uptime of each address.

    A run that nobody answered is left out: the prober may have been off line. Where that was a run
    at one address alone, all such runs at it are left out, of which only answers would remain.
    """
    runs: dict[datetime, list[Look]] = defaultdict(list)
    for look in looks:
        runs[look.at].append(look)
    found: dict[str, list[Look]] = defaultdict(list)
    unsure = {run[0].address for run in runs.values() if len(run) == 1 and not run[0].is_up}
    for run in runs.values():
        if any(look.is_up for look in run) and (len(run) > 1 or run[0].address not in unsure):
            for look in run:
                found[look.address].append(look)
    return {address: _measure(seen) for address, seen in found.items()}


def _measure(seen: list[Look]) -> Uptime:
    moments = [look.at for look in seen]
    answered = [look.at for look in seen if look.is_up]
    return Uptime(
        looks=len(seen),
        answered=len(answered),
        days=(max(moments) - min(moments)).total_seconds() / DAY_S,
        last_answered_at=max(answered, default=None),
    )
