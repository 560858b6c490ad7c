"""Flows as columns of text, as logs write them, become a table of shape ``FLOWS``."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.addresses import canonical_address
from unflux.model.columns import COUNT, MOMENT, TEXT
from unflux.model.distinct import map_distinct
from unflux.model.flows import FLOWS, HEADER_BYTES, TCP, UDP
from unflux.model.times import EARLIEST_US, LATEST_US
from unflux.read.moments import moments_of_numbers
from unflux.read.sieve import Sieve
from unflux.read.source import Drops

OTHER_PROTOCOL: Final = "neither TCP nor UDP"
BAD_ADDRESS: Final = "flow without addresses"
BAD_MOMENT: Final = "flow without a time"
BAD_PORT: Final = "flow without ports"
BAD_END: Final = "flow whose end is no time"
"""Such a flow is kept, without an end."""

PROTOCOLS: Final = {"tcp": TCP, "udp": UDP, "6": TCP, "17": UDP}
MAX_TEXT: Final = 512
"""Characters kept of hosts and targets of requests. Chosen: 2026-11-28; agreement shows in them."""
LEAST_TCP_BYTES: Final = 40
"""Headers of IPv4 and TCP without options."""

MAX_LASTING_US: Final = 366 * 86_400 * 1_000_000

_WHOLE: Final = r"^[0-9]{1,15}$"
_REST: Final = r"(\.[0-9]*)?([eE][-+]?[0-9]{1,3})?$"
_SECONDS: Final = r"^[0-9]{1,11}" + _REST
"""As programs print numbers: JSON has all digits of a double, and exponents of small ones."""
_EPOCH: Final = r"^[0-9]{1,19}" + _REST
_ISO: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
_ZONE: Final = r"(Z|[+-][0-9]{2}:?[0-9]{2})?$"

Texts = Mapping[str, pa.Array]
"""Columns of text, null where a row has none: ``client``, ``server``, their ports, ``protocol``,
``first`` and ``last`` (since the epoch, or ISO 8601) or ``lasted_s``, ``sent_bytes``,
``received_bytes``; where the octets are those of packets also ``sent_packets`` and
``received_packets``, whose headers are taken off. All others are as in ``FLOWS``."""


def compose_flows(
    texts: Texts, drops: Drops, *, utc_offset_s: int = 0, link_bytes: int = 0
) -> pa.Table:
    """Parse columns of text; rows without addresses, ports or a time are counted and left out.

    An end that is none is counted, too; its flow is kept.
    ``link_bytes``: octets of the link layer that the source counts with each packet.
    """
    count = len(texts["client"])
    protocol = map_distinct(texts["protocol"], lambda text: PROTOCOLS.get(text.lower()), COUNT)
    client, server = (map_distinct(texts[name], _address, TEXT) for name in ("client", "server"))
    client_port, server_port = (_port(texts[name]) for name in ("client_port", "server_port"))
    first_us = parse_moments(texts["first"], utc_offset_s)
    sieve = Sieve(count, drops)
    for reason, refused in (
        (OTHER_PROTOCOL, protocol.is_null()),
        (BAD_ADDRESS, pc.or_(client.is_null(), server.is_null())),
        (BAD_PORT, pc.or_(client_port.is_null(), server_port.is_null())),
        (BAD_MOMENT, first_us.is_null()),
    ):
        sieve.refuse(reason, np.asarray(refused))
    last_us = _last(texts, first_us, utc_offset_s)
    lost_count = int(np.count_nonzero(_is_end_lost(texts, last_us) & sieve.kept))
    if lost_count:
        drops.drop(BAD_END, lost_count)
    columns = {
        "first_at": first_us.cast(MOMENT),
        "last_at": last_us.cast(MOMENT),
        "client": client,
        "client_port": client_port,
        "server": server,
        "server_port": server_port,
        "protocol": protocol,
        "sent_bytes": _payload(texts, "sent", protocol, link_bytes),
        "received_bytes": _payload(texts, "received", protocol, link_bytes),
        "flow_id": texts.get("flow_id"),
        "http_method": _cut(texts.get("http_method")),
        "http_host": _cut(texts.get("http_host")),
        "http_target": _cut(texts.get("http_target")),
        "server_name": _cut(texts.get("server_name")),
        "http_status": parse_whole(texts["http_status"]) if "http_status" in texts else None,
    }
    return to_flows(columns, count).filter(pa.array(sieve.kept))


def to_flows(columns: Mapping[str, pa.Array | None], count: int) -> pa.Table:
    """Return a table of shape ``FLOWS``, null in the columns that are not given."""
    return pa.table(
        [
            pa.nulls(count, field.type) if (column := columns.get(field.name)) is None else column
            for field in FLOWS.schema
        ],
        schema=pa.schema([field.with_nullable(True) for field in FLOWS.schema]),
    )


def parse_whole(texts: pa.Array) -> pa.Array:
    """Return whole numbers, 0 or more and below 10^15; null for all other text."""
    try:
        numbers = texts.cast(COUNT)
    except pa.ArrowInvalid:  # other text among them
        texts = pc.if_else(pc.match_substring_regex(texts, _WHOLE), texts, None)
        return texts.cast(COUNT)
    is_usual = pc.and_(pc.greater_equal(numbers, 0), pc.less(numbers, 10**15))
    return numbers if pc.all(is_usual).as_py() is not False else pc.if_else(is_usual, numbers, None)


def parse_moments(texts: pa.Array, utc_offset_s: int = 0) -> pa.Array:
    """Return microseconds since the epoch of numbers or ISO 8601; null for all other text.

    The size of a number tells its unit, seconds to nanoseconds.
    ``utc_offset_s``: of moments that name no zone, seconds east.
    """
    is_epoch = pc.fill_null(pc.match_substring_regex(texts, _EPOCH), False)
    moments = moments_of_numbers(pc.if_else(is_epoch, texts, None).cast(pa.float64()))
    rest = pc.if_else(is_epoch, None, texts)
    if rest.null_count < len(rest):
        moments = pc.coalesce(moments, _iso_moments(rest, utc_offset_s))
    is_plausible = pc.and_(pc.greater_equal(moments, EARLIEST_US), pc.less(moments, LATEST_US))
    return pc.if_else(is_plausible, moments, None)


def _microseconds(texts: pa.Array, most_us: int) -> pa.Array:
    """Return what seconds are, at most ``most_us``; null for all other text."""
    seconds = pc.if_else(pc.match_substring_regex(texts, _SECONDS), texts, None).cast(pa.float64())
    bounded = pc.min_element_wise(pc.multiply(seconds, 1e6), float(most_us), skip_nulls=False)
    return pc.round(bounded).cast(COUNT)


def _iso_moments(texts: pa.Array, utc_offset_s: int) -> pa.Array:
    texts = pc.if_else(pc.match_substring_regex(texts, _ISO + _ZONE), texts, None)
    plain = pc.replace_substring_regex(texts, _ZONE, "")
    zone = pc.utf8_slice_codeunits(texts, 19, None)
    zone = pc.replace_substring_regex(zone, r"^\.[0-9]+", "")
    # More than microseconds is more than Arrow would take.
    plain = pc.replace_substring_regex(plain, r"(\.[0-9]{6})[0-9]+", r"\1")
    moments = _naive_us(plain)
    offset_s = map_distinct(zone, lambda text: _offset_s(text, utc_offset_s), COUNT)
    return pc.subtract(moments, pc.multiply(offset_s, 1_000_000))


def _naive_us(texts: pa.Array) -> pa.Array:
    """Return the microseconds of moments without a zone; null where a day or hour is none."""
    try:
        return texts.cast(pa.timestamp("us")).cast(COUNT)
    except pa.ArrowInvalid:  # a 31st of February among them: one by one
        return map_distinct(texts, _moment, COUNT)


def _moment(text: str) -> int | None:
    try:
        return int(pa.scalar(text).cast(pa.timestamp("us")).cast(COUNT).as_py())
    except pa.ArrowInvalid:
        return None


def _offset_s(zone: str, default_s: int) -> int:
    if not zone:
        return default_s
    if zone == "Z":
        return 0
    sign = -1 if zone[0] == "-" else 1
    return sign * (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60)


def _last(texts: Texts, first_us: pa.Array, utc_offset_s: int) -> pa.Array:
    """Return when the flows ended; null where that is not told."""
    if "last" in texts:
        last_us = parse_moments(texts["last"], utc_offset_s)
    elif "lasted_s" in texts:
        last_us = pc.add(first_us, _microseconds(texts["lasted_s"], MAX_LASTING_US))
    else:
        return pa.nulls(len(first_us), COUNT)
    return pc.max_element_wise(last_us, first_us, skip_nulls=False)


def _is_end_lost(texts: Texts, last_us: pa.Array) -> np.ndarray:
    """Tell where an end is told that is none."""
    told = texts.get("last", texts.get("lasted_s"))
    if told is None:
        return np.zeros(len(last_us), bool)
    return np.asarray(pc.and_(told.is_valid(), last_us.is_null()))


def _payload(texts: Texts, way: str, protocol: pa.Array, link_bytes: int) -> pa.Array:
    """Return the octets of one way, less those of headers where the packets are counted."""
    octets = pc.fill_null(parse_whole(texts[f"{way}_bytes"]), 0)
    packets = texts.get(f"{way}_packets")
    if packets is None:
        return octets
    count = pc.fill_null(parse_whole(packets), 0)
    is_tcp = pc.equal(protocol, TCP)
    header = pc.if_else(is_tcp, HEADER_BYTES[TCP], HEADER_BYTES[UDP])
    payload = pc.subtract(octets, pc.multiply(count, pc.add(header, link_bytes)))
    least = pc.add(pc.if_else(is_tcp, LEAST_TCP_BYTES, HEADER_BYTES[UDP]), link_bytes)
    # Little payload of a stack without timestamps is still some.
    is_some = pc.greater(octets, pc.multiply(count, least))
    return pc.max_element_wise(payload, is_some.cast(COUNT))


def _port(texts: pa.Array) -> pa.Array:
    ports = parse_whole(texts)
    return pc.if_else(pc.less(ports, 1 << 16), ports, None)


def _cut(texts: pa.Array | None) -> pa.Array | None:
    return None if texts is None else pc.utf8_slice_codeunits(texts, 0, MAX_TEXT)


def _address(text: str) -> str | None:
    return canonical_address(text.strip())
