"""Judge the hosts behind relays: what each is, how sure that is, and which flows show it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, get_args

import numpy as np

from unflux.model.odds import probability
from unflux.model.times import moment_at
from unflux.model.traces import (
    RelayedFlow,
    TracedAgent,
    TracedHost,
    TraceOutcome,
)
from unflux.model.verdicts import Evidence
from unflux.trace.controllers import find_controllers
from unflux.trace.innocent import weigh_innocents
from unflux.trace.links import Link
from unflux.trace.polled_hosts import GUILTY, OPEN, UNSURE, judge_controller
from unflux.trace.scene import Scene
from unflux.trace.sites import NO_ANSWERS, Answers
from unflux.trace.standing import weigh_agents
from unflux.trace.targets import CONVICTION, NOWHERE, Place, Suspect, gather_suspects

AUTHORITATIVE: Final = 2.0
"""What authoritative answers say of a relay of DNS. Chosen: 2026-11-28; forwarders pass on what
resolvers know, and fronts of name servers elsewhere are rare, but there are some."""

MOST_FLOWS: Final = 10
"""Flows shown of each host. Chosen: 2026-11-28."""

MISSING: Final = {
    "relay": "More relayed requests, or a capture with payload, would tell a relay from chance.",
    "agent": "Records of DNS that name its relays as agents (--agent, --agents), or a second relay "
    "elsewhere, would tell an agent from a proxy that somebody runs in the open.",
    "maker": "Many households may run an application that passes requests on to its maker: records "
    "of DNS that name one of them as an agent (--agent, --agents), or the names that visitors ask "
    "for with the answers of DNS that led them there, would tell.",
    "owner": "One household may run a reverse proxy of its owner: records of DNS that name it as "
    "an agent (--agent, --agents), or relays of other households to the same host, would tell.",
    "names": "A capture with payload would tell a name server by its authoritative answers from a "
    "resolver.",
    "explained": "An innocent explanation holds that much speaks against: look at the flows.",
}


def judge(
    scene: Scene, places: Mapping[str, Place], answers: Answers = NO_ANSWERS
) -> list[TracedHost]:
    """Judge every host that seems to stand behind a relay, most suspicious first.

    ``places``: of the hosts that :func:`involved` returns; one that is missing is unknown.
    ``answers``: names that DNS leads to relays, of those that :func:`relays_in_doubt` returns.
    """
    suspects = list(gather_suspects(scene, places, answers))
    hosts = [_judge_suspect(scene, suspect, places) for suspect in suspects]
    accused = {
        suspect.number
        for suspect, host in zip(suspects, hosts, strict=True)
        if host.verdict == "accused"
    }
    hosts = list(_with_company(suspects, hosts, accused))
    # Who asks a mothership is an agent, be its visitors seen or not.
    networks: dict[TraceOutcome, set[frozenset[int]]] = {}
    for suspect, host in zip(suspects, hosts, strict=True):
        askers = scene.askers_of(suspect.number) if host.verdict in GUILTY else frozenset()
        mine = frozenset(link.agent for link in suspect.links) | askers
        networks.setdefault(host.verdict, set()).add(mine)
    networks.pop("innocent", None)
    for controller in find_controllers(scene, set().union(*networks.values()), places):
        hosts.append(judge_controller(scene, controller, networks, places))
    return sorted(hosts, key=_rank)


def _rank(host: TracedHost) -> tuple[int, bool, float, str, str]:
    """Sort by verdict, what is relayed to before what is polled, and then by score."""
    order = get_args(TraceOutcome).index(host.verdict)
    return order, host.role == "controller", -host.score, host.address, host.role


def relays_in_doubt(hosts: Iterable[TracedHost]) -> set[str]:
    """Return the relays whose names may change what became of a host, once they are known."""
    return {
        agent.address
        for host in hosts
        if host.verdict == "suspected" and ("makers-application", "untested") in _outcomes(host)
        for agent in host.agents
    }


def _outcomes(host: TracedHost) -> set[tuple[str, str]]:
    return {(alternative.hypothesis, alternative.outcome) for alternative in host.alternatives}


def involved(scene: Scene) -> set[str]:
    """Return the addresses of which it matters who announces them."""
    numbers = {link.agent for link in scene.links} | {link.target for link in scene.links}
    numbers |= {poll.controller for poll in scene.polls}
    return {str(scene.capture.hosts[number]) for number in numbers}


def _judge_suspect(scene: Scene, suspect: Suspect, places: Mapping[str, Place]) -> TracedHost:
    evidence = [*suspect.relay_evidence, *weigh_agents(suspect.standing)]
    tested = weigh_innocents(suspect.target)
    agent_llr = sum(piece.llr for piece in evidence[len(suspect.relay_evidence) :])
    agent_llr += sum(ratio for _, ratio in tested)
    if any(link.authoritative > link.not_authoritative for link in suspect.links):
        piece = _authoritative(suspect.links)
        evidence.append(piece)
        agent_llr += piece.llr
    untested = {a.hypothesis for a, _ in tested if a.outcome == "untested"}
    is_explained = any(a.outcome == "holds" for a, _ in tested)
    relay_llr = suspect.relay_llr
    verdict = _outcome(relay_llr, agent_llr, untested, is_explained=is_explained)
    flows = scene.capture.flows
    rows = np.array([pair for link in suspect.links for pair in link.rows], np.int64)
    delays = [delay for link in suspect.links for delay in link.delay_us]
    place = places.get(suspect.target.address, NOWHERE)
    return TracedHost(
        address=suspect.target.address,
        role="name-mothership" if suspect.is_of_names else "mothership",
        verdict=verdict,
        score=probability(relay_llr) * probability(agent_llr) * (UNSURE if untested else 1.0),
        agents=tuple(_relaying_agent(scene, link) for link in suspect.links),
        ports=tuple(sorted({port for link in suspect.links for port in link.target_ports})),
        asn=place.asn,
        holder=place.holder,
        country=place.country,
        first_seen=moment_at(int(flows.first_us[rows[:, 1]].min())),
        last_seen=moment_at(int(flows.last_us[rows[:, 1]].max())),
        delay_ms=float(np.median(delays)) / 1_000,
        period_s=None,
        evidence=tuple(evidence),
        alternatives=tuple(alternative for alternative, _ in tested),
        missing=_missing(
            verdict, relay_llr, agent_llr, untested=untested, is_explained=is_explained
        ),
        flows=tuple(_shown(scene, pair) for pair in rows[:MOST_FLOWS].tolist()),
    )


def _authoritative(links: Iterable[Link]) -> Evidence:
    count = sum(link.authoritative for link in links)
    return Evidence(
        name="authoritative",
        value=count,
        llr=AUTHORITATIVE,
        says=f"{count:,} relayed answers are authoritative: names are served, not looked up.",
        source="RFC 1035 section 4.1.1",
    )


def _outcome(
    relay_llr: float, agent_llr: float, untested: Collection[str], *, is_explained: bool
) -> TraceOutcome:
    if agent_llr <= -CONVICTION or relay_llr <= -CONVICTION:
        return "innocent"
    # Forwarders of DNS are so many that what may be one is no suspect.
    is_open = is_explained or "dns-forwarder" in untested
    if min(relay_llr, agent_llr) < CONVICTION or is_open:
        return "undecided"
    return "suspected" if untested else "accused"


def _missing(
    verdict: TraceOutcome, relay_llr: float, agent_llr: float, *, untested: Collection[str],
    is_explained: bool,
) -> str | None:  # fmt: skip
    if verdict == "suspected":
        return MISSING["owner" if "owners-proxy" in untested else "maker"]
    if verdict != "undecided":
        return None
    if relay_llr < CONVICTION:
        return MISSING["relay"]
    if is_explained:
        return MISSING["explained"]
    return MISSING["agent" if agent_llr < CONVICTION else "names"]


def _with_company(
    suspects: list[Suspect], hosts: list[TracedHost], accused: set[int]
) -> Iterator[TracedHost]:
    """Let what is accused speak for its company, and name those that relay on proxies.

    A relay that goes to an accused host is an agent, so that what else half of such relays or more
    is relayed to is their network's, unless one owner may have all of them: an agent's household
    may run a proxy of its own. What else is relayed to an accused host is the network's in any
    case, and so is what accused hosts relay on to; and a host that relays itself to a suspect
    stands in the middle.
    """
    agents = {
        link.agent
        for suspect in suspects
        if suspect.number in accused
        for link in suspect.links
    }  # fmt: skip
    proved = {
        link.agent: suspect.number
        for suspect, host in zip(suspects, hosts, strict=True)
        if host.verdict != "innocent" and not suspect.is_of_names
        for link in suspect.links
    }
    for suspect, host in zip(suspects, hosts, strict=True):
        found = host
        mine = {link.agent for link in suspect.links}
        is_theirs = suspect.number in accused or 2 * len(mine & accused) >= len(mine)
        # One that is an agent may run what others run for a maker.
        is_shared = 2 * len(mine & (agents | accused)) >= len(mine)
        is_company = is_theirs or (
            is_shared and ("owners-proxy", "untested") not in _outcomes(host)
        )
        holds = [a.hypothesis for a in host.alternatives if a.outcome == "holds"]
        if host.verdict in OPEN and is_company and not holds and (
            suspect.relay_llr >= CONVICTION
        ):  # fmt: skip
            found = replace(
                host,
                verdict="accused",
                score=probability(suspect.relay_llr) * probability(CONVICTION),
                evidence=(*host.evidence, _company()),
                missing=None,
            )
        if suspect.number in proved and proved[suspect.number] != suspect.number:
            found = replace(found, role="chained-proxy")
        yield found


def _company() -> Evidence:
    return Evidence(
        name="company",
        value=None,
        llr=2 * CONVICTION,
        says="Half of its relays or more go to an accused host too, or are one; or it is itself "
        "accused in another role.",
        source="Honeynet Project (2007): double flux serves names and pages through one agent",
    )


def _shown(scene: Scene, pair: list[int]) -> RelayedFlow:
    flows, hosts = scene.capture.flows, scene.capture.hosts
    inbound, outbound = pair
    return RelayedFlow(
        at=moment_at(int(flows.first_us[inbound])),
        client=str(hosts[int(flows.client[inbound])]),
        agent=str(hosts[int(flows.server[inbound])]),
        agent_port=int(flows.server_port[inbound]),
        target_port=int(flows.server_port[outbound]),
        delay_ms=float(flows.first_us[outbound] - flows.first_us[inbound]) / 1_000,
        received_bytes=int(flows.received_bytes[inbound]),
        relayed_bytes=int(flows.received_bytes[outbound]),
    )


def _relaying_agent(scene: Scene, link: Link) -> TracedAgent:
    return TracedAgent(
        address=str(scene.capture.hosts[link.agent]),
        port=link.port,
        requests=link.tally.pairs,
        alike=link.tally.alike,
        is_told=link.agent in scene.told,
    )
