"""Evidence from company: a shared pool, a convicted network."""

import pytest
from tests.judge.profiles import HOUR_S, judge, pool, profile

from unflux.engine.connection import Engine
from unflux.judge.bounds import CONVICTION, PRIOR
from unflux.judge.company import CLOSED_CAP, MEMBERSHIP_CAP
from unflux.judge.weighing import PIECES


def test_a_shared_pool_speaks_of_networks_only(every_engine: Engine) -> None:
    rows = [
        pool("lone", 8, mixing=3.0),
        pool("pair", 8, mixing=2.0),
        pool("crowd", 8, mixing=20.0),
        pool("narrow", 4, mixing=20.0),
        pool("joined by a name server alone", 30, mixing=1.1),
        pool("mostly unmapped", 8, mixing=20.0, asns=2, unmapped_addresses=6),
    ]
    sizes = [("pair", 2), ("crowd", 30), ("narrow", 30), ("joined by a name server alone", 30),
             ("mostly unmapped", 6)]  # fmt: skip
    members = [{"domain": domain, "members": size} for domain, size in sizes]
    found = judge(every_engine, rows, members=members)
    assert {domain: row["llr_shared-pool"] for domain, row in found.items()} == {
        "lone": None,
        "pair": 1.0,
        "crowd": 4.0,
        "narrow": None,
        "joined by a name server alone": None,
        "mostly unmapped": 3.0,
    }
    assert all(row["llr_network-membership"] is None for row in found.values())


def test_only_a_convicted_network_speaks_of_its_members(engine: Engine) -> None:
    ratios = {"cleared": -9.0, "open": 2.9, "convicted": CONVICTION, "certain": 60.0}
    company = [
        {"domain": domain, "network": "ffn-1", "network_llr": ratio, "network_members": 9,
         "pool_addresses": 1}
        for domain, ratio in ratios.items()
    ]  # fmt: skip
    found = judge(engine, [profile(domain) for domain in [*ratios, "lone"]], company=company)
    assert {domain: row["llr_network-membership"] for domain, row in found.items()} == {
        "lone": None,
        "cleared": None,
        "open": None,
        "convicted": pytest.approx(CONVICTION - PRIOR, abs=1e-4),
        "certain": MEMBERSHIP_CAP,
    }
    assert all(row["llr_shared-pool"] is None for row in found.values())


def test_a_pool_of_one_domain_is_odd_for_flux(engine: Engine) -> None:
    odd = {"lone": pool("", 12), "hardly shared": pool("", 12, tenants_mean=1.05)}
    fine = {
        "shared": pool("", 12, tenants_mean=1.1),
        "small": pool("", 12, addresses=9),
        "of few": pool("", 12, asns=4),
        "a provider that others lead to": pool("", 12, query_domains=2),
        # Slow flux is alone more often than not.
        "one at a time": pool("", 12, set_addresses_max=1),
    }
    found = judge(engine, [row | {"domain": case} for case, row in (odd | fine).items()])
    assert {case: row["llr_lone-pool"] for case, row in found.items()} == {
        **dict.fromkeys(odd, -2.1), **dict.fromkeys(fine)
    }  # fmt: skip


def test_company_says_less_of_closed_sets_and_nothing_of_pools_and_seeds(engine: Engine) -> None:
    company = [
        {"domain": domain, "network": "ffn-1", "network_llr": 60.0, "network_members": 9,
         "pool_addresses": 6}
        for domain in ("closed", "short", "moving", "behind moving servers", "seed", "pool",
                       "sipa.be")
    ]  # fmt: skip
    watched = {"lookups": 9, "span_s": HOUR_S}
    rows = [
        pool("closed", 6, **watched),
        pool("behind moving servers", 6, **watched, ns_host_late_slash16_max=3),
        pool("seed", 25, **watched, newcomers=9, seed_names=1),
        pool("pool", 6, **watched, newcomers=9, pool_names=1),
        pool("sipa.be", 25, **watched, newcomers=9),
        pool("short", 6, **watched | {"span_s": HOUR_S - 1}),
        pool("moving", 6, **watched, newcomers=1),
    ]
    found = judge(engine, rows, company=company)
    assert {domain: row["llr_network-membership"] for domain, row in found.items()} == {
        "closed": CLOSED_CAP, "short": MEMBERSHIP_CAP, "moving": MEMBERSHIP_CAP,
        "behind moving servers": MEMBERSHIP_CAP, "seed": None, "pool": None, "sipa.be": None,
    }  # fmt: skip


def test_membership_says_how_much_is_shared(engine: Engine) -> None:
    company = [
        {"domain": domain, "network": "ffn-1", "network_llr": 9.0, "network_members": 3,
         "pool_addresses": shared}
        for domain, shared in (("some", 2), ("one", 1))
    ]  # fmt: skip
    found = judge(engine, [pool("some", 5), profile("one")], company=company)
    piece = next(piece for piece in PIECES if piece.name == "network-membership")
    assert piece.says(found["some"]) == (
        "2 of its 5 addresses are in the pool that 3 domains share (ffn-1)."
    )
    assert piece.says(found["one"]).startswith("1 of its 1 address is in the pool")
