"""Profiles of answers and their distances."""

import importlib
from types import ModuleType

import pytest


@pytest.fixture
def profiles() -> ModuleType:
    return importlib.import_module("answer_profiles")


@pytest.fixture
def comparing() -> ModuleType:
    return importlib.import_module("compare_generated")


def rows_of(answers: list[tuple[float, list[str], int]]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for moment, addresses, ttl in answers:
        rows += [(str(moment), "www.a.test", "A", a, str(ttl), "ans") for a in addresses]
        rows.append((str(moment), "www.a.test", "A", f"240.9.0.{int(moment) % 7}", "9", "add"))
    return rows


def test_a_profile_says_what_was_seen(profiles: ModuleType) -> None:
    answers = [
        (3600.0, ["240.0.0.1", "240.1.0.1"], 60),
        (7200.0, ["240.0.0.1"], 20),
        (10_800.0, ["240.2.0.1"], 60),
        (14_400.0, ["240.2.0.1", "240.2.0.2"], 60),
    ]
    seen = profiles.collect(rows_of(answers), lambda domain: domain == "a.test", None)
    told = profiles.profile(seen["a.test", 0], {"240.0.0.1": 7, "240.1.0.1": 7, "240.2.0.1": 8})
    assert told["lookups"] == 4 and told["span h"] == 3 and told["per answer"] == 1.5
    assert told["addresses"] == 4 and told["/16"] == 3 and told["ASNs"] == 2
    assert told["address/lookup"] == 1 and told["late newcomers"] == 0.5
    assert told["turnover"] == pytest.approx(1 / 3)
    assert (told["TTL min"], told["TTL max"], told["ns addresses"]) == (20, 60, 4)


def test_windows_keep_times_apart(profiles: ModuleType) -> None:
    rows = rows_of([(10.0, ["240.0.0.1"], 60), (110.0, ["240.0.0.2"], 60)])
    seen = profiles.collect(rows, lambda _: True, 100.0)
    assert {window for _, window in seen} == {0, 1}


def test_medians_outside_the_others_middle_are_marked(comparing: ModuleType) -> None:
    assert comparing.is_apart([1, 2, 3], [10, 11, 12])
    assert not comparing.is_apart([1, 2, 3, 4, 5], [2, 3, 4])


def test_every_compared_scenario_exists(comparing: ModuleType) -> None:
    kinds = {scenario.kind for scenario in comparing.SCENARIOS}
    assert all(kind in kinds for pair in comparing.PAIRS for kind in pair.kinds)
