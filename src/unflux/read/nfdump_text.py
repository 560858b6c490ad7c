"""nfdump's outputs without a header of columns: for people, and ``-o pipe``."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.addresses import AddressNumbers, address_texts
from unflux.model.columns import COUNT
from unflux.read.flow_source import FlowBatch, FlowOptions
from unflux.read.flow_table import Columns, parse_rows
from unflux.read.flow_texts import compose_flows, parse_whole
from unflux.read.line_blocks import decode_in_order, read_blocks
from unflux.read.lines import head_lines
from unflux.read.source import Doc, Drops

NOT_A_FLOW: Final = "line that is no flow"

LINE: Final = (
    r"^(?P<first>[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?)\s+"
    r"(?:(?P<hours>[0-9]+):(?P<minutes>[0-9]{2}):)?(?P<seconds>[0-9]+\.[0-9]+)\s+"
    r"(?P<protocol>[A-Za-z0-9-]+)\s+"
    r"(?P<client>[0-9A-Fa-f.:]+)[:.](?P<client_port>[0-9]+)\s+->\s+"
    r"(?P<server>[0-9A-Fa-f.:]+)[:.](?P<server_port>[0-9]+)\s+"
    r"(?:[.A-Za-z0-9]{6,8}\s+[0-9]+\s+)?(?P<packets>[0-9]+)\s+"
    r"(?P<bytes>[0-9]+(?:\.[0-9]+ [KMGT])?)\s"
)
"""A line of the outputs ``line``, ``long`` and ``extended``."""

HEADINGS: Final = r"^(Date first seen|Summary: |Time window: |Total flows |Sys: |\s*$)"

SCALES: Final = {"K": 1_000, "M": 1_000_000, "G": 10**9, "T": 10**12}

TOO_LARGE: Final = np.uint64(1 << 32)

_PIPE_PLACES: Final = {
    "family": 0, "first": 1, "last": 2, "protocol": 3, "s0": 4, "s1": 5, "s2": 6, "s3": 7,
    "client_port": 8, "d0": 9, "d1": 10, "d2": 11, "d3": 12, "server_port": 13,
    "sent_packets": 20, "sent_bytes": 21,
}  # fmt: skip
PIPE_FIELDS: Final = 22
PIPE_COLUMNS: Final = Columns(
    delimiter="|", count=PIPE_FIELDS, used=_PIPE_PLACES, is_quoted=False, passed_over=HEADINGS
)
_PIPE: Final = r"^(2|10)\|[0-9]{12,14}\|[0-9]{12,14}(\|[0-9]+){19}$"


class FlowLines:
    """nfdump's outputs for people: ``-o line``, ``long`` and ``extended``."""

    NAME = "nfdump lines"
    DOC = Doc(
        summary="nfdump -o line, long or extended, with or without -N, without -b and -B",
        references=("nfdump(1)",),
        limitations=(
            "Without -N nfdump rounds large counts of octets (1.2 M): sizes then agree less well.",
            "IPv6 addresses are whole in the outputs line6, long6 and extended6 only.",
            "nfdump writes local time: --utc-offset tells of which zone.",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell by the first line that is a flow."""
        return any(re.match(LINE, line) for line in head_lines(head)[:5])

    def read(self, stream: BinaryIO, options: FlowOptions, drops: Drops) -> Iterator[FlowBatch]:
        """Decode the lines of flows; headings and the closing summary are passed over."""
        decode = partial(_decode_lines, options=options)
        yield from _decoded(stream, decode, options, drops)


class FlowPipe:
    """nfdump's output for programs of old: ``-o pipe``."""

    NAME = "nfdump pipe"
    DOC = Doc(
        summary="nfdump -o pipe",
        references=("nfdump(1)",),
        limitations=("Sampled flows are read as if they were whole.",),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell by the first line: an address family and moments in milliseconds."""
        return any(re.match(_PIPE, line) for line in head_lines(head)[:1])

    def read(self, stream: BinaryIO, options: FlowOptions, drops: Drops) -> Iterator[FlowBatch]:
        """Decode the lines; the closing summary is passed over."""
        yield from _decoded(stream, _decode_pipe, options, drops)


def _decoded(
    stream: BinaryIO,
    decode: Callable[[bytes], tuple[FlowBatch, Drops]],
    options: FlowOptions,
    drops: Drops,
) -> Iterator[FlowBatch]:
    for batch, counts in decode_in_order(read_blocks(stream, drops), decode, options.workers):
        drops.add(counts)
        yield batch


def _decode_lines(block: bytes, options: FlowOptions) -> tuple[FlowBatch, Drops]:
    drops = Drops()
    lines = pa.array(block.decode().splitlines(), pa.string())
    lines = lines.filter(pc.invert(pc.match_substring_regex(lines, HEADINGS)))
    found = pc.extract_regex(lines, LINE)
    if found.null_count:
        drops.drop(NOT_A_FLOW, found.null_count)
        found = found.drop_null()
    texts = {found.type[place].name: found.field(place) for place in range(found.type.num_fields)}
    texts["sent_bytes"] = _scaled(texts.pop("bytes"))
    texts["sent_packets"] = texts.pop("packets")
    texts["received_bytes"] = pa.nulls(len(found), pa.string())
    hours, minutes = (_whole(texts.pop(name)) for name in ("hours", "minutes"))
    seconds = texts.pop("seconds").cast(pa.float64())
    lasted_s = pc.add(seconds, pc.add(pc.multiply(hours, 3600), pc.multiply(minutes, 60)))
    texts["lasted_s"] = pc.round(lasted_s, 3).cast(pa.string())
    flows = compose_flows(texts, drops, utc_offset_s=options.utc_offset_s)
    return FlowBatch(flows=flows, is_directed=False), drops


def _whole(texts: pa.Array) -> pa.Array:
    """Return numbers; 0 where the optional part of a line is not there."""
    return pc.fill_null(parse_whole(texts), 0).cast(pa.float64())


def _scaled(texts: pa.Array) -> pa.Array:
    """Return counts of octets as whole numbers, those that are rounded (1.2 M) too."""
    is_scaled = pc.match_substring(texts, " ")
    if not pc.any(is_scaled).as_py():
        return texts
    parts = pc.extract_regex(texts, r"^(?P<number>[0-9.]+) (?P<scale>[KMGT])$")
    scale = pc.index_in(pc.struct_field(parts, "scale"), value_set=pa.array(list(SCALES)))
    factor = pa.array(list(SCALES.values())).take(scale)
    octets = pc.multiply(
        pc.struct_field(parts, "number").cast(pa.float64()), factor.cast(pa.float64())
    )
    return pc.if_else(is_scaled, pc.round(octets).cast(COUNT).cast(pa.string()), texts)


def _decode_pipe(block: bytes) -> tuple[FlowBatch, Drops]:
    drops = Drops()
    texts = dict(parse_rows(block, PIPE_COLUMNS, drops))
    given = pc.fill_null(texts.pop("family"), "")
    family = np.select(
        [np.asarray(pc.equal(given, "10")), np.asarray(pc.equal(given, "2"))], [6, 4]
    )
    for name, prefix in (("client", "s"), ("server", "d")):
        words = [parse_whole(texts.pop(f"{prefix}{place}")) for place in range(4)]
        texts[name] = _addresses(words, family)
    for name in ("first", "last"):
        seconds = pc.utf8_slice_codeunits(texts[name], 0, -3)
        fraction = pc.utf8_slice_codeunits(texts[name], -3, None)
        texts[name] = pc.binary_join_element_wise(seconds, fraction, ".")
    texts["received_bytes"] = pa.nulls(len(family), pa.string())
    return FlowBatch(flows=compose_flows(texts, drops), is_directed=False), drops


def _addresses(words: list[pa.Array], family: np.ndarray) -> pa.Array:
    """Return addresses from words of 32 bits, of IPv4 the last; null for larger numbers."""
    numbers = [np.asarray(pc.fill_null(word, 1 << 32)).astype(np.uint64) for word in words]
    is_good = np.all([number < TOO_LARGE for number in numbers], axis=0)
    is_ipv6 = family == 6
    high = numbers[0] << np.uint64(32) | numbers[1]
    low = numbers[2] << np.uint64(32) | numbers[3]
    return address_texts(
        AddressNumbers(
            np.where(is_good, family, 0).astype(np.uint8),
            np.where(is_ipv6, high, 0).astype(np.uint64),
            np.where(is_ipv6, low, numbers[3]).astype(np.uint64),
        )
    )
