"""Flow records of agents and of innocents that look like them, drawn from a seed.

Addresses lie in 240.0.0.0/4, which is nobody's (decision 0011): homes in 245, hosting in 250,
services that everybody uses in 249, the clients of the world in 241 to 244.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.columns import MOMENT
from unflux.model.flows import FLOWS, TCP, UDP

HOUR_S: Final = 3600.0
BEGIN_S: Final = 1_790_000_000.0

Row = tuple[float, float, str, int, str, int, int, int, int]


@dataclass(slots=True)
class Traffic:
    """Flows being drawn."""

    rng: np.random.Generator
    rows: list[Row] = field(default_factory=list)

    def flow(
        self, start_s: float, last_s: float, client: str, server: str, port: int,
        sent: float, received: float, protocol: int = TCP,
    ) -> None:  # fmt: skip
        """Add one flow."""
        self.rows.append(
            (start_s, start_s + max(last_s, 0.0), client, int(self.rng.integers(1025, 65535)),
             server, port, protocol, max(0, int(sent)), max(0, int(received)))
        )  # fmt: skip

    def lognormal(self, median: float, sigma: float) -> float:
        """Draw from a lognormal distribution."""
        return float(self.rng.lognormal(math.log(median), sigma))

    def table(self) -> pa.Table:
        """Return the flows as a table, in order of their starts."""
        rows = sorted(self.rows)
        columns = list(zip(*rows, strict=True))
        moments = [
            pa.array(((BEGIN_S + np.array(column)) * 1e6).astype(np.int64)).cast(MOMENT)
            for column in columns[:2]
        ]
        given = dict(zip(FLOWS.schema.names, [*moments, *map(pa.array, columns[2:])], strict=False))
        count = len(rows)
        return pa.table(
            [given.get(name, pa.nulls(count, type_))
             for name, type_ in zip(FLOWS.schema.names, FLOWS.schema.types, strict=True)],
            schema=FLOWS.schema,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A capture and the truth about it."""

    name: str
    flows: pa.Table
    motherships: frozenset[str] = frozenset()
    controllers: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    """Agents that whoever captured it knows: those of a honeypot."""
    answers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What DNS in the same capture leads names to."""


def _address(rng: np.random.Generator, low: int, high: int | None = None) -> str:
    first = low if high is None else int(rng.integers(low, high + 1))
    return ".".join(str(part) for part in (first, *rng.integers(1, 255, 3).tolist()))


def _home(rng: np.random.Generator, isp: int = 0) -> str:
    second, third, fourth = rng.integers(16), rng.integers(256), rng.integers(1, 255)
    return f"245.{isp * 16 + int(second)}.{int(third)}.{int(fourth)}"


def _hosted(rng: np.random.Generator) -> str:
    return _address(rng, 250)


def _visitor(rng: np.random.Generator) -> str:
    return _address(rng, 241, 244)


SERVICES: Final = [
    f"249.{block}.{third}.{host}"
    for block, third, host in np.random.default_rng(249).integers(1, 255, (600, 3)).tolist()
]
"""Services that everybody uses; the first are the most popular."""
RESOLVER: Final = "245.0.0.53"


def _services(rng: np.random.Generator, count: int) -> list[str]:
    ranks = np.minimum(rng.zipf(1.3, count) - 1, len(SERVICES) - 1)
    return [SERVICES[rank] for rank in ranks]


def browse(t: Traffic, host: str, hours: float, pages_per_h: float = 12) -> None:
    """Let somebody look at pages: bursts of flows to several services, names looked up first."""
    for _ in range(t.rng.poisson(pages_per_h * hours)):
        at = t.rng.uniform(0, hours * HOUR_S)
        for service in dict.fromkeys(_services(t.rng, int(t.rng.integers(2, 9)))):
            t.flow(at, 0.02, host, RESOLVER, 53, 45, 120, UDP)
            for _ in range(int(t.rng.integers(1, 6))):
                begin = at + t.rng.exponential(1.0)
                port = 443 if t.rng.random() < 0.9 else 80
                t.flow(begin, t.lognormal(3, 1.5), host, service, port,
                       t.lognormal(1500, 0.8), t.lognormal(9000, 1.6))  # fmt: skip


def run_devices(t: Traffic, host: str, hours: float) -> None:
    """Add what machines do by themselves: time, mail, updates, telemetry that polls."""
    for server, period_s, port, sent, received, protocol in (
        (SERVICES[3], 1024, 123, 48, 48, UDP),
        (SERVICES[11], 300, 995, 700, 1800, TCP),
        (SERVICES[17], 900, 443, 1900, 900, TCP),
    ):
        at = t.rng.uniform(0, period_s)
        while at < hours * HOUR_S:
            t.flow(at, 0.4, host, server, port, sent * t.rng.uniform(0.97, 1.03),
                   received * t.rng.uniform(0.97, 1.03), protocol)  # fmt: skip
            at += period_s * t.rng.uniform(0.98, 1.02)
    for _ in range(int(t.rng.integers(1, 4))):
        at = t.rng.uniform(0, hours * HOUR_S)
        t.flow(at, 40, host, SERVICES[5], 443, 30_000, t.lognormal(5e6, 1))


def scan(t: Traffic, host: str, hours: float, per_h: float = 6) -> None:
    """Knock at the host's ports from everywhere, as scanners do."""
    for _ in range(t.rng.poisson(per_h * hours)):
        at, port = t.rng.uniform(0, hours * HOUR_S), int(t.rng.choice([80, 443, 53, 22, 23]))
        t.flow(at, 0.1, _visitor(t.rng), host, port, t.rng.choice([0, 0, 80, 200]), 0)


@dataclass(frozen=True, slots=True)
class Site:
    """What is served: pages of fixed sizes."""

    pages: tuple[float, ...]

    @classmethod
    def draw(cls, t: Traffic, count: int | None = None) -> "Site":
        """Draw a site of some pages."""
        count = count or int(t.rng.integers(1, 13))
        return cls(tuple(t.lognormal(9000, 1.2) for _ in range(count)))


def relay(
    t: Traffic, agent: str, target: str, at: float, site: Site,
    *, port: int = 80, client: str | None = None, delay_s: float = 0.06,
) -> None:  # fmt: skip
    """Let one request come in and go on."""
    page = site.pages[int(t.rng.integers(len(site.pages)))] + t.rng.integers(-20, 20)
    request = t.lognormal(420, 0.3)
    delay, took = t.lognormal(delay_s, 0.6), t.lognormal(0.4, 0.7)
    t.flow(at + delay, took, agent, target, port, request + t.rng.integers(-60, 140), page)
    t.flow(at, delay + took + t.lognormal(0.15, 0.5), client or _visitor(t.rng), agent, port,
           request, page + t.rng.integers(0, 90))  # fmt: skip


def ask(t: Traffic, agent: str, target: str, at: float, client: str, delay_s: float = 0.04) -> None:
    """Let one DNS question come in and go on."""
    sent, received = int(t.rng.integers(32, 60)), int(t.rng.integers(60, 200))
    delay, took = t.lognormal(delay_s, 0.5), t.lognormal(0.05, 0.4)
    t.flow(at + delay, took, agent, target, 53, sent, received, UDP)
    t.flow(at, delay + took + 0.002, client, agent, 53, sent, received, UDP)


def poll(t: Traffic, host: str, controller: str, hours: float, period_s: float) -> None:
    """Let an agent ask for its settings again and again."""
    at = t.rng.uniform(0, min(period_s, 120))
    while at < hours * HOUR_S:
        t.flow(
            at, 0.3, host, controller, 80, 260 + t.rng.integers(0, 8), 420 + t.rng.integers(0, 30)
        )
        at += period_s * t.rng.uniform(0.99, 1.01)


# --- captures with an agent ------------------------------------------------------------------


def _agent(
    t: Traffic, name: str, *, requests: int = 10, hours: float = 4, motherships: int = 1,
    controlled: float | None = 1800, doubled: int = 0, lived_in: bool = True,
) -> Case:  # fmt: skip
    host = _home(t.rng, 1)
    targets = [_hosted(t.rng) for _ in range(motherships)]
    controller = _hosted(t.rng)
    sites = [Site.draw(t) for _ in targets]
    for number in range(requests):
        which = number % motherships
        relay(t, host, targets[which], t.rng.uniform(60, hours * HOUR_S), sites[which])
    for _ in range(doubled):
        ask(t, host, targets[0], t.rng.uniform(60, hours * HOUR_S), _visitor(t.rng))
    if controlled:
        poll(t, host, controller, hours, controlled)
    if lived_in:
        browse(t, host, hours)
        run_devices(t, host, hours)
    scan(t, host, hours)
    return Case(
        name=name, flows=t.table(), motherships=frozenset(targets),
        controllers=frozenset([controller] if controlled else []), agents=frozenset([host]),
    )  # fmt: skip


def agent_at_home(t: Traffic) -> Case:
    """An infected subscriber: ten requests relayed among the browsing of a household."""
    return _agent(t, "agent at home")


def agent_busy(t: Traffic) -> Case:
    """The same with three hundred requests."""
    return _agent(t, "busy agent", requests=300)


def agent_without_controller(t: Traffic) -> Case:
    """An infected subscriber whose registration was not captured."""
    return _agent(t, "agent, no polls", controlled=None)


def agent_of_honeypot(t: Traffic) -> Case:
    """A honeypot: nothing but the agent, its polls and scanners."""
    case = _agent(t, "honeypot", lived_in=False, hours=8)
    return replace(case, told=case.agents)


def agent_of_unknown_honeypot(t: Traffic) -> Case:
    """The same where nobody says that it is one."""
    return _agent(t, "honeypot, not named as one", lived_in=False, hours=8)


def agent_by_seconds(t: Traffic) -> Case:
    """An infected subscriber in flows whose moments are whole seconds."""
    case = _agent(t, "agent, whole seconds")
    flows = case.flows
    for place, name in enumerate(("first_at", "last_at")):
        column = pc.floor_temporal(flows[name], unit="second")
        flows = flows.set_column(place, flows.schema.field(name), column)
    return replace(case, flows=flows.sort_by("first_at"))


def agent_lossy(t: Traffic) -> Case:
    """An infected subscriber: a third of the relays are resent, cut or never answered."""
    case = _agent(t, "agent, bad line", requests=15)
    rng, flows = t.rng, case.flows
    factor = np.where(rng.random(len(flows)) < 0.3, rng.uniform(0.1, 1.4, len(flows)), 1.0)
    received = (flows["received_bytes"].to_numpy() * factor).astype(np.int64)
    place = flows.schema.get_field_index("received_bytes")
    return replace(
        case, flows=flows.set_column(place, flows.schema.field(place), pa.array(received))
    )


def agent_kept_alive(t: Traffic) -> Case:
    """An infected subscriber whose visitors keep connections open: ten visits of several requests.

    Each visitor has one to three connections, and the agent opens one for each request.
    """
    host, mothership, hours, site = _home(t.rng, 1), _hosted(t.rng), 4.0, Site.draw(t, 12)
    for _ in range(10):
        at, visitor = t.rng.uniform(60, hours * HOUR_S), _visitor(t.rng)
        for _ in range(int(t.rng.integers(1, 4))):
            _keep_alive(t, [visitor, host, mothership], at + t.rng.exponential(0.3), site)
    poll(t, host, _hosted(t.rng), hours, 1800)
    browse(t, host, hours)
    run_devices(t, host, hours)
    scan(t, host, hours)
    return Case(
        name="agent, connections kept open", flows=t.table(), motherships=frozenset([mothership]),
        agents=frozenset([host]),
    )  # fmt: skip


def _keep_alive(t: Traffic, ends: Sequence[str], begin: float, site: Site) -> None:
    visitor, host, mothership = ends
    sent = received = 0.0
    at = begin + t.lognormal(0.06, 0.5)
    for _ in range(int(t.rng.integers(1, 6))):
        page = site.pages[int(t.rng.integers(12))]
        request, took = t.lognormal(420, 0.3), t.lognormal(0.3, 0.5)
        t.flow(at, took, host, mothership, 80, request + t.rng.integers(-30, 90), page)
        sent, received = sent + request, received + page + t.rng.integers(0, 60)
        at += took + t.rng.exponential(0.8)
    t.flow(begin, at - begin + 5, visitor, host, 80, sent, received)


def agent_of_chain(t: Traffic) -> Case:
    """An ISP edge with four agents that relay to a proxy, which relays to the mothership."""
    hours = 3.0
    proxy, mothership, site = _home(t.rng, 6), _hosted(t.rng), Site.draw(t)
    agents = [_home(t.rng, number) for number in (1, 2, 3, 4)]
    for agent in agents:
        browse(t, agent, hours)
        run_devices(t, agent, hours)
        scan(t, agent, hours)
        for _ in range(10):
            at = t.rng.uniform(60, hours * HOUR_S)
            _relay_twice(t, [agent, proxy, mothership], at, site)
    browse(t, proxy, hours)
    return Case(
        name="chain of proxies", flows=t.table(), motherships=frozenset([mothership, proxy]),
        agents=frozenset(agents),
    )  # fmt: skip


def _relay_twice(t: Traffic, chain: Sequence[str], at: float, site: Site) -> None:
    page = site.pages[int(t.rng.integers(len(site.pages)))] + t.rng.integers(-20, 20)
    request, took = t.lognormal(420, 0.3), t.lognormal(0.9, 0.4)
    hops = [_visitor(t.rng), *chain]
    for hop, (client, server) in enumerate(pairwise(hops)):
        begin = at + hop * t.lognormal(0.05, 0.3)
        port = 80 if hop == 0 else 8000 + hop
        t.flow(begin, took - 0.2 * hop, client, server, port, request + t.rng.integers(-20, 90),
               page + t.rng.integers(0, 60))  # fmt: skip


def agent_of_hydra(t: Traffic) -> Case:
    """An agent with three motherships, ten requests for each."""
    return _agent(t, "three motherships", requests=30, motherships=3)


def agent_of_double_flux(t: Traffic) -> Case:
    """An agent that relays both questions and requests to one mothership."""
    return _agent(t, "double flux", requests=10, doubled=40)


def edge_of_isp(t: Traffic) -> Case:
    """An ISP edge: households, four agents of one network with ten requests each, servers."""
    hours = 3.0
    mothership, controller = _hosted(t.rng), _hosted(t.rng)
    site = Site.draw(t)
    homes = [_home(t.rng, 1) for _ in range(40)]
    for home in homes:
        browse(t, home, hours, pages_per_h=8)
        run_devices(t, home, hours)
    agents = homes[:4]
    for agent in agents:
        for _ in range(10):
            relay(t, agent, mothership, t.rng.uniform(60, hours * HOUR_S), site)
        poll(t, agent, controller, hours, 1200)
        scan(t, agent, hours)
    _serve(t, homes[10], hours, per_h=120)
    _forward_names(t, homes[11], hours, per_h=60)
    _swap(t, homes[12], hours)
    return Case(
        name="edge of an ISP", flows=t.table(), motherships=frozenset([mothership]),
        controllers=frozenset([controller]), agents=frozenset(agents),
    )  # fmt: skip


SITE: Final = "shop.example"


def ask_by_name(case: Case, names: Mapping[str, str], *, name: str) -> Case:
    """Return a case where visitors ask hosts for names, by plain HTTP and by TLS.

    ``names``: what each host is asked for.
    """
    flows = case.flows
    asked = pa.array([names.get(server) for server in flows["server"].to_pylist()], pa.string())
    for column, port in (("http_host", 80), ("server_name", 443)):
        place = flows.schema.get_field_index(column)
        read = pc.if_else(pc.equal(flows["server_port"], port), asked, None)
        flows = flows.set_column(place, flows.schema.field(place), read)
    return replace(case, name=name, flows=flows)


def edge_of_isp_by_name(t: Traffic) -> Case:
    """The same where the names that are asked for are read, and answers of DNS for these."""
    case = edge_of_isp(t)
    asked = ask_by_name(
        case, dict.fromkeys(case.agents, SITE), name="edge of an ISP, names and DNS read"
    )
    return replace(asked, answers={SITE: case.agents})


def edge_with_application_on_agent(t: Traffic) -> Case:
    """The same, and one of the agents is among six homes with an application that relays."""
    case, hours = edge_of_isp_by_name(t), 3.0
    service, site, beside = _hosted(t.rng), Site.draw(t, 10), Traffic(t.rng)
    settings = _hosted(t.rng)
    for home in [min(case.agents), *(_home(t.rng, 1) for _ in range(5))]:
        browse(beside, home, hours, 8)
        poll(beside, home, settings, hours, 900)
        for _ in range(30):
            at = t.rng.uniform(0, hours * HOUR_S)
            relay(beside, home, service, at, site, port=443)
    flows = pa.concat_tables([case.flows, beside.table()])
    name = "edge of an ISP, application on an agent"
    return replace(case, name=name, flows=flows.sort_by("first_at"))


# --- captures without an agent ---------------------------------------------------------------


def _serve(t: Traffic, host: str, hours: float, per_h: float, port: int = 443) -> None:
    site = Site.draw(t, 12)
    for _ in range(t.rng.poisson(per_h * hours)):
        page = site.pages[int(t.rng.integers(len(site.pages)))]
        t.flow(t.rng.uniform(0, hours * HOUR_S), t.lognormal(0.5, 0.8), _visitor(t.rng), host, port,
               t.lognormal(500, 0.4), page + t.rng.integers(0, 60))  # fmt: skip


def web_server(t: Traffic) -> Case:
    """A server with its own pages, updates, time and mail."""
    host = _hosted(t.rng)
    _serve(t, host, 3, 600)
    run_devices(t, host, 3)
    scan(t, host, 3)
    return Case(name="web server", flows=t.table())


def _with_calls(t: Traffic, name: str, sent: float, received: float, sigma: float) -> Case:
    host, service, site = _hosted(t.rng), _hosted(t.rng), Site.draw(t, 10)
    for _ in range(int(t.rng.integers(20, 800))):
        at = t.rng.uniform(0, 3 * HOUR_S)
        page = site.pages[int(t.rng.integers(10))]
        t.flow(at, t.lognormal(0.6, 0.5), _visitor(t.rng), host, 443, t.lognormal(500, 0.4), page)
        t.flow(at + t.lognormal(0.02, 0.5), 0.1, host, service, 443, sent * t.rng.uniform(0.9, 1.1),
               t.lognormal(received, sigma))  # fmt: skip
    run_devices(t, host, 3)
    return Case(name=name, flows=t.table())


def application_with_api(t: Traffic) -> Case:
    """A server that asks a service elsewhere (payment, login) at each request."""
    return _with_calls(t, "application with API", 900, 2500, 0.8)


def server_that_logs(t: Traffic) -> Case:
    """A server that sends a line of log elsewhere at each request."""
    return _with_calls(t, "server that logs", 350, 180, 0.02)


def _proxy(t: Traffic, name: str, backends: Sequence[str], host: str, per_h: float = 400) -> Case:
    site = Site.draw(t, 12)
    for _ in range(t.rng.poisson(per_h * 3)):
        backend = backends[int(t.rng.integers(len(backends)))]
        relay(t, host, backend, t.rng.uniform(0, 3 * HOUR_S), site, port=443, delay_s=0.003)
    run_devices(t, host, 3)
    scan(t, host, 3)
    return Case(name=name, flows=t.table())


def reverse_proxy(t: Traffic) -> Case:
    """A reverse proxy with its origin in the next rack."""
    host = _hosted(t.rng)
    return _proxy(t, "reverse proxy, own site", [f"{host.rpartition('.')[0]}.{7}"], host)


def reverse_proxy_private(t: Traffic) -> Case:
    """A load balancer with origins at private addresses."""
    return _proxy(t, "load balancer", ["10.0.3.7", "10.0.4.9", "10.0.5.2"], _hosted(t.rng))


def reverse_proxy_elsewhere(t: Traffic) -> Case:
    """A rented reverse proxy whose origin is at another hoster: by flows, what an agent does."""
    return _proxy(t, "reverse proxy, other site", [_hosted(t.rng)], _hosted(t.rng))


def points_of_presence(t: Traffic) -> Case:
    """Five fronts of one provider in five networks: one origin, and settings polled by HTTP."""
    origin, settings, site = _hosted(t.rng), _hosted(t.rng), Site.draw(t, 12)
    for _ in range(5):
        host = _hosted(t.rng)
        for _ in range(60):
            relay(t, host, origin, t.rng.uniform(0, 3 * HOUR_S), site, port=443, delay_s=0.02)
        poll(t, host, settings, 3, 300)
        run_devices(t, host, 3)
    return Case(name="points of presence", flows=t.table())


def front_of_name_server(t: Traffic) -> Case:
    """A front that passes questions on to an authoritative server at another hoster."""
    host, server = _hosted(t.rng), _hosted(t.rng)
    for _ in range(500):
        ask(t, host, server, t.rng.uniform(0, 3 * HOUR_S), _visitor(t.rng), 0.01)
    run_devices(t, host, 3)
    flows = t.table()
    place = flows.schema.get_field_index("is_authoritative")
    is_answer = pc.if_else(pc.equal(flows["server_port"], 53), True, None)
    flows = flows.set_column(place, flows.schema.field(place), is_answer)
    return Case(name="front of a name server", flows=flows)


def cdn_cache(t: Traffic) -> Case:
    """A cache of a CDN: many origins, one request of ten goes on."""
    host, origins = _address(t.rng, 249), [_hosted(t.rng) for _ in range(40)]
    sites = [Site.draw(t) for _ in origins]
    for _ in range(3000):
        at, which = t.rng.uniform(0, 2 * HOUR_S), int(t.rng.zipf(1.4)) % 40
        if t.rng.random() < 0.15:
            relay(t, host, origins[which], at, sites[which], port=443)
        else:
            page = sites[which].pages[0]
            t.flow(at, 0.3, _visitor(t.rng), host, 443, t.lognormal(500, 0.4), page)
    return Case(name="CDN cache", flows=t.table())


def forward_proxy(t: Traffic) -> Case:
    """A proxy of an office on port 80 or 443: its people choose the targets."""
    host, port = _home(t.rng, 3), int(t.rng.choice([80, 443]))
    people = [f"{host.rpartition('.')[0]}.{number}" for number in range(1, 40)]
    for _ in range(1500):
        at = t.rng.uniform(0, 3 * HOUR_S)
        for service in dict.fromkeys(_services(t.rng, 3)):
            relay(t, host, service, at + t.rng.exponential(0.5), Site.draw(t, 1), port=port,
                  client=str(t.rng.choice(people)), delay_s=0.03)  # fmt: skip
    return Case(name="forward proxy", flows=t.table())


def vpn_at_home(t: Traffic) -> Case:
    """A tunnel on port 443 of a home: its owner browses through it."""
    host, owner = _home(t.rng, 2), _visitor(t.rng)
    for _ in range(6):
        t.flow(t.rng.uniform(0, 3 * HOUR_S), 1200, owner, host, 443, 3e5, 9e6)
    browse(t, host, 4, 40)
    run_devices(t, host, 4)
    scan(t, host, 4)
    return Case(name="VPN at home", flows=t.table())


def resolver(t: Traffic) -> Case:
    """A recursive resolver: questions in, other questions to many servers."""
    host, servers = _hosted(t.rng), [_address(t.rng, 249) for _ in range(300)]
    for _ in range(4000):
        at, client = t.rng.uniform(0, HOUR_S), _home(t.rng, 4)
        t.flow(at, 0.05, client, host, 53, 45, int(t.rng.integers(60, 250)), UDP)
        if t.rng.random() < 0.4:
            for _ in range(int(t.rng.integers(1, 4))):
                server = servers[min(int(t.rng.zipf(1.4)), 299)]
                t.flow(at + 0.01, 0.03, host, server, 53, 50, int(t.rng.integers(60, 400)), UDP)
    return Case(name="resolver", flows=t.table())


def _forward_names(t: Traffic, host: str, hours: float, per_h: float) -> None:
    askers = [_visitor(t.rng) for _ in range(30)]
    for _ in range(t.rng.poisson(per_h * hours)):
        ask(t, host, RESOLVER, t.rng.uniform(0, hours * HOUR_S), str(t.rng.choice(askers)), 0.002)


def dns_forwarder(t: Traffic) -> Case:
    """A router at home that forwards anybody's questions to the ISP's resolver."""
    host = _home(t.rng, 0)
    _forward_names(t, host, 3, 200)
    browse(t, host, 3)
    run_devices(t, host, 3)
    return Case(name="DNS forwarder", flows=t.table())


def dns_forwarder_elsewhere(t: Traffic) -> Case:
    """The same to a public resolver that nobody else in the capture uses."""
    host, public = _home(t.rng, 5), _address(t.rng, 249)
    askers = [_visitor(t.rng) for _ in range(30)]
    for _ in range(400):
        ask(t, host, public, t.rng.uniform(0, 3 * HOUR_S), str(t.rng.choice(askers)))
    browse(t, host, 3)
    return Case(name="DNS forwarder, public resolver", flows=t.table())


def mail_server(t: Traffic) -> Case:
    """A mail server with webmail: mail comes and goes on, one message in, one or two out."""
    host = _hosted(t.rng)
    for _ in range(600):
        at, size = t.rng.uniform(0, 3 * HOUR_S), t.lognormal(20_000, 1)
        t.flow(at, 2, _visitor(t.rng), host, 25, size, 600)
        if t.rng.random() < 0.5:
            t.flow(at + t.lognormal(1, 1), 2, host, _hosted(t.rng), 25, size + 300, 600)
    _serve(t, host, 3, 80)
    run_devices(t, host, 3)
    return Case(name="mail server", flows=t.table())


def nat_home(t: Traffic) -> Case:
    """A household behind one address, with a storage box that is open to the world."""
    host = _home(t.rng, 2)
    _serve(t, host, 4, 30)
    browse(t, host, 4, 30)
    run_devices(t, host, 4)
    scan(t, host, 4)
    return Case(name="NAT home", flows=t.table())


def _swap(t: Traffic, host: str, hours: float) -> None:
    for _ in range(int(400 * hours)):
        at, peer = t.rng.uniform(0, hours * HOUR_S), _visitor(t.rng)
        size = t.lognormal(60_000, 1.5)
        if t.rng.random() < 0.5:
            t.flow(at, 30, peer, host, int(t.rng.choice([443, 80, 51413])), 2000, size)
        else:
            t.flow(at, 30, host, peer, int(t.rng.integers(1024, 65535)), 2000, size)


def peer_to_peer(t: Traffic) -> Case:
    """A peer that listens on 80 and 443 too."""
    host = _home(t.rng, 2)
    _swap(t, host, 3)
    browse(t, host, 3)
    run_devices(t, host, 3)
    return Case(name="peer-to-peer", flows=t.table())


def camera_with_cloud(t: Traffic) -> Case:
    """A camera that is looked at through port 80 and uploads to its maker each minute."""
    host, maker = _home(t.rng, 2), _hosted(t.rng)
    _serve(t, host, 3, 60, port=80)
    poll(t, host, maker, 3, 60)
    browse(t, host, 3)
    run_devices(t, host, 3)
    return Case(name="camera with cloud", flows=t.table())


def household(t: Traffic) -> Case:
    """A household that serves nothing."""
    host = _home(t.rng, 2)
    browse(t, host, 6, 40)
    run_devices(t, host, 6)
    scan(t, host, 6)
    return Case(name="household", flows=t.table())


def edge_without_agents(t: Traffic) -> Case:
    """An ISP edge without any agent."""
    for number in range(40):
        home = _home(t.rng, 1)
        browse(t, home, 3, 8)
        run_devices(t, home, 3)
        if number < 3:
            _serve(t, home, 3, 60)
        elif number < 5:
            _forward_names(t, home, 3, 60)
        elif number < 7:
            _swap(t, home, 3)
        if number < 10:
            scan(t, home, 3)
    return Case(name="edge without agents", flows=t.table())


def proxy_at_home(t: Traffic) -> Case:
    """A household whose owner runs a reverse proxy to a rented server."""
    host, rented, site = _home(t.rng, 2), _hosted(t.rng), Site.draw(t, 12)
    for _ in range(60):
        relay(t, host, rented, t.rng.uniform(0, 3 * HOUR_S), site, port=443)
    browse(t, host, 3, 30)
    run_devices(t, host, 3)
    return Case(name="reverse proxy at home", flows=t.table())


def proxy_of_renumbered_home(t: Traffic) -> Case:
    """The same over four days, with a new address each day."""
    rented, site = _hosted(t.rng), Site.draw(t, 12)
    for day in range(4):
        today = Traffic(t.rng)
        host = _home(t.rng, 2)
        for _ in range(60):
            relay(today, host, rented, t.rng.uniform(0, 20 * HOUR_S), site, port=443)
        browse(today, host, 20, 10)
        run_devices(today, host, 20)
        t.rows += [(row[0] + 86_400 * day, row[1] + 86_400 * day, *row[2:]) for row in today.rows]
    return Case(name="reverse proxy at home, new addresses", flows=t.table())


def proxy_of_few_targets(t: Traffic) -> Case:
    """A proxy of a household on port 80: people elsewhere choose two to seven sites through it."""
    host = _home(t.rng, 2)
    sites = {_hosted(t.rng): Site.draw(t, 12) for _ in range(int(t.rng.integers(2, 8)))}
    people = [_visitor(t.rng) for _ in range(5)]
    for _ in range(150):
        target = str(t.rng.choice(list(sites)))
        relay(t, host, target, t.rng.uniform(0, 3 * HOUR_S), sites[target],
              client=str(t.rng.choice(people)))  # fmt: skip
    browse(t, host, 3, 30)
    run_devices(t, host, 3)
    return Case(name="forward proxy, few targets", flows=t.table())


def edge_of_proxies(t: Traffic) -> Case:
    """An ISP edge with proxies of all innocent kinds, side by side.

    Three owners' reverse proxies to a host each, two offices' forward proxies to what everybody
    asks, homes that serve, forwarders of DNS to one resolver.
    """
    hours = 3.0
    homes = [_home(t.rng, 1) for _ in range(40)]
    for home in homes:
        browse(t, home, hours, 8)
        run_devices(t, home, hours)
    for home in homes[:3]:
        rented, site = _hosted(t.rng), Site.draw(t, 12)
        for _ in range(40):
            relay(t, home, rented, t.rng.uniform(0, hours * HOUR_S), site, port=443)
    for home in homes[3:5]:
        for service in _services(t.rng, 400):
            relay(t, home, service, t.rng.uniform(0, hours * HOUR_S), Site.draw(t, 1))
    for home in homes[5:10]:
        _serve(t, home, hours, per_h=100)
    for home in homes[10:14]:
        _forward_names(t, home, hours, per_h=60)
    return Case(name="edge with proxies of many kinds", flows=t.table())


def edge_of_one_application(t: Traffic) -> Case:
    """An ISP edge where six homes run one application, which calls its maker at each request.

    They poll a host of the maker for settings, too, by plain HTTP.
    """
    hours = 3.0
    homes = [_home(t.rng, 1) for _ in range(40)]
    service, settings, site = _hosted(t.rng), _hosted(t.rng), Site.draw(t, 10)
    for home in homes:
        browse(t, home, hours, 8)
        run_devices(t, home, hours)
    for home in homes[:6]:
        poll(t, home, settings, hours, 900)
        for _ in range(60):
            at = t.rng.uniform(0, hours * HOUR_S)
            page = site.pages[int(t.rng.integers(10))]
            t.flow(at, t.lognormal(0.6, 0.5), _visitor(t.rng), home, 443, t.lognormal(500, 0.4),
                   page)  # fmt: skip
            t.flow(at + t.lognormal(0.03, 0.5), 0.2, home, service, 443, t.lognormal(700, 0.3),
                   t.lognormal(2500, 0.8))  # fmt: skip
    return Case(name="edge, one application at many homes", flows=t.table())


def edge_of_relaying_application(t: Traffic) -> Case:
    """The same where the application fetches each page from its maker and passes it on."""
    return _relaying_application(t)[0]


def _relaying_application(t: Traffic) -> tuple[Case, list[str]]:
    """Return the case and the homes that run it."""
    hours = 3.0
    homes = [_home(t.rng, 1) for _ in range(40)]
    service, site = _hosted(t.rng), Site.draw(t, 10)
    for home in homes:
        browse(t, home, hours, 8)
        run_devices(t, home, hours)
    for home in homes[:6]:
        for _ in range(60):
            relay(t, home, service, t.rng.uniform(0, hours * HOUR_S), site, port=443)
    return Case(name="edge, one application that relays", flows=t.table()), homes[:6]


def edge_of_application_with_own_names(t: Traffic) -> Case:
    """The same where each home has a name of its own below the maker's, which DNS leads there."""
    case, homes = _relaying_application(t)
    names = {home: f"h{number}.maker.example" for number, home in enumerate(homes)}
    asked = ask_by_name(case, names, name="edge, one application that relays, own names")
    return replace(asked, answers={name: frozenset([home]) for home, name in names.items()})


def edge_of_application_by_one_name(t: Traffic) -> Case:
    """The same where all are asked for one name of the maker, who tells the addresses himself."""
    case, homes = _relaying_application(t)
    names = dict.fromkeys(homes, "home.maker.example")
    return ask_by_name(case, names, name="edge, one application that relays, one name")


def edge_of_homes_behind_one_name(t: Traffic) -> Case:
    """The same where DNS leads that name to all the homes: a CDN of homes."""
    case = edge_of_application_by_one_name(t)
    homes = frozenset(
        row["server"]
        for row in case.flows.filter(pc.is_valid(case.flows["server_name"])).to_pylist()
    )
    return replace(case, name="edge, CDN of homes", answers={"home.maker.example": homes})


Draw = Callable[[Traffic], Case]

AGENTS: Final[tuple[Draw, ...]] = (
    agent_at_home, agent_busy, agent_without_controller, agent_of_honeypot, agent_of_hydra,
    agent_of_double_flux, edge_of_isp, agent_of_unknown_honeypot, agent_by_seconds, agent_lossy,
    agent_of_chain, agent_kept_alive, edge_of_isp_by_name,
    edge_with_application_on_agent,
)  # fmt: skip
INNOCENTS: Final[tuple[Draw, ...]] = (
    web_server, application_with_api, server_that_logs, reverse_proxy, reverse_proxy_private,
    reverse_proxy_elsewhere, points_of_presence, front_of_name_server, cdn_cache, forward_proxy,
    vpn_at_home, resolver, dns_forwarder,
    dns_forwarder_elsewhere, mail_server, nat_home, peer_to_peer, camera_with_cloud, household,
    edge_without_agents, proxy_at_home, proxy_of_renumbered_home, proxy_of_few_targets,
    edge_of_proxies, edge_of_one_application, edge_of_relaying_application,
    edge_of_application_with_own_names, edge_of_application_by_one_name,
)  # fmt: skip
ALIKE: Final[tuple[Draw, ...]] = (edge_of_homes_behind_one_name,)


def draw(kind: Draw, seed: int) -> Case:
    """Draw one case; the same seed gives the same flows."""
    number = (AGENTS + INNOCENTS + ALIKE).index(kind)
    return kind(Traffic(np.random.default_rng([seed, number])))
