"""Signatures: what the rules of Suricata and Snort share: numbers, words, names on the wire."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from unflux.act.output import WITHDRAWING, Rendered, heading, remark
from unflux.act.plain import is_plain, lines, wire_labels
from unflux.model.actions import DROPS, Action, ActionKind, Plan
from unflux.model.markers import Marker
from unflux.model.times import format_moment

MARKED: Final = "unflux probe marker leaves an agent"
TRAFFIC: Final[Mapping[ActionKind, str]] = {
    "block-address": "traffic with an agent", "block-mothership": "traffic with a mothership",
}  # fmt: skip
LOGS: Final = 514
"""Where syslog goes in the clear (RFC 5426 section 3.3): web servers of all kinds tell a collector
what they were asked for."""

FIRST_SID: Final = 1_700_000
SIDS: Final = 200_000
"""Rule numbers: inside 1,000,000 to 1,999,999, which the allocation keeps for local use. A number
comes from a digest of what the rule is about, so that it stays the same from run to run."""


def rule_file(
    name: str,
    plan: Plan,
    markers: Iterable[Marker],
    rules: Callable[[Action], Iterable[str]],
    seek: Callable[[Marker, str], str],
) -> Rendered:
    """Return a file of the rules on what is blocked; a number goes with the place of a rule.

    ``rules``: gives those of an action, each up to where its number stands. ``seek``: gives that
    which looks for a marker by a protocol.
    """
    actions = plan.of_kind("block-domain", *DROPS)
    head = (f"# {line}" for line in heading(plan, actions, WITHDRAWING))
    numbers = _Numbers()
    body = (
        f"{rule}sid:{numbers.take(f'{place} {action.id}')}; rev:1;)"
        for action in actions
        for place, rule in enumerate(rules(action))
    )
    sought = (
        f"{seek(marker, protocol)}sid:{numbers.take(f'{protocol} {marker.token}')}; rev:1;)"
        for marker in markers
        if marker.expires_at > plan.decided_at
        for protocol in ("tcp", "udp")
    )
    return Rendered(name=name, content=lines(head, body, sought))


class _Numbers:
    """Hands out the numbers of one file."""

    def __init__(self) -> None:
        self._taken: set[int] = set()

    def take(self, about: str) -> int:
        """Return the number of a rule: by what it is about, or the next that is free."""
        digest = hashlib.sha256(about.encode()).digest()
        number = int.from_bytes(digest[:8], "big") % SIDS
        while number in self._taken:
            number = (number + 1) % SIDS
        self._taken.add(number)
        return FIRST_SID + number


def message(action: Action, what: str) -> str:
    """Return the text of an alert; a name that could mean something to the program is not in it."""
    is_shown = action.is_on_address or is_plain(action.target)
    return f"unflux fast-flux {what} {action.target if is_shown else 'a name'}"


def metadata(action: Action) -> str:
    """Return ids and expiry, without colons, which part an option's name from its value."""
    return f"unflux {remark(action)}".replace(":", "")


def marker_head(marker: Marker, protocol: str) -> str:
    """Return who a marker is looked for between: its agent, and anybody but who sent it there.

    What goes to a collector of logs says nothing about relaying.
    Rules want what goes to a server besides: replies to a prober behind a translator of addresses
    go to another address than the prober knows for its own.
    """
    return f"{protocol} {marker.agent} any -> !{marker.prober} !{LOGS}"


def marker_metadata(marker: Marker) -> str:
    """Return what :func:`metadata` does, for a marker."""
    return f"unflux marker {marker.token} until {format_moment(marker.expires_at)}".replace(":", "")


def wire_pattern(name: str) -> str:
    """Return the octets of a name in a message, hexadecimal between bars (RFC 1035 section 3.1)."""
    labels = b"".join(bytes([len(label)]) + label for label in wire_labels(name))
    return f"|{(labels + bytes(1)).hex(' ')}|"
