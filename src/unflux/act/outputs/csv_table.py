"""A table of everything that stands, for spreadsheets."""

import csv
import io
from typing import Final

from unflux.act.output import Doc, Options, Rendered
from unflux.act.plain import one_line
from unflux.model.actions import Action, Plan
from unflux.model.spreadsheets import defuse
from unflux.model.times import format_moment

HEADER: Final = (
    "id", "kind", "target", "verdict", "network", "score", "reason", "proofs", "domains",
    "first_seen", "last_seen", "decided_at", "expires_at", "undo",
)  # fmt: skip


class CsvTable:
    """Writes ``actions.csv``."""

    NAME = "csv"
    DOC = Doc(
        summary="all actions as CSV, safe to open in a spreadsheet",
        references=("RFC 4180",),
        limitations=(
            "Text is shortened to printable ASCII and defused; the JSON lines have it exactly.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return the header and a row an action, reports included."""
        sink = io.StringIO()
        table = csv.writer(sink, lineterminator="\r\n")
        table.writerow(HEADER)
        table.writerows(_cells(action) for action in plan.actions)
        return (Rendered(name="actions.csv", content=sink.getvalue().encode("ascii")),)


def _cells(action: Action) -> tuple[str, ...]:
    proposal = action.proposal
    texts = (
        action.id,
        action.kind,
        action.target,
        proposal.verdict,
        proposal.network or "",
        f"{proposal.score:.6f}",
        proposal.reason,
        "; ".join(f"{proof.witness}: {proof.says}" for proof in proposal.proofs),
        "; ".join(proposal.related),
        format_moment(proposal.first_seen) or "",
        format_moment(proposal.last_seen) or "",
        format_moment(action.decided_at) or "",
        format_moment(action.expires_at) or "",
        action.undo,
    )
    return tuple(defuse(one_line(text)) for text in texts)
