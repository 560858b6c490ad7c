"""Verdicts and networks as JSON, one object a line: ``unflux/verdict/1``, ``unflux/network/1``.

The shapes are held by ``docs/schemas/``. Lines are pure ASCII (RFC 8259 section 7 escapes), so no
name can disturb a terminal or a log, and free of NaN and infinities (section 6).
"""

import json
import math
from collections.abc import Iterable, Iterator
from numbers import Integral
from typing import Any, Final

from unflux.model.surrogates import without_lone_surrogates
from unflux.model.times import format_moment
from unflux.model.verdicts import Agent, Alternative, Evidence, FluxNetwork, ScanResult, Verdict

VERDICT_SCHEMA: Final = "unflux/verdict/1"
NETWORK_SCHEMA: Final = "unflux/network/1"

SCORE_DECIMALS: Final = 6
LLR_DECIMALS: Final = 4
VALUE_DIGITS: Final = 10
"""Significant digits of a measured value: enough for any of ours, too few for float noise."""


def render(result: ScanResult) -> Iterator[str]:
    """Yield one JSON object a line, newline included: the verdicts, then the networks.

    Raises ValueError where a score or an llr is no finite number, which only a defect can cause.
    """
    for verdict in result.verdicts:
        yield compose_line(verdict_object(verdict))
    for network in result.networks:
        yield compose_line(network_object(network))


def compose_line(value: dict[str, Any]) -> str:
    """Write one object as a line of ASCII JSON; keys keep their order."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")) + "\n"


def verdict_object(verdict: Verdict) -> dict[str, Any]:
    """Return the ``unflux/verdict/1`` object of a verdict; unknown is null."""
    counts = verdict.counts
    return {
        "schema": VERDICT_SCHEMA,
        "domain": text(verdict.domain),
        "verdict": verdict.verdict,
        "kind": verdict.kind,
        "score": rounded(verdict.score, SCORE_DECIMALS),
        "network": text(verdict.network),
        "first_seen": format_moment(verdict.first_seen),
        "last_seen": format_moment(verdict.last_seen),
        "counts": {
            "lookups": number(counts.lookups),
            "addresses": number(counts.addresses),
            "slash24": number(counts.slash24),
            "slash16": number(counts.slash16),
            "asns": number(counts.asns),
            "countries": number(counts.countries),
            "ns_hosts": number(counts.ns_hosts),
            "ns_addresses": number(counts.ns_addresses),
        },
        "ttl_s": {"min": number(verdict.ttl_min_s), "max": number(verdict.ttl_max_s)},
        "evidence": [evidence_object(piece) for piece in verdict.evidence],
        "alternatives": [alternative_object(one) for one in verdict.alternatives],
        "missing": text(verdict.missing),
    }


def network_object(network: FluxNetwork) -> dict[str, Any]:
    """Return the ``unflux/network/1`` object of a network; unknown is null."""
    return {
        "schema": NETWORK_SCHEMA,
        "id": text(network.id),
        "kind": network.kind,
        "score": rounded(network.score, SCORE_DECIMALS),
        "domains": [text(domain) for domain in network.domains],
        "agents": [_agent_object(agent) for agent in network.agents],
        "name_servers": [text(host) for host in network.name_servers],
        "motherships": [text(address) for address in network.motherships],
        "first_seen": format_moment(network.first_seen),
        "last_seen": format_moment(network.last_seen),
        "counts": {
            "domains": len(network.domains),
            "agents": len(network.agents),
            "asns": distinct_known(agent.asn for agent in network.agents),
            "countries": distinct_known(agent.country for agent in network.agents),
            "name_servers": len(network.name_servers),
            "motherships": len(network.motherships),
        },
    }


def distinct_known(values: Iterable[object]) -> int | None:
    """Count the distinct values that are known; null where none is."""
    return len({value for value in values if value is not None}) or None


def text(value: str | None) -> str | None:
    """Return text that any JSON reader takes; null stays null."""
    return None if value is None else without_lone_surrogates(value)


def number(value: int | None) -> int | None:
    """Return a count as a plain integer, whatever array library it came from; null stays null."""
    return None if value is None else int(value)


def rounded(value: float, decimals: int) -> float:
    """Return a plain float with so many decimals and without a negative zero."""
    return round(float(value), decimals) + 0.0


def measured(value: float | int | str | None) -> float | int | str | None:
    """Return a measured value as JSON can hold it; what is not finite is unknown, so null."""
    if value is None or isinstance(value, str):
        return text(value)
    if isinstance(value, Integral):
        return int(value)
    if not math.isfinite(value):
        return None
    short = float(f"{float(value):.{VALUE_DIGITS}g}") + 0.0
    return short if math.isfinite(short) else float(value)  # rounded up beyond the largest


def evidence_object(piece: Evidence) -> dict[str, Any]:
    """Return a piece of evidence, as verdicts and probes hold it."""
    return {
        "name": text(piece.name),
        "value": measured(piece.value),
        "llr": rounded(piece.llr, LLR_DECIMALS),
        "says": text(piece.says),
        "source": text(piece.source),
    }


def alternative_object(alternative: Alternative) -> dict[str, Any]:
    """Return an innocent explanation, as verdicts and probes hold it."""
    return {
        "hypothesis": text(alternative.hypothesis),
        "outcome": alternative.outcome,
        "because": text(alternative.because),
    }


def _agent_object(agent: Agent) -> dict[str, Any]:
    return {
        "address": text(agent.address),
        "asn": number(agent.asn),
        "holder": text(agent.holder),
        "country": text(agent.country),
        "first_seen": format_moment(agent.first_seen),
        "last_seen": format_moment(agent.last_seen),
        "roles": list(agent.roles),
        "domains": number(agent.domains),
    }
