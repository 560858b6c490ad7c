"""An evaluation of addresses on a terminal."""

from collections.abc import Mapping
from typing import Final

from rich.console import Console

from unflux.model.address_evaluation import AddressEvaluation, Place
from unflux.present.evaluation_words import share_words, short_share
from unflux.present.screen import Cell, Column, Screen

STRANGER_LIMIT: Final = 30
"""Addresses that are drawn; JSON holds all. Chosen: 2026-11-28, by hand; one screen."""
FIRST: Final[Mapping[Place, str]] = {
    "own-role": "is one of them",
    "another-role": "is one of them, in another role",
    "stranger": "is none of them",
}
WHO: Final = {"behind": "who stands behind agents", "agents": "agents"}


def print_address_evaluation(evaluation: AddressEvaluation, console: Console) -> None:
    """Draw it."""
    screen = Screen(console)
    screen.blank()
    who = f"{WHO[evaluation.evaluated]} with a label"
    screen.line(Cell(f"{who}, accused: {share_words(evaluation.accused)}"), indent=0)
    screen.line(Cell("Intervals are at 95 %.", "dim"))
    if evaluation.evaluated == "behind":
        screen.line(Cell(f"in their own role: {share_words(evaluation.right_role)}"))
        screen.line(
            Cell(f"not accused: {evaluation.suspected} suspected, {evaluation.undecided} undecided")
        )
        firsts = "; ".join(FIRST[place] for place in evaluation.firsts)
        screen.line(Cell(f"who stands first {firsts or 'is nobody'}"))
    screen.line(Cell(f"accused without a label: {len(evaluation.strangers):,}"))
    for reason, count in evaluation.drops.items():
        screen.line(Cell(f"skipped {count:,}: {reason}", "dim"))
    screen.heading("By network and role")
    screen.listing(
        (
            Column(heading="network"),
            Column(heading="role"),
            Column(heading="accused"),
            Column(heading="in that role", is_number=True),
        ),
        [
            (
                Cell(group.network, "bold"),
                Cell(group.role),
                Cell(share_words(group.accused)),
                Cell(short_share(group.right_role)),
            )
            for group in evaluation.groups
        ],
    )
    if evaluation.strangers:
        screen.heading("Accused without a label")
        for address in evaluation.strangers[:STRANGER_LIMIT]:
            screen.line(Cell(address))
        screen.rest(len(evaluation.strangers) - STRANGER_LIMIT)
