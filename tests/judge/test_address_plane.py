"""Evidence from the answers: when each piece speaks, which way, and when it is silent."""

from typing import Any

import pytest
from tests.judge.profiles import judge, pool, profile

from unflux.engine.connection import Engine

Found = dict[str, dict[str, Any]]

# (piece, ratio or null, profile); a ratio is as counted, dependence within its group taken off.
LOOKED = {"lookups": 9, "span_s": 3_600}
"""As often as it takes to call a pool narrow."""

CASES: dict[str, tuple[str, float | None, dict[str, Any]]] = {
    "one address": ("answer-width", -0.3, profile("", **LOOKED)),
    "one address, one look": ("answer-width", -1.0, profile("")),
    "a seed's answer": ("answer-width", 0.45, pool("", 25)),
    "eight places at once": ("answer-width", 4.0, pool("", 8)),
    "eight addresses of one place": ("answer-width", -0.3, pool("", 8, set_slash16_max=1, asns=1,
                                     slash16=1, host_asns_max=1, **LOOKED)),
    "no more places than it owns": ("answer-width", -0.0135, pool("", 8, slash16=2, asns=2,
                                    host_asns_max=2)),
    "only private addresses": ("answer-width", None, pool("", 8, slash16=0, asns=None,
                               host_asns_max=None, special_use_addresses=8)),
    "never looked up": ("answer-width", None, profile("", lookups=0)),
    "one ASN": ("pool-width", -3.178, profile("", **LOOKED)),
    "one ASN in two looks": ("pool-width", -1.589, profile("", lookups=9, span_s=300)),
    "one ASN in a lifetime": ("pool-width", -0.23835, profile("", lookups=9, span_s=299)),
    "one ASN, lookups unknown": ("pool-width", -3.178, profile("", lookups=0)),
    "strangers of one ASN": ("pool-width", 0.0, pool("", 40, **LOOKED, newcomers=20, asns=1,
                             host_asns_max=1, set_slash16_max=1, set_addresses_max=1)),
    "nine ASNs": ("pool-width", 4.0, pool("", 9, set_slash16_max=1)),
    "wildcard names before one pool": ("pool-width", 4.0, pool("", 9, set_slash16_max=1,
                                       host_asns_max=1, mixing=2.0)),
    "many names of a portal": ("pool-width", -3.178, pool("", 9, set_slash16_max=1,
                               host_asns_max=1, mixing=1.0, **LOOKED)),
    "most are unmapped": ("pool-width", None, pool("", 9, unmapped_addresses=5)),
    "twelve /16 unmapped": ("pool-prefixes", 3.0, pool("", 12, asns=None, host_asns_max=None,
                            unmapped_addresses=12)),
    "one /16 unmapped": ("pool-prefixes", -2.5, profile("", asns=None, host_asns_max=None,
                         unmapped_addresses=1, **LOOKED)),
    "mapped": ("pool-prefixes", None, pool("", 12)),
    "short-lived": ("ttl", 0.3, profile("", ttl_min_s=0, ttl_max_s=180)),
    "half an hour": ("ttl", 0.3, profile("", ttl_min_s=1800, ttl_max_s=1800)),
    "over half an hour": ("ttl", -0.7, profile("", ttl_min_s=60, ttl_max_s=1801)),
    "a day": ("ttl", -1.5, profile("", ttl_min_s=60, ttl_max_s=86_400)),
    "a day, and strangers came": ("ttl", 0.0, profile("", ttl_max_s=86_400, newcomer_asns=3)),
    "one to a /24": ("neighbours", 0.0, pool("", 8)),
    "two to a /24": ("neighbours", -5.0, pool("", 8, slash24=4)),
    "many to a /24": ("neighbours", -7.0, pool("", 40, slash24=4)),
    "private ones are no neighbours": ("neighbours", 0.0, pool("", 12, slash24=6,
                                       special_use_addresses=6)),
    "a zone strewn about": ("neighbours", 2.0, pool("", 30, query_domains=3)),
    "a strewn pool of its own": ("neighbours", 0.0, pool("", 30, query_domains=2)),
    "few addresses": ("neighbours", None, pool("", 5, slash24=2)),
    "one /24": ("neighbours", None, pool("", 8, slash24=1)),
    "no TTL known": ("ttl", None, profile("")),
    "a decoy": ("special-use-answers", 1.0, pool("", 4, special_use_addresses=1, slash16=3)),
    "split horizon": ("special-use-answers", None, profile("", addresses=2,
                      special_use_addresses=1)),
    "all reachable": ("special-use-answers", None, pool("", 4)),
}  # fmt: skip


@pytest.fixture(scope="module")
def found(engine: Engine) -> Found:
    return judge(engine, [row | {"domain": case} for case, (_, _, row) in CASES.items()])


@pytest.mark.parametrize("case", CASES)
def test_piece(found: Found, case: str) -> None:
    piece, ratio, _ = CASES[case]
    assert found[case][f"llr_{piece}"] == ratio
