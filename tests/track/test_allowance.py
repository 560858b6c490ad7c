"""Allowances: what an operator may make us store of an answer, and of a name in an hour."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, ip_address

import dns.message
import pytest
from tests.track.resolvers import replied

from unflux.model.endpoint import Endpoint
from unflux.track.allowance import BEYOND, LONG, MOST_FOUND, MOST_RECORDS, Allowance
from unflux.track.exchange import Look
from unflux.track.question import Question, compose_question, crop_reply, parse_reply
from unflux.track.rhythm import Turn
from unflux.track.vantage import Vantage

START = datetime(2026, 11, 1, tzinfo=UTC)
VANTAGE = Vantage(resolver=Endpoint(ip_address("192.0.2.53"), 53))
QUESTION = Question("www.bad.example", "A")
MOST_A = 4_090
"""Addresses that a reply of 65,535 octets holds."""


def addresses(first: int, count: int) -> list[str]:
    return [str(IPv4Address(0x14000001 + number)) for number in range(first, first + count)]


def wire(found: Iterable[str], question: Question = QUESTION) -> bytes:
    return replied(compose_question(question, 7), *found)


def look(found: Iterable[str], minute: int, question: Question = QUESTION) -> Look:
    octets = wire(found, question)
    return Look(
        vantage=VANTAGE, question=question, at=START + timedelta(minutes=minute),
        reply=parse_reply(octets, question), wire=octets,
    )  # fmt: skip


def test_of_a_long_answer_the_first_records_stay() -> None:
    found = addresses(0, MOST_A)
    ((kept, _),), shed = Allowance().admit([(look(found, 0), Turn(is_change=True))])
    assert shed == {LONG: MOST_A + 1 - MOST_RECORDS}  # and the record of EDNS
    assert kept.reply.found == set(found[:MOST_RECORDS])
    assert (kept.reply.outcome, kept.reply.ttl_s) == ("answered", 20)
    assert kept.wire is not None
    said = dns.message.from_wire(kept.wire)
    assert {rdata.address for rdata in said.answer[0]} == kept.reply.found


def test_a_name_has_its_most_in_an_hour_and_is_looked_at_on() -> None:
    allowance, other = Allowance(), Question("other.example", "A")
    looks = [(look(addresses(n * 100, 100), n), Turn()) for n in range(30)]
    looks.append((look(addresses(0, 50), 31), Turn()))  # known already
    looks.append((look(addresses(9_000, 9), 32, other), Turn()))
    for _ in range(2):  # as it is where the store was busy
        kept, shed = allowance.admit(looks)
        assert len(kept) == len(looks)
        assert shed == {BEYOND: 30 - MOST_FOUND // 100}
        assert len(set[str]().union(*(one.reply.found for one, _ in kept[:31]))) == MOST_FOUND
        assert [one.wire is None for one, _ in kept].count(True) == shed[BEYOND]
        assert all(one.wire is not None for one, _ in kept[30:])
    later = [(look(addresses(2_000, 100), 60), Turn())]
    assert allowance.admit(later) == (later, {})


@pytest.mark.parametrize("size", [40, 200, 500])
def test_what_is_cropped_ends_before_what_has_no_end(size: int) -> None:
    whole = wire(addresses(0, 300))
    cropped, gone = crop_reply(whole[:size], QUESTION, MOST_RECORDS)
    count = len(dns.message.from_wire(cropped).answer[0]) if size > 100 else 0
    assert gone == 301 - count
    assert crop_reply(whole, QUESTION, 301) == (whole, 0)
