"""A testbed under construction: who has which address, who answers for what, what is asked."""

from collections import defaultdict
from collections.abc import Sequence
from ipaddress import IPv4Address
from random import Random
from typing import Final

from unflux.lab.address_plan import Network, build_address_plan
from unflux.lab.naming import Namer
from unflux.lab.testbed.blueprint import (
    HOSTER_VIEW,
    Client,
    Line,
    Rotation,
    Segment,
    ServedZone,
    Site,
)
from unflux.lab.testbed.options import Options

HOME_RATES_KBIT_S: Final = (2_000, 10_000, 50_000, 100_000)
SERVER_RATE_KBIT_S: Final = 1_000_000
HOSTER: Final = "steady-names.example"


class Draft:
    """What the populations put in; every part draws from a random stream of its own."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.plan = build_address_plan(self.stream("plan"))
        self.namer = Namer(self.stream("names"))
        access = self.plan.of_kind("access")
        self.isp = max(access, key=lambda network: (network.weight, -network.asn))
        """The access network whose edge is tapped."""
        self.abroad = tuple(network for network in access if network is not self.isp)
        self.hosts: defaultdict[Segment, list[str]] = defaultdict(list)
        self.lines: dict[str, Line] = {}
        self.zones: list[ServedZone] = []
        self.rotations: list[Rotation] = []
        self.sites: list[Site] = []
        self.clients: list[Client] = []
        self.update_site = ""
        self.delegations: dict[str, tuple[str, ...]] = {}
        """Zone to the names of its name servers."""
        self.glue: dict[str, str] = {}
        """Name server to address."""
        self._lines_rng = self.stream("lines")
        content = self.plan.of_kind("content")
        self.root = self.server("names", content[6])
        self.registry = self.server("names", content[6])
        self.delivery = self.server("names", content[0])
        hosting = self.plan.of_kind("hosting")
        self.hosters = (self.server("names", hosting[0]), self.server("names", hosting[1]))
        self.resolvers: dict[Segment, str] = {
            "north": self._place("north", self.plan.allocate(self.stream("north"), self.isp)),
            "south": self.server("south", content[5]),
        }
        self.glue |= {
            f"ns{number}.{HOSTER}": address for number, address in enumerate(self.hosters, 1)
        }
        addresses = [f"ns{n}.{HOSTER}. 86400 A {held}" for n, held in enumerate(self.hosters, 1)]
        self.host_zone(HOSTER, addresses)

    def stream(self, part: str) -> Random:
        """Return the random stream of a part; it depends on nothing else drawn."""
        return Random(f"{self.options.seed}/testbed/{part}")  # noqa: S311 - a simulation

    def ttl(self, small_internet_s: float) -> int:
        """Return a TTL as it is in compressed time, at least one second."""
        return max(1, round(small_internet_s / self.options.compress))

    def span(self, small_internet_s: float) -> float:
        """Return a span of the small internet in seconds of ours, at least half a second."""
        return max(0.5, small_internet_s / self.options.compress)

    def server(self, segment: Segment, network: Network) -> str:
        """Return the address of a server, placed in a segment; origins are far away."""
        rng = self._lines_rng
        address = self._place(segment, self.plan.allocate(rng, network))
        if segment == "origins":
            self._draw_line(address, delays_ms=(10, 60), rate_kbit_s=SERVER_RATE_KBIT_S)
        return address

    def rack(self, segment: Segment, network: Network, count: int) -> tuple[str, ...]:
        """Return servers that stand side by side."""
        addresses = self.plan.allocate_block(self._lines_rng, network, count)
        return tuple(self._place(segment, address) for address in addresses)

    def home(self, rng: Random, networks: Sequence[Network], at: Segment | None = None) -> str:
        """Return the address of a home; it is placed where its network is, or at ``at``."""
        weights = [network.weight for network in networks]
        network = rng.choices(networks, weights)[0]
        segment: Segment = at or ("subscribers" if network is self.isp else "abroad")
        address = self._place(segment, self.plan.allocate(rng, network))
        if segment != "honeypot":
            near = segment == "subscribers"
            self._draw_line(
                address,
                delays_ms=(4, 25) if near else (15, 120),
                rate_kbit_s=rng.choice(HOME_RATES_KBIT_S),
            )
        return address

    def renumber(self, rng: Random, home: str) -> str:
        """Return another address of the same network for a home, at the same line."""
        asn = self.asn_of(home)
        network = next(network for network in self.plan.networks if network.asn == asn)
        address = self._place(self.segment_of(home), self.plan.allocate(rng, network))
        self.lines[address] = self.lines[home]
        return address

    def segment_of(self, address: str) -> Segment:
        """Return where an address is."""
        return next(segment for segment, held in self.hosts.items() if address in held)

    def asn_of(self, address: str) -> int:
        """Return the AS number of an address of the plan."""
        number = IPv4Address(address)
        return next(n.asn for n in self.plan.networks if any(number in p for p in n.prefixes))

    def host_zone(self, apex: str, records: Sequence[str]) -> None:
        """Have a zone served by the hoster."""
        hosts = tuple(f"ns{number}.{HOSTER}" for number in (1, 2))
        self.serve_zone(apex, HOSTER_VIEW, hosts, records)
        self.delegations[apex] = hosts

    def serve_zone(
        self, apex: str, view: str, hosts: Sequence[str], records: Sequence[str]
    ) -> None:
        """Have a zone served in a view, with its SOA and NS records."""
        lines = (
            f"{apex}. 3600 SOA {hosts[0]}. admin.{hosts[0]}. 1 7200 1800 1209600 {self.ttl(900)}",
            *(f"{apex}. {self.ttl(86_400)} NS {host}." for host in hosts),
            *records,
        )
        self.zones.append(ServedZone(apex=apex, view=view, records=lines))

    def _place(self, segment: Segment, address: str) -> str:
        self.hosts[segment].append(address)
        return address

    def _draw_line(self, address: str, *, delays_ms: tuple[float, float], rate_kbit_s: int) -> None:
        delay_ms = round(self._lines_rng.uniform(*delays_ms), 2)
        self.lines[address] = Line(
            delay_ms=delay_ms, jitter_ms=round(delay_ms / 8, 2), rate_kbit_s=rate_kbit_s
        )
