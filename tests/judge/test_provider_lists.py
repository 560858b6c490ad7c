"""Listings of providers: evidence, never a veto."""

from typing import Any

import pytest
from tests.judge.profiles import DAY_S, judge, pool, profile

from unflux.engine.connection import Engine
from unflux.judge.innocent import HYPOTHESES
from unflux.judge.provider_lists import PIECES

MOVING = {"span_s": DAY_S, "lookups": 90, "queries": 1, "newcomers": 30, "newcomer_asns": 12,
          "newcomer_slash16": 30, "newcomers_per_hour": 1.2, "mixing": 2.0}  # fmt: skip
"""What a pool that brings strangers all day, behind names that share it, shows beside its width."""

CASES: dict[str, tuple[str, float | None, dict[str, Any]]] = {
    "all on a CDN": ("provider-ranges", -1.0, pool("", 10, cdn_addresses=9)),
    "half on a CDN": ("provider-ranges", -0.5, pool("", 10, cdn_addresses=5)),
    "a few on a CDN": ("provider-ranges", 0.0, pool("", 10, cdn_addresses=4)),
    "all in a cloud": ("provider-ranges", 0.0, pool("", 10, cloud_addresses=10)),
    "on no list": ("provider-ranges", None, pool("", 10)),
    "what is not reachable is not counted": ("provider-ranges", -1.0, pool("", 10,
        special_use_addresses=5, cdn_addresses=5)),
    "a CDN's zone": ("provider-zone", -1.5, pool("", 10, zone_use="cdn")),
    "below a CDN's zone": ("provider-zone", -1.5, pool("", 10, suffix_use="cdn")),
    "home lines": ("provider-zone", -1.5, pool("", 10, zone_use="dynamic-dns", hosts=10,
        set_addresses_max=1, host_asns_max=1)),
    "a name there over ISPs": ("provider-zone", 0.0, pool("", 10, zone_use="dynamic-dns",
        set_addresses_max=1)),
    "below dynamic DNS": ("provider-zone", 0.0, profile("", suffix_use="dynamic-dns")),
    "no zone": ("provider-zone", None, profile("")),
    "a registrar's servers": ("provider-servers", -0.3, profile("", ns_hosts=2,
        ns_provider_hosts=2)),
    "one's own too": ("provider-servers", None, profile("", ns_hosts=3, ns_provider_hosts=2)),
    "one's own": ("provider-servers", None, profile("", ns_hosts=2, ns_provider_hosts=0)),
    "no servers shown": ("provider-servers", None, profile("")),
}  # fmt: skip


@pytest.fixture(scope="module")
def found(engine: Engine) -> dict[str, dict[str, Any]]:
    return judge(engine, [row | {"domain": case} for case, (_, _, row) in CASES.items()])


@pytest.mark.parametrize("case", CASES)
def test_ratio(found: dict[str, dict[str, Any]], case: str) -> None:
    name, ratio, _ = CASES[case]
    assert found[case][f"llr_{name}"] == ratio


def test_every_piece_has_a_case() -> None:
    assert {name for name, _, _ in CASES.values()} == {piece.name for piece in PIECES}


def test_ranges_and_zones_of_one_provider_are_one_witness(engine: Engine) -> None:
    (row,) = judge(engine, [pool("a.example", 10, cdn_addresses=10, zone_use="cdn")]).values()
    assert row["llr_provider-zone"] == -1.5
    assert row["llr_provider-ranges"] == pytest.approx(-1.0 * 0.3)


LISTINGS: dict[str, dict[str, Any]] = {
    "ranges of a CDN": {"cdn_addresses": 40, "provider": "Fastly"},
    "ranges of a cloud": {"cloud_addresses": 40, "provider": "A cloud"},
    "a suffix of dynamic DNS": {"suffix_use": "dynamic-dns"},
    "a zone of dynamic DNS": {"zone_use": "dynamic-dns"},
    "ranges and name servers of a CDN": {"cdn_addresses": 40, "provider": "Fastly", "ns_hosts": 2,
                                         "ns_provider_hosts": 2},
    "servers of parking": {"ns_hosts": 2, "ns_parking_hosts": 2},
    "servers of a sinkhole": {"ns_hosts": 2, "ns_sinkhole_hosts": 2},
    "parking and a sinkhole": {"parking_addresses": 20, "sinkhole_addresses": 20},
    "all of a provider": {"cdn_addresses": 40, "provider": "Fastly", "zone_use": "cdn",
                          "ns_hosts": 2, "ns_provider_hosts": 2},
}  # fmt: skip


def test_who_rotates_is_convicted_whatever_lists_he_sits_on(engine: Engine) -> None:
    rows = [pool(domain, 40, **MOVING, **listing) for domain, listing in LISTINGS.items()]
    members = [{"domain": domain, "members": 6} for domain in LISTINGS]
    found = judge(engine, rows, members=members)
    assert {domain: row["verdict"] for domain, row in found.items()} == dict.fromkeys(
        LISTINGS, "fast-flux"
    )


def test_a_bank_on_a_list_is_acquitted_more_easily(engine: Engine) -> None:
    wide = {"set_addresses_max": 4, "set_slash16_max": 4, "asns": 3, "host_asns_max": 3}
    rows = [
        pool("unlisted.example", 6, **wide),
        pool("bank.example", 6, **wide, cdn_addresses=6, provider="Akamai"),
    ]
    found = judge(engine, rows)
    assert found["unlisted.example"]["verdict"] == "undecided"
    assert found["bank.example"]["verdict"] == "benign"


@pytest.mark.parametrize(
    ("row", "is_of_addresses"),
    [
        ({"cdn_addresses": 9}, True),
        ({"cdn_addresses": 8}, False),
        ({"cdn_addresses": 5, "special_use_addresses": 5}, True),
        ({"cdn_addresses": 0}, False),
        ({"cdn_addresses": 0, "special_use_addresses": 10}, False),
        ({"cdn_addresses": 10, "zone_use": "cdn"}, False),
        ({"cdn_addresses": 10, "suffix_use": "cdn"}, False),
        ({"cdn_addresses": 10, "query_domains": 3}, False),
    ],
    ids=str,
)
def test_ranges_of_a_cdn_explain_addresses_and_its_zone_the_name(
    row: dict[str, Any], is_of_addresses: bool
) -> None:
    (cdn,) = [hypothesis for hypothesis in HYPOTHESES if hypothesis.name == "cdn"]
    assert cdn.is_of_addresses(pool("a.example", 10, **row)) is is_of_addresses


def test_listings_are_said_in_words(engine: Engine) -> None:
    rows = [
        pool("mixed.example", 6, special_use_addresses=1, cdn_addresses=2, cloud_addresses=3,
             provider="Fastly"),
        profile("seized.example", sinkhole_addresses=1),
        pool("parked.example", 2, parking_addresses=2),
    ]  # fmt: skip
    found = judge(engine, rows)
    ranges = next(piece for piece in PIECES if piece.name == "provider-ranges")
    assert ranges.says(found["mixed.example"]) == (
        "Of its 5 reachable addresses, 2 in listed ranges of CDNs and 3 in clouds, where anyone "
        "rents (mostly Fastly)."
    )
    because = {h.name: h.because for h in HYPOTHESES}
    said = because["sinkhole"](found["seized.example"], "holds")
    assert said == "Listed as sinkhole: 1 of its 1 address."
    said = because["parking"](found["parked.example"], "holds")
    assert said == "Listed as parking: 2 of its 2 addresses."
