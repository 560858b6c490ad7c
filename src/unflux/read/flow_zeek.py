"""Zeek's ``conn.log``, ``http.log`` and ``ssl.log``, tab-separated or JSON."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.read.flow_json import Fields, name_members, read_members
from unflux.read.flow_source import FlowBatch, FlowOptions
from unflux.read.flow_table import Columns, parse_rows
from unflux.read.flow_texts import compose_flows
from unflux.read.json_objects import head_objects
from unflux.read.line_blocks import read_blocks
from unflux.read.lines import BYTE_ORDER_MARK, Peeked, head_lines
from unflux.read.objects import Member, Shape
from unflux.read.source import Doc, Drops
from unflux.read.zeek_header import Header, cut_at_headers

FIELDS: Final[Fields] = {
    "first": ("ts",),
    "lasted_s": ("duration",),
    "client": ("id.orig_h",),
    "client_port": ("id.orig_p",),
    "server": ("id.resp_h",),
    "server_port": ("id.resp_p",),
    "protocol": ("proto",),
    "sent_bytes": ("orig_bytes", "request_body_len"),
    "received_bytes": ("resp_bytes", "response_body_len"),
    "flow_id": ("uid",),
    "http_method": ("method",),
    "http_host": ("host",),
    "http_target": ("uri",),
    "http_status": ("status_code",),
    "server_name": ("server_name",),
}
"""What the three logs call the columns."""

ENDS: Final = ("orig_h", "orig_p", "resp_h", "resp_p")
CONN_MARK: Final = "conn_state"
HTTP_MARK: Final = "response_body_len"
TLS_MARK: Final = "cipher"
MARKS: Final = frozenset({CONN_MARK, HTTP_MARK, TLS_MARK})
OTHER_LOG: Final = "row of another log"

SHAPE: Final = Shape(
    *(Member(key=key) for keys in FIELDS.values() for key in keys),
    Member(key="id", members=tuple(Member(key=key) for key in ENDS)),
)


class ZeekFlows:
    """Zeek ``conn.log`` rows, and rows of ``http.log`` and ``ssl.log`` for what they asked for."""

    NAME = "zeek flows"
    DOC = Doc(
        summary="Zeek conn.log, http.log and ssl.log, as tab-separated text or as JSON lines",
        references=(
            "https://docs.zeek.org/en/master/logs/conn.html",
            "https://docs.zeek.org/en/master/logs/http.html",
            "https://docs.zeek.org/en/master/logs/ssl.html",
        ),
        limitations=(
            "Of several requests of one connection the first is kept, where conn.log is read too.",
            "An http.log alone gives a flow for each request, with bodies for sizes and no end; "
            "an ssl.log flows without any octets.",
            "conn.log counts payload by sequence numbers: a capture with gaps counts too much.",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell by the header of a tab-separated log, or by the keys of JSON rows."""
        for line in head_lines(head):
            if line.startswith("#fields"):
                return bool(MARKS & set(re.split(r"[\t,; |]", line)))
            if not line.startswith("#"):
                break
        return any(
            ("id.orig_h" in row or "id" in row) and not MARKS.isdisjoint(row)
            for row in head_objects(head)
        )

    def read(self, stream: BinaryIO, options: FlowOptions, drops: Drops) -> Iterator[FlowBatch]:
        """Decode the rows of any of them."""
        peeked = Peeked(stream)
        if peeked.head.removeprefix(BYTE_ORDER_MARK).lstrip().startswith(b"#"):
            yield from _read_tsv(peeked, drops)
            return
        for members in read_members(peeked, SHAPE, drops, options.workers):
            texts = name_members(members, FIELDS)
            for name, key in zip(
                ("client", "client_port", "server", "server_port"), ENDS, strict=True
            ):
                texts[name] = pc.coalesce(texts[name], members[f"id/{key}"])
            yield _batch(texts, drops)


def _read_tsv(stream: Peeked, drops: Drops) -> Iterator[FlowBatch]:
    for block, header in cut_at_headers(read_blocks(stream, drops)):
        used = {
            name: header.fields.index(key)
            for name, keys in FIELDS.items()
            for key in keys
            if key in header.fields
        }
        if not used.keys() >= {"client", "server", "first"}:
            lines = [line for line in block.split(b"\n") if line and not line.startswith(b"#")]
            if lines:
                drops.drop(OTHER_LOG, len(lines))
            continue
        columns = Columns(
            delimiter=header.separator,
            count=len(header.fields),
            used=used,
            absent=_absent(header),
            is_quoted=False,
        )
        texts = dict(parse_rows(block, columns, drops))
        count = len(texts["client"])
        yield _batch(
            {name: texts.get(name, pa.nulls(count, pa.string())) for name in FIELDS}, drops
        )


def _absent(header: Header) -> frozenset[str]:
    return frozenset({header.unset_field, header.empty_field, ""})


def _batch(texts: dict[str, pa.Array], drops: Drops) -> FlowBatch:
    """Compose flows; rows of logs of what was asked for have no protocol and no end."""
    # TLS that asks for no name says nothing beside its flow.
    says = [texts[name].is_valid() for name in ("protocol", "http_method", "server_name")]
    is_telling = pc.or_(pc.or_(says[0], says[1]), says[2])
    texts = {name: column.filter(is_telling) for name, column in texts.items()}
    is_request = np.asarray(texts["protocol"].is_null())
    texts["protocol"] = pc.fill_null(texts["protocol"], "tcp")
    if not is_request.all():
        # A connection that was only tried has no duration, and ended where it began.
        lasted_s = pc.fill_null(texts["lasted_s"], "0")
        texts["lasted_s"] = pc.if_else(pa.array(is_request), None, lasted_s)
    return FlowBatch(flows=compose_flows(texts, drops))
