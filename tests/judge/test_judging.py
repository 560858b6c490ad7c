"""Verdicts: the bounds, what aliases share, the kind, the words."""

import math
import re
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from tests.judge.profiles import (
    DAY_S,
    HOUR_S,
    NOON,
    judge,
    pool,
    profile,
    random_company,
    random_profiles,
)

from unflux.engine.connection import Engine
from unflux.judge.bounds import CONVICTION, PRIOR
from unflux.judge.innocent import HYPOTHESES
from unflux.judge.judging import compose_verdict, decide, flux_kind, follow_aliases
from unflux.model.odds import probability
from unflux.model.verdicts import Verdict

FLUX = pool("", 9, span_s=HOUR_S, lookups=9, newcomers=9, newcomer_asns=9, newcomer_slash16=9)
ROTATING = {"ns_hosts": 2, "ns_addresses": 9, "ns_slash16": 9, "ns_asns": 9, "ns_served_max": 1,
            "ns_host_addresses_max": 9, "ns_host_slash16_max": 9,
            "ns_host_late_slash16_max": 9}  # fmt: skip
NOWHERE = profile("", addresses=0, slash16=0, slash24=0, asns=None, host_asns_max=None, hosts=0,
                  host_addresses_max=0, host_slash16_max=0, mixing=None, lookups=0, span_s=None,
                  set_addresses_max=0, set_slash16_max=0, first_at=None, last_at=None)  # fmt: skip
ONE_SENTENCE = re.compile(r"[A-Z0-9][^\n]*[^.]\.")


def compose(row: dict[str, Any]) -> Verdict:
    return compose_verdict(row, network=None, network_kind=None)


def decided(engine: Engine, llr: float) -> str:
    rows = engine.table("j_llr", pa.table({"llr": [llr]}))
    return str(engine.fetch(decide(rows))["verdict"][0])


def test_the_bounds_decide_and_between_them_nothing_does(every_engine: Engine) -> None:
    step = 1e-6
    found = [decided(every_engine, llr) for llr in (
        CONVICTION + 9, CONVICTION, CONVICTION - step, 0.0, step - CONVICTION, -CONVICTION, -99.0,
    )]  # fmt: skip
    assert found == ["fast-flux"] * 2 + ["undecided"] * 3 + ["benign"] * 2


def test_a_verdict_of_any_profile_is_whole(engine: Engine) -> None:
    rows = random_profiles(600, seed=6)
    rows[0]["domain"], rows[1]["domain"] = "ntp.org", "sipa.be"
    targets = [row["domain"] for row in rows[:300]]
    aliases = [
        {"domain": row["domain"], "target": target, "count": 1}
        for row, target in zip(rows[200:500], targets, strict=True)
    ]
    found = judge(engine, rows, company=random_company(rows, seed=7), aliases=aliases)
    outcomes = set()
    for row in found.values():
        verdict = compose(row)
        outcomes.add(verdict.verdict)
        assert sum(e.llr for e in verdict.evidence) == pytest.approx(row["llr"], abs=1e-6)
        assert verdict.score == pytest.approx(probability(row["llr"]), abs=1e-6)
        assert len({e.name for e in verdict.evidence}) == len(verdict.evidence)
        assert verdict.evidence[0].name == "prior"
        for piece in verdict.evidence:
            assert ONE_SENTENCE.fullmatch(piece.says) and ". " not in piece.says, piece
            assert piece.source and not math.isnan(piece.llr)
        assert [a.hypothesis for a in verdict.alternatives] == [h.name for h in HYPOTHESES]
        for alternative in verdict.alternatives:
            assert ONE_SENTENCE.fullmatch(alternative.because), alternative
            assert ". " not in alternative.because, alternative
        assert (verdict.missing is not None) == (verdict.verdict == "undecided")
        assert verdict.missing is None or ONE_SENTENCE.fullmatch(verdict.missing)
    assert outcomes == {"fast-flux", "benign", "undecided"}


def test_networks_and_names_without_address_have_words_too(engine: Engine) -> None:
    rows = random_profiles(200, seed=8)
    members = [{"domain": row["domain"], "members": n} for n, row in enumerate(rows)]
    found = judge(engine, [*rows, NOWHERE | {"domain": "nowhere"}], members=members)
    for row in found.values():
        assert flux_kind(row) in {"single-flux", "double-flux", "ns-flux", "slow-flux"}
        assert sum(e.llr for e in compose(row).evidence) == pytest.approx(row["llr"], abs=1e-6)
    verdict = compose(found["nowhere"])
    assert (verdict.verdict, verdict.kind) == ("benign", "no-address")
    assert {a.because for a in verdict.alternatives} == {"No address of its own was seen."}


def test_an_alias_shares_the_verdict_of_a_convicted_target(engine: Engine) -> None:
    rows = [
        FLUX | {"domain": "flux"},
        profile("site"),
        *(NOWHERE | {"domain": d} for d in ("to flux", "to site", "mostly to flux", "to nobody")),
        profile("has its own"),
    ]
    aliases = [
        ("to flux", "flux", 1), ("to site", "site", 5), ("mostly to flux", "site", 2),
        ("mostly to flux", "flux", 3), ("has its own", "flux", 1), ("to nobody", "gone", 1),
    ]  # fmt: skip
    found = judge(
        engine,
        rows,
        aliases=[{"domain": d, "target": t, "count": c} for d, t, c in aliases],
    )
    assert found["flux"]["verdict"] == "fast-flux"
    assert found["to flux"]["verdict"] == found["mostly to flux"]["verdict"] == "fast-flux"
    assert found["to site"]["verdict"] == found["to nobody"]["verdict"] == "benign"
    assert compose(found["to site"]).kind == "alias"
    own = compose(found["has its own"])
    assert {e.name: e.llr for e in own.evidence}["alias"] > 0
    assert sum(e.llr for e in own.evidence) == pytest.approx(found["has its own"]["llr"], abs=1e-6)


def test_a_tie_of_aliases_goes_to_the_first_name(engine: Engine) -> None:
    aliases = [{"domain": "led", "target": target, "count": 4} for target in ("zeta", "beta")]
    found = judge(engine, [NOWHERE | {"domain": "led"}], aliases=aliases)
    assert found["led"]["alias_target"] == "beta"


def test_what_an_alias_adds_is_bounded(every_engine: Engine) -> None:
    weighed = every_engine.table(
        "j_weighed",
        pa.table({"domain": ["led", "flux"], "llr": [PRIOR, 50.0], "query_domains": [0, 1]}),
    )
    aliases = every_engine.table(
        "j_led", pa.table({"domain": ["led"], "target": ["flux"], "count": [1]})
    )
    rows = {
        r["domain"]: r
        for r in every_engine.fetch(follow_aliases(weighed, aliases, 9.0)).to_pylist()
    }
    assert (rows["led"]["llr_alias"], rows["led"]["llr"]) == (9.0, PRIOR + 9.0)
    assert rows["flux"]["llr_alias"] is None


def test_kinds_of_flux(engine: Engine) -> None:
    slow = pool("", 6, set_addresses_max=1, span_s=3 * DAY_S, lookups=99, newcomers=5,
                newcomer_asns=5, newcomers_per_hour=0.08)  # fmt: skip
    rows = {
        "single-flux": FLUX,
        "double-flux": FLUX | ROTATING,
        "ns-flux": profile("", **ROTATING),
        "slow-flux": slow,
    }
    found = judge(engine, [row | {"domain": kind} for kind, row in rows.items()])
    assert {kind: flux_kind(row) for kind, row in found.items()} == {kind: kind for kind in rows}


def test_kinds_of_innocence(engine: Engine) -> None:
    looked = {"lookups": 9, "span_s": 1800}
    rows = {
        "static": profile(""),
        "parking": profile("", tenants_min=50),
        "cdn": pool("", 8, asns=1, host_asns_max=1, **looked),
        "round-robin": pool("", 4, asns=1, host_asns_max=1, span_s=HOUR_S, lookups=9),
        "no-address": NOWHERE,
        "pool": pool("", 4, asns=1, host_asns_max=1, pool_names=1, **looked),
        "peer-seed": pool("", 4, asns=1, host_asns_max=1, seed_names=1, **looked),
        "dynamic-dns": pool("", 4, asns=1, host_asns_max=1, set_addresses_max=1, newcomers=3,
                            span_s=9 * DAY_S, lookups=9, newcomer_asns=0),
        "multi-provider": pool("", 4, hosts=4, host_asns_max=1, host_addresses_max=1,
                               set_slash16_max=1, set_addresses_max=1),
    }  # fmt: skip
    found = judge(engine, [row | {"domain": kind} for kind, row in rows.items()])
    assert {k: compose(row).verdict for k, row in found.items()} == dict.fromkeys(rows, "benign")
    assert {k: compose(row).kind for k, row in found.items()} == {k: k for k in rows}


def test_the_first_and_last_sight_are_of_names_and_addresses_both(engine: Engine) -> None:
    later = NOON + timedelta(hours=1)
    rows = [
        profile("led to before asked", asked_first_at=later, asked_last_at=later),
        profile("timeless", asked_first_at=None, asked_last_at=None, first_at=None, last_at=None),
    ]
    found = judge(engine, rows)
    verdict = compose(found["led to before asked"])
    assert (verdict.first_seen, verdict.last_seen) == (NOON, later)
    verdict = compose(found["timeless"])
    assert verdict.first_seen is verdict.last_seen is None


def test_what_is_missing_is_what_would_decide(engine: Engine) -> None:
    watched: dict[str, Any] = {"span_s": HOUR_S, "lookups": 9}
    rows = {
        "records with times": pool("", 6, span_s=None),
        "lookups over at least an hour": pool("", 6, span_s=60),
        "the ASNs": pool("", 6, **watched, asns=None),
        "its NS records with glue": pool("", 6, **watched),
        "other domains": pool("", 6, **watched, newcomers=1, **ROTATING),
    }
    found = judge(engine, [row | {"domain": wanted} for wanted, row in rows.items()])
    assert found.keys() == rows.keys()
    for wanted, row in found.items():
        verdict = compose(row | {"verdict": "undecided"})
        assert verdict.missing is not None and wanted in verdict.missing


def test_a_network_names_the_kind_of_its_members(engine: Engine) -> None:
    row = judge(engine, [FLUX | {"domain": "d"}])["d"]
    verdict = compose_verdict(row, network="ffn-1", network_kind="double-flux")
    assert (verdict.kind, verdict.network) == ("double-flux", "ffn-1")
