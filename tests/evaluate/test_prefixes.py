"""Records cut at each domain's age: what is kept, how counts shrink, which ages."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from unflux.evaluate.prefixes import (
    births,
    checkpoint_ages,
    cut,
    domains_of,
    elapsed_s,
    look_at,
    spans_of,
)
from unflux.model.columns import ANSWER_SETS, LOOKUPS, SIGHTINGS
from unflux.model.rollup import Rollup


def moment(second: int | None) -> datetime | None:
    return None if second is None else datetime.fromtimestamp(second, UTC)


def lookup(domain: str, first: int | None, last: int | None, responses: int) -> dict[str, object]:
    return {
        "bucket_at": moment(0), "query": domain, "domain": domain, "qtype": "A",
        "responses": responses, "noerror": responses, "nxdomain": 0, "servfail": 0,
        "other_rcode": 0, "answered": responses, "answers_sum": responses, "answers_max": 1,
        "first_at": moment(first), "last_at": moment(last),
    }  # fmt: skip


def sighting(
    domain: str, rdata: str, first: int | None, last: int | None, *, section: str = "ans",
    ttl_s: int | None = 60, rrtype: str = "A",
) -> dict[str, object]:  # fmt: skip
    return {
        "bucket_at": moment(0), "query": domain, "domain": domain, "qname": domain,
        "owner_domain": domain, "rrtype": rrtype, "rdata": rdata, "section": section, "count": 1,
        "first_at": moment(first), "last_at": moment(last), "ttl_min_s": ttl_s, "ttl_max_s": ttl_s,
        "slash24": None, "slash16": None, "is_special_use": None,
    }  # fmt: skip


ROLLUP = Rollup(
    sightings=pa.Table.from_pylist(
        [
            sighting("a", "192.0.2.1", 100, 200),
            sighting("a", "192.0.2.2", 150, 150, ttl_s=90),
            sighting("a", "192.0.2.2", 160, 160),
            sighting("a", "192.0.2.9", 100, 100, section="add"),
            sighting("b", "x", 1000, 1000, rrtype="CNAME"),
            sighting("c", "192.0.2.3", None, None, ttl_s=None),
        ],
        SIGHTINGS.schema,
    ),
    lookups=pa.Table.from_pylist(
        [
            lookup("a", 100, 200, 11),
            lookup("b", 1000, 1000, 1),
            lookup("c", None, None, 5),
            lookup("d", 0, 0, 1),
        ],
        LOOKUPS.schema,
    ),
    answer_sets=ANSWER_SETS.empty(),
)
DOMAINS = pa.array(["a", "b", "c", "d", "none"])


def test_what_is_seen_of_each_domain() -> None:
    seen = look_at(ROLLUP, DOMAINS)
    assert seen.has_answer.tolist() == [True, True, True, False, False]
    assert seen.addresses.tolist() == [2, 0, 1, 0, 0]
    assert seen.lookups.tolist() == [11, 1, 5, 1, 0]
    np.testing.assert_equal(seen.ttl_s, [90, np.nan, np.nan, np.nan, np.nan])
    np.testing.assert_equal(spans_of(seen), [100, 0, np.nan, 0, np.nan])


@pytest.mark.parametrize(
    ("age_s", "addresses", "lookups", "last_s"),
    [(0, 1, 1, 0), (49.9, 1, 5, 49.9), (50, 2, 6, 50), (100, 2, 11, 100), (1e6, 2, 11, 100)],
)
def test_each_domain_is_cut_at_its_own_age(
    age_s: float, addresses: int, lookups: int, last_s: float
) -> None:
    whole = look_at(ROLLUP, DOMAINS)
    part = look_at(cut(ROLLUP, age_s, births(whole, DOMAINS)), DOMAINS)
    assert part.addresses.tolist() == [addresses, 0, 1, 0, 0]
    assert part.lookups.tolist() == [lookups, 1, 5, 1, 0]
    assert elapsed_s(part, whole)[0] == pytest.approx(last_s)


def test_a_cut_rollup_has_the_shape_of_a_rollup() -> None:
    part = cut(ROLLUP, 10, births(look_at(ROLLUP, DOMAINS), DOMAINS))
    assert part.sightings.schema.equals(SIGHTINGS.schema)
    assert part.lookups.schema.equals(LOOKUPS.schema)
    (a, *_) = part.lookups.to_pylist()
    assert (a["responses"], a["nxdomain"], a["answers_max"]) == (2, 0, 1)
    assert a["last_at"] == moment(110)


def test_domains_without_birth_are_kept_whole() -> None:
    only_b = births(look_at(ROLLUP, pa.array(["b"])), pa.array(["b"]))
    assert cut(ROLLUP, 0, only_b).sightings.num_rows == ROLLUP.sightings.num_rows


def test_what_was_only_answered_is_cut_too() -> None:
    """As passive records have it whose entries are one record each."""
    answered = Rollup(
        sightings=ROLLUP.sightings, lookups=LOOKUPS.empty(), answer_sets=ANSWER_SETS.empty()
    )
    everyone = domains_of(answered)
    assert sorted(everyone.to_pylist()) == ["a", "b", "c"]
    assert sorted(domains_of(ROLLUP).to_pylist()) == ["a", "b", "c", "d"]
    part = look_at(cut(answered, 49, births(look_at(answered, everyone), everyone)), DOMAINS)
    assert part.addresses.tolist() == [1, 0, 1, 0, 0]
    assert part.lookups.tolist() == [0] * 5


def test_ages_are_geometric_and_end_before_the_whole() -> None:
    spans = np.array([1000.0, np.nan, 5.0])
    assert checkpoint_ages(spans, 3) == pytest.approx([0, 10, 100])
    assert checkpoint_ages(spans, 1) == [0]
    assert checkpoint_ages(spans, 0) == []
    assert checkpoint_ages(np.array([np.nan]), 3) == []
    assert checkpoint_ages(np.array([0.0]), 3) == [0]
