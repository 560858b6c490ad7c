"""Known situations, written by hand, side by side in one little internet of three days."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.measure.internet_of_rows import (
    DAY_S,
    HOUR_S,
    Response,
    Route,
    address,
    alias,
    answer,
    glue,
    name_server,
    roll,
    route_table,
)

from unflux.engine.connection import Engine
from unflux.model.rollup import Rollup
from unflux.pipeline.analysis import Analysis, analyse
from unflux.pipeline.findings import Findings, compose_findings

MINUTE_S = 60


@dataclass
class Internet:
    """Responses and routes under construction."""

    responses: list[Response] = field(default_factory=list)
    routes: dict[str, Route] = field(default_factory=dict)
    places: int = 0

    def hosts(self, count: int, asns: int | None = None) -> list[str]:
        """Return new addresses, each in a /16 of its own, in ``asns`` new ASNs (default: each)."""
        found = []
        for n in range(count):
            self.places += 1
            text = f"{20 + self.places // 250}.{self.places % 250}.{n % 9}.{n % 250 + 1}"
            asn = 10_000 + self.places - n + n % (asns or count)
            self.routes[text] = Route(asn, f"holder {asn}", "DE")
            found.append(text)
        return found

    def rack(self, count: int) -> list[str]:
        """Return new addresses of one /24."""
        (first,) = self.hosts(1)
        stem = first.rpartition(".")[0]
        found = [f"{stem}.{n + 1}" for n in range(count)]
        self.routes |= dict.fromkeys(found, self.routes[first])
        return found

    def add(self, *responses: Response) -> None:
        self.responses.extend(responses)

    def rollup(self) -> Rollup:
        return roll(self.responses)


def turns(pool: list[str], size: int) -> Iterator[list[str]]:
    """Yield answers that walk through a pool, without end."""
    start = 0
    while True:
        yield [pool[(start + n) % len(pool)] for n in range(size)]
        start += size


def add_double_flux(net: Internet) -> None:
    """Three lookups in twenty minutes; the glue moves too and outlives every TTL gate."""
    fronts, servers = turns(net.hosts(24), 8), turns(net.hosts(12), 4)
    for n in range(3):
        records = [name_server("double.example", "ns1.double.example", 172_800)]
        records += [glue("ns1.double.example", text) for text in next(servers)]
        net.add(answer(f"x{n}.double.example", next(fronts), n * 10 * MINUTE_S, *records))


def add_alias_into_flux(net: Internet) -> None:
    """A name of another domain that leads to the flux domain by CNAME."""
    fronts = [r[2] for r in net.responses[0].records if r[4] == "ans"]
    net.add(
        Response(
            "www.led-there.example",
            (
                alias("www.led-there.example", "y.double.example"),
                *(address("y.double.example", text) for text in fronts),
            ),
            15 * MINUTE_S,
        )
    )


def add_single_flux(net: Internet) -> None:
    """A lone domain that brings six new hosts every half hour for ten hours."""
    fronts = turns(net.hosts(120, asns=40), 6)
    for n in range(20):
        net.add(
            answer(
                "single.example",
                next(fronts),
                n * HOUR_S / 2,
                name_server("single.example", "ns.registrar.net"),
                glue("ns.registrar.net", "193.0.14.1"),
            )
        )


def add_slow_flux(net: Internet) -> None:
    """One address at a time, every four hours another host in another ASN, for three days."""
    pool = net.hosts(18, asns=12)
    for n in range(72):
        net.add(answer("slow.example", [pool[n // 4]], n * HOUR_S))


def add_ns_flux(net: Internet) -> None:
    """A front that stays, behind name servers that move through twenty hosts."""
    (front,), servers = net.hosts(1), turns(net.hosts(20), 2)
    for n in range(10):
        records = [name_server("nsflux.example", "ns1.nsflux.example", 172_800)]
        records += [glue("ns1.nsflux.example", text) for text in next(servers)]
        net.add(answer("nsflux.example", [front], n * HOUR_S, *records))


def add_cdn_customers(net: Internet) -> None:
    """Twenty customers that a provider answers for from two networks of its own."""
    edges = net.hosts(30, asns=2)
    for customer in range(20):
        query, target = f"www.customer{customer}.example", f"e{customer}.edges.net"
        for n in range(4):
            some = [edges[(customer * 3 + n * 5 + k) % 30] for k in range(4)]
            records = (alias(query, target), *(address(target, text, 20) for text in some))
            net.add(Response(query, records, customer * 60 + n * 3 * HOUR_S))


def add_time_pool(net: Internet) -> None:
    """Four volunteers an answer out of two hundred, under names that say what they are."""
    volunteers = turns(net.hosts(200), 4)
    for n in range(48):
        net.add(answer(f"{n % 4}.pool.clocks.org", next(volunteers), n * 10 * MINUTE_S))


def add_round_robin(net: Internet) -> None:
    """Four machines at two hosters, in another order each time."""
    machines = net.hosts(4, asns=2)
    for n in range(12):
        net.add(answer("robin.example", machines[n % 4 :] + machines[: n % 4], n * HOUR_S))


def add_dynamic_dns(net: Internet) -> None:
    """Home lines of one ISP whose address changes every twelve hours."""
    lines = net.hosts(12, asns=1)
    for home in range(2):
        for n in range(6):
            net.add(answer(f"home{home}.duckdns.org", [lines[home * 6 + n]], n * DAY_S / 2))


def add_parking(net: Internet) -> None:
    """Forty parked domains on one address, two of them fluxing before they were taken down."""
    (parking,) = net.hosts(1)
    for n in range(40):
        net.add(answer(f"parked{n}.example", [parking], 2 * DAY_S + n * 60))
    fronts = turns(net.hosts(48), 8)
    for n in range(6):
        some = next(fronts)
        for domain in ("taken1.example", "taken2.example"):
            net.add(answer(domain, some, n * HOUR_S))
    for domain in ("taken1.example", "taken2.example"):
        net.add(answer(domain, [parking], 2 * DAY_S))


def add_shared_platform(net: Internet) -> None:
    """Thirty blogs on the same six addresses of three holders."""
    stems = net.hosts(3)
    six = [text for stem in stems for text in (stem, stem.rpartition(".")[0] + ".99")]
    for stem in stems:
        net.routes[stem.rpartition(".")[0] + ".99"] = net.routes[stem]
    for blog in range(30):
        for n in range(3):
            net.add(answer(f"blog{blog}.example", six, blog * 60 + n * 2 * HOUR_S, ttl_s=300))


def add_portal(net: Internet) -> None:
    """Forty names of one domain, at ten providers, each in one or two places."""
    racks = [net.rack(8) for _ in range(10)]
    for name in range(40):
        own = racks[name % 10][name // 10 * 2 :][:2]
        for n in range(2):
            net.add(answer(f"s{name}.portal.example", own, name * 900 + n * 6 * HOUR_S))


def add_network_with_a_narrow_member(net: Internet) -> None:
    """Five domains on one moving pool, two more seen once with a few of its hosts."""
    pool = net.hosts(40)
    fronts = turns(pool, 8)
    for n in range(10):
        some = next(fronts)
        for member in range(5):
            net.add(answer(f"m{member}.example", some, n * HOUR_S / 2 + member))
    net.add(answer("narrow.example", pool[:3], 3 * HOUR_S))
    net.add(answer("narrower.example", pool[:2], 3 * HOUR_S))
    net.add(answer("neighbour.example", pool[:1], 3 * HOUR_S))


def add_seeds_of_one_peer_network(net: Internet) -> None:
    """Three seeds that hand out nodes of one population, 25 at a time."""
    nodes = net.hosts(400, asns=60)
    for number, domain in enumerate(("sipa.be", "bluematt.me", "nodes.example")):
        for n in range(12):
            some = [nodes[(number * 7 + n * 31 + k * 13) % 400] for k in range(25)]
            net.add(answer(f"dnsseed.{domain}", some, n * HOUR_S + number))


def add_two_networks_on_one_hoster(net: Internet) -> None:
    """Two networks that share nothing but an address of shared hosting, which is innocent."""
    (hoster,) = net.hosts(1)
    for n in range(30):
        net.add(answer(f"tenant{n}.example", [hoster], n * 60))
    for name in ("left", "right"):
        fronts = turns(net.hosts(48), 8)
        for n in range(6):
            some = [*next(fronts), hoster]
            for member in range(3):
                net.add(answer(f"{name}{member}.example", some, n * HOUR_S + member))


def add_hosting_company(net: Internet) -> None:
    """Sixty customers, each on a machine of its own, behind name servers with ten addresses."""
    servers = net.hosts(10)
    for n in range(60):
        domain, (machine,) = f"hosted{n}.example", net.hosts(1)
        records = [name_server(domain, "dns1.bighoster.net")]
        records += [glue("dns1.bighoster.net", text) for text in servers]
        net.add(answer(domain, [machine], n * 600, *records))


SITUATIONS = (
    add_double_flux, add_alias_into_flux, add_single_flux, add_slow_flux, add_ns_flux,
    add_cdn_customers, add_time_pool, add_round_robin, add_dynamic_dns, add_parking,
    add_shared_platform, add_portal, add_network_with_a_narrow_member,
    add_seeds_of_one_peer_network,
    add_seeds_of_one_peer_network,
    add_two_networks_on_one_hoster, add_hosting_company,
)  # fmt: skip
"""The first must stay before the second, which leads to it."""


def every_situation() -> Internet:
    net = Internet()
    for situation in SITUATIONS:
        situation(net)
    return net


def analysed(engine: Engine, net: Internet) -> Analysis:
    rollup = net.rollup()
    return analyse(engine, rollup, route_table(rollup, net.routes))


def find(engine: Engine, net: Internet, *, list_all: bool = True) -> Findings:
    return compose_findings(engine, analysed(engine, net), list_all=list_all)
