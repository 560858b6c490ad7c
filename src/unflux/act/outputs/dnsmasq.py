"""Configuration lines for dnsmasq."""

from collections.abc import Iterator

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
from unflux.model.actions import Action, Plan


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
        """Return a line or two a name, which stand for all below it too."""
        require(self.NAME, options, "nxdomain", "garden")
        garden = garden_address(self.NAME, options) if options.answer == "garden" else None
        actions, left = split_plain(plan.of_kind("block-domain"))
        head = (f"# {line}" for line in heading(plan, actions, WITHDRAWING))
        body = (line for action in actions for line in _refuse(action, garden))
        content = lines(head, body)
        return (Rendered(name="dnsmasq.conf", content=content, omissions=left),)


def _refuse(action: Action, garden: str | None) -> Iterator[str]:
    yield f"# {remark(action)}"
    # With an address alone, other types would still be asked upstream.
    yield f"local=/{action.target}/"
    if garden is not None:
        yield f"address=/{action.target}/{garden}"
