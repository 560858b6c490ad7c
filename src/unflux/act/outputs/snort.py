"""Snort 3 rules: who asks for convicted names, who goes there, who talks to proved agents."""

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


class Snort:
    """Writes ``snort3.rules``."""

    NAME = "snort"
    DOC = Doc(
        summary="Snort 3 rules for DNS, HTTP, TLS and addresses",
        references=(
            "Snort 3 Rule Writing Guide: service rules, content, http_header, pcre, ssl_state",
            "RFC 1035 section 3.1: names on the wire; RFC 6066 section 3: server_name",
        ),
        limitations=(
            "Judged by a grammar of Snort 3 rules in our tests, not by Snort 3 itself; Snort 2.9 "
            "does not read them.",
            "Rules carry no expiry: load new ones before the first entry ends.",
            "Snort has no buffer of the TLS name: the rule looks for it in the client's hello, and "
            "misses the one that a random extension of a letter's octet follows at once.",
            "Names that hold odd octets are matched in DNS messages only.",
            "A marker is found where an agent passes it on in the clear.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return rules that alert; what to do about an alert is the operator's."""
        return (rule_file("snort3.rules", plan, options.markers, _rules, _seek),)


def _rules(action: Action) -> Iterator[str]:
    """Yield the rules of an action, up to their numbers."""
    if action.is_on_address:
        yield _rule(f"ip any any <> {action.target} any", action, TRAFFIC[action.kind])
        return
    matched = f'content:"{wire_pattern(action.target)}",nocase,fast_pattern; service:dns; '
    for protocol, state in (("udp", ""), ("tcp", ",established")):
        question, answer = f"flow:to_server{state}; ", f"flow:to_client{state}; "
        yield _rule(f"{protocol} any any -> any 53", action, "question", question + matched)
        yield _rule(f"{protocol} any 53 -> any any", action, "answer", answer + matched)
    if not is_plain(action.target):
        return
    to_server = "flow:to_server,established; "
    name = f'content:"{action.target}",nocase,fast_pattern; '
    literal = action.target.replace(".", r"\.")
    host = rf'pcre:"/(?:^|\.){literal}(?:\x3a\d+)?$/i"; '
    yield _rule("http", action, "HTTP host", f"{to_server}http_header:field host; {name}{host}")
    # A name begins after its type and length, or after a dot; the octet after it is no letter's.
    length = len(action.target)
    hello = rf'pcre:"/(?:\x00\x00\x{length:02x}|\.){literal}(?![a-z0-9._-])/i"; '
    yield _rule("ssl", action, "TLS name", f"{to_server}ssl_state:client_hello; {name}{hello}")


def _seek(marker: Marker, protocol: str) -> str:
    match = f'flow:to_server; content:"{marker.token}",nocase,fast_pattern; '
    return _alert(marker_head(marker, protocol), MARKED, match, marker_metadata(marker))


def _rule(head: str, action: Action, what: str, match: str = "") -> str:
    return _alert(head, message(action, what), match, metadata(action))


def _alert(head: str, text: str, match: str, told: str) -> str:
    return f'alert {head} ( msg:"{text}"; {match}metadata:{told}; classtype:trojan-activity; '
