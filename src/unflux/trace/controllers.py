"""Controllers: hosts that agents poll for their settings."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from unflux.model.addresses import prefixes
from unflux.model.verdicts import Evidence
from unflux.trace.polling import Poll
from unflux.trace.scene import Scene
from unflux.trace.targets import NOWHERE, Place

PRIOR: Final = -2.0
"""Log-odds that what an agent polls is its controller and no device's maker. Chosen: 2026-11-28;
a household polls a few hosts, and not all of it is the agent."""

BYSTANDERS: Final = 2
"""Hosts that are no agents for each agent, from which on it says something that they do not poll.
Chosen: 2026-11-28; the maker of every tenth device would be asked by two of twenty."""

PLAIN_PORTS: Final = frozenset({80, 8080})
KYE: Final = "Honeynet Project (2007): agents poll a file of settings hourly, by plain HTTP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """A polled host with the evidence that it gives agents their orders."""

    address: str
    polls: tuple[Poll, ...]
    evidence: tuple[Evidence, ...]
    llr: float


def find_controllers(
    scene: Scene, agents: frozenset[int], places: Mapping[str, Place]
) -> Iterator[Controller]:
    """Yield each host that these agents poll."""
    polled: dict[int, list[Poll]] = defaultdict(list)
    for poll in scene.polls:
        polled[poll.controller].append(poll)
    theirs_of = {
        number: [poll for poll in polls if poll.agent in agents] for number, polls in polled.items()
    }
    asked = {number for number, theirs in theirs_of.items() if theirs}
    askers = scene.count_askers(asked, dict.fromkeys(asked, agents))
    for number in sorted(asked):
        theirs = theirs_of[number]
        theirs.sort(key=lambda poll: (-poll.count, poll.agent))
        address = str(scene.capture.hosts[number])
        place = places.get(address, NOWHERE)
        others = askers.get(number, 0)
        evidence = tuple(piece for piece in _weigh(scene, theirs, place, others) if piece.llr)
        yield Controller(
            address=address,
            polls=tuple(theirs),
            evidence=evidence,
            llr=sum(piece.llr for piece in evidence),
        )


def _weigh(scene: Scene, polls: list[Poll], place: Place, others: int) -> Iterator[Evidence]:
    best = polls[0]
    yield _piece("prior", None, PRIOR, "A household polls several hosts.", "Chosen: 2026-11-28")
    regular = 1.5 if best.regular_ratio >= 0.9 else 0.5
    yield _piece(
        "period",
        round(best.period_s, 1),
        regular,
        f"{best.count:,} flows, {best.regular_ratio:.0%} of the gaps near {best.period_s:,.0f} s.",
        KYE,
    )
    is_plain = best.port in PLAIN_PORTS
    yield _piece(
        "polled-port",
        best.port,
        1.5 if is_plain else -1.0,
        f"It is polled at port {best.port}.",
        f"{KYE}; makers of devices use TLS",
    )
    hosts = {prefixes(str(scene.capture.hosts[poll.agent]))[1] for poll in polls}
    bystanders = scene.client_count - len(polls)
    is_contrast = bystanders >= BYSTANDERS * len(polls)
    shared = min(6.0 if is_contrast else 1.0, 2.0 * (len(hosts) - 1))
    yield _piece(
        "shared",
        len(hosts),
        shared,
        f"Agents in {len(hosts):,} /16 (IPv6: /32) poll it; {bystanders:,} other hosts here look "
        "at web hosts, of which " + (f"{others:,} ask it." if others else "none asks it."),
        "Chosen: 2026-11-28; households share what their devices poll (updates, checks of the "
        "connection), so that it says something only beside households that are none",
    )
    yield _piece(
        "service-for-all",
        others,
        -8.0 if others >= max(2, 2 * len(polls)) else 0.0,
        f"{others:,} hosts that are no agents ask it too.",
        "Chosen: 2026-11-28",
    )
    yield _piece(
        "listed",
        place.use,
        -4.0 if place.use == "cdn" else 0.0,
        "It lies in listed ranges of a CDN.",
        "lists of providers (decision 0015)",
    )


def _piece(name: str, value: float | str | None, llr: float, says: str, source: str) -> Evidence:
    return Evidence(name=name, value=value, llr=llr, says=says, source=source)
