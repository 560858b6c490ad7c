"""Opinions of shorter and whole runs beside the labels."""

import numpy as np
import pyarrow as pa

from unflux.evaluate.judged import OPINIONS, Run, judged_rows
from unflux.evaluate.prefixes import Seen
from unflux.model.evaluation import JUDGED, LABELS

LABELLED = pa.Table.from_pylist(
    [
        {"domain": name, "label": "fastflux", "kind": None, "family": None, "source": None}
        for name in ("early", "late", "untimed", "unanswered", "unsaid")
    ],
    LABELS.schema,
)
S = 1_000_000


def run(flagged: set[str], last_s: float, lookups: int) -> Run:
    nan = np.nan
    opinions = [
        {"detector": detector, "domain": name, "outcome": outcome, "score": score}
        for detector, score in (("d", 0.5), ("rule", None))
        for name in ("early", "late", "untimed", "unanswered")
        for outcome in ("fast-flux" if name in flagged and detector == "d" else "benign",)
    ]
    return Run(
        seen=Seen(
            has_answer=np.array([True, True, True, False, True]),
            addresses=np.array([8, 1, 2, 0, 3]),
            lookups=np.array([lookups] * 4 + [0]),
            ttl_s=np.array([60.0, nan, nan, nan, nan]),
            first_us=np.array([1.0 * S, 1.0 * S, nan, 1.0 * S, 1.0 * S]),
            last_us=np.array([last_s * S, last_s * S, nan, last_s * S, last_s * S]),
        ),
        opinions=pa.Table.from_pylist(opinions, OPINIONS),
    )


def test_the_first_run_that_flags_is_the_decision() -> None:
    rows = judged_rows(
        LABELLED,
        run({"late", "untimed"}, 101, 40),
        [run(set(), 1, 1), run({"early"}, 11, 5), run({"early", "late"}, 31, 9)],
    )
    assert rows.schema.equals(JUDGED.schema)
    told = {r["domain"]: r for r in rows.to_pylist() if r["detector"] == "d"}
    assert list(told) == ["early", "late", "untimed", "unsaid"]  # no answer, no row
    early, late, untimed, unsaid = told.values()
    assert (early["outcome"], early["was_flagged"]) == ("benign", True)  # withdrawn, yet told
    assert (early["decided_lookups"], early["decided_s"]) == (5, 10.0)
    assert (late["decided_lookups"], late["decided_s"], late["ttl_s"]) == (9, 30.0, None)
    assert (untimed["outcome"], untimed["was_flagged"], untimed["decided_s"]) == (
        "fast-flux", None, None,
    )  # fmt: skip
    assert (unsaid["outcome"], unsaid["score"], unsaid["was_flagged"]) == (None, None, False)
    assert (early["ttl_s"], early["addresses"], early["score"]) == (60, 8, 0.5)
    assert (early["lookups"], unsaid["lookups"]) == (40, None)
    assert {r["was_flagged"] for r in rows.to_pylist() if r["detector"] == "rule"} == {False, None}


def test_without_shorter_runs_nothing_is_said_of_time() -> None:
    rows = judged_rows(LABELLED, run({"early"}, 101, 40), []).to_pylist()
    assert {r["was_flagged"] for r in rows} == {None}
    assert {r["decided_s"] for r in rows} == {None}
