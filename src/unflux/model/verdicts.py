"""Verdicts and networks: the frozen result document that every renderer draws."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import pyarrow as pa

from unflux.model.columns import COUNT, MOMENT, TEXT

Outcome = Literal["fast-flux", "benign", "undecided"]
Kind = Literal[
    "single-flux", "double-flux", "ns-flux", "slow-flux",
    "cdn", "pool", "peer-seed", "round-robin", "dynamic-dns", "parking", "sinkhole", "static",
    "multi-provider", "alias", "no-address", "unknown",
]  # fmt: skip
HypothesisOutcome = Literal["rejected", "holds", "untested"]
Role = Literal["answer", "name-server"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One measured fact and the log-likelihood ratio (natural log) it contributes."""

    name: str
    value: float | int | str | None
    llr: float
    says: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """An innocent explanation, what became of it, and why."""

    hypothesis: str
    outcome: HypothesisOutcome
    because: str
    is_of_addresses: bool = False
    """Whether it only says whose the addresses are: others share them, and nobody the name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Distinct things seen for one domain; null is unknown."""

    lookups: int
    addresses: int
    slash24: int
    slash16: int
    asns: int | None
    countries: int | None
    ns_hosts: int
    ns_addresses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is held of one domain and why."""

    domain: str
    verdict: Outcome
    kind: Kind
    score: float
    """Probability of fast flux, 0..1."""
    network: str | None
    first_seen: datetime | None
    last_seen: datetime | None
    counts: Counts
    ttl_min_s: int | None
    ttl_max_s: int | None
    evidence: tuple[Evidence, ...]
    alternatives: tuple[Alternative, ...]
    missing: str | None
    """For ``undecided``: one sentence on which records would decide it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """An address that serves as front end of a flux network."""

    address: str
    asn: int | None
    holder: str | None
    country: str | None
    first_seen: datetime | None
    last_seen: datetime | None
    roles: tuple[Role, ...]
    domains: int
    """Domains of the network that the address served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxNetwork:
    """Domains, agents and name servers under one stable id."""

    id: str
    kind: Kind
    score: float
    domains: tuple[str, ...]
    agents: tuple[Agent, ...]
    name_servers: tuple[str, ...]
    """Host names of the name servers that the domains share."""
    motherships: tuple[str, ...]
    first_seen: datetime | None
    last_seen: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSummary:
    """What became of one source."""

    name: str
    format: str | None
    responses: int
    error: str | None
    """One line where the source could not be read; null where it could."""
    is_known: bool = False
    """The store held the very same bytes already, so nothing was added."""


ROTATION: Final = pa.schema(
    [
        pa.field("network", TEXT, False),
        pa.field("address", TEXT, False),
        pa.field("bucket_at", MOMENT),
        pa.field("count", COUNT, False),
    ]
)
"""When each agent of a network was seen in answers: the rotation picture."""

SERVICE: Final = pa.schema(
    [
        pa.field("network", TEXT, False),
        pa.field("domain", TEXT, False),
        pa.field("address", TEXT, False),
        pa.field("role", TEXT, False),
        pa.field("count", COUNT, False),
    ]
)
"""Which agent served which domain in which role: the map of a network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """Everything a scan found, ready to be drawn."""

    verdicts: tuple[Verdict, ...]
    """Listed verdicts, most suspicious first."""
    networks: tuple[FluxNetwork, ...]
    totals: dict[Outcome, int]
    """How many domains got each verdict, listed or not."""
    sources: tuple[SourceSummary, ...]
    responses: int
    drops: dict[str, int]
    """Skipped input by reason."""
    first_seen: datetime | None
    last_seen: datetime | None
    bucket_s: int
    rotation: pa.Table
    service: pa.Table
