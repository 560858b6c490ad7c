"""Local zones for Unbound without a policy zone."""

from typing import Final

from unflux.act.output import WITHDRAWING, Doc, Options, Rendered, heading, remark, require
from unflux.act.plain import lines, split_plain
from unflux.model.actions import Action, Plan
from unflux.model.addresses import canonical_address

TTL_S: Final = 60
"""Of the garden's record. Chosen: 2026-11-24, as in the policy zone."""


class Unbound:
    """Writes ``unbound.conf``, to be included."""

    NAME = "unbound"
    DOC = Doc(
        summary="local zones for Unbound",
        references=("unbound.conf(5): local-zone, local-data, include",),
        limitations=(
            "Changing it needs a reload of Unbound, which drops its cache; the policy zone does "
            "not.",
            "Names that hold other octets than letters, digits, hyphen and underscore are left "
            "out.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return a file of local zones; each stands for the name and all below it."""
        require(self.NAME, options, "nxdomain", "nodata", "garden")
        actions, left = split_plain(plan.of_kind("block-domain"))
        head = (f"# {line}" for line in heading(plan, actions, WITHDRAWING))
        body = (line for action in actions for line in _zone(action, options))
        content = lines(head, ("server:",), body)
        return (Rendered(name="unbound.conf", content=content, omissions=left),)


def _zone(action: Action, options: Options) -> tuple[str, ...]:
    name, comment = action.target, remark(action)
    if options.answer != "garden":
        return (f'  local-zone: "{name}." always_{options.answer}  # {comment}',)
    address = canonical_address(options.garden or "")
    if address is None:
        data = f"CNAME {options.garden}."
    else:
        data = f"{'AAAA' if ':' in address else 'A'} {address}"
    return (
        f'  local-zone: "{name}." redirect  # {comment}',
        f'  local-data: "{name}. {TTL_S} IN {data}"',
    )
