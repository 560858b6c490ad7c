"""Plain lists, a name or address a line, for whatever else there is."""

from unflux.act.output import WITHDRAWING, Doc, Options, Rendered, heading
from unflux.act.plain import lines, split_plain
from unflux.model.actions import DROPS, Plan


class PlainList:
    """Writes ``domains.txt``, ``name-servers.txt`` and ``addresses.txt``."""

    NAME = "list"
    DOC = Doc(
        summary="plain lists of domains, name servers and addresses",
        references=("one entry a line, comments begin with #",),
        limitations=(
            "A list carries no expiry of its entries; its heading says when the first ends.",
            "Names that hold other octets than letters, digits, hyphen and underscore are left "
            "out.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return a file a kind, the empty ones too, so that nothing old is left standing."""
        domains, left = split_plain(plan.of_kind("block-domain"))
        hosts, left_hosts = split_plain(plan.of_kind("block-name-server"))
        addresses = plan.of_kind(*DROPS)
        files = (
            ("domains.txt", domains, left),
            ("name-servers.txt", hosts, left_hosts),
            ("addresses.txt", addresses, ()),
        )
        return tuple(
            Rendered(
                name=name,
                content=lines(
                    (f"# {line}" for line in heading(plan, actions, WITHDRAWING)),
                    (action.target for action in actions),
                ),
                omissions=omissions,
            )
            for name, actions, omissions in files
        )
