"""What the real nfdump writes of the same flows is read as the same flows."""

import subprocess
from pathlib import Path

import pyarrow as pa
import pytest
from tests.act.outputs.programs import find
from tests.trace.relayed_capture import AGENT, BEGIN_US, MOTHERSHIP, relayed

from unflux.read.flow_reading import FlowsRead, bring_together, read_flow_source
from unflux.read.flow_source import FlowOptions
from unflux.read.opening import Location
from unflux.read.source import Drops

pytestmark = pytest.mark.slow

OUTPUTS = ("csv", "line", "long", "extended", "pipe", "json", "extended6")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of flows that nfpcapd made of a capture."""
    folder = tmp_path_factory.mktemp("nfdump")
    wire = relayed()
    six = ("2001:db8::1", 4_000), ("2001:db8:0:ffff::2", 80)
    wire.connect(BEGIN_US + 5_000_000, *six, b"x" * 400, b"y" * 3_000_000)
    capture = folder / "a.pcap"
    capture.write_bytes(wire.pcap())
    flows = folder / "flows"
    flows.mkdir()
    command = [find("nfpcapd"), "-r", str(capture), "-w", str(flows)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folder


def dump(folder: Path, *options: str) -> FlowsRead:
    command = [find("nfdump"), "-R", str(folder / "flows"), *options]
    ran = subprocess.run(
        command, check=True, capture_output=True, timeout=60, env={"TZ": "UTC", "PATH": ""}
    )
    path = folder / "output"
    path.write_bytes(ran.stdout)
    found = read_flow_source(Location(name=str(path)), FlowOptions())
    assert found.error is None
    return found


@pytest.mark.parametrize("output", OUTPUTS)
def test_each_output_gives_the_flows_of_the_capture(exported: Path, output: str) -> None:
    read = dump(exported, "-o", output)
    # Both directions of the flow whose addresses are cut short.
    is_cut = output in ("line", "long", "extended")
    assert read.drops.reasons == ({"flow without addresses": 2} if is_cut else {})
    found = bring_together([read], Drops())
    assert len(found) == 92 - is_cut
    relays = [row for row in found.to_pylist() if row["server"] == MOTHERSHIP]
    assert {row["client"] for row in relays} == {AGENT}
    assert len(relays) == 12
    assert all(row["sent_bytes"] > 0 < row["received_bytes"] for row in relays)
    if is_cut:
        return
    (six,) = (row for row in found.to_pylist() if row["received_bytes"] > 1_000_000)
    assert (six["server"], six["server_port"]) == ("2001:db8:0:ffff::2", 80)
    assert abs(six["received_bytes"] - 3_000_000) < 0.05 * 3_000_000


@pytest.mark.parametrize("options", [("-B", "-o", "csv"), ("-N", "-o", "long6")])
def test_options_that_change_the_output_change_no_flow(
    exported: Path, options: tuple[str, ...]
) -> None:
    found = bring_together([dump(exported, *options)], Drops())
    assert len(found) == 92
    assert sum(server == MOTHERSHIP for server in found["server"].to_pylist()) == 12


def test_moments_have_milliseconds_but_in_csv(exported: Path) -> None:
    def are_whole(output: str) -> bool:
        moments = dump(exported, "-o", output).directions["first_at"].to_pylist()
        return all(moment.microsecond == 0 for moment in moments)

    assert are_whole("csv")
    assert not are_whole("json")


def test_a_capture_and_its_export_agree(exported: Path) -> None:
    def ends(table: pa.Table) -> list[tuple[object, ...]]:
        names = ("client", "client_port", "server", "server_port", "protocol")
        return sorted(tuple(row[name] for name in names) for row in table.to_pylist())

    capture = read_flow_source(Location(name=str(exported / "a.pcap")), FlowOptions()).flows
    assert ends(capture) == ends(bring_together([dump(exported, "-o", "pipe")], Drops()))
