"""Questions and replies: dnspython reads what we compose, and says what a reply holds."""

from ipaddress import ip_network

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unflux.track import question as module
from unflux.track.question import (
    Outcome,
    Question,
    Reply,
    begins_reply,
    compose_question,
    parse_reply,
)

A = Question("www.bad.example", "A")


def reply(*records: str, question: Question = A, code: int = 0) -> dns.message.Message:
    asked = dns.message.from_wire(compose_question(question, 7))
    answer = dns.message.make_response(asked)
    answer.set_rcode(dns.rcode.Rcode(code))
    for record in records:
        name, ttl, rrtype, data = record.split()
        answer.answer.append(dns.rrset.from_text(name, int(ttl), "IN", rrtype, data))
    return answer


def test_a_question_is_what_dnspython_would_ask() -> None:
    question = Question("a\\046b\\000c.bad.example", "AAAA", ip_network("198.51.100.0/24"))
    asked = dns.message.from_wire(compose_question(question, 0xBEEF))
    assert (asked.id, asked.edns, asked.payload) == (0xBEEF, 0, 1232)
    assert asked.flags == dns.flags.RD
    (section,) = asked.question
    assert section.name.to_text() == "a\\.b\\000c.bad.example."
    assert section.rdtype == dns.rdatatype.AAAA
    (option,) = asked.options
    assert isinstance(option, dns.edns.ECSOption)
    assert option.to_text() == "ECS 198.51.100.0/24 scope/0"
    assert begins_reply(reply(question=question).to_wire(), question)


@pytest.mark.parametrize(
    ("records", "code", "outcome", "found", "ttl_s"),
    [
        (["www.bad.example. 300 CNAME x.example.", "x.example. 20 A 192.0.2.1",
          "x.example. 30 A 192.0.2.2"], 0, "answered", {"192.0.2.1", "192.0.2.2"}, 20),
        ([], 0, "empty", set(), None),
        (["www.bad.example. 60 CNAME x.example."], 0, "empty", set(), 60),
        ([], 3, "nxdomain", set(), None),
        ([], 2, "refused", set(), None),
        ([], 5, "refused", set(), None),
    ],
)  # fmt: skip
def test_what_a_reply_says(
    records: list[str], code: int, outcome: Outcome, found: set[str], ttl_s: int | None
) -> None:
    wire = reply(*records, code=code).to_wire()
    said = parse_reply(wire, A)
    assert said == module._parse(wire, A)
    assert said == Reply(outcome=outcome, found=frozenset(found), ttl_s=ttl_s)


def test_name_servers_and_a_cut_reply() -> None:
    question = Question("bad.example", "NS")
    said = parse_reply(reply("bad.example. 9 NS ns1.Bad.example.", question=question).to_wire(),
                       question)  # fmt: skip
    assert said == Reply(outcome="answered", found=frozenset({"ns1.bad.example"}), ttl_s=9)
    cut = reply("www.bad.example. 20 A 192.0.2.1")
    cut.flags |= dns.flags.TC
    said = parse_reply(cut.to_wire(), A)
    assert (said.outcome, said.is_truncated) == ("answered", True)


SUBNET = ip_network("198.51.100.0/22")


@pytest.mark.parametrize(
    ("option", "scope_bits"),
    [
        (None, None),
        (dns.edns.ECSOption("198.51.100.0", 22, 0), 0),
        (dns.edns.ECSOption("198.51.100.0", 22, 24), 24),
        (dns.edns.ECSOption("198.51.100.0", 24, 24), None),  # of another's question
        (dns.edns.ECSOption("203.0.112.0", 22, 24), None),
        (dns.edns.GenericOption("ECS", b"\0"), None),
        (dns.edns.GenericOption("65001", b"\0\x01\x16\x18\xc6\x33\x64"), None),
    ],
)
def test_for_whom_an_answer_is(option: dns.edns.Option | None, scope_bits: int | None) -> None:
    question = Question("www.bad.example", "A", SUBNET)
    answer = reply("www.bad.example. 20 A 20.0.0.1", question=question)
    padding = dns.edns.GenericOption("65002", b"\0\x08\0\x07")
    answer.use_edns(0, options=[padding, *([option] if option else [])])
    wire = answer.to_wire()
    assert parse_reply(wire, question) == Reply(
        outcome="answered", found=frozenset({"20.0.0.1"}), ttl_s=20, scope_bits=scope_bits
    )
    assert parse_reply(wire, A).scope_bits is None  # nobody was told a subnet
    for size in range(12 + len("www.bad.example") + 2 + 4, len(wire)):
        assert parse_reply(wire[:size], question).scope_bits is None


def test_a_subnet_of_everybody_may_come_back_without_a_scope() -> None:
    question = Question("www.bad.example", "A", ip_network("0.0.0.0/0"))
    answer = reply("www.bad.example. 20 A 20.0.0.1", question=question)
    answer.use_edns(0, options=[dns.edns.GenericOption("ECS", b"\0\x01\0")])
    assert parse_reply(answer.to_wire(), question).scope_bits is None


@pytest.mark.parametrize("code", [0, 2, 3])
def test_a_cut_reply_without_records_denies_nothing(code: int) -> None:
    cut = reply(code=code)
    cut.flags |= dns.flags.TC
    assert parse_reply(cut.to_wire(), A) == Reply(outcome="cut", is_truncated=True)


@pytest.mark.parametrize(
    "other",
    [Question("www.bad.example", "AAAA"), Question("bad.example", "A"),
     Question("wwww.bad.example", "A")],
)  # fmt: skip
def test_a_reply_to_another_question_is_none_to_ours(other: Question) -> None:
    assert begins_reply(reply(question=other).to_wire(), other)
    assert not begins_reply(reply(question=other).to_wire(), A)
    assert not begins_reply(compose_question(A, 7), A)  # an echo is no reply
    assert not begins_reply(reply().to_wire()[:20], A)


WHOLE = reply(
    "www.bad.example. 300 CNAME x.example.", "x.example. 20 A 192.0.2.1",
    "x.example. 20 A 203.0.113.9",
).to_wire()  # fmt: skip
CHANGES = st.lists(st.tuples(st.integers(12, len(WHOLE) - 1), st.integers(0, 255)), max_size=4)


@given(CHANGES, st.integers(0, 40), st.binary(max_size=20))
def test_damaged_replies_never_raise_and_hold_what_dnspython_finds(
    changes: list[tuple[int, int]], cut: int, tail: bytes
) -> None:
    wire = bytearray(WHOLE)
    for at, octet in changes:
        wire[at] = octet
    damaged = bytes(wire[: len(wire) - cut]) + tail
    if not begins_reply(damaged, A):
        return
    passed, parsed = module._pass_addresses(damaged, A), module._parse(damaged, A)
    said = parse_reply(damaged, A)
    assert said == (passed or parsed)
    if passed is not None and parsed.outcome == "answered":
        # Names are passed over: records that dnspython leaves out for a broken one are here.
        assert parsed.found <= passed.found
