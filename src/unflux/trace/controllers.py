"""Controllers: hosts that agents poll for their settings."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from unflux.model.verdicts import Evidence
from unflux.trace.polling import FEWEST, Poll
from unflux.trace.scene import Scene
from unflux.trace.targets import NOWHERE, Place

PRIOR: Final = -2.0
"""Log-odds that what an agent polls is its controller and no device's maker. Chosen: 2026-11-28;
a household polls a few hosts, and not all of it is the agent."""

BY_ADDRESS: Final = 2.5
"""What it says that a host is asked for by its bare address, over plain HTTP. Chosen: 2026-11-28;
updates and checks of the connection go by name, so that their makers can move them."""

CONTRAST: Final = 6.0
"""The most that it says who else asks. Chosen: 2026-11-28; households share what devices poll."""

SERVICE_RATIO: Final = 0.5
"""Share of other hosts that ask, against that of the agents, from which on it is a service for all.
Chosen: 2026-11-28."""

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
    scene: Scene, networks: Collection[frozenset[int]], places: Mapping[str, Place]
) -> Iterator[Controller]:
    """Yield each host that relays poll; ``networks``: those that relay to one host, for each."""
    polled: dict[int, list[Poll]] = defaultdict(list)
    for poll in scene.polls:
        polled[poll.controller].append(poll)
    in_order = sorted(networks, key=sorted)
    best_of = {
        number: max(in_order, key=lambda n: _fit(n, polls), default=frozenset())
        for number, polls in polled.items()
    }
    askers = scene.count_askers(best_of, best_of)
    households = {network: scene.count_households(network) for network in set(best_of.values())}
    for number, network in sorted(best_of.items()):
        theirs = [poll for poll in polled[number] if poll.agent in network]
        if not theirs:
            continue
        theirs.sort(key=lambda poll: (-poll.count, poll.agent))
        address = str(scene.capture.hosts[number])
        crowd = _Crowd(
            polling=len({poll.agent for poll in theirs}),
            relays=len(network),
            others=askers.get(number, 0),
            bystanders=max(households[network] - len(network), askers.get(number, 0)),
            network_count=len(networks),
        )
        weighed = _weigh(theirs, places.get(address, NOWHERE), crowd)
        evidence = tuple(piece for piece in weighed if piece.llr)
        yield Controller(
            address=address,
            polls=tuple(theirs),
            evidence=evidence,
            llr=sum(piece.llr for piece in evidence),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Crowd:
    """Who asks a host, and who does not."""

    polling: int
    relays: int
    """Of one network, those that poll it and those that do not."""
    others: int
    """Hosts that ask it and are no relays of the network."""
    bystanders: int
    """They and the other hosts that look at several of the web hosts that its relays look at."""
    network_count: int
    """Of which this network was chosen for its polls."""


def _fit(network: frozenset[int], polls: Sequence[Poll]) -> tuple[int, int]:
    return len(network & {poll.agent for poll in polls}), -len(network)


def _weigh(polls: list[Poll], place: Place, crowd: _Crowd) -> Iterator[Evidence]:
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
    if best.by_address + best.by_name:
        is_bare = best.by_address >= FEWEST and not best.by_name
        yield _piece(
            "bare-address",
            best.by_address,
            BY_ADDRESS if is_bare else 0.0,
            f"Of {best.by_address + best.by_name:,} requests {best.by_address:,} were for its bare "
            "address, without a name.",
            "Chosen: 2026-11-28; what devices poll has a name",
        )
    yield _contrast(crowd)
    is_for_all = (
        crowd.others >= max(2, 2 * crowd.polling)
        and crowd.others * crowd.relays >= SERVICE_RATIO * crowd.polling * crowd.bystanders
    )
    yield _piece(
        "service-for-all",
        crowd.others,
        -8.0 if is_for_all else 0.0,
        f"{crowd.others:,} of {crowd.bystanders:,} hosts that are no relays ask it too.",
        "Chosen: 2026-11-28",
    )
    yield _piece(
        "listed",
        place.use,
        -4.0 if place.use == "cdn" else 0.0,
        "It lies in listed ranges of a CDN.",
        "lists of providers (decision 0015)",
    )


def _contrast(crowd: _Crowd) -> Evidence:
    """Weigh whether relays ask it more often than other hosts do, or all alike.

    Two unknown shares against one, each as likely as any other (Beta(1, 1)). Agents that were not
    recognised are among the others, and so weaken it only.
    """
    apart = _log_beta(crowd.polling, crowd.relays) + _log_beta(crowd.others, crowd.bystanders)
    alike = _log_beta(crowd.polling + crowd.others, crowd.relays + crowd.bystanders)
    llr = apart - alike - math.log(crowd.network_count)
    is_more = crowd.polling * crowd.bystanders > crowd.others * crowd.relays
    return _piece(
        "shared",
        crowd.polling,
        min(CONTRAST, llr) if is_more and llr > 0 else 0.0,
        f"{crowd.polling:,} of {crowd.relays:,} relays to one host poll it; of "
        f"{crowd.bystanders:,} other hosts here that look at the same web hosts "
        + (f"{crowd.others:,} ask it." if crowd.others else "none asks it."),
        "Bayes factor of two binomials against one",
    )


def _log_beta(count: int, total: int) -> float:
    """Return the logarithm of B(count + 1, total - count + 1)."""
    return (
        math.lgamma(count + 1) + math.lgamma(total - count + 1) - math.lgamma(total + 2)
    )  # fmt: skip


def _piece(name: str, value: float | str | None, llr: float, says: str, source: str) -> Evidence:
    return Evidence(name=name, value=value, llr=llr, says=says, source=source)
