"""Targets: the links to one host brought together, with what the judgement asks about it."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from unflux.model.addresses import prefixes
from unflux.model.verdicts import Evidence
from unflux.trace.innocent import FAMILIAR, is_private
from unflux.trace.links import Link
from unflux.trace.polling import Poll
from unflux.trace.relaying import weigh_pool, weigh_relay
from unflux.trace.scene import Scene
from unflux.trace.sites import Answers, find_site
from unflux.trace.standing import Standing
from unflux.trace.target import Target

CONVICTION: Final = round(math.log(0.95 / 0.05), 6)
"""Log-odds that decide either way, 19 to 1: of the relay, and of the agent (Wald, 1947)."""

WITNESS: Final = 1.0
"""What size or payload must say beside timing for a relay to be proved. Chosen: 2026-11-28; a
server that calls another at each request is as regular as a relay."""

PROVED: Final = 0.0
"""Log-odds of a relay from which on a link is a reason to look at its target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Who announces an address, and for what its listed range is; null where unknown."""

    asn: int | None = None
    holder: str | None = None
    country: str | None = None
    use: str | None = None


NOWHERE: Final = Place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A target with the evidence of its links."""

    number: int
    is_of_names: bool
    target: Target
    standing: Standing
    links: tuple[Link, ...]
    """The best proved first."""
    relay_evidence: tuple[Evidence, ...]
    """Of the best link."""
    relay_llr: float
    """Their sum; short of proof where nothing but timing says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Relay:
    """The links to one target, DNS or other traffic, and what proves them best."""

    links: tuple[Link, ...]
    """The best proved first."""
    evidence: tuple[Evidence, ...]
    llr: float


def prove_relays(scene: Scene) -> dict[tuple[int, bool], _Relay]:
    """Return what seems to be relayed, by target and whether it is DNS.

    A link proves itself, or the hosts that serve prove it together: then each of them whose sizes
    agree takes part.
    """
    together = {(pool.target, pool.is_tcp): _summed(weigh_pool(pool)) for pool in scene.pools}
    weighed: dict[tuple[int, bool], list[tuple[float, Link, tuple[Evidence, ...]]]] = {}
    for link in scene.links:
        evidence, llr = _summed(weigh_relay(link.tally, scene.target_counts.get(link.agent, 1)))
        weighed.setdefault((link.target, link.is_of_names), []).append((llr, link, evidence))
    proved = {}
    for key, found in weighed.items():
        found.sort(key=lambda item: -item[0])
        llr, _, evidence = found[0]
        pooled = {
            is_tcp: together[key[0], is_tcp]
            for is_tcp in {link.is_tcp for _, link, _ in found}
            if (key[0], is_tcp) in together
        }
        for pool_evidence, pool_llr in pooled.values():
            if pool_llr > llr:
                evidence, llr = pool_evidence, pool_llr
        links = tuple(
            link
            for own_llr, link, _ in found
            if own_llr > PROVED
            or (link.may_join and pooled.get(link.is_tcp, ((), PROVED))[1] > PROVED)
        )
        if llr > PROVED and links:
            proved[key] = _Relay(links=links, evidence=evidence, llr=llr)
    return proved


def _summed(evidence: list[Evidence]) -> tuple[tuple[Evidence, ...], float]:
    """Return evidence of a relay with its sum, short of proof where nothing but timing says so."""
    llr = sum(piece.llr for piece in evidence)
    witness = sum(piece.llr for piece in evidence if piece.name in ("size", "requests"))
    return tuple(evidence), llr if witness >= WITNESS else min(llr, CONVICTION / 2)


def gather_suspects(
    scene: Scene, places: Mapping[str, Place], answers: Answers
) -> Iterator[Suspect]:
    """Yield each host to which something seems to be relayed, DNS and other traffic apart."""
    hosts = scene.capture.hosts
    proved = prove_relays(scene)
    relayed: dict[int, dict[int, int]] = defaultdict(dict)
    sure: dict[int, set[int]] = defaultdict(set)
    for relay in proved.values():
        for link in relay.links:
            so_far = relayed[link.agent].get(link.target, 0)
            relayed[link.agent][link.target] = so_far + link.tally.alike
            sure[link.agent] |= {link.target} if relay.llr >= CONVICTION else set()
    totals = {agent: sum(counts.values()) for agent, counts in relayed.items()}
    relays: dict[int, set[int]] = defaultdict(set)
    for (number, _), relay in proved.items():
        relays[number] |= {link.agent for link in relay.links}
    polled = _polled(scene, scene.count_households(totals))
    company = {number: mine | _company(number, mine, polled) for number, mine in relays.items()}
    askers = scene.count_askers(relays, company)
    for (number, is_of_names), relay in proved.items():
        links = relay.links
        mine = {link.agent for link in links}
        address = str(hosts[number])
        agents = tuple(str(hosts[link.agent]) for link in links)
        here = places.get(address, NOWHERE)
        theirs = [places.get(agent, NOWHERE) for agent in agents]
        near, private = _client_ratios(scene, links)
        other = proved.get((number, not is_of_names))
        target = Target(
            address=address,
            agents=agents,
            links=links,
            use=here.use,
            is_same_asn=here.asn is not None and all(place.asn == here.asn for place in theirs),
            asker_count=askers.get(number, 0),
            relay_count=len(relays[number]),
            rivals=tuple(len(relayed[link.agent]) for link in links),
            name_servers=max(scene.looked_up_at.get(link.agent, 0) for link in links),
            is_one_of_many=all(
                2 * relayed[link.agent][number] <= totals[link.agent] for link in links
            ),
            client_near_ratio=near,
            client_private_ratio=private,
            household_count=count_households(agents, links),
            site=find_site(scene.capture, links, answers),
            is_told=_is_told(links, sure, scene.told),
            serves_both=other is not None,
            is_doubled=other is not None and any(link.agent in mine for link in other.links),
        )
        standing = Standing(
            agents=agents,
            browsed=tuple(scene.browsed.get(link.agent, 0) for link in links),
            is_told=tuple(link.agent in scene.told for link in links),
            uses=tuple(place.use for place in theirs),
            polls=tuple(poll for polls in polled for poll in polls if poll.agent in mine),
            addresses={number: str(hosts[number]) for number in mine},
        )
        yield Suspect(
            number=number,
            is_of_names=is_of_names,
            target=target,
            standing=standing,
            links=links,
            relay_evidence=relay.evidence,
            relay_llr=relay.llr,
        )


def _is_told(links: Sequence[Link], sure: Mapping[int, set[int]], told: Collection[int]) -> bool:
    """Tell whether known agents say that a host is their network's.

    Half of its relays are known, or one that relays to nobody else: an agent's home may run an
    application beside, which relays to its maker.
    """
    known = [link for link in links if link.agent in told]
    is_only = any(sure[link.agent] <= {link.target} for link in known)
    return is_only or 2 * len(known) >= len(links)


def _polled(scene: Scene, household_count: int) -> list[list[Poll]]:
    """Return the polls of each polled host, but for those that most homes poll."""
    polls: dict[int, list[Poll]] = defaultdict(list)
    for poll in scene.polls:
        polls[poll.controller].append(poll)
    return [
        found
        for _, found in sorted(polls.items())
        if len(found) < FAMILIAR or 2 * len(found) <= household_count
    ]


def _company(target: int, relays: Collection[int], polled: Iterable[list[Poll]]) -> set[int]:
    """Return who polls what some of its relays poll too: agents whose visitors are not seen."""
    company: set[int] = set()
    for polls in polled:
        agents = {poll.agent for poll in polls}
        if polls[0].controller != target and not agents.isdisjoint(relays):
            company |= agents
    return company


def count_households(agents: Sequence[str], links: Sequence[Link]) -> int:
    """Return how many networks (/24, IPv6 /48) of relays asked a target at one time, at most.

    One household that gets a new address each day is one: its spans do not overlap.
    """
    spans: dict[str, tuple[int, int]] = {}
    for agent, link in zip(agents, links, strict=True):
        place = prefixes(agent)[0]
        first_us, last_us = spans.get(place, (link.first_us, link.last_us))
        spans[place] = (min(first_us, link.first_us), max(last_us, link.last_us))
    begins = np.sort([begin for begin, _ in spans.values()])
    ends = np.sort([end for _, end in spans.values()])
    begun = np.searchsorted(begins, begins, side="right")
    return int((begun - np.searchsorted(ends, begins)).max(initial=0))


def _client_ratios(scene: Scene, links: tuple[Link, ...]) -> tuple[float, float]:
    """Return the shares of clients near their agent, and of clients at private addresses."""
    hosts, client = scene.capture.hosts, scene.capture.flows.client
    near = private = total = 0
    for link in links:
        place = prefixes(str(hosts[link.agent]))[1]
        rows = np.array([inbound for inbound, _ in link.rows], np.int64)
        for number in np.unique(client[rows]).tolist():
            address = str(hosts[number])
            total += 1
            is_behind = is_private(address)
            private += is_behind
            near += prefixes(address)[1] == place
    return near / max(total, 1), private / max(total, 1)
