"""Sites: names that visitors ask relays for, and that answers of DNS lead to the relays."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from unflux.model.addresses import prefixes
from unflux.trace.columns import NO_TEXT, Capture
from unflux.trace.links import Link

HOUSEHOLDS: Final = 3
"""Networks (/24, IPv6 /48) of relays of one host at one time, from which on they are not taken for
one owner's, nor what is asked of all of them for a home's own. Chosen: 2026-11-28; people have a
home and perhaps an office or their parents' line."""

MOST: Final = 0.5
"""Share of the visitors in a network that ask for a site. Chosen: 2026-11-28; who wants an
application taken for a network needs as many places to ask its homes from as all others are in."""

WWW: Final = "www."
"""With and without it a name is one site's."""

Answers = Mapping[str, frozenset[str]]
"""Names, and the addresses to which answers of DNS lead them."""

NO_ANSWERS: Final[Answers] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What of a site at many homes is seen at the relays of one host."""

    name: str | None
    """Which answers of DNS lead to relays in most networks; null where none is known."""
    led_to: int
    """To how many."""
    asked_in: int
    """Networks of relays most of whose visitors ask for names led to several of them."""
    visitors: int
    """Networks from which such names are asked for."""
    read_in: int
    """Networks of relays of which a request with a name was read."""

    @property
    def is_at_many_homes(self) -> bool:
        """Whether DNS leads one name to relays of many, and visitors ask those for such names."""
        return min(self.asked_in, self.visitors) >= HOUSEHOLDS


def find_site(capture: Capture, links: Sequence[Link], answers: Answers) -> Site:
    """Find what the requests ask for that were relayed to one host, and how they came there.

    Any host below the names of some operations leads to their agents: a name counts for those
    above it, which have to lead there themselves.
    """
    relays = {str(capture.hosts[link.agent]) for link in links}
    networks = {address: prefixes(address)[0] for address in relays}
    led: dict[str, set[str]] = {}
    for name, addresses in answers.items():
        theirs = {networks[address] for address in addresses & relays}
        if theirs:
            led.setdefault(name.removeprefix(WWW), set()).update(theirs)
    common = {name for name, theirs in led.items() if len(theirs) >= HOUSEHOLDS}
    asked = _asked(capture, links, networks)
    asked_in, visitors = 0, set[str]()
    for visits in asked.values():
        theirs = {visitor for visitor, name in visits if not common.isdisjoint(_upward(name))}
        asked_in += len(theirs) >= MOST * len({visitor for visitor, _ in visits})
        visitors |= theirs
    best = min(led, key=lambda name: (-len(led[name]), name), default=None)
    return Site(
        name=best,
        led_to=len(led[best]) if best is not None else 0,
        asked_in=asked_in,
        visitors=len(visitors),
        read_in=len(asked),
    )


def _asked(
    capture: Capture, links: Sequence[Link], networks: Mapping[str, str]
) -> dict[str, set[tuple[str, str]]]:
    """Return the visitors' networks and the names they asked for, by networks of relays."""
    asked: dict[str, set[tuple[str, str]]] = {}
    for link in links:
        rows = np.array([inbound for inbound, _ in link.rows], np.int64)
        rows = rows[capture.flows.asked_for[rows] != NO_TEXT]
        if len(rows):
            names = capture.names.take(capture.flows.asked_for[rows]).to_pylist()
            visitors = capture.hosts.take(capture.flows.client[rows]).to_pylist()
            asked.setdefault(networks[str(capture.hosts[link.agent])], set()).update(
                zip((prefixes(visitor)[0] for visitor in visitors), names, strict=True)
            )
    return asked


def _upward(name: str) -> Iterator[str]:
    """Yield a name and those above it that have two labels or more."""
    while "." in name:
        yield name
        name = name.partition(".")[2]
