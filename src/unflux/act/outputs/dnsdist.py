"""Lua configuration for dnsdist."""

from typing import Final

from unflux.act.output import WITHDRAWING, Doc, Options, Rendered, heading, remark, require
from unflux.act.plain import lines, split_plain
from unflux.model.actions import Plan
from unflux.model.addresses import canonical_address

NODE: Final = "unflux_refused"
SOA: Final = '"localhost.", "hostmaster.localhost.", 1, 60, 60, 86400, 60'


class Dnsdist:
    """Writes ``dnsdist.conf``, for includeDirectory."""

    NAME = "dnsdist"
    DOC = Doc(
        summary="rule for dnsdist",
        references=("dnsdist reference: newSuffixMatchNode, SuffixMatchNodeRule, SpoofAction",),
        limitations=(
            "Rules are tried in order: include it before rules that answer.",
            "Names that hold other octets than letters, digits, hyphen and underscore are left "
            "out.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return one rule over a set of names, each with all below it."""
        require(self.NAME, options, "nxdomain", "nodata", "garden")
        actions, left = split_plain(plan.of_kind("block-domain"))
        head = (f"-- {line}" for line in heading(plan, actions, WITHDRAWING))
        body = (
            f'{NODE}:add(newDNSName("{action.target}."))  -- {remark(action)}' for action in actions
        )
        rule = (f"addAction(SuffixMatchNodeRule({NODE}), {_action(options)})",)
        content = lines(head, (f"{NODE} = newSuffixMatchNode()",), body, rule)
        return (Rendered(name="dnsdist.conf", content=content, omissions=left),)


def _action(options: Options) -> str:
    if options.answer == "nxdomain":
        return "RCodeAction(DNSRCode.NXDOMAIN)"
    if options.answer == "nodata":
        return f'NegativeAndSOAAction(false, ".", 60, {SOA})'
    address = canonical_address(options.garden or "")
    return f'SpoofCNAMEAction("{options.garden}.")' if address is None else _spoof(address)


def _spoof(address: str) -> str:
    return f'SpoofAction("{address}")'
