"""A hosts file, for machines that have nothing else."""

from typing import Final

from unflux.act.output import (
    WITHDRAWING,
    Doc,
    Options,
    Rendered,
    garden_address,
    heading,
    remark,
    require,
)
from unflux.act.plain import lines, split_plain
from unflux.model.actions import Plan

NOWHERE: Final = ("0.0.0.0", "::")  # noqa: S104  nothing is bound, it is where nobody answers
"""This host on this network, unspecified (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.2)."""


class Hosts:
    """Writes ``hosts``."""

    NAME = "hosts"
    DOC = Doc(
        summary="hosts file: names that lead nowhere",
        references=("hosts(5); RFC 952",),
        limitations=(
            "It knows no wildcards: only the domain itself and its www are refused, not what else "
            "is below it. Use a policy zone where you can.",
            "A resolver that reads it still asks upstream for other types, and with a garden for "
            "addresses of the other family.",
            "Names that hold other octets than letters, digits, hyphen and underscore are left "
            "out.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return two lines a domain and family."""
        require(self.NAME, options, "nxdomain", "garden")
        leads = NOWHERE if options.answer == "nxdomain" else (garden_address(self.NAME, options),)
        actions, left = split_plain(plan.of_kind("block-domain"))
        head = (f"# {line}" for line in heading(plan, actions, WITHDRAWING))
        body = (
            f"{address} {action.target} www.{action.target}  # {remark(action)}"
            for action in actions
            for address in leads
        )
        return (Rendered(name="hosts", content=lines(head, body), omissions=left),)
