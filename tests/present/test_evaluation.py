"""An evaluation in words, on a terminal and as JSON."""

import json
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from unflux.model.evaluation import (
    DetectorScore,
    Evaluation,
    Group,
    GroupedBy,
    Precision,
    Quantiles,
    Share,
)
from unflux.present.evaluation_lines import render
from unflux.present.evaluation_screen import GROUP_LIMIT, print_evaluation
from unflux.present.evaluation_words import (
    count_quantiles,
    duration,
    percent,
    precision_words,
    rate_words,
    share_words,
    short_share,
    time_quantiles,
)

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "evaluation-1.schema.json"
NONE = Share(count=0, of=0, low=0.0, high=1.0)
HALF = Share(count=5, of=10, low=0.2366, high=0.7634)


def group(name: str, by: GroupedBy = "label", label: str = "fastflux") -> Group:
    return Group(
        label=label, by=by, name=name, flagged=HALF, narrow=NONE, families=HALF,
        whole_families=NONE, undecided=3, silent=0, was_flagged=None,
    )  # fmt: skip


def evaluation(groups: int = 1) -> Evaluation:
    score = DetectorScore(
        detector="d",
        recall=group("fastflux"),
        mean_family_recall=None,
        innocent=group("innocent", label="innocent"),
        groups=(group("fastflux"), *(group(f"\x1b[31mf{n}", "family") for n in range(groups))),
        precision=(Precision(base_rate=1e-3, value=None, low=0.0, high=1.0),),
        decision_times=(),
        calibration=None,
    )
    return Evaluation(
        labelled=11, scored=10, untimed=None, drops={"odd rows": 2}, detectors=(score, score)
    )


def test_words() -> None:
    assert share_words(HALF) == "5 of 10: 50.0% (23.7% to 76.3%)"
    assert (share_words(NONE), short_share(NONE), short_share(HALF)) == ("none", "-", "5/10")
    assert [percent(r) for r in (0.9996, 0.999988, 1 - 1e-16, 1.0000000000000002, 0.999)] == [
        "99.960%", "99.9988%", "100.0%", "100.0%", "99.9%"
    ]  # fmt: skip
    assert [percent(r) for r in (0.0, 0.00012, 9.9e-7, 0.001, 1.0)] == [
        "0.0%", "0.012%", "0.000099%", "0.1%", "100.0%",
    ]  # fmt: skip
    assert [rate_words(r) for r in (1e-3, 1e-6)] == ["1:1,000", "1:1,000,000"]
    found = Precision(base_rate=1e-3, value=0.5, low=0.25, high=1.0)
    assert precision_words(found) == "50.0% (25.0% to 100.0%)"
    assert count_quantiles(Quantiles(median=2.0, p90=None)) == "2 / never"
    assert time_quantiles(Quantiles(median=30.0, p90=7200.0)) == "30 s / 2.0 h"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (119, "119 s"), (120, "2.0 min"), (3600, "60 min"), (7200, "2.0 h"),
     (90_000, "25 h"), (172_800, "2.0 d"), (1.7e8, "1967.6 d")],
)  # fmt: skip
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_the_screen_bounds_its_groups_and_shows_hostile_names_as_text() -> None:
    console = Console(width=100, color_system=None, force_terminal=False)
    with console.capture() as captured:
        print_evaluation(evaluation(groups=GROUP_LIMIT + 4), console)
    page = captured.get()
    assert "10 of 11 labelled domains had an answer" in page
    assert "… and 4 more" in page
    assert "\x1b" not in page
    assert "Time to decision" not in page


def test_lines_hold_the_schema() -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    lines = list(render(evaluation()))
    assert len(lines) == 2
    value = json.loads(lines[0])
    jsonschema.validate(value, schema)
    assert value["groups"][1]["name"] == "\x1b[31mf0"
    assert value["label_drops"] == {"odd rows": 2}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value | {"extra": 1}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value | {"recall": None}, schema)
