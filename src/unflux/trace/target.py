"""Target: a host to which others relay."""

from dataclasses import dataclass

from unflux.trace.links import Link
from unflux.trace.sites import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A host to which others relay, and what the tests ask about it."""

    address: str
    agents: tuple[str, ...]
    links: tuple[Link, ...]
    use: str | None
    """What the listed range that it lies in is for."""
    is_same_asn: bool
    """Whether it and every agent are announced by one AS, where both are known."""
    asker_count: int
    """Hosts that ask it, relay nothing to it and poll nothing that its relays do."""
    relay_count: int
    """Hosts that relay to it, DNS or other traffic."""
    rivals: tuple[int, ...]
    """For each agent: how many hosts it relays to, at least as well proved."""
    name_servers: int
    """The most name servers that one of the agents asks."""
    is_one_of_many: bool
    """Whether no agent sends this one most of what it relays."""
    client_near_ratio: float
    """Share of clients in the /16 of their agent, or at private addresses."""
    client_private_ratio: float
    household_count: int
    """Networks of relays that asked it at one time."""
    site: Site
    """What the requests ask for that are relayed to it."""
    is_told: bool
    """Whether half of the relays were known for agents, or one that relays to nobody else."""
    is_doubled: bool
    """Whether a relay passes on both names and pages to it."""
    serves_both: bool
    """Whether names and pages are relayed to it, be it by different hosts."""
