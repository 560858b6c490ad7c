"""Suricata rules: who asks for convicted names, who goes there, who talks to proved agents."""

from collections.abc import Iterator

from unflux.act.output import Doc, Options, Rendered
from unflux.act.plain import is_plain
from unflux.act.signatures import (
    MARKED,
    TRAFFIC,
    marker_head,
    marker_metadata,
    message,
    metadata,
    rule_file,
    wire_pattern,
)
from unflux.model.actions import Action, Plan
from unflux.model.markers import Marker


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
            "A marker is found where an agent passes it on in the clear.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return rules that alert; what to do about an alert is the operator's."""
        return (rule_file("unflux.rules", plan, options.markers, _rules, _seek),)


def _rules(action: Action) -> Iterator[str]:
    """Yield the rules of an action, up to their numbers."""
    if action.is_on_address:
        yield _rule(f"ip any any <> {action.target} any", action, TRAFFIC[action.kind])
        return
    matched = f'content:"{wire_pattern(action.target)}"; nocase; '
    yield _rule("udp any any -> any 53", action, "question", matched)
    yield _rule("udp any 53 -> any any", action, "answer", matched)
    yield _rule("tcp any any -> any 53", action, "question", matched)
    yield _rule("tcp any 53 -> any any", action, "answer", matched)
    if not is_plain(action.target):
        return
    ends = f'dotprefix; content:".{action.target}"; endswith; '
    yield _rule("http any any -> any any", action, "HTTP host", f"http.host; {ends}")
    yield _rule("tls any any -> any any", action, "TLS name", f"tls.sni; {ends}nocase; ")
    yield _rule("dns any any -> any any", action, "query", f"dns.query; {ends}nocase; ")


def _seek(marker: Marker, protocol: str) -> str:
    match = f'flow:to_server; content:"{marker.token}"; nocase; '
    return _alert(marker_head(marker, protocol), MARKED, match, marker_metadata(marker))


def _rule(head: str, action: Action, what: str, match: str = "") -> str:
    text = message(action, what).replace(":", r"\:")
    return _alert(head, text, match, metadata(action))


def _alert(head: str, text: str, match: str, told: str) -> str:
    return f'alert {head} (msg:"{text}"; {match}classtype:trojan-activity; metadata:{told}; '
