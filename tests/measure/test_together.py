"""Groups of domains measured as one domain each."""

import random
from typing import Any

import pyarrow as pa
import pytest
from tests.measure import reference
from tests.measure.internet_of_rows import (
    DOMAINS,
    PROVIDER,
    answer,
    by_domain,
    differences,
    glue,
    name_server,
    open_records,
    random_internet,
    roll,
    seeds,
)

from unflux.engine.connection import Engine
from unflux.measure.profile import measure_profiles
from unflux.measure.records import observe
from unflux.measure.together import as_groups


def measured(
    engine: Engine, responses: Any, routes: Any, group_of: dict[str, str]
) -> dict[str, dict[str, Any]]:
    records = open_records(engine, roll(responses), routes)
    members = engine.table(
        "t_members", pa.table({"domain": list(group_of), "network": list(group_of.values())})
    )
    grouped, observed = as_groups(records, observe(records), members)
    found = by_domain(engine, measure_profiles(grouped, observed))
    return {domain: row for domain, row in found.items() if domain in group_of.values()}


@pytest.mark.slow
def test_a_group_is_measured_as_if_its_domains_were_one(engine: Engine) -> None:
    for seed in seeds(engine, many=3):
        responses, routes = random_internet(seed + 20)
        random_ = random.Random(seed)
        group_of = {
            domain: random_.choice(["ffn-one", "ffn-two"])
            for domain in random_.sample([*DOMAINS, PROVIDER], 4)
        }
        expected = reference.profiles(reference.World(responses, routes, group_of))
        for row in expected.values():  # 0 where a profile has no null
            row |= {
                k: 0 for k in ("slash24", "slash16", "host_slash16_max") if row.get(k, 1) is None
            }
        assert differences(measured(engine, responses, routes, group_of), expected) == [], seed


@pytest.mark.slow
def test_a_server_outside_the_group_still_serves_it(engine: Engine) -> None:
    responses = [
        answer("a.example", ["20.0.0.1"], 0, name_server("a.example", "ns.server.net")),
        answer("b.example", ["20.0.0.1"], 0, glue("ns.server.net", "30.0.0.1")),
        answer("ns.server.net", ["31.0.0.1"], 60),
    ]
    group_of = {"a.example": "ffn-one", "b.example": "ffn-one"}
    row = measured(engine, responses, {}, group_of)["ffn-one"]
    assert (row["ns_hosts"], row["ns_addresses"]) == (1, 2)
    assert (row["addresses"], row["hosts"], row["mixing"]) == (1, 2, 2.0)
    assert row["names"] == 2
