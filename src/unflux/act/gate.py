"""What the gate is told: limits, what is the operator's own, what must never be touched."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from unflux.act.infrastructure import INFRASTRUCTURE
from unflux.act.protected import NOTHING, Protected
from unflux.model.actions import ADDRESS_BLOCKS, REPORTS, ActionKind

LONGEST_ADDRESS_LIFE: Final = timedelta(hours=24)
"""Home addresses commonly change hands every 24 h or multiples (RIPE Labs, 3,038 probes in 929
ISPs); no option goes beyond."""
LONGEST_NAME_LIFE: Final = timedelta(days=30)
"""Less than it takes an expired registration to go to somebody else (ICANN's Expired Registration
Recovery Policy: 30 days of redemption after it was deleted)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far the gate lets anything go; each bound is inclusive."""

    domain_score: float = 0.99
    """Least score for a domain or name server, 0..1. Chosen: 2026-11-24; a verdict asks 19 to 1,
    for eyes. On one seed of ``unflux lab generate`` two of three innocents that were convicted lie
    below, and 4 of 56 flux domains. Lower blocks more, of both."""
    report_score: float = 0.95
    """Least score for a report, which people read before they act: the bound of a verdict."""
    address_score: float = 0.99
    """Least score for an address, 0..1. Chosen: 2026-11-24; one in a hundred, since an address may
    be somebody else's tomorrow; 52 of 56 convicted domains of ``unflux lab generate`` reach it."""
    proofs: int = 2
    """Witnesses that an address, or a name server, needs."""
    background: int = 100
    """Domains that are not convicted which the records must hold before their silence about an
    address means anything. Chosen: 2026-11-24; a capture of one infected machine has fewer, an
    hour of a resolver with ten users more. Lower blocks on records that cannot know the neighbours.
    """
    domains: int = 10_000
    """Most domains blocked at a time. Chosen: 2026-11-24; ten times ATLAS's 928 flux domains of
    five months (Nazario and Holz, MALWARE 2008): more at once point to a defect."""
    name_servers: int = 1_000
    addresses: int = 5_000
    """Most of each blocked at a time. Chosen: 2026-11-24; some published networks had as many
    agents alive in a day; above it a person should look."""
    motherships: int = 100
    """Chosen: 2026-11-24; published networks had one to a few: more at once point to a defect."""
    filters: int = 1_000
    """Most subscribers filtered at a time. Chosen: 2026-11-24; each takes two of the few thousand
    flow specifications that a router holds."""
    domain_life: timedelta = timedelta(days=7)
    """From the last sight of a domain (of its addresses or name servers) or of a name server, each
    of which extends it. Chosen: 2026-11-24; more than a third of ATLAS's flux domains lived less
    than a week (Nazario and Holz, MALWARE 2008). At most ``LONGEST_NAME_LIFE``."""
    address_life: timedelta = timedelta(hours=24)
    """From the last sight of an address; at most ``LONGEST_ADDRESS_LIFE``."""

    def least_score(self, kind: ActionKind) -> float:
        """Return the least score for a kind."""
        if kind in REPORTS:
            return self.report_score
        return self.address_score if kind in ADDRESS_BLOCKS else self.domain_score

    def cap(self, kind: ActionKind) -> int | None:
        """Return the most actions of a kind; reports have no bound."""
        return {
            "block-domain": self.domains,
            "block-name-server": self.name_servers,
            "block-address": self.addresses,
            "block-mothership": self.motherships,
            "filter-address": self.filters,
        }.get(kind)

    def life(self, kind: ActionKind) -> timedelta:
        """Return how long an action of a kind stands after its target was last seen."""
        if kind in ADDRESS_BLOCKS:
            return min(self.address_life, LONGEST_ADDRESS_LIFE)
        return min(self.domain_life, LONGEST_NAME_LIFE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Everything a rule may look at beside the proposal."""

    now: datetime
    limits: Limits = Limits()
    own: Protected = NOTHING
    """The operator's own names and prefixes."""
    allowed: Protected = NOTHING
    """The user's allow-list."""
    forwarders: Protected = NOTHING
    """Where the operator's resolver itself asks."""
    subscribers: Protected = NOTHING
    """Of ``own``, the prefixes in which nobody serves without asking."""
    servers: Protected = NOTHING
    """Of them, those who asked."""
    infrastructure: Protected = INFRASTRUCTURE
    background: int = 0
    """Domains of the records that are not convicted."""
    withdrawn: frozenset[str] = frozenset()
    """Ids that a person takes back now; ``all`` takes everything back."""

    def is_named_innocent(self, name: str) -> bool:
        """Tell whether a list protects the name, whatever the records say of it."""
        return any(
            held.touched_by_name(name) is not None
            for held in (self.own, self.allowed, self.infrastructure)
        )
