"""Results of a probe as JSON lines, ``unflux/probe/1``."""

from typing import Any, Final

from unflux.model.probes import SCHEMA, Delays, ProbeResult, Uptime
from unflux.model.times import format_moment
from unflux.present.json_lines import (
    SCORE_DECIMALS,
    alternative_object,
    compose_line,
    evidence_object,
    rounded,
    text,
)

DELAY_DECIMALS: Final = 6
DAY_DECIMALS: Final = 3


def render_probe(result: ProbeResult) -> str:
    """Return one result as a line of ASCII JSON, newline included."""
    return compose_line(
        {
            "schema": SCHEMA,
            "address": text(result.address),
            "name": text(result.name),
            "at": format_moment(result.at),
            "outcome": result.outcome,
            "score": rounded(result.score, SCORE_DECIMALS),
            "open_ports": [text(port) for port in result.open_ports],
            "requests": result.requests,
            "delays": {kind: _delays_object(found) for kind, found in result.delays.items()},
            "uptime": _uptime_object(result.uptime),
            "evidence": [evidence_object(piece) for piece in result.evidence],
            "alternatives": [alternative_object(one) for one in result.alternatives],
            "missing": text(result.missing),
        }
    )


def _delays_object(delays: Delays) -> dict[str, Any]:
    return {
        "count": delays.count,
        "least_s": _seconds(delays.least_s),
        "median_s": _seconds(delays.median_s),
        "mean_s": _seconds(delays.mean_s),
        "spread_s": _seconds(delays.spread_s),
    }


def _uptime_object(uptime: Uptime | None) -> dict[str, Any] | None:
    if uptime is None:
        return None
    last = uptime.last_answered_at
    return {
        "looks": uptime.looks,
        "answered": uptime.answered,
        "days": rounded(uptime.days, DAY_DECIMALS),
        "last_answered_at": None if last is None else format_moment(last),
    }


def _seconds(value: float | None) -> float | None:
    return None if value is None else rounded(value, DELAY_DECIMALS)
