"""nfdump's output ``-o json``: one array of objects, or one object a line."""

from collections.abc import Iterator
from typing import BinaryIO, Final

from unflux.read.flow_json import Fields, name_members, read_members
from unflux.read.flow_source import FlowBatch, FlowOptions
from unflux.read.flow_texts import compose_flows
from unflux.read.json_objects import head_objects
from unflux.read.lines import Peeked
from unflux.read.objects import Member, Shape
from unflux.read.source import Doc, Drops

FIELDS: Final[Fields] = {
    "first": ("first",),
    "last": ("last",),
    "client": ("src4_addr", "src6_addr"),
    "client_port": ("src_port",),
    "server": ("dst4_addr", "dst6_addr"),
    "server_port": ("dst_port",),
    "protocol": ("proto",),
    "sent_packets": ("in_packets",),
    "sent_bytes": ("in_bytes",),
    "received_packets": ("out_packets",),
    "received_bytes": ("out_bytes",),
}
SHAPE: Final = Shape(*(Member(key=key) for keys in FIELDS.values() for key in keys))


class NfdumpJson:
    """Flow records as nfdump writes them in JSON."""

    NAME = "nfdump json"
    DOC = Doc(
        summary="nfdump -o json, with or without -b and -B; -o ndjson likewise",
        references=("nfdump(1)",),
        limitations=(
            "nfdump writes local time: --utc-offset tells of which zone.",
            "An array is read object by object, some five times slower than a line each.",
            "Sampled flows are read as if they were whole.",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell by the keys of the first objects."""
        return any("in_bytes" in row and "src_port" in row for row in head_objects(head))

    def read(self, stream: BinaryIO, options: FlowOptions, drops: Drops) -> Iterator[FlowBatch]:
        """Decode the records; each is one direction, or both where it was aggregated so."""
        for members in read_members(Peeked(stream), SHAPE, drops, options.workers):
            texts = name_members(members, FIELDS)
            flows = compose_flows(texts, drops, utc_offset_s=options.utc_offset_s)
            yield FlowBatch(flows=flows, is_directed=False)
