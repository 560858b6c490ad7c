"""An intelligence file for Zeek."""

from typing import Final

from unflux.act.output import WITHDRAWING, Doc, Options, Rendered, heading, remark
from unflux.act.plain import lines, split_plain
from unflux.model.actions import DROPS, Plan

FIELDS: Final = ("indicator", "indicator_type", "meta.source", "meta.desc")


class ZeekIntel:
    """Writes ``unflux.intel``."""

    NAME = "zeek"
    DOC = Doc(
        summary="Zeek intelligence file of names and addresses",
        references=("Zeek, Intelligence Framework: tab-separated, #fields first",),
        limitations=(
            "Zeek takes a name for itself, not for what is below it.",
            "Expiry is Intel::item_expiration's, the same for every item; the entry's own is in "
            "its description.",
            "Names that hold other octets than letters, digits, hyphen and underscore are left "
            "out.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return an item a name or address."""
        names, left = split_plain(plan.of_kind("block-domain", "block-name-server"))
        addresses = plan.of_kind(*DROPS)
        head = (f"# {line}" for line in heading(plan, [*names, *addresses], WITHDRAWING))
        body = (
            "\t".join((action.target, kind, "unflux", remark(action)))
            for kind, actions in (("Intel::DOMAIN", names), ("Intel::ADDR", addresses))
            for action in actions
        )
        content = lines(("#fields\t" + "\t".join(FIELDS),), head, body)
        return (Rendered(name="unflux.intel", content=content, omissions=left),)
