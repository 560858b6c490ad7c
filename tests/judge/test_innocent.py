"""Innocent explanations: each holds, is rejected and stays untested."""

from typing import Any

import pytest
from tests.judge.profiles import DAY_S, HOUR_S, judge, pool, profile

from unflux.engine.connection import Engine
from unflux.judge.innocent import HOLDS, HYPOTHESES, REJECTED, UNTESTED
from unflux.model.verdicts import HypothesisOutcome

Found = dict[str, dict[str, Any]]

NOWHERE = profile("", addresses=0, slash16=0, slash24=0, asns=None, host_asns_max=None, hosts=0,
                  host_addresses_max=0, mixing=None, lookups=0, tenants_min=0)  # fmt: skip
CLOSED = {"lookups": 9, "span_s": HOUR_S}
PORTAL = pool("", 6, hosts=6, host_asns_max=1, host_addresses_max=1)

CASES: dict[str, tuple[str, HypothesisOutcome, dict[str, Any]]] = {
    "two addresses": ("static", HOLDS, pool("", 2)),
    "three addresses": ("static", REJECTED, pool("", 3)),
    "no address": ("static", UNTESTED, NOWHERE),
    "the same four all day": ("round-robin", HOLDS, pool("", 4, **CLOSED)),
    "a fifth came": ("round-robin", REJECTED, pool("", 4, newcomers=1, **CLOSED)),
    "asked twice": ("round-robin", UNTESTED, pool("", 4, lookups=2, span_s=HOUR_S)),
    "asked for a minute": ("round-robin", UNTESTED, pool("", 4, lookups=9, span_s=60)),
    "asked without time": ("round-robin", UNTESTED, pool("", 4, lookups=9, span_s=None)),
    "one address is no cycle": ("round-robin", UNTESTED, profile("", **CLOSED)),
    "one provider's range": ("cdn", HOLDS, pool("", 40, asns=1, host_asns_max=1, **CLOSED)),
    "one provider's range, looked at once": ("cdn", UNTESTED, pool("", 40, asns=1)),
    "a provider's edge": ("cdn", HOLDS, pool("", 40, names=0, query_domains=7, slash24=20,
                        **CLOSED)),
    "an edge strewn about": ("cdn", REJECTED, pool("", 40, names=0, query_domains=7, **CLOSED)),
    "many holders, own names": ("cdn", REJECTED, pool("", 40, query_domains=7, **CLOSED)),
    "few of its ASNs known": ("cdn", REJECTED, pool("", 40, asns=1, unmapped_addresses=39,
                              **CLOSED)),
    "a bank behind a CDN": ("cdn", HOLDS, pool("", 4, cdn_addresses=4, provider="Fastly")),
    "half behind a CDN": ("cdn", REJECTED, pool("", 4, cdn_addresses=2, provider="Fastly",
                          **CLOSED)),
    "a CDN's zone": ("cdn", HOLDS, pool("", 40, zone_use="cdn")),
    "below a CDN's zone": ("cdn", HOLDS, pool("", 40, suffix_use="cdn")),
    "in clouds": ("cdn", REJECTED, pool("", 4, cloud_addresses=4, provider="A cloud",
                  **CLOSED)),
    "one address is no CDN": ("cdn", UNTESTED, profile("")),
    "private addresses only": ("cdn", UNTESTED, pool("", 4, slash16=0, special_use_addresses=4,
                               asns=None, host_asns_max=None)),
    "a portal": ("multi-provider", HOLDS, PORTAL),
    "names on one pool": ("multi-provider", REJECTED, PORTAL | {"mixing": 6.0}),
    "one wide name": ("multi-provider", REJECTED, PORTAL | {"host_asns_max": 4}),
    "one name": ("multi-provider", UNTESTED, pool("", 6)),
    "a portal unmapped": ("multi-provider", UNTESTED, PORTAL | {"unmapped_addresses": 5}),
    "a home line": ("dynamic-dns", HOLDS, pool("", 5, asns=1, newcomers=4, set_addresses_max=1,
                    lookups=9, span_s=5 * DAY_S)),
    "lines of five": ("dynamic-dns", REJECTED, pool("", 5, newcomers=4, set_addresses_max=1,
                      **CLOSED)),
    "strangers' home lines": ("dynamic-dns", HOLDS, pool("", 9, newcomers=8, hosts=9,
                              host_asns_max=1, set_addresses_max=1, zone_use="dynamic-dns")),
    "one of the strangers rotates": ("dynamic-dns", REJECTED, pool("", 9, newcomers=8, hosts=2,
                              host_asns_max=8, set_addresses_max=1, zone_use="dynamic-dns",
                              **CLOSED)),
    "below a zone, over ISPs": ("dynamic-dns", REJECTED, pool("", 9, newcomers=8,
                              set_addresses_max=1, suffix_use="dynamic-dns", **CLOSED)),
    "never moved": ("dynamic-dns", UNTESTED, profile("")),
    "moved, nobody knows where": ("dynamic-dns", UNTESTED, pool("", 5, newcomers=4, asns=None,
                                  unmapped_addresses=5)),
    "392 on one address": ("parking", HOLDS, profile("", tenants_min=392, tenants_max=392)),
    "nine on one address": ("parking", REJECTED, profile("", tenants_min=9, tenants_max=9)),
    "a tenth on many": ("parking", REJECTED, pool("", 7, tenants_min=10)),
    "listed as parking": ("parking", HOLDS, profile("", parking_addresses=1)),
    "half of it parking": ("parking", REJECTED, pool("", 2, parking_addresses=1)),
    "parking serves the zone": ("parking", HOLDS, pool("", 2, ns_hosts=2, ns_parking_hosts=2)),
    "parking and another": ("parking", REJECTED, pool("", 2, ns_hosts=2, ns_parking_hosts=1)),
    "parking that moves": ("parking", REJECTED, pool("", 4, ns_hosts=1, ns_parking_hosts=1,
                           newcomers=2)),
    "listed as a sinkhole": ("sinkhole", HOLDS, profile("", sinkhole_addresses=1)),
    "before and after": ("sinkhole", REJECTED, pool("", 40, sinkhole_addresses=1)),
    "sinkhole servers": ("sinkhole", HOLDS, profile("", ns_hosts=2, ns_sinkhole_hosts=2)),
    "sinkhole servers, moving": ("sinkhole", REJECTED, pool("", 5, ns_hosts=2, ns_sinkhole_hosts=2,
                                 newcomers=4)),
    "sinkhole servers that rotate": ("sinkhole", REJECTED, profile("", ns_hosts=1,
                                     ns_sinkhole_hosts=1, ns_host_late_slash16_max=3)),
    "no sinkhole": ("sinkhole", REJECTED, profile("", ns_hosts=2, ns_sinkhole_hosts=0)),
    "nothing seized": ("sinkhole", UNTESTED, NOWHERE),
    "nothing parked": ("parking", UNTESTED, NOWHERE),
    "three customers of a host": ("shared-hosting", HOLDS, profile("", tenants_min=3)),
    "a host that moves": ("shared-hosting", REJECTED, profile("", tenants_min=3, newcomers=2)),
    "nothing hosted": ("shared-hosting", UNTESTED, NOWHERE),
    "the same prefix everywhere": ("anycast", HOLDS, pool("", 2, asns=1)),
    "two holders": ("anycast", REJECTED, pool("", 2)),
    "nobody knows whose": ("anycast", UNTESTED, pool("", 2, asns=None, unmapped_addresses=2)),
    "two caches take turns": ("resolver-farm", HOLDS, pool("", 6, answer_sets=4, **CLOSED)),
    "a cache that learns": ("resolver-farm", REJECTED, pool("", 6, answer_sets=4, newcomers=2,
                            **CLOSED)),
    "always the same answer": ("resolver-farm", UNTESTED, pool("", 6, **CLOSED)),
    "turns of five minutes": ("resolver-farm", UNTESTED, pool("", 6, answer_sets=4,
                              **{**CLOSED, "span_s": 300})),
    "pool by name": ("pool", HOLDS, pool("", 4, pool_names=1)),
    "ntp.org": ("pool", HOLDS, pool("", 4)),
    "no pool": ("pool", REJECTED, pool("", 4)),
    "one address is no pool": ("pool", UNTESTED, profile("", pool_names=1)),
    "seed by name": ("peer-seed", HOLDS, pool("", 25, seed_names=1)),
    "sipa.be": ("peer-seed", HOLDS, pool("", 25)),
    "no seed": ("peer-seed", REJECTED, pool("", 4)),
    "one address is no seed": ("peer-seed", UNTESTED, profile("", seed_names=1)),
}  # fmt: skip


@pytest.fixture(scope="module")
def found(engine: Engine) -> Found:
    return judge(engine, [row | {"domain": case} for case, (_, _, row) in CASES.items()])


@pytest.mark.parametrize("case", CASES)
def test_outcome(found: Found, case: str) -> None:
    name, outcome, _ = CASES[case]
    held = found[case][f"alt_{name}"]
    assert held is {HOLDS: True, REJECTED: False, UNTESTED: None}[outcome]
    hypothesis = next(h for h in HYPOTHESES if h.name == name)
    assert found[case][f"llr_alt_{name}"] == (hypothesis.ratio if held else 0.0)


def test_every_outcome_of_every_hypothesis_has_a_case() -> None:
    tested = {(name, outcome) for name, outcome, _ in CASES.values()}
    assert tested == {(h.name, o) for h in HYPOTHESES for o in (HOLDS, REJECTED, UNTESTED)}


def test_no_explanation_is_a_veto() -> None:
    # All that can hold together stays below what a wide, moving pool weighs.
    assert all(-4.0 <= h.ratio <= 0.0 for h in HYPOTHESES)


def test_why_a_test_was_not_made_is_said_truly(found: Found) -> None:
    because = {h.name: h.because for h in HYPOTHESES}
    said = because["round-robin"](found["one address is no cycle"], UNTESTED)
    assert said == "One address is no set."
    said = because["pool"](found["one address is no pool"], UNTESTED)
    assert said == "One address is no pool."
    said = because["cdn"](found["few of its ASNs known"], REJECTED)
    assert said.startswith("40 /16 of unrelated holders")
