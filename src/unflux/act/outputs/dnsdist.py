"""Lua configuration for dnsdist."""

from typing import Final

from unflux.act.output import WITHDRAWING, Doc, Options, Rendered, heading, remark, require
from unflux.act.plain import lines, split_plain
from unflux.model.actions import Plan
from unflux.model.addresses import canonical_address

NODE: Final = "unflux_refused"
SOA: Final = '"localhost.", "hostmaster.localhost.", 1, 60, 60, 86400, 60'
NODATA: Final = f'NegativeAndSOAAction(false, ".", 60, {SOA})'


class Dnsdist:
    """Writes ``dnsdist.conf``, for includeDirectory."""

    NAME = "dnsdist"
    DOC = Doc(
        summary="rules for dnsdist",
        references=(
            "dnsdist reference: newSuffixMatchNode, SuffixMatchNodeRule, SpoofAction, "
            "NegativeAndSOAAction",
        ),
        limitations=(
            "Rules are tried in order: include it before rules that answer.",
            "Names that hold other octets than letters, digits, hyphen and underscore are left "
            "out.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return the rules over a set of names, each with all below it."""
        require(self.NAME, options, "nxdomain", "nodata", "garden")
        actions, left = split_plain(plan.of_kind("block-domain"))
        head = (f"-- {line}" for line in heading(plan, actions, WITHDRAWING))
        body = (
            f'{NODE}:add(newDNSName("{action.target}."))  -- {remark(action)}' for action in actions
        )
        rules = (f"addAction(SuffixMatchNodeRule({NODE}), {act})" for act in _actions(options))
        content = lines(head, (f"{NODE} = newSuffixMatchNode()",), body, rules)
        return (Rendered(name="dnsdist.conf", content=content, omissions=left),)


def _actions(options: Options) -> tuple[str, ...]:
    if options.answer == "nxdomain":
        return ("RCodeAction(DNSRCode.NXDOMAIN)",)
    if options.answer == "nodata":
        return (NODATA,)
    address = canonical_address(options.garden or "")
    if address is None:
        return (f'SpoofCNAMEAction("{options.garden}.")',)
    # An address is spoofed for its own type alone: others would still be asked upstream.
    return f'SpoofAction("{address}")', NODATA
