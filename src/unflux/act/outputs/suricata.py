"""Suricata rules: who asks for convicted names, who goes there, who talks to proved agents."""

import hashlib
from collections.abc import Iterator
from typing import Final

from unflux.act.output import WITHDRAWING, Doc, Options, Rendered, heading, remark
from unflux.act.plain import is_plain, lines, wire_labels
from unflux.model.actions import Action, Plan

FIRST_SID: Final = 1_700_000
SIDS: Final = 200_000
"""Rule numbers: inside 1,000,000 to 1,999,999, which the allocation keeps for local use. A number
comes from a digest of what the rule is about, so that it stays the same from run to run."""


class Suricata:
    """Writes ``unflux.rules``."""

    NAME = "suricata"
    DOC = Doc(
        summary="Suricata rules for DNS, HTTP, TLS and addresses",
        references=(
            "Suricata user guide: dns.query, http.host, tls.sni, dotprefix, content",
            "RFC 1035 section 3.1: names on the wire, which answers hold",
        ),
        limitations=(
            "Rules carry no expiry: load new ones before the first entry ends.",
            "Names that hold odd octets are matched in DNS messages only.",
            "Where two rules would share a number, the later one gets the next that is free, which "
            "may change when the first goes.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return rules that alert; what to do about an alert is the operator's."""
        actions = plan.of_kind("block-domain", "block-address")
        head = (f"# {line}" for line in heading(plan, actions, WITHDRAWING))
        taken: set[int] = set()
        body = (
            f"{match}sid:{_number(action, place, taken)}; rev:1;)"
            for action in actions
            for place, match in enumerate(_rules(action))
        )
        return (Rendered(name="unflux.rules", content=lines(head, body)),)


def _rules(action: Action) -> Iterator[str]:
    """Yield the rules of an action, up to their numbers."""
    if action.kind == "block-address":
        yield _rule(f"ip any any <> {action.target} any", action, "traffic with an agent")
        return
    wire = "".join(f"{_hex(bytes([len(label)]) + label)}" for label in wire_labels(action.target))
    matched = f'content:"|{wire}00|"; nocase; '
    yield _rule("udp any any -> any 53", action, "question", matched)
    yield _rule("udp any 53 -> any any", action, "answer", matched)
    if not is_plain(action.target):
        return
    ends = f'dotprefix; content:".{action.target}"; endswith; '
    yield _rule("http any any -> any any", action, "HTTP host", f"http.host; {ends}")
    yield _rule("tls any any -> any any", action, "TLS name", f"tls.sni; {ends}nocase; ")
    yield _rule("dns any any -> any any", action, "query", f"dns.query; {ends}nocase; ")


def _rule(head: str, action: Action, what: str, match: str = "") -> str:
    name = action.target if is_plain(action.target) or action.kind == "block-address" else "a name"
    message = f"unflux fast-flux {what} {name}".replace(":", r"\:")
    noted = remark(action).replace(":", "")
    return (
        f'alert {head} (msg:"{message}"; {match}'
        f"classtype:trojan-activity; metadata:unflux {noted}; "
    )


def _hex(octets: bytes) -> str:
    return "".join(f"{octet:02x} " for octet in octets)


def _number(action: Action, place: int, taken: set[int]) -> int:
    """Return the number of a rule: by what it is about, or the next one that is free."""
    digest = hashlib.sha256(f"{place} {action.id}".encode()).digest()
    number = int.from_bytes(digest[:8], "big") % SIDS
    while number in taken:
        number = (number + 1) % SIDS
    taken.add(number)
    return FIRST_SID + number
