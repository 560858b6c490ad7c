"""The plan on a terminal: every action and refusal is there, and no name steers the screen."""

from datetime import timedelta

from rich.console import Console
from tests.act.plans import NOW, gate, plan_of, proposal, small_plan

from unflux.act.policy import decide
from unflux.model.actions import Plan
from unflux.present.plan_table import print_plan


def drawn(plan: Plan, limit: int | None = 100) -> str:
    console = Console(width=300, color_system=None)
    with console.capture() as captured:
        print_plan(plan, console, limit=limit)
    return captured.get()


def test_actions_and_refusals_are_drawn_with_ids_ends_and_rules() -> None:
    text = drawn(small_plan())
    for word in ("+ block domain", "bad.example", "2026-12-01 11:00", "v-0123456789ab",
                 "20.1.2.3", "co.uk", "whole-name", "public suffix", "refused",
                 "whole-name (1)"):  # fmt: skip
        assert word in text, word


def test_what_stood_before_is_not_new_and_what_ended_says_why() -> None:
    stood = small_plan().of_kind("block-domain")
    kept = decide([], gate(), standing=stood)
    assert "+ block" not in drawn(kept)
    over = decide([], gate(now=NOW + timedelta(days=40)), standing=stood)
    text = drawn(over)
    for word in ("No action passed.", "Withdrawn", "bad.example", "expired"):
        assert word in text


def test_more_than_the_limit_are_counted() -> None:
    plan = plan_of(*[proposal("block-domain", f"bad{n}.example") for n in range(9)])
    assert "and 6 more" in drawn(plan, limit=3)


def test_no_reason_steers_the_terminal() -> None:
    plan = plan_of(proposal("block-domain", "bad.example", reason="\x1b[2J\u202ereason"))
    assert "\x1b" not in drawn(plan)
    assert "\u202e" not in drawn(plan)
