"""Polled hosts: what becomes of those that relays ask at a regular period."""

from collections.abc import Collection, Mapping
from typing import Final

import numpy as np

from unflux.model.odds import probability
from unflux.model.times import moment_at
from unflux.model.traces import TracedAgent, TracedHost, TraceOutcome
from unflux.trace.controllers import Controller
from unflux.trace.polling import Poll
from unflux.trace.scene import Scene
from unflux.trace.targets import CONVICTION, NOWHERE, Place

GUILTY: Final[tuple[TraceOutcome, ...]] = ("accused", "suspected")
"""Verdicts on hosts whose relays may be agents for all that flows say."""

OPEN: Final[tuple[TraceOutcome, ...]] = ("suspected", "undecided")
"""Verdicts that something may change."""

UNSURE: Final = 0.5
"""What an innocent explanation that was not tested leaves of the score: as likely as not. Chosen:
2026-11-28."""

MISSING: Final = {
    "controller": "A second agent that polls it would tell a controller from a device's maker.",
    "relays": "What those that poll it relay to is not accused itself.",
}


def judge_controller(
    scene: Scene,
    controller: Controller,
    networks: Mapping[TraceOutcome, Collection[frozenset[int]]],
    places: Mapping[str, Place],
) -> TracedHost:
    """Judge a polled host: it is held for no more than what half of its agents relay to is.

    ``networks``: who relays to one host, or asks it, by what became of that host.
    """
    mine = {poll.agent for poll in controller.polls}
    # Half of them: an agent's home may have what others have of one maker.
    behind = {
        verdict
        for verdict, theirs in networks.items()
        if any(2 * len(mine & network) >= len(mine) for network in theirs)
    }
    verdict: TraceOutcome = "undecided"
    if controller.llr <= 0:  # one of the hosts that devices poll
        verdict = "innocent"
    elif controller.llr >= CONVICTION:
        verdict = next((found for found in GUILTY if found in behind), "undecided")
    flows = scene.capture.flows
    rows = np.array([row for poll in controller.polls for row in poll.rows], np.int64)
    place = places.get(controller.address, NOWHERE)
    return TracedHost(
        address=controller.address,
        role="controller",
        verdict=verdict,
        score=probability(controller.llr) * (0.95 if "accused" in behind else UNSURE),
        agents=tuple(_polling_agent(scene, poll) for poll in controller.polls),
        ports=tuple(sorted({poll.port for poll in controller.polls})),
        asn=place.asn,
        holder=place.holder,
        country=place.country,
        first_seen=moment_at(int(flows.first_us[rows].min())),
        last_seen=moment_at(int(flows.last_us[rows].max())),
        delay_ms=None,
        period_s=controller.polls[0].period_s,
        evidence=controller.evidence,
        alternatives=(),
        missing=_missing_of_controller(controller) if verdict in OPEN else None,
        flows=(),
    )


def _missing_of_controller(controller: Controller) -> str:
    return MISSING["relays" if controller.llr >= CONVICTION else "controller"]


def _polling_agent(scene: Scene, poll: Poll) -> TracedAgent:
    return TracedAgent(
        address=str(scene.capture.hosts[poll.agent]),
        port=0,
        requests=poll.count,
        alike=0,
        is_told=poll.agent in scene.told,
    )
