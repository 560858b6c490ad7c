"""The steps of an analysis and DuckDB's statements of them."""

import pytest

from unflux.engine.statements import STATEMENTS, compile_statements, compiled_statements
from unflux.pipeline import acting_steps, scoring_steps, steps, tracking_steps

GIVEN = {**steps.GIVEN, **scoring_steps.GIVEN, **tracking_steps.GIVEN, **acting_steps.GIVEN}
STEPS = (
    *steps.STEPS,
    *scoring_steps.SCORING_STEPS,
    *tracking_steps.TRACKING_STEPS,
    *acting_steps.ACTING_STEPS,
)


@pytest.mark.slow
def test_the_statements_are_those_of_the_expressions() -> None:
    compiled = compile_statements(GIVEN, STEPS)
    assert STATEMENTS.read_text(encoding="ascii") == compiled, "run scripts/compile_statements"


def test_every_step_has_a_statement_and_a_name_of_its_own() -> None:
    names = [step.name for step in STEPS]
    assert list(compiled_statements()) == names
    assert not set(names) & set(GIVEN)


def test_a_step_reads_what_is_given_or_made_before() -> None:
    known = set(GIVEN)
    for step in STEPS:
        assert set(step.reads) <= known, step.name
        known.add(step.name)
