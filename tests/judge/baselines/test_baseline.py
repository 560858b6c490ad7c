"""What holds for every baseline."""

import pytest
from tests.judge.baselines.asked_records import SILENT, Records, answer, answer_set, inputs_of

from unflux.engine.connection import Engine
from unflux.judge.baselines import BASELINES
from unflux.judge.baselines.baseline import Baseline


@pytest.mark.parametrize("baseline", BASELINES, ids=lambda baseline: baseline.NAME)
def test_every_baseline_says_what_it_is(baseline: Baseline) -> None:
    assert baseline.DOC.summary
    assert not baseline.DOC.summary.endswith(".")
    assert baseline.DOC.references
    assert baseline.DOC.limitations
    assert all(limit.endswith(".") for limit in baseline.DOC.limitations)


def test_names_are_unique() -> None:
    assert len({baseline.NAME for baseline in BASELINES}) == len(BASELINES)


@pytest.mark.parametrize("baseline", BASELINES, ids=lambda baseline: baseline.NAME)
def test_what_is_wide_in_one_answer_is_flagged_by_all(engine: Engine, baseline: Baseline) -> None:
    wide: Records = {
        "answers": [answer((n + 1) << 24, 64500 + n) for n in range(10)],
        "answer_sets": [answer_set(addresses=10, slash16s=10)],
    }
    inputs = inputs_of(engine, {"wide.test": wide, "empty.test": {}})
    rows = engine.fetch(baseline.weigh(inputs)).to_pylist()
    assert {row["domain"]: row["flagged"] for row in rows} == {
        "wide.test": True, "empty.test": False, SILENT: False,
    }  # fmt: skip
    assert len(rows) == 3
