"""A plan on a terminal: what stands, what was refused and by which rule, what was withdrawn."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console

from unflux.model.actions import Action, ActionKind, Objection, Plan, Refusal, Withdrawal
from unflux.model.plural import plural
from unflux.model.times import format_moment
from unflux.present.screen import Cell, Column, Screen

LABEL_CELLS: Final = 14
_REST: Final = "--format json has them all"

_WORDS: Final[dict[ActionKind, str]] = {
    "block-domain": "block domain",
    "block-name-server": "block name server",
    "block-address": "block address",
    "block-mothership": "block mothership",
    "filter-address": "filter address",
    "report-domain": "report domain",
    "report-address": "report address",
}

_ACTION_COLUMNS: Final = (
    Column(heading="action"),
    Column(heading="target", comfortable=30, elide="middle"),
    Column(heading="score", is_number=True),
    Column(heading="until (UTC)", yields=3),
    Column(heading="id", yields=2),
    Column(heading="verdict", yields=2),
    Column(heading="network", comfortable=16, elide="middle", yields=2),
    Column(heading="reason", comfortable=56, yields=1),
)
_REFUSAL_COLUMNS: Final = (
    Column(heading="refused"),
    Column(heading="target", comfortable=30, elide="middle"),
    Column(heading="rules", comfortable=24, yields=2),
    Column(heading="because", comfortable=56, yields=1),
)


def print_plan(plan: Plan, console: Console, *, limit: int | None = 100) -> None:
    """Draw a plan, at most ``limit`` rows of each part; the closing lines count all of them."""
    screen = Screen(console)
    if plan.actions:
        screen.heading("Actions")
        shown = plan.actions[:limit]
        screen.listing(_ACTION_COLUMNS, [_action_row(action, plan) for action in shown])
        screen.rest(len(plan.actions) - len(shown), _REST)
    else:
        screen.blank()
        screen.line(Cell("No action passed."))
    if plan.refusals:
        screen.heading("Refused")
        refused = plan.refusals[:limit]
        screen.listing(_REFUSAL_COLUMNS, [_refusal_row(refusal) for refusal in refused])
        screen.rest(len(plan.refusals) - len(refused), _REST)
    if plan.withdrawals:
        screen.heading("Withdrawn")
        taken = plan.withdrawals[:limit]
        screen.listing(_REFUSAL_COLUMNS, [_withdrawal_row(withdrawal) for withdrawal in taken])
        screen.rest(len(plan.withdrawals) - len(taken), _REST)
    print_counts(plan, console)


def print_counts(plan: Plan, console: Console) -> None:
    """Draw only how many of each there are, and which rules refused."""
    screen = Screen(console)
    screen.heading("Summary")
    kinds = Counter(action.kind for action in plan.actions)
    parts = [f"{count:,} {_WORDS[kind]}" for kind, count in kinds.items()]
    _print_field("stands", ", ".join(parts) or "nothing", screen)
    fresh = len([action for action in plan.actions if action.id in plan.fresh])
    _print_field("new", f"{fresh:,} of {plural(len(plan.actions), 'action')}", screen)
    _print_field("refused", _rules(plan.refusals), screen)
    _print_field("withdrawn", plural(len(plan.withdrawals), "action"), screen)


def _rules(refusals: Sequence[Refusal]) -> str:
    if not refusals:
        return "nothing"
    counts = Counter(refusal.objections[0].rule for refusal in refusals)
    named = ", ".join(f"{rule} ({count:,})" for rule, count in counts.most_common())
    return f"{len(refusals):,}: {named}"


def _action_row(action: Action, plan: Plan) -> tuple[Cell, ...]:
    mark = "+ " if action.id in plan.fresh else "  "
    return (
        Cell(mark + _WORDS[action.kind]),
        Cell(action.target, "bold"),
        Cell(f"{action.proposal.score:.3f}"),
        Cell(_minute(format_moment(action.expires_at))),
        Cell(action.id),
        Cell(action.proposal.verdict),
        Cell(action.proposal.network or ""),
        Cell(action.proposal.reason, "dim"),
    )


def _refusal_row(refusal: Refusal) -> tuple[Cell, ...]:
    proposal = refusal.proposal
    return _objected_row(_WORDS[proposal.kind], proposal.target, refusal.objections)


def _withdrawal_row(withdrawal: Withdrawal) -> tuple[Cell, ...]:
    action = withdrawal.action
    return _objected_row(_WORDS[action.kind], action.target, [withdrawal.objection])


def _objected_row(word: str, target: str, objections: Iterable[Objection]) -> tuple[Cell, ...]:
    said = tuple(objections)
    return (
        Cell(word),
        Cell(target, "bold"),
        Cell(", ".join(objection.rule for objection in said)),
        Cell("; ".join(objection.because for objection in said), "dim"),
    )


def _minute(moment: str | None) -> str:
    return (moment or "")[:16].replace("T", " ")


def _print_field(label: str, text: str, screen: Screen) -> None:
    screen.prose(Cell(label, "dim"), Cell(text), hang=LABEL_CELLS)
