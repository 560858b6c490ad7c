"""Configuration lines for dnsmasq."""

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


class Dnsmasq:
    """Writes ``dnsmasq.conf``, for a conf-dir."""

    NAME = "dnsmasq"
    DOC = Doc(
        summary="names that dnsmasq answers itself",
        references=("dnsmasq(8): --local, --address, --conf-dir",),
        limitations=(
            "dnsmasq reads it only when it starts.",
            "Names that hold other octets than letters, digits, hyphen and underscore are left "
            "out.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return a line a name, which stands for all below it too."""
        require(self.NAME, options, "nxdomain", "garden")
        garden = garden_address(self.NAME, options) if options.answer == "garden" else None
        actions, left = split_plain(plan.of_kind("block-domain"))
        head = (f"# {line}" for line in heading(plan, actions, WITHDRAWING))
        body = (
            line
            for action in actions
            for line in (
                f"# {remark(action)}",
                f"local=/{action.target}/"
                if garden is None
                else f"address=/{action.target}/{garden}",
            )
        )
        content = lines(head, body)
        return (Rendered(name="dnsmasq.conf", content=content, omissions=left),)
