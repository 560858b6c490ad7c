"""What a capture of a testbed took at each vantage, and what was lost on the way."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from unflux.lab.testbed.flow_export import Exported
from unflux.lab.testbed.taps import Tally

SCHEMA: Final = "unflux/capture/1"
REPORT: Final = "capture.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What was taken at one vantage."""

    vantage: str
    folder: Path
    tally: Tally
    packets: int
    """In the logs: whole segments and datagrams of TCP and UDP over IPv4."""
    connections: int
    exported: Exported

    def losses(self) -> tuple[str, ...]:
        """Return a sentence for each kind of loss."""
        tally, exported = self.tally, self.exported
        at = f"at the {self.vantage}"
        told = (
            (tally.dropped_by_kernel, f"packets dropped by the kernel {at}: it has gaps"),
            (tally.dropped_by_interface, f"packets dropped by the interface {at}: it has gaps"),
            (exported.lost, f"flows lost between exporter and collector {at}"),
            (exported.failures, f"messages of flows that could not be sent {at}"),
        )
        return tuple(f"{count:,} {what}" for count, what in told if count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """What was taken of a testbed at one time."""

    testbed: str
    began_at_s: float
    """Seconds since 1970 at which all taps listened."""
    seconds: float
    messages: int
    """Of dnstap."""
    vantages: tuple[Captured, ...]


def write_report(capture: Capture, folder: Path) -> None:
    """Write the object of docs/schemas/capture-1.schema.json beside the vantages."""
    began_at = datetime.fromtimestamp(capture.began_at_s, UTC)
    told = {
        "schema": SCHEMA,
        "testbed": capture.testbed,
        "began_at": f"{began_at:%Y-%m-%dT%H:%M:%S.%f}Z",
        "seconds": capture.seconds,
        "dnstap_messages": capture.messages,
        "vantages": _compose_vantages(capture.vantages),
    }
    (folder / REPORT).write_text(json.dumps(told, indent=1) + "\n", encoding="ascii")


def _compose_vantages(vantages: Sequence[Captured]) -> list[dict[str, object]]:
    return [
        {
            "vantage": one.vantage,
            "packets": one.tally.packets,
            "dropped_by_kernel": one.tally.dropped_by_kernel,
            "dropped_by_interface": one.tally.dropped_by_interface,
            "packets_in_logs": one.packets,
            "connections": one.connections,
            "packets_in_flows": one.exported.packets,
            "flows": one.exported.flows,
            "flows_lost": one.exported.lost,
            "flow_messages_failed": one.exported.failures,
        }
        for one in vantages
    ]
