"""Counts by label, kind, family and source; a family is one case."""

from typing import Any

import pyarrow as pa
import pytest
from tests.evaluate.judged_sample import judged, row

from unflux.evaluate.scoring import compose_evaluation
from unflux.model.evaluation import DetectorScore, Group


def score(*rows: dict[str, Any]) -> DetectorScore:
    evaluation = compose_evaluation(judged(*rows), labelled=99, drops={}, prior=0.01)
    (only,) = evaluation.detectors
    return only


def group(found: DetectorScore, by: str, name: str) -> Group:
    (only,) = (g for g in found.groups if (g.by, g.name) == (by, name))
    return only


ROWS = (
    row("a1", "fast-flux", family="A", kind="wide", source="s1"),
    row("a2", "fast-flux", family="A", kind="wide", source="s1", addresses=4),
    row("a3", "undecided", family="A", kind="slow", source="s1", addresses=1),
    row("b1", "benign", family="B", kind="slow", source="s2", addresses=1),
    row("c1", "fast-flux"),
    row("m1", "fast-flux", label="malicious", source="s1"),
    row("i1", "benign", label="benign", source="s1", kind="static"),
    row("i2", "fast-flux", label="pool", source="s2", kind="ntp"),
    row("i3", None, label="cdn", source="s2"),
    row("u1", "fast-flux", label="unknown"),
)


def test_recall_and_false_positives() -> None:
    found = score(*ROWS)
    recall, innocent = found.recall, found.innocent
    assert (recall.flagged.count, recall.flagged.of) == (3, 5)
    assert (recall.narrow.count, recall.narrow.of) == (1, 3)
    assert (recall.undecided, recall.silent, recall.was_flagged) == (1, 0, None)
    assert (recall.families.count, recall.families.of) == (2, 3)  # A and the lone c1, not B
    assert (recall.whole_families.count, recall.whole_families.of) == (1, 3)
    assert found.mean_family_recall == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert (innocent.label, innocent.flagged.count, innocent.flagged.of) == ("innocent", 1, 3)
    assert innocent.silent == 1
    assert [p.base_rate for p in found.precision] == [1e-3, 1e-6]
    assert found.precision[0].value == pytest.approx(0.6e-3 / (0.6e-3 + 0.999 / 3))
    assert found.calibration is None
    assert found.decision_times == ()


def test_groups() -> None:
    found = score(*ROWS)
    by_label = {g.name: (g.flagged.count, g.flagged.of) for g in found.groups if g.by == "label"}
    assert by_label == {"benign": (0, 1), "cdn": (0, 1), "fastflux": (3, 5), "malicious": (1, 1),
                        "pool": (1, 1), "unknown": (1, 1)}  # fmt: skip
    assert group(found, "family", "A").flagged.ratio == pytest.approx(2 / 3)
    assert group(found, "kind", "slow").flagged.count == 0
    assert group(found, "kind", "ntp").label == "pool"
    by_source = {(g.label, g.name): g.flagged.of for g in found.groups if g.by == "source"}
    assert by_source == {
        ("benign", "s1"): 1, ("cdn", "s2"): 1, ("fastflux", "s1"): 3, ("fastflux", "s2"): 1,
        ("malicious", "s1"): 1, ("pool", "s2"): 1,
    }  # fmt: skip


def test_detectors_keep_their_order_and_the_untimed_are_told() -> None:
    table = judged(
        row("x", "benign", detector="ours", was_flagged=False),
        row("y", "benign", detector="ours"),
        row("x", "fast-flux", detector="a rule", was_flagged=True),
        row("y", "fast-flux", detector="a rule"),
    )
    found = compose_evaluation(table, labelled=3, drops={"b": 1, "a": 2}, prior=0.01)
    assert [d.detector for d in found.detectors] == ["ours", "a rule"]
    assert (found.labelled, found.scored, found.untimed) == (3, 2, 1)
    assert list(found.drops) == ["a", "b"]
    # y carries no time: what is said at last is all that could be said of it.
    assert [d.recall.was_flagged for d in found.detectors] == [0, 2]
    # Of two record sets each keeps its rows.
    twice = compose_evaluation(pa.concat_tables([table, table]), labelled=6, drops={}, prior=0.01)
    assert twice.scored == 4


def test_unknown_labels_calibrate_nothing() -> None:
    found = score(
        row("a", "fast-flux", score=0.99), row("b", "fast-flux", score=0.99, label="unknown")
    )
    assert found.calibration is not None
    assert sum(b.flux.of for b in found.calibration.bins) == 1
