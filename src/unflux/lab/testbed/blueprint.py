"""What a testbed consists of: hosts, sites, flux operations, clients, and who answers for whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Final, Literal

from unflux.lab.address_plan import ALLOWED_IPV4, AddressPlan
from unflux.lab.naming import RESERVED_TLDS
from unflux.model.errors import UnfluxError
from unflux.model.verdicts import Kind, Outcome

Segment = Literal[
    "core", "isp", "subscribers", "north", "south", "abroad", "honeypot", "fronts", "origins",
    "names",
]  # fmt: skip
"""A network namespace of the testbed.

core: the router between all others. isp: the router of one access network, at whose upper side the
edge is tapped. subscribers: homes of that network, clients and agents. north: the resolver of that
network. south: a public resolver. abroad: homes of other access networks. honeypot: one agent,
watched. fronts: servers that clients talk to. origins: servers behind others, among them
motherships. names: root, registry and hosted zones.
"""
SEGMENTS: Final[tuple[Segment, ...]] = (
    "core", "isp", "subscribers", "north", "south", "abroad", "honeypot", "fronts", "origins",
    "names",
)  # fmt: skip

LAST_S: Final = 1e-3
"""How long before the end of a testbed's time its last moment is. An interval that reaches the end
is cut there, but for a rounding; that is no departure."""

HOSTER_VIEW: Final = "hosters"
REGISTRY_VIEW: Final = "registry"
"""Views of the name servers in ``names`` that answer for most zones, and for what leads to them."""

Software = Literal["nginx", "stream", "haproxy"]
"""How an agent relays TCP: nginx by HTTP, nginx by connection, HAProxy by HTTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What lies between a host and the router above it, the same both ways."""

    delay_ms: float
    jitter_ms: float
    rate_kbit_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A host that relays to a mothership; times in seconds from the start of the testbed."""

    address: str
    host: str
    """The first address of the host, which is renumbered to this one; or this one."""
    asn: int
    segment: Segment
    software: Software
    online_s: tuple[tuple[float, float], ...]
    """When it is on line, from and until, in order."""

    def is_online(self, moment_s: float) -> bool:
        """Tell whether it answers at the moment."""
        return any(start <= moment_s < end for start, end in self.online_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One fast-flux network: its names, its agents, and who stands behind them."""

    title: str
    kind: Kind
    domains: tuple[str, ...]
    agents: tuple[Agent, ...]
    mothership: str
    """Serves the sites on TCP 80 and 443, and the zones where the name-server plane fluxes."""
    controller: str
    """Hands out the agents' configuration; agents poll it."""
    name_server: str
    """Address that answers for the domains: a hoster's, or the mothership's behind agents."""
    set_size: int
    ttl_s: int
    rotation_s: float
    ns_rotation_s: float
    poll_s: float

    @property
    def has_wildcard(self) -> bool:
        """Whether any name below its domains leads to it, as spam with random hosts needs."""
        return self.relays_names

    @property
    def relays_names(self) -> bool:
        """Whether agents relay UDP 53 as well."""
        return self.kind == "double-flux"

    @property
    def answers_from(self) -> str:
        """Address where its names' zones are served."""
        return self.mothership if self.relays_names else self.name_server

    @property
    def own_view(self) -> str:
        """View of its own name server, where its agents relay names."""
        return f"mothership-{self.title}"

    @property
    def answers_view(self) -> str:
        """View in which its names' zones are served."""
        return self.own_view if self.relays_names else HOSTER_VIEW

    def name_hosts(self, domain: str) -> tuple[str, ...]:
        """Return the names of the domain's own name servers, where agents are its name servers."""
        return (f"ns1.{domain}", f"ns2.{domain}") if self.relays_names else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """An innocent name and the servers behind it."""

    domain: str
    kind: Kind
    family: str
    qnames: tuple[str, ...]
    """What clients ask for."""
    addresses: tuple[str, ...]
    """Its servers; none where the name leads elsewhere by CNAME."""
    backend: str | None = None
    """Address in ``origins`` that its servers fetch from: a reverse proxy's or a CDN's origin."""
    is_cached: bool = False
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A home that browses."""

    address: str
    segment: Segment
    resolver: str
    proxy: tuple[str, int] | None = None
    """Address and port of the forward proxy that fetches for it."""
    wants: tuple[str, ...] = ()
    """Names it visits alone; nothing: all there are."""
    is_idle: bool = False
    """Whether it does so seldom: a machine that serves, and whose owner is a user too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedZone:
    """A zone, the view of the name server that has it, and its records as lines of a zone file."""

    apex: str
    view: str
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamePlane:
    """The name servers of the testbed and their zones; a resolver asks from its own address."""

    root: str
    registry: str
    delivery: str
    """Answers for the content delivery network, each resolver in its own way."""
    hosters: tuple[str, ...]
    resolvers: dict[Segment, str]
    zones: tuple[ServedZone, ...]
    """View ``mothership-TITLE`` is served in ``origins``, the others in ``names``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """Records of an innocent zone that change by dynamic update."""

    owner: str
    view: str
    server: str
    ttl_s: int
    every_s: float
    candidates: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """A whole testbed, before any of it is made."""

    seed: int
    compress: float
    """Seconds of the small internet that pass in one of ours."""
    length_s: float
    """After this many of our seconds its people and operators fall silent; no line changes then."""
    plan: AddressPlan
    names: NamePlane
    operations: tuple[Operation, ...]
    sites: tuple[Site, ...]
    rotations: tuple[Rotation, ...]
    clients: tuple[Client, ...]
    proxy: str
    """An office's forward proxy, a subscriber of the tapped network."""
    update_site: str
    """Domain of an innocent site that every home polls for updates."""
    update_s: float
    hosts: dict[Segment, tuple[str, ...]]
    """Every address, by the namespace that has it."""
    lines: dict[str, Line]
    """Of homes and far servers; others are near."""
    pause_s: float
    """Mean time between visits of one client."""

    @property
    def last_s(self) -> float:
        """The last moment of its time, seconds from the start."""
        return self.length_s - LAST_S

    def agents(self) -> Iterator[tuple[Operation, Agent]]:
        """Yield every agent with its operation."""
        for operation in self.operations:
            for agent in operation.agents:
                yield operation, agent

    def segment_of(self, address: str) -> Segment:
        """Return the namespace that has an address."""
        return next(segment for segment, held in self.hosts.items() if address in held)

    def truth(self) -> dict[str, tuple[Outcome, Kind, str]]:
        """Return what each registrable domain is, of what kind and family."""
        known: dict[str, tuple[Outcome, Kind, str]] = {
            site.domain: ("benign", site.kind, site.family) for site in self.sites
        }
        for operation in self.operations:
            known |= dict.fromkeys(
                operation.domains, ("fast-flux", operation.kind, operation.title)
            )
        return known


def refuse_foreign(blueprint: Blueprint) -> None:
    """Raise UnfluxError where an address or a name of the blueprint could be somebody's."""
    addresses = [address for held in blueprint.hosts.values() for address in held]
    candidates = [address for rotation in blueprint.rotations for address in rotation.candidates]
    for address in (*addresses, *candidates):
        if not _is_reserved(address):
            message = f"{address} is neither a documentation nor a private address"
            raise UnfluxError(message)
    for domain in blueprint.truth():
        if domain.rsplit(".", 1)[-1] not in RESERVED_TLDS:
            message = f"{domain} lies below no reserved top level domain (RFC 2606)"
            raise UnfluxError(message)


def _is_reserved(address: str) -> bool:
    try:
        number = IPv4Address(address)
    except AddressValueError:
        return False
    return any(number in network for network in ALLOWED_IPV4)
