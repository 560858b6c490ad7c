"""nftables: addresses that are refused, each until its own time is over."""

from collections.abc import Iterable, Iterator
from typing import Final

from unflux.act.output import Doc, Options, Rendered, heading, remark
from unflux.act.plain import lines
from unflux.model.actions import DROPS, Action, Plan

UNDO: Final = "nft delete table inet unflux"

FAMILIES: Final = (("agents4", "ipv4_addr", "ip"), ("agents6", "ipv6_addr", "ip6"))
"""Name of the set, type of its elements, header that holds them."""


class Nftables:
    """Writes ``unflux.nft``."""

    NAME = "nftables"
    DOC = Doc(
        summary="nftables sets with timeouts: traffic from and to proved agents is dropped",
        references=(
            "nft(8): sets, timeout, expires; a file is one transaction",
            "Holz et al., NDSS 2008, section 5; blocklists of raw answers are useless and harmful",
        ),
        limitations=(
            "Timeouts count from when the file is loaded: load it when it is written.",
            "Only addresses with two independent proofs are in it, so most agents are not.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return a file that replaces the whole table at once."""
        actions = plan.of_kind(*DROPS)
        head = (f"# {line}" for line in heading(plan, actions, UNDO))
        replace = ("table inet unflux", "delete table inet unflux", "table inet unflux {")
        sets = (
            line
            for name, kind, _ in FAMILIES
            for line in _set(plan, name, kind, [a for a in actions if _family(a) == name])
        )
        chains = (line for hook in ("input", "forward", "output") for line in _chain(hook))
        content = lines(head, replace, sets, chains, ("}",))
        return (Rendered(name="unflux.nft", content=content),)


def _family(action: Action) -> str:
    return "agents6" if ":" in action.target else "agents4"


def _set(plan: Plan, name: str, kind: str, actions: Iterable[Action]) -> Iterator[str]:
    yield f"  set {name} {{"
    yield f"    type {kind}"
    yield "    flags timeout"
    elements = []
    for action in actions:
        left_s = int((action.expires_at - plan.decided_at).total_seconds())
        elements.append(f"      {action.target} timeout {max(left_s, 1)}s, # {remark(action)}")
    if elements:
        yield "    elements = {"
        yield from elements
        yield "    }"
    yield "  }"


def _chain(hook: str) -> Iterator[str]:
    yield f"  chain {hook} {{"
    yield f"    type filter hook {hook} priority filter - 5; policy accept;"
    for name, _, header in FAMILIES:
        if hook != "output":
            yield f"    {header} saddr @{name} counter drop"
        if hook != "input":
            yield f"    {header} daddr @{name} counter drop"
    yield "  }"
