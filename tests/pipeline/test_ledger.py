"""The innocent's ledger: each explanation where it holds and where it does not, from records.

The addresses are real ones, looked up in the bundled tables; the names are not.
"""

from collections import Counter
from collections.abc import Sequence

import pytest
from tests.measure.internet_of_rows import (
    DAY_S,
    HOUR_S,
    Response,
    address,
    alias,
    answer,
    glue,
    name_server,
    roll,
)
from tests.pipeline.situations import turns

from unflux.engine.connection import Engine
from unflux.judge.innocent import HOLDS, HYPOTHESES, REJECTED
from unflux.model.verdicts import HypothesisOutcome, Verdict
from unflux.pipeline.analysis import analyse
from unflux.pipeline.findings import compose_findings
from unflux.pipeline.scanning import map_routes

Verdicts = dict[str, Verdict]

MINUTE_S = 60

ISPS = (2, 5, 24, 31, 37, 46, 49, 58, 61, 62, 67, 71, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87,
        88, 89, 90, 91, 92, 93, 94, 95, 98, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119,
        121, 122, 123, 124, 125)  # fmt: skip
CDN_NETWORKS = ("23.45", "104.16", "151.101", "45.60", "2.16", "172.67", "199.232", "184.24",
                "96.16", "188.114", "146.75", "104.18", "23.62", "104.22", "107.154", "2.18",
                "172.64", "23.200", "184.28", "95.100", "162.159", "104.25", "198.41",
                "184.50")  # fmt: skip
CLOUD_NETWORKS = ("3.121", "13.52", "18.130", "20.60", "34.4", "35.184", "40.74", "52.20", "54.70",
                  "104.196", "104.40", "23.96", "44.200", "51.8", "3.120", "13.64", "18.200",
                  "20.120", "34.70", "35.200", "40.112", "52.160", "54.150", "146.148")  # fmt: skip


def lines(count: int, of: int) -> list[str]:
    """Return addresses all over the world, one to a /16; each ``of`` has its own."""
    return [
        f"{ISPS[n % 48]}.{(n * 37 + n // 48 * 5 + of * 17) % 250}.{of + 100}.{n % 200 + 7}"
        for n in range(count)
    ]


def of_networks(networks: Sequence[str], count: int, of: int) -> list[str]:
    """Return addresses of the networks, no two in one /24."""
    size = len(networks)
    # The lists have these /24 of each.
    return [f"{networks[n % size]}.{96 + n // size * 2 + of}.{n + 7}" for n in range(count)]


HOME_ISP = tuple(f"84.{second}.17.5" for second in (128, 131, 135, 140, 146, 150, 155, 160))
SINKHOLES = ("148.81.111.121", "148.81.111.122")
PARKING = "199.59.243.225"


def served(domain: str, *servers: str) -> tuple[tuple[str, str, str, int | None, str], ...]:
    return tuple(name_server(domain, server) for server in servers)


def hourly(name: str, answers: Sequence[Sequence[str]], every_s: float = HOUR_S) -> list[Response]:
    return [answer(name, some, n * every_s) for n, some in enumerate(answers)]


def rotating(domain: str, pool: Sequence[str]) -> list[Response]:
    """Two names of a domain, each hour with the next six of a pool, each once."""
    shown = [pool[n : n + 6] for n in range(0, len(pool), 6)]
    return [
        response for name in (domain, f"www.{domain}") for response in hourly(name, shown)
    ]  # fmt: skip


def slowly(domain: str, pool: Sequence[str]) -> list[Response]:
    """One address at a time, every four hours the next of a pool."""
    return hourly(domain, [[pool[n // 4]] for n in range(4 * len(pool))])


def doubly(domain: str, pool: Sequence[str]) -> list[Response]:
    """Rotating, and its name servers move through the same pool, half a round ahead."""
    server = f"ns1.{domain}"
    return [
        Response(
            domain,
            (
                *(address(domain, text) for text in pool[n : n + 6]),
                *served(domain, server),
                *(glue(server, text) for text in (pool[n - 24], pool[n - 23])),
            ),
            n / 6 * HOUR_S,
        )
        for n in range(0, len(pool), 6)
    ]


def a_cdn() -> list[Response]:
    edges = of_networks(CDN_NETWORKS, 6, 0)
    bank = hourly("bank.example", [edges[n : n + 2] for n in range(5)])
    edge = [
        Response(
            f"www.shop{n}.example",
            (
                alias(f"www.shop{n}.example", "e7.akamaiedge.net"),
                *(address("e7.akamaiedge.net", text, 20) for text in edges[n : n + 2]),
            ),
            n * HOUR_S,
        )
        for n in range(2)
    ]
    return bank + edge + rotating("strangers.example", lines(96, 0))


def a_pool() -> list[Response]:
    volunteers = lines(28, 1)
    clocks = [
        answer(f"{n % 4}.pool.clocks.example", volunteers[n : n + 4], n * 10 * MINUTE_S)
        for n in range(24)
    ]
    return [*clocks, answer("no-clocks.example", lines(4, 2))]


def a_peer_seed() -> list[Response]:
    nodes = turns(lines(160, 3), 20)
    seeds = hourly("dnsseed.coin.example", [next(nodes) for _ in range(8)])
    return [*seeds, answer("shop.example", lines(4, 4))]


def a_round_robin() -> list[Response]:
    four, more = lines(4, 5), lines(16, 6)
    closed = hourly("robin.example", [four[n % 4 :] + four[: n % 4] for n in range(12)])
    return closed + hourly("open.example", [more[n : n + 4] for n in range(12)])


def a_portal() -> list[Response]:
    rented = of_networks(CLOUD_NETWORKS, 12, 0)
    names = [
        answer(f"s{n}.portal.example", [rented[n]], n * 900 + later * 6 * HOUR_S)
        for n in range(12) for later in range(2)
    ]  # fmt: skip
    doors = [answer(f"d{n}.doors.example", lines(6, 7), n * HOUR_S) for n in range(6)]
    return names + doors


def dynamic_dns() -> list[Response]:
    home = [
        answer("me.duckdns.org", [line], n * DAY_S / 2) for n, line in enumerate(HOME_ISP[:6])
    ]  # fmt: skip
    homes = lines(12, 8)
    # mooo.com is on no public suffix list: its customers come as one domain.
    strangers = [
        answer(f"home{n}.mooo.com", [homes[n]], n * HOUR_S + later * DAY_S)
        for n in range(12) for later in range(2)
    ]  # fmt: skip
    return home + strangers + slowly("agent.duckdns.org", lines(18, 9))


def parking() -> list[Response]:
    servers = served("parked.example", "ns1.sedoparking.com", "ns2.sedoparking.com")
    listed = [answer(f"parked{n}.example", [PARKING], n * 60) for n in range(3)]
    by_servers = [answer("parked.example", ["46.4.13.98"], n * HOUR_S, *servers) for n in range(3)]
    crowd = [answer(f"crowd{n}.example", ["46.4.99.99"], n * 60) for n in range(12)]
    return listed + by_servers + crowd + [answer("alone.example", ["46.4.99.98"])]


def a_sinkhole() -> list[Response]:
    seized = [
        answer(
            f"seized{n}.example", [SINKHOLES[n % 2]], n * 60,
            *served(f"seized{n}.example", "ns1.sinkhole.example", "ns2.sinkhole.example"),
        )
        for n in range(9)
    ]  # fmt: skip
    elsewhere = answer(
        "seized-elsewhere.example", ["46.4.99.97"], 0,
        *served("seized-elsewhere.example", "ns102a.microsoftinternetsafety.net"),
    )  # fmt: skip
    taken = rotating("taken.example", lines(96, 10))
    taken.append(answer("taken.example", SINKHOLES[:1], 16 * HOUR_S))
    return [*seized, elsewhere, *taken]


def shared_hosting() -> list[Response]:
    stays = [answer(f"site{n}.example", ["88.198.7.7"], n * 60) for n in range(4)]
    moves = [
        answer(f"mover{n}.example", [f"88.198.7.{20 + later}"], later * HOUR_S + n)
        for n in range(4) for later in range(3)
    ]  # fmt: skip
    return stays + moves


def anycast() -> list[Response]:
    one = hourly("anycast.example", [("104.16.9.1", "104.16.9.2")] * 3)
    return one + hourly("two-holders.example", [("88.198.7.7", "151.101.65.1")] * 3)


def a_resolver_farm() -> list[Response]:
    caches, more = (lines(2, 11), lines(2, 12)), lines(5, 13)
    flips = [answer("farm.example", caches[n % 2], n * 30) for n in range(2)]
    flips += hourly("farm.example", [caches[n % 2] for n in range(8)])
    return flips + hourly("learning.example", [more[: 2 + n] for n in range(4)])


def on_lists() -> list[Response]:
    """Operators who sit on CDNs, in clouds, under a dynamic-DNS suffix and at a registrar's."""
    servers = served("registrar.example", "ns1.domaincontrol.com", "ns2.domaincontrol.com")
    return [
        *doubly("on-cdns.example", of_networks(CDN_NETWORKS, 48, 1)),
        *doubly("in-clouds.example", of_networks(CLOUD_NETWORKS, 48, 1)),
        *rotating("flux.duckdns.org", lines(96, 14)),
        *rotating("registrar.example", lines(96, 15)),
        Response("registrar.example", servers),
    ]


SITUATIONS = (
    a_cdn, a_pool, a_peer_seed, a_round_robin, a_portal, dynamic_dns, parking, a_sinkhole,
    shared_hosting, anycast, a_resolver_farm, on_lists,
)  # fmt: skip


@pytest.fixture(scope="module")
def verdicts(engine: Engine) -> Verdicts:
    rollup = roll(response for situation in SITUATIONS for response in situation())
    analysis = analyse(engine, rollup, map_routes(rollup, (), Counter()))
    found = compose_findings(engine, analysis, list_all=True)
    return {verdict.domain: verdict for verdict in found.verdicts}


LEDGER: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "static": (("seized0.example", "anycast.example"), ("robin.example",)),
    "cdn": (("bank.example", "e7.akamaiedge.net"), ("strangers.example",)),
    "pool": (("clocks.example",), ("no-clocks.example",)),
    "peer-seed": (("coin.example",), ("shop.example",)),
    "round-robin": (("robin.example",), ("open.example",)),
    "multi-provider": (("portal.example",), ("doors.example",)),
    "dynamic-dns": (("me.duckdns.org", "mooo.com"), ("agent.duckdns.org", "flux.duckdns.org")),
    "parking": (("parked0.example", "parked.example", "crowd0.example"), ("alone.example",)),
    "sinkhole": (("seized0.example", "seized-elsewhere.example"), ("taken.example",)),
    "shared-hosting": (("site0.example",), ("mover0.example",)),
    "anycast": (("anycast.example",), ("two-holders.example",)),
    "resolver-farm": (("farm.example",), ("learning.example",)),
}
"""By explanation: domains for which it holds, and for which it is rejected."""


def test_every_explanation_is_in_the_ledger() -> None:
    assert LEDGER.keys() == {hypothesis.name for hypothesis in HYPOTHESES}


@pytest.mark.parametrize(
    ("explanation", "outcome", "domain"),
    [
        (explanation, outcome, domain)
        for explanation, both in LEDGER.items()
        for outcome, domains in zip((HOLDS, REJECTED), both, strict=True)
        for domain in domains
    ],
)
def test_an_explanation_holds_where_it_is_true_and_only_there(
    verdicts: Verdicts, explanation: str, outcome: HypothesisOutcome, domain: str
) -> None:
    (found,) = [a for a in verdicts[domain].alternatives if a.hypothesis == explanation]
    assert found.outcome == outcome, (found, verdicts[domain])


@pytest.mark.parametrize(
    ("domain", "kind"),
    [
        ("bank.example", "cdn"),
        ("robin.example", "round-robin"),
        ("portal.example", "multi-provider"),
        ("me.duckdns.org", "dynamic-dns"),
        ("mooo.com", "dynamic-dns"),
        ("parked0.example", "parking"),
        ("parked.example", "parking"),
        ("seized0.example", "sinkhole"),
        ("seized-elsewhere.example", "sinkhole"),
        ("site0.example", "static"),
    ],
)
def test_who_is_explained_is_acquitted_by_that_name(
    verdicts: Verdicts, domain: str, kind: str
) -> None:
    assert (verdicts[domain].verdict, verdicts[domain].kind) == ("benign", kind)


@pytest.mark.parametrize(
    "domain",
    ["strangers.example", "agent.duckdns.org", "flux.duckdns.org", "taken.example",
     "on-cdns.example", "in-clouds.example", "registrar.example"],
)  # fmt: skip
def test_no_list_saves_who_rotates(verdicts: Verdicts, domain: str) -> None:
    assert verdicts[domain].verdict == "fast-flux", verdicts[domain]


def test_a_cdn_explains_the_names_of_its_zone_and_only_addresses_of_who_sits_there(
    verdicts: Verdicts,
) -> None:
    found = {
        domain: next(a for a in verdicts[domain].alternatives if a.hypothesis == "cdn")
        for domain in ("on-cdns.example", "bank.example", "e7.akamaiedge.net", "in-clouds.example")
    }
    assert [name for name, a in found.items() if a.is_of_addresses] == [
        "on-cdns.example", "bank.example",
    ]  # fmt: skip
    assert found["in-clouds.example"].outcome == REJECTED


def test_listings_are_shown_as_evidence(verdicts: Verdicts) -> None:
    bank = {piece.name: piece for piece in verdicts["bank.example"].evidence}
    assert bank["provider-ranges"].llr < 0
    assert bank["provider-ranges"].value == 1.0
    clouds = {piece.name: piece for piece in verdicts["in-clouds.example"].evidence}
    assert clouds["provider-ranges"].llr == 0.0
    flux = {piece.name: piece for piece in verdicts["flux.duckdns.org"].evidence}
    assert flux["provider-zone"].llr == 0.0
    registrar = {piece.name for piece in verdicts["registrar.example"].evidence}
    assert "provider-servers" in registrar
