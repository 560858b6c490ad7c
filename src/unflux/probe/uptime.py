"""Uptime: on how many of the looks of days an address answered."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One earlier look at an address."""

    address: str
    at: datetime
    is_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptime:
    """Of one address."""

    looks: int = 0
    answered: int = 0
    days: float = 0.0
    """From the first look to the last."""

    @property
    def share(self) -> float:
        """Looks that were answered, 0..1; 1 where there was none."""
        return self.answered / self.looks if self.looks else 1.0


def measure_uptimes(looks: Iterable[Look]) -> dict[str, Uptime]:
    """Return the uptime of each address."""
    found: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        found[look.address].append(look)
    return {
        address: Uptime(
            looks=len(seen),
            answered=sum(look.is_up for look in seen),
            days=(max(look.at for look in seen) - min(look.at for look in seen)).total_seconds()
            / 86_400,
        )
        for address, seen in found.items()
    }
