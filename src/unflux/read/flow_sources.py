"""The formats of flows that unflux reads, and which of them a source is in."""

from typing import Final

from unflux.read.flow_capture import FlowCapture
from unflux.read.flow_eve import EveFlows
from unflux.read.flow_source import FlowSource
from unflux.read.flow_table import FlowTable
from unflux.read.flow_zeek import ZeekFlows
from unflux.read.nfdump_json import NfdumpJson
from unflux.read.nfdump_text import FlowLines, FlowPipe
from unflux.read.recognition import recognise_among

FLOW_SOURCES: Final[tuple[FlowSource, ...]] = (
    FlowCapture(),
    ZeekFlows(),
    EveFlows(),
    FlowPipe(),
    NfdumpJson(),
    FlowLines(),
    FlowTable(),
)
"""Asked in this order; formats told by a magic number come first. Of a flow that several
sources have, the first says most: packets, payload that was counted, payload that is reckoned."""


def recognise_flows(head: bytes) -> FlowSource:
    """Return the format of a source of flows by its first octets (up to 64 KiB).

    Raises UnreadableSourceError where it is none of :data:`FLOW_SOURCES`.
    """
    return recognise_among(FLOW_SOURCES, head, what="a format of flows")
