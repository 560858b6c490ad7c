"""Targets: the links to one host brought together, with what the judgement asks about it."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from unflux.model.addresses import prefixes
from unflux.model.verdicts import Evidence
from unflux.trace.innocent import Target, is_private
from unflux.trace.links import Link
from unflux.trace.polling import Poll
from unflux.trace.relaying import weigh_relay
from unflux.trace.scene import Scene
from unflux.trace.standing import Standing

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


def weigh_links(scene: Scene) -> list[tuple[Link, list[Evidence], float]]:
    """Return the links that speak for a relay, with their evidence and its sum."""
    weighed = []
    for link in scene.links:
        evidence = weigh_relay(link, scene.target_counts.get(link.agent, 1))
        llr = sum(piece.llr for piece in evidence)
        witness = sum(piece.llr for piece in evidence if piece.name in ("size", "requests"))
        llr = llr if witness >= WITNESS else min(llr, CONVICTION / 2)
        if llr > PROVED:
            weighed.append((link, evidence, llr))
    return weighed


def gather_suspects(scene: Scene, places: Mapping[str, Place]) -> Iterator[Suspect]:
    """Yield each host to which something seems to be relayed, DNS and other traffic apart."""
    hosts = scene.capture.hosts
    weighed = weigh_links(scene)
    relayed: dict[int, dict[int, int]] = defaultdict(dict)
    for link, _, _ in weighed:
        relayed[link.agent][link.target] = relayed[link.agent].get(link.target, 0) + link.alike
    grouped: dict[tuple[int, bool], list[tuple[Link, list[Evidence], float]]] = defaultdict(list)
    for link, evidence, llr in weighed:
        grouped[link.target, link.is_of_names].append((link, evidence, llr))
    totals = {agent: sum(counts.values()) for agent, counts in relayed.items()}
    polls: dict[int, list[Poll]] = defaultdict(list)
    for poll in scene.polls:
        polls[poll.agent].append(poll)
    for (number, is_of_names), found in grouped.items():
        found.sort(key=lambda item: -item[2])
        links = tuple(link for link, _, _ in found)
        address = str(hosts[number])
        agents = tuple(str(hosts[link.agent]) for link in links)
        here = places.get(address, NOWHERE)
        theirs = [places.get(agent, NOWHERE) for agent in agents]
        near, private = _client_ratios(scene, links)
        target = Target(
            address=address,
            agents=agents,
            links=links,
            use=here.use,
            is_same_asn=here.asn is not None and all(place.asn == here.asn for place in theirs),
            asker_count=scene.askers.get(number, 0),
            rivals=tuple(len(relayed[link.agent]) for link in links),
            name_servers=max(scene.looked_up_at.get(link.agent, 0) for link in links),
            is_one_of_many=all(
                2 * relayed[link.agent][number] <= totals[link.agent] for link in links
            ),
            client_near_ratio=near,
            client_private_ratio=private,
        )
        mine = {link.agent for link in links}
        standing = Standing(
            agents=agents,
            browsed=tuple(scene.browsed.get(link.agent, 0) for link in links),
            is_told=tuple(link.agent in scene.told for link in links),
            uses=tuple(place.use for place in theirs),
            polls=tuple(poll for agent in sorted(mine) for poll in polls[agent]),
            addresses={number: str(hosts[number]) for number in mine},
        )
        yield Suspect(
            number=number,
            is_of_names=is_of_names,
            target=target,
            standing=standing,
            links=links,
            relay_evidence=tuple(found[0][1]),
            relay_llr=found[0][2],
        )


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
