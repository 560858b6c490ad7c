"""A trace reads from its sources, beside flows, which names lead to the relays."""

import random
from pathlib import Path

import dns.message
import dns.rrset
import pytest
from tests.read.flow_sensors import write_zeek
from tests.read.test_tls_hello import hello
from tests.trace.relayed_capture import AGENT, BEGIN_US, MOTHERSHIP, Wire, relayed

from unflux.model.traces import TraceResult
from unflux.pipeline.tracing import TraceOptions, trace
from unflux.read.flow_reading import bring_together, read_flows
from unflux.read.flow_source import FlowOptions
from unflux.read.source import Drops

SITE = "shop.example"
RELAYS = [f"198.{18 + number}.7.7" for number in range(4)]


def edge(*, is_tls: bool = False) -> Wire:
    """Return what four homes relay to one host, and what they look at themselves."""
    draw, wire = random.Random(3), Wire()
    port = 443 if is_tls else 80
    for number, relay in enumerate(RELAYS):
        for turn in range(8):
            at_us = BEGIN_US + draw.randrange(60, 3_500) * 1_000_000 + draw.randrange(1_000_000)
            request = f"GET /{turn} HTTP/1.1\r\nHost: {SITE}\r\n\r\n".encode()
            request = hello(SITE) if is_tls else request
            answer = bytes(draw.randrange(800, 40_000))
            visitor = (f"192.{number}.{turn}.9", 40_000 + turn)
            wire.connect(at_us, visitor, (relay, port), request, answer, takes_us=400_000)
            wire.connect(
                at_us + 40_000, (relay, 50_000 + turn), (MOTHERSHIP, port), request, answer,
                takes_us=300_000,
            )  # fmt: skip
        for host in range(40):
            at_us = BEGIN_US + draw.randrange(3_600_000_000)
            site = (f"203.0.113.{100 + host}", 443)
            wire.connect(at_us, (relay, 53_000 + host), site, b"x" * 90, bytes(5_000))
    return wire


def add_names(wire: Wire, *, late_s: int = 0) -> Wire:
    """Add the resolver's question for the site, and the answer."""
    asker, server = ("198.51.100.53", 3_333), ("203.0.113.53", 53)
    asked = dns.message.make_query(SITE, "A")
    told = dns.message.make_response(asked)
    told.answer.append(dns.rrset.from_text(f"{SITE}.", 300, "IN", "A", *RELAYS))
    at_us = BEGIN_US + late_s * 1_000_000
    wire.udp(at_us, asker, server, asked.to_wire())
    wire.udp(at_us + 9_000, server, asker, told.to_wire())
    return wire


def verdict(result: TraceResult) -> str:
    return next(host.verdict for host in result.hosts if host.address == MOTHERSHIP)


def written(path: Path, wire: Wire) -> str:
    path.write_bytes(wire.pcap())
    return str(path)


def name_log(folder: Path) -> str:
    """Write a log of DNS with the answer for the site."""
    names = folder / "dns.log"
    fields = ("ts", "id.resp_p", "query", "qtype_name", "rcode_name", "answers", "TTLs")
    ttls = ",".join(["300.0"] * len(RELAYS))
    row = ("1790000000.0", "53", SITE, "A", "NOERROR", ",".join(RELAYS), ttls)
    tab = "\t"
    names.write_text(f"#separator \\x09\n#fields{tab}{tab.join(fields)}\n{tab.join(row)}\n")
    return str(names)


@pytest.mark.parametrize("is_tls", [False, True])
def test_names_in_the_same_capture_tell_a_network(tmp_path: Path, is_tls: bool) -> None:
    flows = written(tmp_path / "flows.pcap", edge(is_tls=is_tls))
    assert verdict(trace([flows], TraceOptions())) == "suspected"
    both = written(tmp_path / "both.pcap", add_names(edge(is_tls=is_tls)))
    assert verdict(trace([both], TraceOptions())) == "accused"


def test_names_after_the_time_asked_for_are_not_looked_at(tmp_path: Path) -> None:
    late = written(tmp_path / "late.pcap", add_names(edge(), late_s=7_200))
    assert verdict(trace([late], TraceOptions())) == "accused"
    until_us = BEGIN_US + 3_700_000_000
    assert verdict(trace([late], TraceOptions(until_us=until_us))) == "suspected"


def test_a_log_of_dns_is_a_source_of_names(tmp_path: Path) -> None:
    flows = written(tmp_path / "flows.pcap", edge())
    result = trace([flows, name_log(tmp_path)], TraceOptions())
    assert verdict(result) == "accused"
    assert [source.name for source in result.sources] == [flows]
    (of_names,) = result.name_sources
    assert (of_names.format, of_names.responses, of_names.error) == ("zeek", 1, None)


def test_a_log_of_requests_alone_tells_who_relays(tmp_path: Path) -> None:
    capture = written(tmp_path / "a.pcap", relayed())
    flows = bring_together(list(read_flows([capture], FlowOptions())), Drops())
    _, requests = write_zeek(tmp_path, flows.to_pylist())
    result = trace([str(requests)], TraceOptions(agents=frozenset([AGENT])))
    assert verdict(result) == "accused"


def test_names_alone_are_no_flows(tmp_path: Path) -> None:
    result = trace([name_log(tmp_path)], TraceOptions())
    assert (result.flow_count, result.hosts, result.sources) == (0, (), ())
    assert [source.responses for source in result.name_sources] == [1]


def test_what_is_neither_flows_nor_names_is_said(tmp_path: Path) -> None:
    (tmp_path / "odd").write_text("nothing of the kind\n")
    (source,) = trace([str(tmp_path / "odd")], TraceOptions()).sources
    assert source.error is not None
    assert "not a format of flows" in source.error
    flows = written(tmp_path / "flows.pcap", edge())
    result = trace([str(tmp_path / "odd"), flows], TraceOptions())
    assert verdict(result) == "suspected"
    assert [bool(source.error) for source in result.sources] == [True, False]
