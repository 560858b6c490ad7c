"""The list of built-in pools and seeds."""

from tests.judge.profiles import judge, pool

from unflux.engine.connection import Engine
from unflux.judge.bounds import CONVICTION
from unflux.judge.innocent import LISTED_RATIO
from unflux.judge.known_services import POOLS, SEEDS
from unflux.model.names import registrable_domain


def test_every_entry_is_a_registrable_domain_and_comes_once() -> None:
    entries = (*POOLS, *SEEDS)
    assert len(set(entries)) == len(entries)
    assert [entry for entry in entries if registrable_domain(entry) != entry] == []


def test_a_listing_is_bounded_evidence(engine: Engine) -> None:
    moving = {"span_s": 86_400, "lookups": 90, "newcomers": 40, "newcomer_asns": 30,
              "newcomer_slash16": 30, "set_addresses_max": 8, "set_slash16_max": 8}  # fmt: skip
    rows = [pool(domain, 40, **moving) for domain in ("ntp.org", "sipa.be", "flux.example")]
    found = judge(engine, rows)
    assert found["flux.example"]["verdict"] == "fast-flux"
    for domain in ("ntp.org", "sipa.be"):
        assert found[domain]["llr_listed"] == LISTED_RATIO
        assert found[domain]["llr"] < CONVICTION
        assert found[domain]["llr"] > found["flux.example"]["llr"] - 8.0
