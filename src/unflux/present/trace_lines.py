"""Traced hosts as JSON, one object a line: ``unflux/trace/1``.

The shape is held by ``docs/schemas/trace-1.schema.json``; see :mod:`unflux.present.json_lines`.
"""

from collections.abc import Iterator
from typing import Any, Final

from unflux.model.times import format_moment
from unflux.model.traces import SCHEMA, RelayedFlow, TracedAgent, TracedHost, TraceResult
from unflux.present.json_lines import (
    SCORE_DECIMALS,
    alternative_object,
    compose_line,
    evidence_object,
    number,
    rounded,
    text,
)

TIME_DECIMALS: Final = 3


def render(result: TraceResult, *, list_all: bool) -> Iterator[str]:
    """Yield one JSON object a line, newline included, most suspicious first."""
    for host in listed(result, list_all=list_all):
        yield compose_line(trace_object(host))


def listed(result: TraceResult, *, list_all: bool) -> tuple[TracedHost, ...]:
    """Return the hosts that are shown: all but innocent ones, or all."""
    return tuple(host for host in result.hosts if list_all or host.verdict != "innocent")


def trace_object(host: TracedHost) -> dict[str, Any]:
    """Return the ``unflux/trace/1`` object of a host; unknown is null."""
    return {
        "schema": SCHEMA,
        "address": text(host.address),
        "role": host.role,
        "verdict": host.verdict,
        "score": rounded(host.score, SCORE_DECIMALS),
        "ports": [int(port) for port in host.ports],
        "asn": number(host.asn),
        "holder": text(host.holder),
        "country": text(host.country),
        "first_seen": format_moment(host.first_seen),
        "last_seen": format_moment(host.last_seen),
        "delay_ms": None if host.delay_ms is None else rounded(host.delay_ms, TIME_DECIMALS),
        "period_s": None if host.period_s is None else rounded(host.period_s, TIME_DECIMALS),
        "agents": [_agent_object(agent) for agent in host.agents],
        "evidence": [evidence_object(piece) for piece in host.evidence],
        "alternatives": [alternative_object(alternative) for alternative in host.alternatives],
        "missing": text(host.missing),
        "flows": [_flow_object(flow) for flow in host.flows],
    }


def _agent_object(agent: TracedAgent) -> dict[str, Any]:
    return {
        "address": text(agent.address),
        "port": agent.port or None,
        "requests": int(agent.requests),
        "alike": int(agent.alike),
        "is_known": agent.is_told,
    }


def _flow_object(flow: RelayedFlow) -> dict[str, Any]:
    return {
        "at": format_moment(flow.at),
        "client": text(flow.client),
        "agent": text(flow.agent),
        "agent_port": int(flow.agent_port),
        "target_port": int(flow.target_port),
        "delay_ms": rounded(flow.delay_ms, TIME_DECIMALS),
        "received_bytes": int(flow.received_bytes),
        "relayed_bytes": int(flow.relayed_bytes),
    }
