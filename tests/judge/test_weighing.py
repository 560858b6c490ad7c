"""The sum of evidence: dependence, order, engines, and any profile whatever."""

import pyarrow as pa
import pytest
from tests.judge.profiles import judge, pool, profile, random_company, random_profiles

from unflux.engine.connection import Engine, open_engine
from unflux.judge import name_server_plane
from unflux.judge.bounds import PRIOR
from unflux.judge.innocent import HYPOTHESES
from unflux.judge.piece import DEPENDENT_SHARE
from unflux.judge.weighing import PIECES


def test_the_strongest_of_a_group_counts_in_full(engine: Engine) -> None:
    rows = [
        # answer-width 4.0 beside pool-width 0.64; and the other way round, 3.93 beside 4.0.
        pool("answer leads", 8, asns=5, host_asns_max=5),
        pool("pool leads", 9, set_slash16_max=5),
        # Both 4.0: the first of the two that are written down.
        pool("a tie", 9),
        pool("alone", 9, unmapped_addresses=9, lookups=0),
    ]
    found = judge(engine, rows)
    assert {d: (row["llr_answer-width"], row["llr_pool-width"]) for d, row in found.items()} == {
        "answer leads": (4.0, pytest.approx(0.64 * DEPENDENT_SHARE)),
        "pool leads": (pytest.approx(3.93 * DEPENDENT_SHARE), 4.0),
        "a tie": (4.0, 4.0 * DEPENDENT_SHARE),
        "alone": (None, None),
    }
    assert found["alone"]["llr_pool-prefixes"] == 1.355


def test_strength_is_without_sign(engine: Engine) -> None:
    row = judge(
        engine, [pool("narrow", 5, host_asns_max=1, set_slash16_max=3, lookups=9, span_s=3600)]
    )["narrow"]
    assert row["llr_pool-width"] == -3.178
    assert row["llr_answer-width"] == pytest.approx(1.28 * DEPENDENT_SHARE)


def test_a_zero_ratio_is_tested_and_a_null_one_is_not(engine: Engine) -> None:
    servers = {"ns_hosts": 1, "ns_addresses": 1, "ns_slash16": 1, "ns_host_addresses_max": 1,
               "ns_host_slash16_max": 1, "ns_served_max": 1}  # fmt: skip
    found = judge(engine, [profile("tested", **servers), profile("untested")])
    assert found["tested"]["llr_both-planes"] == 0.0
    assert found["untested"]["llr_both-planes"] is None


def test_the_sum_is_of_the_prior_the_pieces_and_the_explanations(engine: Engine) -> None:
    rows = random_profiles(300, seed=1)
    rows[0]["domain"] = "ntp.org"
    found = judge(engine, rows, company=random_company(rows, seed=2))
    assert len(found) == len(rows)
    for row in found.values():
        names = [piece.name for piece in PIECES] + [f"alt_{h.name}" for h in HYPOTHESES]
        total = (
            PRIOR
            + row["llr_listed"]
            + row["llr_planes"]
            + sum(row[f"llr_{name}"] or 0.0 for name in names)
        )
        assert row["llr"] == pytest.approx(total, abs=1e-6)
    assert found["ntp.org"]["llr_listed"] < 0.0


def test_a_still_front_does_not_speak_for_servers_that_move(engine: Engine) -> None:
    servers = {"ns_hosts": 2, "ns_addresses": 40, "ns_slash16": 40, "ns_asns": 30,
               "ns_host_addresses_max": 20, "ns_host_slash16_max": 20, "ns_served_max": 9,
               "ns_late_slash16": 0}  # fmt: skip
    still = {"lookups": 9, "span_s": 86_400, "ttl_max_s": 3600}
    found = judge(engine, [
        profile("moving", **servers, **still, ns_host_late_slash16_max=8),
        profile("moved a little", **servers, **still, ns_host_late_slash16_max=5),
    ])  # fmt: skip
    moving = found["moving"]
    plane = sum(moving[f"llr_{piece.name}"] or 0.0 for piece in name_server_plane.PIECES)
    assert moving["llr"] == pytest.approx(PRIOR + plane, abs=1e-4)
    assert moving["verdict"] == "fast-flux"
    assert found["moved a little"]["llr_planes"] == 0.0
    assert found["moved a little"]["verdict"] == "benign"


def test_any_profile_is_weighed_alike_on_every_engine(every_engine: Engine) -> None:
    rows = random_profiles(400, seed=3)
    company = random_company(rows, seed=4)
    aliases = [
        {"domain": rows[n]["domain"], "target": rows[n * 2]["domain"], "count": n % 3}
        for n in range(1, 200)
    ] + [{"domain": rows[7]["domain"], "target": rows[n]["domain"], "count": 1} for n in (9, 8)]
    here = judge(every_engine, rows, company=company, aliases=aliases)
    with open_engine("duckdb", workers=1) as other:
        there = judge(other, rows, company=company, aliases=aliases)
    assert here == there


def test_row_order_does_not_matter(every_engine: Engine) -> None:
    rows = random_profiles(60, seed=5)
    assert judge(every_engine, rows) == judge(every_engine, rows[::-1])


def test_nothing_to_weigh(every_engine: Engine) -> None:
    assert judge(every_engine, []) == {}
    assert pa.Table.from_pylist([]).num_rows == 0
