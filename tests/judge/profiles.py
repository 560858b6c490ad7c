"""Profiles written by hand or at random, and what the judge makes of them."""

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa

from unflux.engine.connection import Engine
from unflux.judge.company import with_company, without_company
from unflux.judge.judging import decide, follow_aliases
from unflux.judge.weighing import weigh
from unflux.model.columns import COUNT, FLAG, MOMENT, PROFILE, RATIO, TEXT

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR_S = 3_600
DAY_S = 86_400

COMPANY = pa.schema(
    [
        ("domain", TEXT), ("network", TEXT), ("network_llr", RATIO), ("network_members", COUNT),
        ("pool_addresses", COUNT),
    ]
)  # fmt: skip
MEMBERS = pa.schema([("domain", TEXT), ("members", COUNT)])
ALIASES = pa.schema([("domain", TEXT), ("target", TEXT), ("count", COUNT)])

SINGLE_SITE: Mapping[str, Any] = {
    "names": 1, "responses": 1, "lookups": 1, "queries": 1, "query_domains": 1,
    "asked_first_at": NOON, "asked_last_at": NOON, "first_at": NOON, "last_at": NOON,
    "buckets": 1, "addresses": 1, "slash24": 1, "slash16": 1, "asns": 1, "countries": 1,
    "hosts": 1, "host_addresses_max": 1, "host_slash16_max": 1, "host_asns_max": 1, "mixing": 1.0,
    "span_s": 0, "newcomer_asns": 0, "newcomer_slash16": 0, "answer_sets": 1,
    "set_addresses_max": 1, "set_slash24_max": 1, "set_slash16_max": 1, "set_slash16_mean": 1.0,
    "tenants_min": 1, "tenants_max": 1, "tenants_mean": 1.0,
}  # fmt: skip
"""A name asked once that has one address; what is not here is 0 where it must be, else null."""


WIDTHS = (
    "addresses", "slash24", "slash16", "asns", "host_addresses_max", "host_slash16_max",
    "host_asns_max", "set_addresses_max", "set_slash24_max", "set_slash16_max",
)  # fmt: skip


def profile(domain: str, **changes: Any) -> dict[str, Any]:
    """Return the profile of a single site with some changes; newcomers come evenly."""
    row = {c.name: None if c.nullable else 0 for c in PROFILE.columns}
    even = {"late_newcomers": changes.get("newcomers", 0) // 2}
    return row | dict(SINGLE_SITE) | even | changes | {"domain": domain}


def pool(domain: str, size: int, **changes: Any) -> dict[str, Any]:
    """Return the profile of one name whose one answer holds ``size`` addresses everywhere."""
    wide = dict.fromkeys(WIDTHS, size)
    return profile(domain, **(wide | changes))


def judge(
    engine: Engine,
    rows: Sequence[Mapping[str, Any]],
    *,
    company: Iterable[Mapping[str, Any]] | None = None,
    members: Iterable[Mapping[str, Any]] | None = None,
    aliases: Iterable[Mapping[str, Any]] = (),
) -> dict[str, dict[str, Any]]:
    """Weigh and decide profiles; rows by domain, with everything that a verdict is written of."""
    profiles = engine.table("j_profiles", pa.Table.from_pylist(list(rows), schema=PROFILE.schema))
    if company is not None:
        known = pa.Table.from_pylist(list(company), schema=COMPANY)
        profiles = with_company(profiles, engine.table("j_company", known))
    elif members is not None:
        sizes = pa.Table.from_pylist(list(members), schema=MEMBERS)
        profiles = without_company(profiles, members=engine.table("j_members", sizes))
    else:
        profiles = without_company(profiles)
    led = pa.Table.from_pylist(list(aliases), schema=ALIASES)
    followed = follow_aliases(weigh(profiles), engine.table("j_aliases", led), 9.0)
    found = engine.fetch(decide(followed).order_by(ibis.asc("domain"))).to_pylist()
    return {row["domain"]: row for row in found}


def random_profiles(count: int, seed: int) -> list[dict[str, Any]]:
    """Return profiles with every column at random, null where it may be."""
    random_ = random.Random(seed)
    return [_random_profile(random_, f"d{number}.example") for number in range(count)]


def random_company(rows: Sequence[Mapping[str, Any]], seed: int) -> list[dict[str, Any]]:
    """Return company for some of the profiles."""
    random_ = random.Random(seed)
    return [
        {
            "domain": row["domain"],
            "network": "ffn-0123456789",
            "network_llr": random_.choice([-9.0, 0.5, 2.944439, 7.25, 40.0]),
            "network_members": random_.randrange(2, 99),
            "pool_addresses": random_.randrange(9),
        }
        for row in rows
        if random_.random() < 0.5
    ]


def _random_profile(random_: random.Random, domain: str) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column in PROFILE.columns:
        is_null = column.nullable and random_.random() < 0.3
        row[column.name] = None if is_null else _random_value(random_, column.type)
    row["domain"] = domain
    # What cannot be: a part known where the whole is not.
    if row["ns_hosts"] is None:
        row["ns_addresses"] = row["ns_served_max"] = None
    servers = ("ns_slash16", "ns_asns", "ns_host_addresses_max", "ns_host_slash16_max")
    for name in servers:
        if row["ns_addresses"] is None:
            row[name] = row["ns_host_late_slash16_max"] = row["ns_late_slash16"] = None
        elif row[name] is None and name != "ns_asns":
            row[name] = 1
    followed = [name for name in row if name.startswith("succession_")]
    if any(row[name] is None for name in followed):
        row |= dict.fromkeys(followed)
    if random_.random() < 0.1:
        row |= {"addresses": 0, "slash16": 0, "special_use_addresses": 0, "asns": None}
    return row


def _random_value(random_: random.Random, type_: pa.DataType) -> Any:
    if type_ == COUNT:
        return random_.choice([0, 1, 1, 2, 2, 3, 4, 5, 8, 12, 50, 900, 3_600, 10**6, 2**45])
    if type_ == RATIO:
        return random_.choice([0.0, 0.333333, 1.0, 1.5, 3.7, 1e6])
    if type_ == MOMENT:
        return NOON + timedelta(seconds=random_.randrange(10**6))
    if type_ == FLAG:
        return random_.random() < 0.5
    return "text"
