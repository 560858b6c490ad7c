"""What a user may choose about a testbed."""

from dataclasses import dataclass
from typing import Final

DEFAULT_AGENTS: Final = 12
DEFAULT_CLIENTS: Final = 24
DEFAULT_COMPRESS: Final = 60.0
DEFAULT_MINUTES: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The same options give the same testbed."""

    seed: int = 1
    agents: int = DEFAULT_AGENTS
    """Agents at a time in each of the two large operations, 4..200."""
    clients: int = DEFAULT_CLIENTS
    """Homes that browse, 2..200."""
    compress: float = DEFAULT_COMPRESS
    """Seconds of the small internet that pass in one of ours, 1..600."""
    minutes: float = DEFAULT_MINUTES
    """After so many minutes of ours people and operators fall silent, 1..1440."""
    renumbered: float = 0.0
    """Share of the agents in homes whose provider gives them another address every day, 0..1."""

    @property
    def length_h(self) -> float:
        """How long it lasts in the small internet, hours."""
        return self.minutes * self.compress / 60
