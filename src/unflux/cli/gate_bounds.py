"""The bounds of the gate's numbers, for the command line and for configurations alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """From the least to the most that an option may be, inclusive."""

    least: float
    most: float
    is_whole: bool = False

    def __str__(self) -> str:
        kind = "a whole number" if self.is_whole else "a number"
        if self.most == float("inf"):
            return f"{kind} from {self.least:g}"
        return f"{kind} from {self.least:g} to {self.most:g}"


BOUNDS: Final[Mapping[str, Bounds]] = {
    "min_score": Bounds(least=0.95, most=1),
    "max_domains": Bounds(least=0, most=float("inf"), is_whole=True),
    "max_addresses": Bounds(least=0, most=float("inf"), is_whole=True),
    "domain_days": Bounds(least=0, most=30),
    "address_hours": Bounds(least=0, most=24),
    "background": Bounds(least=0, most=float("inf"), is_whole=True),
}
