"""Evidence from time: when each piece speaks, which way, and when it is silent."""

from typing import Any

import pytest
from tests.judge.profiles import DAY_S, HOUR_S, judge, pool, profile

from unflux.engine.connection import Engine

Found = dict[str, dict[str, Any]]


def moving(span_s: int, places: int, **changes: Any) -> dict[str, Any]:
    return pool("", 6, lookups=9) | {
        "span_s": span_s, "newcomers": max(places, 1), "newcomer_asns": places,
        "newcomer_slash16": places,
    } | changes  # fmt: skip


def slow(span_s: int, asns: int, **changes: Any) -> dict[str, Any]:
    return moving(span_s, asns, set_addresses_max=1, newcomers=5, **{"host_asns_max": 3} | changes)


def scattered(span_s: int, newcomers: int, **changes: Any) -> dict[str, Any]:
    """Return the profile of strangers in one ASN, hardly two in a /24."""
    return pool("", 60, lookups=90, span_s=span_s) | {
        "asns": 1, "host_asns_max": 1, "newcomers": newcomers, "newcomer_asns": 0,
        "newcomer_slash16": 9,
    } | changes  # fmt: skip


def turning(changes: int, **others: Any) -> dict[str, Any]:
    """One of twelve addresses of a rack at a time, looked at hourly for five days."""
    return slow(5 * DAY_S, 0) | {
        "addresses": 12, "slash24": 1, "slash16": 1, "asns": 1, "host_addresses_max": 12,
        "host_asns_max": 1,
        "succession_steps": 120, "succession_changes": changes, "succession_addresses": 12,
        "succession_draw_ratio": 0.9, "succession_s": 5 * DAY_S,
    } | others  # fmt: skip


CASES: dict[str, tuple[str, float | None, dict[str, Any]]] = {
    "eight new ASNs in an hour": ("strangers", 5.0, moving(HOUR_S, 8)),
    "eight new ASNs in four days": ("strangers", 2.5, moving(4 * DAY_S, 8)),
    "two new ASNs in a day": ("strangers", 1.5, moving(DAY_S, 2)),
    "nine new ASNs in ten days": ("strangers", 4.0, moving(10 * DAY_S, 9)),
    "eight new ASNs in a month": ("strangers", -1.0, moving(30 * DAY_S, 8)),
    "new machines in known ASNs": ("strangers", -1.0, moving(HOUR_S, 0)),
    "strangers of unmapped places": ("strangers", 4.0, moving(HOUR_S, 5, unmapped_addresses=4,
                                     newcomer_asns=0)),
    "one at a time is not its case": ("strangers", None, slow(DAY_S, 8)),
    "one moment": ("strangers", None, moving(0, 8)),
    "no times": ("strangers", None, moving(0, 8) | {"span_s": None}),
    "a closed hour": ("settled", -1.5, profile("", lookups=3, span_s=HOUR_S)),
    "a closed day": ("settled", -4.0, profile("", lookups=3, span_s=DAY_S)),
    "a closed quarter": ("settled", -0.5, profile("", lookups=3, span_s=900)),
    "too short": ("settled", None, profile("", lookups=3, span_s=899)),
    "too few lookups": ("settled", None, profile("", lookups=2, span_s=DAY_S)),
    "not closed": ("settled", None, moving(DAY_S, 1)),
    "six ASNs in turn": ("slow-rotation", 7.5, slow(3 * DAY_S, 6)),
    "six ASNs in two years": ("slow-rotation", -3.0, slow(730 * DAY_S, 6)),
    "dynamic DNS": ("slow-rotation", -3.0, slow(3 * DAY_S, 0)),
    "several at a time": ("slow-rotation", None, moving(DAY_S, 6)),
    "each name its own": ("slow-rotation", None, slow(DAY_S, 6, host_addresses_max=3)),
    "two moves": ("slow-rotation", None, slow(DAY_S, 2) | {"newcomers": 2}),
    "seven ASNs in the first minutes": ("slow-rotation", 5.0, slow(300, 0, host_asns_max=7)
                                        | {"newcomers": 0}),
    "doors to one pool in the first minutes": ("slow-rotation", 7.5, slow(300, 0, host_asns_max=1,
                                               mixing=1.5) | {"newcomers": 0, "asns": 9}),
    "many names, one at a time": ("slow-rotation", 7.5, slow(DAY_S, 6, host_addresses_max=3,
                                  mixing=1.5)),
    "lines of one provider": ("strangers", 5.0, scattered(DAY_S, 60)),
    "lines of one provider, slowly": ("strangers", 1.5, scattered(4 * DAY_S, 60)),
    "a cloud that scales": ("strangers", -1.0, scattered(10 * DAY_S, 60)),
    "racks of one provider": ("strangers", -1.0, scattered(DAY_S, 60, slash24=30)),
    "customers of a zone": ("strangers", -1.0, scattered(DAY_S, 60, hosts=6, mixing=1.1)),
    "doors to one pool": ("strangers", 5.0, scattered(DAY_S, 60, hosts=6, mixing=1.5)),
    "rented in a cloud": ("strangers", -1.0, scattered(DAY_S, 60, cloud_addresses=30)),
    "a few /16 of one provider": ("strangers", -1.0, scattered(DAY_S, 60, slash16=5)),
    "lines of twelve": ("strangers", -1.0, scattered(DAY_S, 60, asns=12)),
    "one line after the other": ("strangers", 3.0, scattered(DAY_S, 30, set_addresses_max=1)),
    "no ASN known": ("slow-rotation", None, slow(DAY_S, 6) | {"unmapped_addresses": 6,
                     "asns": None, "newcomer_asns": None}),
    "a set that fills up": ("growth", -3.0, moving(DAY_S, 8, newcomers=20, late_newcomers=2)),
    "a set that filled up half": ("growth", -0.3533, moving(DAY_S, 8, newcomers=9,
                                  late_newcomers=3)),
    "an even stream": ("growth", 0.5, moving(DAY_S, 8, newcomers=20, late_newcomers=10)),
    "five newcomers": ("growth", None, moving(DAY_S, 5, newcomers=5)),
    "a turning rack fills up": ("growth", None, turning(40, newcomers=11)),
    "a rack that turns": ("succession", 10.0, turning(40)),
    "a turning rack at any TTL": ("ttl", 0.3, turning(40, ttl_max_s=1800)),
    "a turning rack at a long TTL": ("ttl", 0.0, turning(40, ttl_max_s=3600)),
    "a turning rack is narrow by nature": ("answer-width", None, turning(40)),
    "a line redialled daily": ("succession", -3.0, turning(4)),
    "a draw at every look": ("succession", 0.0, turning(108)),
    "half a day of a rack": ("succession", None, turning(40, succession_s=DAY_S // 2)),
    "a rack's several at a time": ("succession", None, turning(40, set_addresses_max=2)),
    "failover": ("succession", None, turning(40, succession_addresses=3)),
    "turning through many racks": ("succession", None, turning(40, slash24=6)),
    "a turning rack has no ASN to bring": ("slow-rotation", None, turning(40)),
    "a turning rack is not asked for width": ("pool-width", None, turning(40)),
    "a drawing rack is": ("pool-width", -3.178, turning(108)),
    "few ASNs known": ("slow-rotation", None, slow(DAY_S, 0, unmapped_addresses=5)),
}  # fmt: skip


@pytest.fixture(scope="module")
def found(engine: Engine) -> Found:
    return judge(engine, [row | {"domain": case} for case, (_, _, row) in CASES.items()])


@pytest.mark.parametrize("case", CASES)
def test_piece(found: Found, case: str) -> None:
    piece, ratio, _ = CASES[case]
    assert found[case][f"llr_{piece}"] == ratio
