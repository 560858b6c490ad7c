"""What a trace finds: hosts behind agents, and why they are held to be that."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from unflux.model.verdicts import Alternative, Evidence, SourceSummary

SCHEMA: Final = "unflux/trace/1"
TraceOutcome = Literal["accused", "suspected", "undecided", "innocent"]
TracedRole = Literal["mothership", "name-mothership", "chained-proxy", "controller"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayedFlow:
    """One request and the flow that it led to: what a person can look up in the capture."""

    at: datetime
    client: str
    agent: str
    agent_port: int
    target_port: int
    delay_ms: float
    received_bytes: int
    """Of the request's answer, as the agent gave it."""
    relayed_bytes: int
    """Of the answer that the agent got."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedAgent:
    """A host that relays to a traced one, or is polled from one."""

    address: str
    port: int
    """Where it serves; 0 for a controller's."""
    requests: int
    """Requests of its clients that a flow to the traced host followed."""
    alike: int
    """Those of them with sizes that agree."""
    is_told: bool
    """Whether somebody knew it for an agent before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedHost:
    """A host that agents relay to or take orders from."""

    address: str
    role: TracedRole
    verdict: TraceOutcome
    score: float
    """Probability, 0..1."""
    agents: tuple[TracedAgent, ...]
    ports: tuple[int, ...]
    asn: int | None
    holder: str | None
    country: str | None
    first_seen: datetime
    last_seen: datetime
    delay_ms: float | None
    """Median from request to relay."""
    period_s: float | None
    """Of polls."""
    evidence: tuple[Evidence, ...]
    alternatives: tuple[Alternative, ...]
    missing: str | None
    """For ``suspected`` and ``undecided``: one sentence on what would decide it."""
    flows: tuple[RelayedFlow, ...]
    """Some of the flows behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayTarget:
    """An accused host that agents relay to: what countermeasures need to know of it."""

    address: str
    agents: frozenset[str]
    """Addresses that relay to it."""
    requests: int
    score: float
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceResult:
    """Everything a trace found, most suspicious first."""

    hosts: tuple[TracedHost, ...]
    """Innocent ones as well."""
    sources: tuple[SourceSummary, ...]
    """Of flows."""
    name_sources: tuple[SourceSummary, ...]
    """Of answers of DNS alone; ``responses`` counts these."""
    flow_count: int
    agent_count: int
    """Hosts that both serve and ask, which were looked at."""
    drops: dict[str, int]
    first_seen: datetime | None
    last_seen: datetime | None
