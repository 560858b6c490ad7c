"""Evidence that a host which relays is an agent and no proxy that somebody runs in the open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from unflux.model.addresses import prefixes
from unflux.model.verdicts import Evidence
from unflux.trace.polling import Poll

PRIOR: Final = -2.5
"""Log-odds that a relay to somewhere else is an agent, before anything else is known: one of
thirteen. Chosen: 2026-11-28; rented reverse proxies with an origin elsewhere are common."""

TOLD: Final = 9.0
"""What it says that somebody knows the agent for one: records of DNS, or who runs the honeypot.
Chosen: 2026-11-28; it convicts beside a relay that nothing else explains."""

BROWSED: Final = ((6, 1.0), (10, 2.9), (20, 4.5), (40, 6.0))
"""Web hosts that a relay looks at by itself, and what they say. Chosen: 2026-11-28; people browse
behind a subscriber's line, nobody on a reverse proxy, which has updates and a few services: of
these one in twenty is thought to ask ten hosts, one in a hundred twenty."""

FAN_IN: Final = ((2, 1.5), (3, 3.0), (5, 4.0))
"""Relays in so many /16 (IPv6 /32) that go to one host. Chosen: 2026-11-28; the points of presence
of a provider do likewise and ask one host for their settings too, so that fan-in and polls together
do not convict."""

POLLED: Final = ((1, 1.0), (2, 1.4))
"""Relays in so many /16 (IPv6 /32) that poll one host. Chosen: 2026-11-28; every household polls
something, and the proxies of one provider may ask one host for their settings too."""

TLS_PORTS: Final = (443, 8443)

LISTED: Final = {"cdn": -6.0, "cloud": -3.0}
"""What it says that relays lie in such listed ranges. Chosen: 2026-11-28; agents are home
computers (Honeynet Project, 2007), and homes are not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of the hosts that relay to one target."""

    agents: tuple[str, ...]
    browsed: tuple[int, ...]
    is_told: tuple[bool, ...]
    uses: tuple[str | None, ...]
    """What listed ranges of providers the agents lie in are for."""
    polls: tuple[Poll, ...]
    """Of these agents."""
    addresses: Mapping[int, str]
    """Of the agents, by their numbers."""


def weigh_agents(standing: Standing) -> list[Evidence]:
    """Return the evidence on whether the relays are agents."""
    pieces = [
        Evidence(
            name="prior",
            value=None,
            llr=PRIOR,
            says="Most relays to another site are proxies that somebody runs in the open.",
            source="Chosen: 2026-11-28",
        ),
        _told(standing),
        _browsed(standing),
        _fan_in(standing),
        _polls(standing),
        _listed(standing),
    ]
    return [piece for piece in pieces if piece.llr]


def _told(standing: Standing) -> Evidence:
    count = sum(standing.is_told)
    return Evidence(
        name="known-agents",
        value=count,
        llr=TOLD if count else 0.0,
        says=f"{count:,} of the relays were known for agents before.",
        source="verdicts from DNS, or whoever named them",
    )


def _browsed(standing: Standing) -> Evidence:
    """Weigh what half of the relays, or more, look at by themselves."""
    ordered = sorted(standing.browsed, reverse=True)
    count = ordered[(len(ordered) - 1) // 2] if ordered else 0
    return Evidence(
        name="browsing",
        value=count,
        llr=_band(count, BROWSED),
        says=f"Half of the relays or more opened flows to {count:,} web hosts of their own accord, "
        "as households do.",
        source="Honeynet Project (2007): agents are home computers",
    )


def _fan_in(standing: Standing) -> Evidence:
    places = {prefixes(address)[1] for address in standing.agents}
    return Evidence(
        name="fan-in",
        value=len(places),
        llr=_band(len(places), FAN_IN),
        says=f"Relays in {len(places):,} /16 (IPv6: /32) go to this host.",
        source="Honeynet Project (2007): all agents of a network relay to its motherships",
    )


def _polls(standing: Standing) -> Evidence:
    """Weigh the most relays, by their /16 (IPv6: /32), that poll one host outside TLS."""
    places: dict[int, set[str]] = {}
    for poll in standing.polls:
        if poll.port not in TLS_PORTS:
            place = prefixes(standing.addresses[poll.agent])[1]
            places.setdefault(poll.controller, set()).add(place)
    most = max(map(len, places.values()), default=0)
    return Evidence(
        name="polling",
        value=most,
        llr=_band(most, POLLED),
        says=f"Relays in {most:,} /16 (IPv6: /32) ask one host for little at a regular period, "
        "outside TLS.",
        source="Honeynet Project (2007): agents poll a file of settings",
    )


def _listed(standing: Standing) -> Evidence:
    uses = [use for use in standing.uses if use in LISTED]
    is_most = 2 * len(uses) >= len(standing.agents)
    return Evidence(
        name="rented",
        value=len(uses),
        llr=min((LISTED[use] for use in uses), default=0.0) if uses and is_most else 0.0,
        says=f"{len(uses):,} of the relays lie in listed ranges of clouds or CDNs.",
        source="lists of providers (decision 0015)",
    )


def _band(count: int, edges: Sequence[tuple[int, float]]) -> float:
    return max((llr for edge, llr in edges if count >= edge), default=0.0)
