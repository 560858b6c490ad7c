"""The operators at work: answers rotate, name servers move, lines go up and down."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random
from typing import Final

from unflux.lab.testbed.blueprint import (
    REGISTRY_VIEW,
    Agent,
    Blueprint,
    Operation,
    Rotation,
    Segment,
)
from unflux.lab.testbed.truth import Chronicle, Moved
from unflux.lab.testbed.updating import RecordSet, Updater
from unflux.lab.zones import apex_of

CARRIED_RATIO: Final = 0.7
"""Chance that one address of a set stays in the next: as in the double-flux pool of the small
internet."""
ROTATION_SPREAD: Final = 0.3
"""Sigma of the log-normal of the time that a set stays: as in the single-flux pool there."""
NS_TTL_RATIO: Final = 1 / 8
"""TTL of glue against the time a name server stays. Chosen: 2026-11-28; half an hour of four."""

Change = Callable[[dict[str, tuple[Segment, bool]]], None]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What everybody who changes records works with."""

    updater: Updater
    chronicle: Chronicle
    clock: Clock
    """Seconds since the testbed started."""
    rng: Random
    length_s: float

    async def set_records(
        self,
        server: str,
        zone: str,
        rrsets: Sequence[RecordSet],
        *,
        view: str,
        key: str = "lab",
    ) -> None:
        """Replace record sets at a server, and write down what it took or did not take."""
        refusal = await self.updater.replace(server, zone, rrsets, key=key)
        for owner, rrtype, _, rdatas in rrsets:
            moved = Moved(owner=owner.removesuffix("."), server=server, view=view)
            if refusal is None:
                self.chronicle.note_rotation(moved, rrtype, rdatas)
            else:
                self.chronicle.note_refusal(moved, rrtype, rdatas, reason=refusal)

    def is_over(self) -> bool:
        """Tell whether the testbed's time is over."""
        return self.clock() >= self.length_s


class Pool:
    """What one operation answers, drawn from its agents that are on line."""

    def __init__(self, operation: Operation, rng: Random) -> None:
        self._operation, self._rng = operation, rng
        self._current: tuple[str, ...] = ()

    def next_set(self, moment_s: float) -> tuple[str, ...]:
        """Return the addresses of the next answers, at least one."""
        operation, rng = self._operation, self._rng
        online = [a.address for a in operation.agents if a.is_online(moment_s)]
        if not online:
            return self._current or (operation.agents[0].address,)
        fresh = [address for address in online if address not in self._current]
        kept: list[str] = []
        if operation.set_size > 1 and rng.random() < CARRIED_RATIO:
            still = [address for address in self._current if address in online]
            kept = rng.sample(still, min(1, len(still)))
        wanted = operation.set_size - len(kept)
        drawn = rng.sample(fresh, min(wanted, len(fresh)))
        missing = wanted - len(drawn)
        spare = [a for a in online if a not in kept and a not in drawn]
        drawn += rng.sample(spare, min(missing, len(spare)))
        self._current = tuple(kept + drawn)
        return self._current

    def name_servers(self, moment_s: float, count: int, *, is_watched: bool) -> tuple[str, ...]:
        """Return agents that relay names next; the honeypot is one of them where it is watched.

        Where fewer are on line, one has several names; none where nobody is.
        """
        online = [a for a in self._operation.agents if a.is_online(moment_s)]
        kept = [a.address for a in online if is_watched and a.segment == "honeypot"]
        others = [a.address for a in online if a.address not in kept]
        drawn = self._rng.sample(others, min(count - len(kept), len(others)))
        return tuple(islice(cycle((*kept, *drawn)), count))


async def rotate_answers(operation: Operation, pool: Pool, work: Work) -> None:
    """Replace the addresses of an operation's names, set after set."""
    while not work.is_over():
        addresses = pool.next_set(work.clock())
        for domain in operation.domains:
            owners = (domain, f"{'*' if operation.has_wildcard else 'www'}.{domain}")
            rrsets = [(f"{owner}.", "A", operation.ttl_s, addresses) for owner in owners]
            await work.set_records(
                operation.answers_from, domain, rrsets, view=operation.answers_view
            )
        await asyncio.sleep(operation.rotation_s * work.rng.lognormvariate(0, ROTATION_SPREAD))


async def rotate_name_servers(operation: Operation, pool: Pool, work: Work) -> None:
    """Replace the addresses of an operation's name servers, in its zones and at the registry."""
    ttl_s = max(1, round(operation.ns_rotation_s * NS_TTL_RATIO))
    while not work.is_over():
        for number, domain in enumerate(operation.domains):
            hosts = operation.name_hosts(domain)
            addresses = pool.name_servers(work.clock(), len(hosts), is_watched=number == 0)
            rrsets = [
                (f"{host}.", "A", ttl_s, (address,))
                for host, address in zip(hosts, addresses, strict=False)
            ]
            tld = domain.rsplit(".", 1)[-1]
            await work.set_records(operation.mothership, domain, rrsets, view=operation.own_view)
            await work.set_records(operation.name_server, tld, rrsets, view=REGISTRY_VIEW)
        await asyncio.sleep(operation.ns_rotation_s * work.rng.uniform(0.5, 1.5))


async def rotate_innocent(rotation: Rotation, work: Work) -> None:
    """Replace the addresses of an innocent name, as its provider does."""
    zone = apex_of(rotation.owner)
    key = "south" if rotation.view.endswith("-south") else "lab"
    while not work.is_over():
        addresses = work.rng.sample(rotation.candidates, rotation.count)
        rrset = (f"{rotation.owner}.", "A", rotation.ttl_s, addresses)
        await work.set_records(rotation.server, zone, [rrset], view=rotation.view, key=key)
        await asyncio.sleep(rotation.every_s * work.rng.uniform(0.9, 1.1))


async def switch_lines(
    blueprint: Blueprint, change: Change, chronicle: Chronicle, clock: Clock
) -> None:
    """Let agents' lines go up and down as the blueprint has it, to the end of its time."""
    moments = _switches(blueprint)
    for moment_s in sorted(moments):
        await asyncio.sleep(max(0.0, moment_s - clock()))
        agents = moments[moment_s]
        states = {a.address: (a.segment, a.is_online(moment_s)) for a in agents}
        await asyncio.to_thread(change, states)
        for address, (_, is_online) in states.items():
            chronicle.note_presence(address, is_online=is_online)


def _switches(blueprint: Blueprint) -> dict[float, list[Agent]]:
    """Return who changes when; at 0 all, so that each state is known."""
    moments: dict[float, list[Agent]] = {0.0: []}
    for _, agent in blueprint.agents():
        moments[0.0].append(agent)
        for moment_s in {moment for interval in agent.online_s for moment in interval}:
            if 0 < moment_s < blueprint.last_s:
                moments.setdefault(moment_s, []).append(agent)
    return moments
