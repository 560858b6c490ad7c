"""Probes: what the look at one suspected agent came to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from unflux.model.verdicts import Alternative, Evidence

SCHEMA: Final = "unflux/probe/1"
ProbeOutcome = Literal["agent", "server", "cache", "silent", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """Of one address in seconds; null where there was none."""

    count: int
    least_s: float | None
    median_s: float | None
    mean_s: float | None
    spread_s: float | None
    """Standard deviation of these delays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptime:
    """How often one address answered earlier looks."""

    looks: int = 0
    answered: int = 0
    days: float = 0.0
    """From the first look to the last."""
    last_answered_at: datetime | None = None
    """Null where it never did."""

    @property
    def share(self) -> float:
        """Looks that were answered, 0..1; 1 where there was none."""
        return self.answered / self.looks if self.looks else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What is held of one address as an agent of a suspected name, and why."""

    address: str
    name: str
    at: datetime
    """When the look began."""
    outcome: ProbeOutcome
    score: float
    """Probability that it relays, 0..1."""
    open_ports: tuple[str, ...]
    """As ``tcp/80`` and ``udp/53``: those that answered."""
    requests: int
    """Sent to it in this look."""
    delays: dict[str, Delays]
    """By what was waited for: connect, document, cheap, malformed, handshake, names, unanswered."""
    uptime: Uptime | None
    """Null where there is no earlier look."""
    evidence: tuple[Evidence, ...]
    alternatives: tuple[Alternative, ...]
    missing: str | None
    """For ``undecided``: what would decide it."""
