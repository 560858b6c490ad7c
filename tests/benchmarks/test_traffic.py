"""Generated traffic: every form holds the same responses, and other programs' parsers agree."""

import struct
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest

from unflux.model.rollup import Rollup
from unflux.read.reading import read_all
from unflux.read.source import Options

RESPONSES = 2000


def write(folder: Path, *forms: str, **shape: Any) -> dict[str, Path]:
    shape = {"responses": RESPONSES, "names": 300, "rate_per_s": 20} | shape
    given = import_module("traffic.response_stream").TrafficShape(**shape)
    paths: dict[str, Path] = import_module("traffic.files").write_traffic(folder, given, forms)
    return paths


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
        forms = import_module("traffic.forms").FILES
        return write(tmp_path_factory.mktemp("traffic"), *forms)


def read(path: Path, query_count: int = 0) -> Rollup:
    (result,) = read_all([str(path)], Options())
    assert result.error is None
    assert not result.drops.reasons
    assert (result.drops.response_count, result.drops.query_count) == (RESPONSES, query_count)
    return result.rollup


def frames(path: Path) -> Iterator[bytes]:
    octets = path.read_bytes()
    at = 24
    while at < len(octets):
        size = struct.unpack_from("<I", octets, at + 8)[0]
        yield octets[at + 16 : at + 16 + size]
        at += 16 + size


def test_packets_and_dnstap_hold_the_same(paths: dict[str, Path]) -> None:
    packets, frames_read = read(paths["pcap"]), read(paths["dnstap"])
    assert packets.sightings.equals(frames_read.sightings)
    assert packets.lookups.equals(frames_read.lookups)
    assert packets.answer_sets.equals(frames_read.answer_sets)


def test_questions_change_nothing(paths: dict[str, Path]) -> None:
    packets, exchanges = read(paths["pcap"]), read(paths["exchanges"], query_count=RESPONSES)
    assert packets.sightings.equals(exchanges.sightings)
    assert packets.lookups.equals(exchanges.lookups)


@pytest.mark.parametrize(
    ("form", "sections"),
    [("zeek-tsv", {"ans"}), ("zeek-json", {"ans"}), ("eve", {"ans", "auth"})],
)
def test_logs_hold_what_such_logs_can(
    paths: dict[str, Path], form: str, sections: set[str]
) -> None:
    packets, log = read(paths["pcap"]), read(paths[form])
    assert log.lookups.equals(packets.lookups)
    assert log.answer_sets.equals(packets.answer_sets)
    seen = [row for row in packets.sightings.to_pylist() if row["section"] in sections]
    assert log.sightings.to_pylist() == seen


def test_the_mix_is_as_described(paths: dict[str, Path]) -> None:
    messages = [dns.message.from_wire(f[42 if f[12] == 8 else 62 :]) for f in frames(paths["pcap"])]
    assert len(messages) == RESPONSES
    assert all(message.flags & dns.flags.QR for message in messages)
    answers = [sum(len(rrset) for rrset in message.answer) for message in messages]
    assert max(answers) >= 10
    shares = {
        "absent": [message.rcode() == dns.rcode.NXDOMAIN for message in messages],
        "by links": [len(message.answer) > 1 for message in messages],
        "empty": [not message.answer for message in messages],
        "with servers": [any(r.rdtype == 2 for r in message.authority) for message in messages],
        "with glue": [bool(message.additional) for message in messages],
        "with EDNS": [message.edns == 0 for message in messages],
        "mixed case": [message.question[0].name.to_text() != str(message.question[0].name).lower()
                       for message in messages],
    }  # fmt: skip
    bounds = {
        "absent": (0.03, 0.2), "by links": (0.08, 0.3), "empty": (0.1, 0.35),
        "with servers": (0.15, 0.45), "with glue": (0.15, 0.45), "with EDNS": (0.5, 0.7),
        "mixed case": (0.01, 0.06),
    }  # fmt: skip
    for what, (low, high) in bounds.items():
        assert low < sum(shares[what]) / RESPONSES < high, what


@pytest.mark.parametrize("form", ["pcap", "exchanges"])
def test_checksums_are_true(paths: dict[str, Path], form: str) -> None:
    for frame in frames(paths[form]):
        is_ipv6 = frame[12:14] == b"\x86\xdd"
        ip = frame[14:]
        udp = ip[40:] if is_ipv6 else ip[20:]
        addresses = ip[8:40] if is_ipv6 else ip[12:20]
        assert is_ipv6 or words(ip[:20]) == 0xFFFF
        assert words(addresses + struct.pack("!HH", 17, len(udp)) + udp) == 0xFFFF
        assert struct.unpack_from("!H", udp, 4)[0] == len(udp)


def words(octets: bytes) -> int:
    """Add up as the Internet checksum does; all ones where the sum in it is true."""
    total: int = sum(
        struct.unpack(f"!{(len(octets) + 1) // 2}H", octets + b"\0" * (len(octets) % 2))
    )
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def test_a_seed_gives_the_same_octets(tmp_path: Path) -> None:
    first, again, other = (
        write(tmp_path / name, "pcap", responses=300, seed=seed)["pcap"].read_bytes()
        for name, seed in (("a", 5), ("b", 5), ("c", 6))
    )
    assert first == again != other


@pytest.mark.slow
def test_fluxing_names_are_convicted(tmp_path: Path) -> None:
    """At the rates of the benchmark, over a few minutes: otherwise a scan has nothing to tell."""
    pipeline = import_module("unflux.pipeline.scanning")
    path = write(tmp_path, "pcap", responses=20_000, names=1000, rate_per_s=200)["pcap"]
    found = pipeline.scan([str(path)], pipeline.Options())
    verdicts = {verdict.domain: verdict.verdict for verdict in found.verdicts}
    population = import_module("traffic.population").Population(1, 1000)
    fluxing = {
        population.reply(number, "A", 0).query.split(".", 1)[1]
        for number in population.is_fluxing.nonzero()[0].tolist()
    }
    convicted = {domain for domain, verdict in verdicts.items() if verdict == "fast-flux"}
    assert len(fluxing & convicted) > len(fluxing) / 2
    assert len(convicted - fluxing) < len(fluxing) / 10
