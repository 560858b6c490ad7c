"""What was seen of an address comes to the outcome that it should."""

import asyncio
import dataclasses
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.act.outputs.programs import checked, find

from unflux.model.errors import UnfluxError
from unflux.model.probes import Uptime
from unflux.probe.certificates import is_certificate_of
from unflux.probe.company import Company, compare_all
from unflux.probe.conversation import Turn
from unflux.probe.documents import (
    Document,
    Question,
    choose_question,
    is_refused_alike,
    parse_document,
    sketch,
)
from unflux.probe.facts import Facts
from unflux.probe.history import read_looks
from unflux.probe.lag import Lag
from unflux.probe.observed import Observed
from unflux.probe.uptime import Look, measure_uptimes
from unflux.probe.weighing import weigh

PAGE = b"<html>" + b"".join(b"<p>offer %d" % n for n in range(90))
OTHER = b"<html>" + b"".join(b"<li>member %d" % n for n in range(90))


def document(body: bytes = PAGE, **changes: Any) -> Document:
    usual: dict[str, Any] = {
        "status": 200, "server": "nginx", "cache_fields": (), "via": None, "is_file": True,
        "form": body, "body": body,
    }  # fmt: skip
    return Document(**usual | changes)


def observed(beyond_s: float, address: str = "192.0.2.1", **changes: Any) -> Observed:
    """Return an address 20 ms away whose documents take longer by so much."""
    chance = random.Random(address)
    connects = [0.02 + chance.expovariate(300) for _ in range(8)]
    usual: dict[str, Any] = {
        "address": address, "requests": 16, "open_ports": {"tcp/80"}, "connects_s": connects,
        "documents_s": [at + beyond_s for at in connects[:5]], "malformed_s": connects[:4],
        "document": document(), "fronts": 2, "has_file": True,
    }  # fmt: skip
    return Observed(**usual | changes)


def facts(seen: Observed, **changes: Any) -> Facts:
    company = Company(same_page=4, largest=5, is_page_of_most=True)
    usual: dict[str, Any] = {
        "observed": seen, "company": company, "uptime": Uptime(), "provider": None
    }  # fmt: skip
    return Facts(**usual | changes)


def test_a_detour_is_an_agent_and_none_a_server() -> None:
    assert weigh(facts(observed(0.08))).outcome == "agent"
    server = weigh(facts(observed(0.001)))
    assert server.outcome == "server"
    assert ("web-server", "holds") in {(a.hypothesis, a.outcome) for a in server.alternatives}


def test_what_lies_between_is_undecided_and_says_what_would_decide() -> None:
    opinion = weigh(facts(observed(0.012)))
    assert opinion.outcome == "undecided"
    assert opinion.missing
    assert 0.05 < opinion.score < 0.95


def test_a_cache_that_says_so_is_none_of_a_network() -> None:
    cached = document(cache_fields=("x-cache",))
    assert weigh(facts(observed(0.001, document=cached))).outcome == "cache"
    assert weigh(facts(observed(0.08, document=cached))).outcome == "undecided"
    assert weigh(facts(observed(0.08), provider="a network of caches")).outcome == "undecided"


def test_on_a_busy_machine_nobody_is_late_but_the_prompt_are_prompt() -> None:
    opinion = weigh(facts(observed(0.08, lags_s=[0.03] * 3, malformed_s=[0.1] * 5)))
    assert opinion.outcome == "undecided"
    assert opinion.missing == "a machine with less to do: this one was 30 ms late itself"
    assert weigh(facts(observed(0.001, lags_s=[0.03] * 3))).outcome == "server"
    trembling = observed(0.02, lags_s=[0.03] * 3, connects_s=[0.02] + [0.09] * 8)
    assert weigh(facts(trembling)).outcome == "undecided"
    assert weigh(facts(observed(0.08, lags_s=[0.01, 0.01, 0.2]))).outcome == "agent"
    assert weigh(facts(observed(0.03, lags_s=[0.01]))).outcome == "undecided"


def test_lag_is_what_holds_up_this_program() -> None:
    async def run() -> tuple[float, float]:
        async with Lag.measured() as lag:
            for _ in range(12):
                time.sleep(0.06)
                await asyncio.sleep(0)
            return lag.take(), lag.take()

    held_up_s, anew_s = asyncio.run(run())
    assert held_up_s > 0.03
    assert anew_s == 0


def test_too_few_documents_decide_nothing() -> None:
    seen = observed(0.08, documents_s=[0.1, 0.1], malformed_s=[])
    assert weigh(facts(seen)).outcome == "undecided"


def test_a_relayed_stream_is_late_whatever_is_said() -> None:
    seen = observed(0.08, malformed_s=[0.1, 0.11, 0.1, 0.1, 0.12])
    names = [piece.name for piece in weigh(facts(seen)).evidence if piece.llr > 2]
    assert names == ["relay-delay", "stream-delay"]
    # Three may have met a busy moment, as a handshake of a busy server does.
    seen = observed(0.08, malformed_s=[0.1, 0.11, 0.1], handshakes_s=[0.1] * 4)
    assert not [p for p in weigh(facts(seen)).evidence if p.name == "stream-delay" and p.llr > 0]


def test_of_refusals_and_handshakes_one_alone_says_half() -> None:
    prompt, late = [0.021] * 5, [0.1] * 5
    for refused_s, shaken_s, llr in (
        (prompt, prompt, -0.4), (late, late, 2.8), (prompt, late, 1.4), (late, prompt, 1.4),
        ([], late, 2.8), (prompt, [], -0.4),
    ):  # fmt: skip
        seen = observed(0.08, connects_s=[0.02] * 8, malformed_s=refused_s, handshakes_s=shaken_s)
        pieces = {piece.name: piece.llr for piece in weigh(facts(seen)).evidence}
        assert pieces["stream-delay"] == llr


def test_a_handshake_of_two_round_trips_is_not_late_for_that() -> None:
    seen = observed(0, connects_s=[0.04] * 8)
    for turns in (1, 2):
        turn = Turn(connect_s=0.04, is_open=True, handshake_s=0.04 * turns, handshake_turns=turns)
        seen.add_connection(443, turn)
    assert seen.handshakes_s == [0.04, 0.04]


@pytest.mark.parametrize("malformed_s", [[0.02] * 5, [0.1] * 5])
def test_nothing_but_delays_accuses_nobody(malformed_s: list[float]) -> None:
    refusal = document(status=400, server="HAProxy")
    seen = observed(0.08, malformed_s=malformed_s, refusal=refusal)
    opinion = weigh(facts(seen, company=Company()))
    assert opinion.outcome == "undecided"
    assert opinion.missing is not None
    assert "more than delays" in opinion.missing


def test_a_server_that_makes_every_document_is_no_relay() -> None:
    made = observed(0.08, has_file=False)
    assert weigh(facts(made)).outcome == "undecided"
    near = observed(0.08, has_file=False, cheap_s=[0.022])
    assert weigh(facts(near)).outcome == "server"
    assert ("web-server", "holds") in {
        (a.hypothesis, a.outcome) for a in weigh(facts(near)).alternatives
    }
    # It takes its time for that too: as a relay, before one that makes its documents, would.
    far = observed(0.08, has_file=False, cheap_s=[0.1, 0.1])
    assert weigh(facts(near)).score < weigh(facts(far)).score < 0.95


def test_a_stored_file_that_is_late_needs_no_making() -> None:
    seen = observed(0.08, cheap_s=[0.022])
    assert weigh(facts(seen)).outcome == "agent"


def test_a_certificate_of_its_own_speaks_for_its_owner() -> None:
    own: dict[str, Any] = {
        "certificate": "00",
        "is_certificate_named": True,
        "handshakes_s": [0.022] * 3,
    }
    plain, owned = weigh(facts(observed(0.08))), weigh(facts(observed(0.08, **own)))
    assert owned.score < plain.score
    # One owner has several hosts: each of them has the key.
    shared = Company(same_page=4, largest=5, is_page_of_most=True, same_certificate=4)
    assert weigh(facts(observed(0.08, **own), company=shared)).score == owned.score
    factory = own | {"is_certificate_named": False}
    assert weigh(facts(observed(0.08, **factory), company=shared)).score == plain.score


def test_a_certificate_whose_key_is_elsewhere_speaks_for_agents() -> None:
    relayed: dict[str, Any] = {"certificate": "00", "handshakes_s": [0.1] * 5}
    seen = observed(0.08, **relayed, is_certificate_named=True)
    device = observed(0.08, **relayed)
    for count, page, llr in ((1, 4, 0.0), (2, 4, 0.3), (2, 0, 1.0)):
        company = Company(
            same_page=page, largest=page + 1, is_page_of_most=True, same_certificate=count
        )
        for one, expected in ((seen, llr), (device, 0.0)):
            pieces = weigh(facts(one, company=company)).evidence
            assert [p.llr for p in pieces if p.name == "same-certificate"] == [expected]


def outcomes(hosts: Sequence[Observed], systems: dict[str, int] | None = None) -> set[str]:
    """Return what becomes of hosts that are suspects of one name."""
    company = compare_all(hosts, systems)
    return {weigh(facts(one, company=company[one.address])).outcome for one in hosts}


@pytest.mark.parametrize("count", [2, 5, 9])
def test_a_balanced_site_that_makes_its_pages_is_no_network_of_agents(count: int) -> None:
    late, prompt = [0.1] * 5, [0.021] * 5
    site = [
        observed(
            0.08, f"10.{n}.0.1", has_file=False, cheap_s=late, malformed_s=prompt,
            handshakes_s=prompt, certificate="00", is_certificate_named=True,
            refusal=document(status=400, server="Apache"),
        )
        for n in range(count)
    ]  # fmt: skip
    assert outcomes(site) == {"undecided"}
    plain = [dataclasses.replace(one, certificate=None, handshakes_s=[]) for one in site]
    assert outcomes(plain) == {"undecided"}


@pytest.mark.parametrize(
    ("count", "refused_s", "shaken_s", "outcome"),
    [(2, 0.1, 0.1, "undecided"), (3, 0.1, 0.1, "agent"), (3, 0.021, 0.1, "agent"),
     (4, 0.021, None, "undecided"), (5, 0.021, None, "agent"), (5, 0.021, 0.021, "undecided")],
)  # fmt: skip
def test_networks_of_strangers_are_more_than_an_owner_has(
    count: int, refused_s: float, shaken_s: float | None, outcome: str
) -> None:
    shaken = [] if shaken_s is None else [shaken_s] * 5
    hosts = [
        observed(
            0.08, f"10.{n}.0.1", malformed_s=[refused_s] * 5, handshakes_s=shaken,
            certificate="00" if shaken else None, is_certificate_named=bool(shaken),
        )
        for n in range(count)
    ]  # fmt: skip
    assert outcomes(hosts) == {outcome}
    # One provider rents out many prefixes.
    assert outcomes(hosts, {one.address: 64500 for one in hosts}) == {"undecided"}
    assert outcomes(hosts, {one.address: 64500 + n for n, one in enumerate(hosts)}) == {outcome}


def test_as_many_name_servers_as_a_zone_needs_are_no_agents() -> None:
    servers = [
        dataclasses.replace(names_observed(0.08, [0.11, 0.12]), address=f"10.{n}.0.1")
        for n in range(6)
    ]
    assert outcomes(servers[:5]) == {"undecided"}
    assert outcomes(servers) == {"agent"}


def names_observed(beyond_s: float, refused_s: list[float]) -> Observed:
    return observed(
        0, open_ports={"udp/53"}, documents_s=[], malformed_s=[], document=None,
        names_s=[0.03 + beyond_s] * 4, unanswered_s=refused_s, connects_s=[0.03] * 4,
    )  # fmt: skip


def test_relayed_names_are_refused_late_too() -> None:
    company = Company(same_zone=5)
    assert weigh(facts(names_observed(0.08, [0.11, 0.12]), company=company)).outcome == "agent"
    assert (
        weigh(facts(names_observed(0.08, [0.11, 0.12]), company=Company())).outcome == "undecided"
    )
    # One that looks its answers up in a slow place refuses at once what it never answers.
    assert weigh(facts(names_observed(0.08, [0.03]), company=company)).outcome == "server"
    for too_few in ([], [0.11]):
        opinion = weigh(facts(names_observed(0.08, too_few), company=company))
        assert opinion.outcome == "undecided"
    assert weigh(facts(names_observed(0, [0.03]), company=company)).outcome == "server"


def test_a_refusal_of_the_host_itself_tells_nothing_of_who_is_behind() -> None:
    body = b"<h1>%d %s</h1><hr>nginx/1.22.1"
    head = b"HTTP/1.1 %d %s\r\n\r\n"
    bad, method, other = (
        parse_document(head % (n, why) + body % (n, why) + more)
        for n, why, more in ((400, b"Bad Request", b""), (405, b"Not Allowed", b""),
                             (405, b"Not Allowed", b"by the site"))
    )  # fmt: skip
    assert bad and method and other
    assert is_refused_alike(method, bad)
    assert not is_refused_alike(other, bad)
    assert not is_refused_alike(method, None)
    assert not is_refused_alike(document(form=bad.form), bad)


@pytest.mark.parametrize(
    ("fields", "is_file"),
    [(b"Last-Modified: x\r\nAccept-Ranges: bytes\r\n", True), (b"Last-Modified: x\r\n", False),
     (b"Accept-Ranges: bytes\r\n", False), (b"", False),
     (b"Last-Modified: x\r\nAccept-Ranges: bytes\r\nSet-Cookie: a=b\r\n", False)],
)  # fmt: skip
def test_a_file_says_so(fields: bytes, is_file: bool) -> None:
    found = parse_document(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\nhello")
    assert found is not None
    assert found.is_file == is_file


def test_what_is_asked_for_differs_from_round_to_round() -> None:
    asked = [choose_question(number, None) for number in range(5)]
    assert asked.count(Question()) == 2
    assert [q.method for q in asked if q.is_cheap] == ["OPTIONS"]


def test_one_that_shows_another_page_is_planted() -> None:
    company = Company(largest=4)
    opinion = weigh(facts(observed(0.001), company=company))
    assert opinion.outcome == "server"
    holding = {a.hypothesis for a in opinion.alternatives if a.outcome == "holds"}
    assert "planted-address" in holding


def same_page(seen: Observed, among: Sequence[Observed]) -> float | None:
    """Return what pages say of one address among others."""
    pieces = weigh(facts(seen, company=compare_all([seen, *among])[seen.address])).evidence
    return next((piece.llr for piece in pieces if piece.name == "same-page"), None)


def test_another_page_decides_when_it_was_seen_twice() -> None:
    others = [observed(0.08, f"10.{n}.0.1") for n in range(4)]
    strange = document(OTHER)
    assert same_page(observed(0.08, document=strange, fronts=1), others) == -1.5
    assert same_page(observed(0.08, document=strange, fronts=2), others) == -3.0


def test_a_failure_of_who_is_behind_tells_of_no_page_and_no_delay() -> None:
    others = [observed(0.08, f"10.{n}.0.1") for n in range(4)]
    failed = observed(0.08, document=None, documents_s=[], fronts=0)
    turn = Turn(octets=b"HTTP/1.1 502 Bad Gateway\r\n\r\n", connect_s=0.02, reply_s=0.02)
    failed.add_document(turn, Question())
    assert (failed.document, failed.fronts, failed.documents_s) == (None, 0, [])
    assert same_page(failed, others) is None
    assert weigh(facts(failed, company=compare_all([failed, *others])["192.0.2.1"])).outcome == (
        "undecided"
    )


def test_a_method_that_nobody_knows_is_an_answer() -> None:
    seen = observed(0.08, has_file=False)
    for status, count in ((b"501 Not Implemented", 1), (b"502 Bad Gateway", 1), (b"204 None", 2)):
        turn = Turn(octets=b"HTTP/1.1 " + status + b"\r\n\r\n", connect_s=0.02, reply_s=0.021)
        seen.add_document(turn, Question(method="OPTIONS"))
        assert len(seen.cheap_s) == count
    assert weigh(facts(seen)).outcome == "server"


def reply(status: int, body: bytes = b"", fields: bytes = b"") -> Turn:
    head = b"HTTP/1.1 %d Whatever\r\nServer: nginx\r\n%s\r\n" % (status, fields)
    return Turn(octets=head + body, connect_s=0.02, reply_s=0.02)


@pytest.mark.parametrize("status", [301, 302, 307, 401, 403, 407, 408, 429, 451, 502])
def test_what_any_host_may_say_by_itself_clears_no_relay(status: int) -> None:
    late = observed(0.08, documents_s=[0.1] * 4, cheap_s=[0.1] * 2)
    before = weigh(facts(late))
    for _ in range(3):
        late.add_document(reply(status), Question())
        late.add_document(reply(status), Question(path="/robots.txt"))
    assert (late.document, late.fronts) == (document(), 2)
    assert weigh(facts(late)) == before
    assert before.outcome == "agent"


@pytest.mark.parametrize("status", [301, 403, 429])
def test_a_method_that_is_refused_on_the_way_clears_no_relay(status: int) -> None:
    seen = observed(0.08, has_file=False)
    seen.add_document(reply(status), Question(method="OPTIONS"))
    assert not seen.cheap_s


def test_a_page_that_is_not_there_is_told_by_the_host_itself() -> None:
    seen = observed(0.0, document=None, documents_s=[], fronts=0)
    nothing = b"<h1>Whatever</h1>nginx"
    seen.add_refusal(reply(400, nothing))
    seen.add_document(reply(404, nothing), Question())
    assert (len(seen.documents_s), seen.fronts) == (1, 1)
    # A relay of the page alone may say so of files.
    seen.add_document(reply(404, nothing), Question(path="/robots.txt"))
    assert len(seen.documents_s) == 1
    seen.add_document(reply(404, b"<h1>the site has no such file"), Question(path="/robots.txt"))
    assert len(seen.documents_s) == 2
    # A page that was there once is what is compared.
    seen.add_document(reply(200, PAGE), Question())
    seen.add_document(reply(404, nothing), Question())
    assert seen.document is not None
    assert (seen.document.body, seen.fronts) == (PAGE, 1)


def test_whoever_sends_visitors_on_to_tls_says_so() -> None:
    for to, is_upgraded in ((b"https://www.bad.example/", True), (b"/en/", False), (b"", False)):
        seen = observed(0.0)
        seen.add_document(reply(301, b"", b"Location: %s\r\n" % to), Question())
        assert seen.is_upgraded == is_upgraded


def test_default_pages_of_planted_hosts_do_not_outvote_the_agents() -> None:
    agents = [observed(0.08, f"10.{n}.0.1") for n in range(1, 6)]
    default = document(OTHER)
    planted = [
        observed(0.001, f"10.{n}.0.1", document=default, unnamed=default) for n in range(11, 17)
    ]
    for seen, *rest in (agents, agents[1:] + agents[:1]):
        assert same_page(seen, [*rest, *planted]) == 0.7
    alone = agents[0]
    # Theirs may be the page that software comes with: it decides nothing by itself.
    assert same_page(alone, planted) == -1.5
    found = compare_all([*agents, *planted])
    assert {weigh(facts(one, company=found[one.address])).outcome for one in agents} == {"agent"}
    assert {weigh(facts(one, company=found[one.address])).outcome for one in planted} == {"server"}
    # Where the page of most is shown for the name alone, one for everybody is none of the site.
    few = planted[:2]
    assert same_page(few[0], [few[1], *agents]) == -3.0


def test_a_gateway_that_says_so_is_no_cache() -> None:
    via = document(via="1.1 home")
    seen = weigh(facts(observed(0.08, document=via)))
    assert seen.outcome == "agent"
    assert [piece.value for piece in seen.evidence if piece.name == "proxy-fields"] == ["1.1 home"]


def test_one_whose_first_look_was_cut_off_is_not_silent() -> None:
    opinion = weigh(facts(Observed(address="192.0.2.1", requests=1, is_cut=True)))
    assert opinion.outcome == "undecided"
    assert opinion.missing is not None
    assert "the requests ended" in opinion.missing


@pytest.mark.parametrize(
    ("names", "is_of_it"),
    [
        (("www.bad.example",), True), (("other.example", "*.bad.example"), True),
        (("bad.example",), True), (("WWW.Bad.Example",), True), (("notbad.example",), False),
        (("bad.example.org",), False), ((), False),
    ],
)  # fmt: skip
def test_a_certificate_is_for_the_names_in_it(
    names: tuple[str, ...], is_of_it: bool, tmp_path: Path
) -> None:
    asked = ["-addext", f"subjectAltName={','.join(f'DNS:{n}' for n in names)}"] if names else []
    made = tmp_path / "made.der"
    checked(
        find("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", tmp_path / "key", "-out", made, "-outform", "DER", "-days", "2",
         "-subj", "/CN=a device", *asked,
    )  # fmt: skip
    assert is_certificate_of(made.read_bytes(), ("www.bad.example", "bad.example")) is is_of_it


def test_a_common_name_is_a_name_too(tmp_path: Path) -> None:
    made = tmp_path / "made.der"
    checked(
        find("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", tmp_path / "key", "-out", made, "-outform", "DER", "-days", "2",
         "-subj", "/CN=www.bad.example",
    )  # fmt: skip
    assert is_certificate_of(made.read_bytes(), ("bad.example",))
    assert not is_certificate_of(made.read_bytes(), ("ad.example",))


@given(st.binary(max_size=300))
def test_any_octets_are_a_certificate_of_something_or_nothing(octets: bytes) -> None:
    assert not is_certificate_of(octets, ("a-name-that-no-chance-gives.example",))


def test_uptime_speaks_after_days() -> None:
    seen = observed(0.012)
    before = weigh(facts(seen)).score
    homely = Uptime(looks=20, answered=11, days=4)
    steady = Uptime(looks=40, answered=40, days=6)
    young = Uptime(looks=20, answered=11, days=1)
    assert weigh(facts(seen, uptime=homely)).score > before
    assert weigh(facts(seen, uptime=steady)).score < before
    assert weigh(facts(seen, uptime=young)).score == before


def test_silence_is_no_verdict() -> None:
    silent = Observed(address="192.0.2.1", requests=3)
    assert weigh(facts(silent, company=Company())).outcome == "silent"


def test_neighbours_of_one_network_are_no_company() -> None:
    near = [observed(0, f"192.0.2.{n}") for n in range(1, 6)]
    assert all(c.same_page == 0 and c.largest == 1 for c in compare_all(near).values())
    far = [observed(0, f"10.{n}.0.1") for n in range(1, 6)]
    strange = observed(0, "10.99.0.1", document=document(OTHER))
    broken = observed(0, "10.98.0.1", document=document(status=502))
    company = compare_all([*far, strange, broken])
    assert company["10.1.0.1"] == Company(same_page=4, largest=5, is_page_of_most=True)
    assert company["10.99.0.1"] == Company(largest=5)
    assert company["10.98.0.1"] == Company(largest=5)


def test_pages_alike_but_for_a_date_are_one() -> None:
    dated = PAGE + b"<i>2026-11-28 13:55:01"
    assert sketch(PAGE) @ sketch(dated) > 0.85 > sketch(PAGE) @ sketch(OTHER)
    assert not sketch(b"").any()
    assert not sketch(b"abc").any()


@pytest.mark.parametrize(
    ("body", "path"),
    [(b'<link href="/a/b.css">', "/a/b.css"), (b"<img src=/x.png >", "/x.png"),
     (b'<script src="//else.example/x.js">', "/robots.txt"), (b"", "/robots.txt"),
     (b'<img src="/x\r\nHost: y.png">', "/robots.txt"), (b'<a href="/page.html">', "/robots.txt")],
)  # fmt: skip
def test_a_file_that_the_page_names_is_asked_for(body: bytes, path: str) -> None:
    assert choose_question(2, document(body)).path == path
    assert choose_question(0, document(body)).path == choose_question(3, document(body)).path == "/"


def test_uptimes() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    looks = [
        Look(address=f"192.0.2.{host}", at=at + timedelta(days=n), is_up=n != host)
        for n in range(4)
        for host in (1, 9)
    ]
    found = measure_uptimes(looks)["192.0.2.1"]
    assert dataclasses.astuple(found) == (4, 3, 3.0, at + timedelta(days=3))


def test_a_run_that_reached_nobody_tells_of_the_prober() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    looks = [
        Look(address=f"192.0.2.{host}", at=at + timedelta(days=day), is_up=up)
        for day, ups in enumerate([(True, True), (False, False), (False, True)])
        for host, up in enumerate(ups)
    ]
    first, second = measure_uptimes(looks).values()
    assert (first.looks, first.answered, second.looks, second.answered) == (2, 1, 2, 2)
    # Looks at one alone: whether it was off or the prober was, nobody can tell.
    alone = [look for look in looks if look.address == "192.0.2.0"]
    assert measure_uptimes(alone) == {}
    (found,) = measure_uptimes(alone[:1]).values()
    assert (found.looks, found.answered) == (1, 1)


LINE = (
    '{"schema":"unflux/probe/1","address":"192.0.2.1","name":"www.bad.example",'
    '"at":"2026-11-01T00:00:00Z","open_ports":["tcp/80"]}\n'
)


def test_history_is_read_back_but_for_a_line_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "history"
    assert not list(read_looks(path, "www.bad.example"))
    path.write_text(LINE + LINE.replace("www.bad", "www.else") + LINE[:50])
    (look,) = read_looks(path, "www.bad.example")
    assert look == Look(address="192.0.2.1", at=datetime(2026, 11, 1, tzinfo=UTC), is_up=True)


@pytest.mark.parametrize("line", ["{}", "[]", "nonsense", LINE.replace("192.0.2.1", "192.0.2.001")])
def test_anything_else_in_a_history_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "history"
    path.write_text(f"{line.strip()}\n{LINE}")
    with pytest.raises(UnfluxError, match="line 1"):
        list(read_looks(path, "www.bad.example"))
