"""What the golden file of Suricata's log does not show."""

import io
import json
from typing import Any

import pytest

from unflux.read.chain import NO_OWNER
from unflux.read.eve import Eve
from unflux.read.source import Batch, Drops, Options


def event(seconds: int, flow_id: int, **dns: Any) -> dict[str, Any]:
    return {
        "timestamp": f"2024-05-01T00:00:{seconds:02d}.000000+0000",
        "flow_id": flow_id,
        "event_type": "dns",
        "dns": dns,
    }


def read(*events: object) -> tuple[list[tuple[str, str | None, int]], Drops]:
    """Return query, type and record count of each response."""
    drops = Drops()
    found: list[tuple[str, str | None, int]] = []
    octets = "\n".join(json.dumps(value) for value in events).encode()
    for part in Eve().read(io.BytesIO(octets), Options(), drops):
        assert isinstance(part, Batch)
        numbers = part.records["response"].to_pylist()
        found.extend(
            (row["query"], row["qtype"], numbers.count(row["response"]))
            for row in part.responses.to_pylist()
        )
    return found, drops


def answer(seconds: int, flow_id: int, rdata: str, rrname: str = "a.example") -> dict[str, Any]:
    return event(
        seconds, flow_id, type="answer", id=1, rcode="NOERROR", rrname=rrname, rrtype="A", ttl=9,
        rdata=rdata,
    )  # fmt: skip


def test_version_1_events_of_one_response_are_joined() -> None:
    found, _ = read(
        answer(0, 1, "198.51.100.1"),
        answer(0, 1, "198.51.100.2"),
        answer(1, 1, "198.51.100.3"),  # another time
        answer(1, 2, "198.51.100.4"),  # another flow
    )
    assert found == [("a.example", None, 2), ("a.example", None, 1), ("a.example", None, 1)]


def test_version_1_answer_takes_name_and_type_of_its_question() -> None:
    query = event(0, 1, type="query", id=1, rrname="www.example", rrtype="A")
    found, drops = read(query, answer(0, 1, "198.51.100.1", rrname="edge.example"))
    assert found == [("www.example", "A", 1)]
    assert (drops.query_count, drops.response_count) == (1, 1)


@pytest.mark.parametrize(
    "dns",
    [
        17,
        {"type": "answer", "version": 2, "answers": 5},
        {"type": "answer", "version": 2, "rrname": 5, "answers": []},
        {"type": "response", "version": 3, "queries": [7], "answers": [7]},
        {"type": "answer", "rrname": "a.example", "rrtype": [], "rdata": {}},
        {"type": "grouped", "grouped": {"A": [5]}},
        {"type": ["answer"]},
        {"type": "answer", "id": {}, "rrname": None},
        {"type": "answer", "version": 2, "rrname": "a.example", "rrtype": "A",
         "answers": [{"rrname": "a.example", "rrtype": "SOA", "soa": {"mname": []}}]},
    ],
)  # fmt: skip
def test_odd_events_are_counted(dns: object) -> None:
    _, drops = read({"event_type": "dns", "src_port": [], "host": 5, "dns": dns, "dest_port": 53})
    assert drops.reasons.total() >= 1


def test_grouped_answers_behind_a_bad_name_are_not_given_to_the_name_asked_for() -> None:
    grouped = {"CNAME": ["a..b"], "A": ["198.51.100.1", "198.51.100.2"], "TXT": ["x"]}
    found, drops = read(
        event(0, 1, version=2, type="answer", rrname="a.example", rrtype="A", grouped=grouped)
    )
    assert found == [("a.example", "A", 0)]
    assert drops.reasons == {"not a DNS name": 1, NO_OWNER: 2}


def test_recognises() -> None:
    assert Eve().recognises(b'{"timestamp":"2024-05-01T00:00:00","event_type":"flow"}\n')
    assert not Eve().recognises(b'{"rrname":"a.example","rrtype":"A","rdata":"198.51.100.7"}\n')


def test_lone_surrogates_reach_no_column() -> None:
    wild = answer(0, 1, "198.51.100.1") | {"src_ip": "\ud800", "host": "\udfff", "src_port": 53}
    found, _ = read(wild, event(1, 2, version=2, type="answer", rrname="\ud800.example"))
    assert found[0] == ("a.example", None, 1)
