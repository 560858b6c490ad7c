"""A grammar of Snort 3 rules reads them; their expressions meet real hellos and hosts.

Snort 3 itself is in no registry that the tests may install from.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import dns.name
import pytest
from tests.act.hostile import crafted_names
from tests.act.outputs.traffic import hello, messages
from tests.act.plans import NOW, plan_of, proposal, small_plan

from unflux.act.output import Options
from unflux.act.outputs.snort import Snort
from unflux.act.outputs.suricata import Suricata
from unflux.model.actions import Plan
from unflux.model.markers import Marker

pytestmark = pytest.mark.slow

KNOWN = {
    "MsgOption", "FlowOption", "ContentOption", "BufferSelectOption", "PcreOption",
    "MetadataOption", "ClasstypeOption", "SidOption", "RevOption",
}  # fmt: skip
UNMODELLED = {"service", "ssl_state"}
"""Options of Snort 3 that the grammar reads as words (Rule Writing Guide, service, ssl_state)."""


def rules(plan: Plan, *markers: Marker) -> Iterator[tuple[str, Any]]:
    """Yield each rule with what the grammar makes of it; nothing it does not know may be there."""
    surinort = pytest.importorskip("surinort_ast")
    (file,) = Snort().render(plan, Options(markers=markers))
    assert file.omissions == ()
    for line in file.content.decode("ascii").splitlines():
        if line.startswith("#"):
            continue
        rule = surinort.parse_rule(line, dialect=surinort.Dialect.SNORT3)
        assert not rule.diagnostics
        assert not surinort.validate_rule(rule), line
        for option in rule.options:
            assert option.type in KNOWN or option.keyword in UNMODELLED, option
        yield line, rule


def only(options: Iterable[Any], kind: str) -> Any:
    (option,) = [option for option in options if option.type == kind]
    return option


def expressions(plan: Plan, what: str) -> dict[str, re.Pattern[bytes]]:
    """Return the expressions of the rules on hosts or hellos, by the name they look for."""
    return {
        only(rule.options, "ContentOption").pattern.decode(): re.compile(
            only(rule.options, "PcreOption").pattern.encode(), re.IGNORECASE | re.DOTALL
        )
        for line, rule in rules(plan)
        if f"unflux fast-flux {what} " in line
    }


def test_every_name_is_looked_for_as_it_stands_in_questions_and_answers() -> None:
    odd = [proposal("block-domain", name) for name in crafted_names()]
    plan = plan_of(*(action.proposal for action in small_plan().actions), *odd)
    found: dict[bytes, int] = {}
    for line, rule in rules(plan):
        if "service:dns" in line:
            wire = only(rule.options, "ContentOption").pattern
            found[wire] = found.get(wire, 0) + 1
    names = [action.target for action in plan.of_kind("block-domain")]
    assert found == {dns.name.from_text(name).to_wire(): 4 for name in names}
    wire = dns.name.from_text("bad.example").to_wire()
    assert wire is not None
    assert wire in messages("www.bad.example")[1]


def test_hosts_are_taken_with_what_is_below_and_with_a_port() -> None:
    expression = expressions(small_plan(), "HTTP host")["bad.example"]
    for host in (b"bad.example", b"www.bad.example", b"BAD.example:8080"):
        assert expression.search(host), host
    for host in (b"notbad.example", b"bad.example.org", b"badxexample", b"bad.example.org:80"):
        assert not expression.search(host), host


def test_names_are_found_in_the_hellos_of_real_clients() -> None:
    expression = expressions(small_plan(), "TLS name")["bad.example"]
    for host in ("bad.example", "www.bad.example"):
        assert expression.search(hello(host)), host
    for host in ("notbad.example", "bad.example.org", "bad-example.test"):
        assert not expression.search(hello(host)), host


def test_addresses_are_watched_both_ways() -> None:
    found = {
        rule.header.dst_addr.value: rule.header.direction.value
        for line, rule in rules(small_plan())
        if line.startswith("alert ip")
    }
    assert found == dict.fromkeys(("20.1.2.3", "20.9.8.7", "2a09::7"), "<>")


def test_a_marker_is_sought_from_its_agent_to_anybody_but_its_sender() -> None:
    marker = Marker(
        token="k" * 20, agent="192.0.2.7", prober="2a09::9", expires_at=NOW + timedelta(hours=1)
    )
    heads = {}
    for line, rule in rules(plan_of(), marker):
        heads[rule.header.protocol.value] = line.partition(" (")[0].split()[2:]
        assert only(rule.options, "ContentOption").pattern == b"k" * 20
    head = ["192.0.2.7", "any", "->", "!2a09::9", "!514"]
    assert heads == dict.fromkeys(("tcp", "udp"), head)


def test_numbers_are_those_of_nobody_else_and_stay() -> None:
    numbers = [only(rule.options, "SidOption").value for _, rule in rules(small_plan())]
    assert len(numbers) == len(set(numbers)) == 6 * 2 + 3
    assert all(1_700_000 <= number < 2_000_000 for number in numbers)
    (file,) = Suricata().render(small_plan(), Options())
    assert f"sid:{numbers[0]};" in file.content.decode()
