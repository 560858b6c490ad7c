"""Tracks: what the records of weeks say of how a network lives; drawn by every renderer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

LEAST_COVERED: Final = 0.5
"""Of the answers of its second hour, below which a list of addresses is not said to go stale: it
never was good. Chosen: 2026-11-29; of a pool of 3,000 that is seen 1,440 times a day it is 0.38."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value with its interval of 95 %."""

    value: float
    low: float
    high: float
    """Infinite where the records are too short to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackPopulation:
    """How many agents there were, seen or not."""

    total: Estimate
    """Addresses: seen, and not seen but on when an occasion ended."""
    at_once: Estimate
    """Agents that belonged to it at one time, on average, hosts between two addresses with them."""
    now: Estimate
    """Agents that belonged to it when the last occasion began."""
    hosts: Estimate
    """``total`` less the addresses that only a provider's renumbering brought; never above it."""
    detection_ratio: float
    """Chance that an agent that is there is seen in an occasion."""
    away_ratio: float
    """Share of its time that an agent is switched off."""
    alive: tuple[float, ...]
    """Agents that belonged to it at the end of each occasion but the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renumbering:
    """Addresses that vanished before another of the same provider appeared."""

    newcomers: int
    """Addresses that came after the beginning."""
    pairs: int
    """Pairs of a newcomer and one of the same provider that had vanished shortly before."""
    by_chance: float
    """Such pairs that are no host: as many as the providers' shares of newcomers make."""
    renewed: Estimate
    """Newcomers that are another address of a host that was there."""
    between: Estimate
    """Hosts that are between two addresses at one time, on average: switched off, and given another
    one before they were seen again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Durability:
    """How long agents stay, and a list of their addresses is of use."""

    lifetime_h: Estimate | None
    """Median, of agents that nobody saw too; null where fewer than half were seen to leave, too few
    came, or they are seen too seldom."""
    agents: int
    """Behind it."""
    censored: int
    """Of them still there at the end."""
    survival: tuple[tuple[float, float], ...]
    """Hours, and the share that stays longer; empty where they are seen too seldom."""
    half_life_h: Estimate | None
    """How long after its second hour a list of a day's addresses covers half as much as then; null
    where it never does in the records, or covers less than ``LEAST_COVERED`` then."""
    coverage: tuple[tuple[float, float], ...]
    """Hours since the list was made, and the share of later answers that it covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRhythm:
    """Whether agents come back at the same hours."""

    excess: float
    """Answers that hold an agent in an hour of mean effort, 24 hours after one in which it was
    seen, less the mean of those after 12 and 36."""
    p_value: float
    """Of an excess so large without a rhythm."""
    seen_by_hour: tuple[float | None, ...]
    """Agents seen in each hour of the day (UTC), on average of those with a look; null where nobody
    ever looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VantageView:
    """What one vantage saw."""

    vantage: str
    looks: int
    answered: int
    addresses: int
    own: int
    """Addresses that no other vantage saw."""
    rotation_s: float | None
    """Mean time between two address answers that differ; no shorter than that between looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A domain that began with agents of an earlier one."""

    domain: str
    at: datetime
    since: str
    """The earlier domain that shares most."""
    shared: int
    inherited_ratio: float
    """Share of the domain's first day's addresses that had served earlier domains."""
    has_ended: bool
    """The earlier domain was not seen for a day before the records end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A domain outside the network that uses its agents."""

    domain: str
    network: str | None
    shared: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapDay:
    """What two networks had in common on a day."""

    at: datetime
    """Its start."""
    shared: int
    addresses: int
    """Of the network that is described, on that day."""
    of_other: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkOverlap:
    """Another network that uses its agents, at whatever time."""

    network: str
    shared: int
    """Addresses that served both."""
    of_other: int
    """Addresses of the other, in all."""
    ratio: float
    """``shared`` over the addresses of the smaller of the two."""
    days: tuple[OverlapDay, ...]
    """On which an address served both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """Records that lie so far from all others that they were left out."""

    answers: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkTrack:
    """How a network lives."""

    network: str
    domains: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    answers: int
    """Address records in answers."""
    addresses: int
    apart: Apart | None
    are_spans: bool
    """Records tell the first sight of an address and the last, and not when it was seen between, so
    that there is no population, renumbering, half-life, day rhythm or rotation."""
    start: datetime
    occasion_s: int
    """Width of an occasion; ``seen`` and ``newcomers`` are by occasion from ``start``."""
    seen: tuple[int, ...]
    """Addresses; of spans those between their first sight and their last."""
    newcomers: tuple[int, ...]
    new_per_hour: float | None
    """Addresses first seen after the first day, or the first half where that is shorter."""
    rotation_s: float | None
    """Mean time between two answers that differ, by the records of whoever asked. Sets that are
    shown side by side count as changes, each once a bucket."""
    population: TrackPopulation | None
    renumbering: Renumbering | None
    durability: Durability | None
    day_rhythm: DayRhythm | None
    vantages: tuple[VantageView, ...]
    is_per_client: bool | None
    """Vantages see other addresses than each other; null where no two can be compared."""
    moves: tuple[Move, ...]
    neighbours: tuple[Neighbour, ...]
    overlaps: tuple[NetworkOverlap, ...]
