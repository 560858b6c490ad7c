"""Suricata's EVE log: ``flow``, ``http`` and ``tls`` events."""

from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc

from unflux.read.flow_json import read_members
from unflux.read.flow_source import FlowBatch, FlowOptions
from unflux.read.flow_texts import compose_flows
from unflux.read.json_objects import head_objects
from unflux.read.lines import Peeked
from unflux.read.objects import Member, Shape
from unflux.read.source import Doc, Drops

ETHERNET_BYTES: Final = 14
"""Suricata counts octets of frames."""

FLOW: Final[Mapping[str, str]] = {
    "first": "flow/start",
    "last": "flow/end",
    "sent_bytes": "flow/bytes_toserver",
    "received_bytes": "flow/bytes_toclient",
    "sent_packets": "flow/pkts_toserver",
    "received_packets": "flow/pkts_toclient",
}
HTTP: Final[Mapping[str, str]] = {
    "first": "timestamp",
    "received_bytes": "http/length",
    "http_method": "http/http_method",
    "http_host": "http/hostname",
    "http_target": "http/url",
    "http_status": "http/status",
}
TLS: Final[Mapping[str, str]] = {"first": "timestamp", "server_name": "tls/sni"}
ENDS: Final[Mapping[str, str]] = {
    "client": "src_ip",
    "client_port": "src_port",
    "server": "dest_ip",
    "server_port": "dest_port",
    "protocol": "proto",
    "flow_id": "flow_id",
}


def _members(paths: Mapping[str, str], parent: str) -> tuple[Member, ...]:
    keys = [path.partition("/")[2] for path in paths.values() if path.startswith(f"{parent}/")]
    return tuple(Member(key=key) for key in keys)


SHAPE: Final = Shape(
    Member(key="event_type"),
    Member(key="timestamp"),
    *(Member(key=key) for key in ENDS.values()),
    Member(key="flow", members=_members(FLOW, "flow")),
    Member(key="http", members=_members(HTTP, "http")),
    Member(key="tls", members=_members(TLS, "tls")),
)


class EveFlows:
    """Suricata ``eve.json``: events of types ``flow``, ``http`` and ``tls``; no others."""

    NAME = "eve flows"
    DOC = Doc(
        summary="Suricata eve.json, events of types flow, http and tls",
        references=(
            "https://docs.suricata.io/en/latest/output/eve/eve-json-format.html",
            "https://docs.suricata.io/en/latest/devguide/extending/app-layer/transactions.html",
        ),
        limitations=(
            "Octets are those of frames: headers are reckoned and taken off.",
            "Events of types http and tls are dated when they are logged, which is when what they "
            "tell of was over: those without their flow are left out.",
            "Events of type netflow, one direction each, are passed over.",
            "Of several requests of one flow the first is kept, where the flow is there too.",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell by ``event_type`` among the keys of the first objects."""
        # Some events are of no flow: Suricata's own counts are written first, for one.
        return any("event_type" in event and "timestamp" in event for event in head_objects(head))

    def read(self, stream: BinaryIO, options: FlowOptions, drops: Drops) -> Iterator[FlowBatch]:
        """Decode the events of these types."""
        for members in read_members(Peeked(stream), SHAPE, drops, options.workers):
            for kind, names in (("flow", FLOW), ("http", HTTP), ("tls", TLS)):
                chosen = pc.fill_null(pc.equal(members["event_type"], kind), False)
                if kind == "tls":  # one that asks for no name says nothing beside its flow
                    chosen = pc.and_(chosen, members["tls/sni"].is_valid())
                texts = {
                    name: members[path].filter(chosen) for name, path in {**ENDS, **names}.items()
                }
                for name in ("sent_bytes", "received_bytes"):
                    texts.setdefault(name, pa.nulls(len(texts["client"]), pa.string()))
                if len(texts["client"]):
                    flows = compose_flows(texts, drops, link_bytes=ETHERNET_BYTES)
                    yield FlowBatch(flows=flows)
