"""Abuse and takedown bundles: X-ARF's own library and the email parser judge what is sent."""

import base64
import csv
import email
import email.policy
import hashlib
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.act.hostile import HOSTILE_NAMES, crafted_names
from tests.act.plans import SEEN, agent, plan_of, proposal, small_plan

from unflux.act.output import Options, Rendered
from unflux.act.outputs.abuse import Abuse
from unflux.act.outputs.takedown import Takedown
from unflux.act.reporter import parse_reporter
from unflux.model.actions import Delegation, Plan

US = Options(reporter=parse_reporter('"Example, CERT" <abuse@cert.example>'))
TEXTS = st.text(max_size=60)


def content(files: Iterable[Rendered]) -> dict[str, str]:
    return {file.name: file.content.decode("ascii") for file in files}


def reports(plan: Plan, name: str = "abuse/AS64500.xarf.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in content(Abuse().render(plan, US))[name].splitlines()]


def mail(plan: Plan, name: str = "abuse/AS64500.eml") -> EmailMessage:
    (file,) = [file for file in Abuse().render(plan, US) if file.name == name]
    assert b"\n" not in file.content.replace(b"\r\n", b"")
    parsed = email.message_from_bytes(file.content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def parts(message: EmailMessage) -> list[EmailMessage]:
    for part in message.walk():
        assert part.defects == [], part.defects
    found = list(message.iter_parts())
    assert all(isinstance(part, EmailMessage) for part in found)
    return [part for part in found if isinstance(part, EmailMessage)]


def hostile_plan() -> Plan:
    """Every crafted name and word as a domain, a holder and a sentence, in one AS and in many."""
    names = crafted_names()
    told = [agent(f"20.3.{n // 250}.{n % 250}", 64500 + n % 3, name)
            for n, name in enumerate(names)]  # fmt: skip
    return plan_of(
        *(proposal("report-address", a.address, agent=a, related=(name, *names[:20]), network=name,
                   evidence=(name,)) for a, name in zip(told, names, strict=True)),
    )  # fmt: skip


def test_without_a_reporter_there_is_nothing_that_must_name_one() -> None:
    assert set(content(Abuse().render(small_plan(), Options()))) == {
        f"abuse/AS{asn}.{kind}" for asn in (64500, 64501) for kind in ("csv", "txt")
    }


@pytest.mark.slow
@pytest.mark.parametrize("plan", [small_plan(), hostile_plan()])
def test_every_report_is_one_of_x_arf(plan: Plan) -> None:
    xarf = pytest.importorskip("xarf")
    found = 0
    for name, text in content(Abuse().render(plan, US)).items():
        for line in text.splitlines() if name.endswith(".jsonl") else ():
            result = xarf.parse(line)
            assert (result.errors, result.warnings) == ([], []), result
            assert type(result.report).__name__ == "BotnetReport"
            found += 1
    assert found == len(plan.of_kind("report-address"))


def test_one_address_is_told_as_one() -> None:
    told = agent("20.1.2.3", asn=64500, holder="Example Access")
    message = mail(plan_of(proposal("report-address", "20.1.2.3", agent=told)))
    assert message["Subject"] == "1 address in AS64500 seen to serve fast flux"


def test_a_report_says_who_where_when_and_why() -> None:
    first, second = reports(small_plan())
    assert (first["source_identifier"], second["source_identifier"]) == ("20.1.2.3", "2a09::7")
    assert first["reporter"] == first["sender"] == {
        "org": "Example, CERT", "contact": "abuse@cert.example", "domain": "cert.example",
    }  # fmt: skip
    assert first["timestamp"] == "2026-11-24T11:00:00Z"
    assert "tcp/80 tcp/443 udp/53" in first["compromise_evidence"]
    (evidence,) = first["evidence"]
    payload = base64.b64decode(evidence["payload"], validate=True)
    assert evidence["hash"] == f"sha256:{hashlib.sha256(payload).hexdigest()}"
    assert evidence["size"] == len(payload)
    for line in ("as: 64500 Example Access", "first seen: 2026-11-24T06:00:00Z",
                 "last seen: 2026-11-24T11:00:00Z", "domain: bad.example",
                 "proof: delegation: serves names"):  # fmt: skip
        assert line in payload.decode("ascii").splitlines()


def test_a_report_keeps_its_id_until_something_newer_was_seen() -> None:
    def id_of(last_seen: datetime) -> str:
        told = agent("20.1.2.3")
        plan = plan_of(proposal("report-address", "20.1.2.3", agent=told, last_seen=last_seen))
        (report,) = reports(plan)
        return str(UUID(report["report_id"]))

    assert id_of(SEEN) == id_of(SEEN)
    assert id_of(SEEN) != id_of(SEEN + timedelta(minutes=1))


def test_the_same_reports_are_the_same_octets() -> None:
    assert Abuse().render(hostile_plan(), US) == Abuse().render(hostile_plan(), US)


def test_the_mail_holds_a_text_a_feedback_report_and_the_reports() -> None:
    message = mail(small_plan())
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "feedback-report"
    assert message["From"].addresses[0].display_name == "Example, CERT"
    assert message["From"].addresses[0].addr_spec == "abuse@cert.example"
    assert message["To"] is None
    assert message["Date"].datetime == datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert message["Subject"] == "2 addresses in AS64500 seen to serve fast flux"
    assert message["Auto-Submitted"] == "auto-generated"
    text, machine, attached = parts(message)
    assert "20.1.2.3" in text.get_content()
    assert machine.get_content_type() == "message/feedback-report"
    (fields,) = machine.iter_parts()
    assert isinstance(fields, EmailMessage)
    assert fields.items() == [
        ("Feedback-Type", "other"), ("User-Agent", "unflux/0.1.0"), ("Version", "1"),
        ("Incidents", "2"), ("Arrival-Date", "Tue, 24 Nov 2026 11:00:00 +0000"),
        ("Reported-Domain", "bad.example"),
    ]  # fmt: skip
    lines = attached.get_content().decode("ascii").splitlines()
    assert [json.loads(line) for line in lines] == reports(small_plan())
    (fields,) = parts(mail(small_plan(), "abuse/AS64501.eml"))[1].iter_parts()
    assert isinstance(fields, EmailMessage)
    assert fields["Source-IP"] == "20.9.8.7"


def test_the_mail_of_hostile_names_and_holders_is_still_that_mail() -> None:
    plan = hostile_plan()
    for asn in (64500, 64501, 64502):
        message = mail(plan, f"abuse/AS{asn}.eml")
        assert set(message.keys()) == {
            "Content-Type", "MIME-Version", "From", "Date", "Subject", "Message-ID",
            "Auto-Submitted",
        }  # fmt: skip
        text, machine, attached = parts(message)
        (fields,) = machine.iter_parts()
        assert isinstance(fields, EmailMessage)
        assert set(fields.keys()) == {
            "Feedback-Type", "User-Agent", "Version", "Incidents", "Arrival-Date",
            "Reported-Domain",
        }  # fmt: skip
        assert all(line.isprintable() for line in text.get_content().splitlines())
        lines = attached.get_content().decode("ascii").splitlines()
        assert len(lines) == int(fields["Incidents"])


@settings(max_examples=60)
@given(HOSTILE_NAMES, TEXTS)
def test_tables_of_reports_give_back_their_cells_and_run_nothing(name: str, holder: str) -> None:
    told = agent("20.1.2.3", holder=holder)
    plan = plan_of(proposal("report-address", "20.1.2.3", agent=told, related=(name,)))
    files = content(Abuse().render(plan, US))
    head, *rows = csv.reader(io.StringIO(files["abuse/AS64500.csv"], newline=""))
    (row,) = rows
    assert len(row) == len(head)
    cells = dict(zip(head, row, strict=True))
    assert cells["domains"].lstrip("'") == name.lstrip("'")
    assert cells["address"] == "20.1.2.3"
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row)


def test_registries_get_the_name_servers_as_they_came_and_went() -> None:
    history = (
        Delegation(host="ns1.bad.example", addresses=("20.1.2.3", "20.9.8.7"),
                   first_seen=SEEN - timedelta(hours=5), last_seen=SEEN),
        Delegation(host="ns.other.example", first_seen=None, last_seen=None),
    )  # fmt: skip
    plan = plan_of(proposal("report-domain", "bad.example", delegations=history))
    files = content(Takedown().render(plan, Options()))
    (value,) = json.loads(files["takedown/example.json"])
    assert value["name_server_history"] == [
        {"host": "ns1.bad.example", "first_seen": "2026-11-24T06:00:00Z",
         "last_seen": "2026-11-24T11:00:00Z", "addresses": ["20.1.2.3", "20.9.8.7"]},
        {"host": "ns.other.example", "first_seen": None, "last_seen": None, "addresses": []},
    ]  # fmt: skip
    text = files["takedown/example.txt"].splitlines()
    assert "  delegated    ns1.bad.example  2026-11-24T06:00:00Z - 2026-11-24T11:00:00Z" in text
    assert "    at         20.9.8.7" in text


@settings(max_examples=60)
@given(HOSTILE_NAMES, HOSTILE_NAMES, TEXTS)
def test_takedown_json_gives_back_hostile_names_and_words(name: str, host: str, says: str) -> None:
    moved = Delegation(host=host, addresses=("20.1.2.3",), first_seen=SEEN, last_seen=SEEN)
    plan = plan_of(
        proposal("report-domain", name, related=(host,), evidence=(says,), delegations=(moved,))
    )
    files = Takedown().render(plan, Options())
    for file in files:
        text = file.content.decode("ascii")
        if file.name.endswith(".json"):
            (value,) = json.loads(text)
            assert (value["domain"], value["name_servers"]) == (name, [host])
            assert value["name_server_history"][0]["host"] == host
            assert value["evidence"][0].isprintable()
        else:
            assert text.replace("\n", "").isprintable()
    assert bool(files) == bool(plan.actions)
