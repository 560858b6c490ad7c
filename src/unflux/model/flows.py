"""Flows: who opened a connection to whom, when, and how much went each way."""

from typing import Final

import numpy as np
import pyarrow as pa

from unflux.model.columns import COUNT, FLAG, MOMENT, TEXT, Column, TableShape
from unflux.model.distinct import encode_distinct

TCP: Final = 6
UDP: Final = 17
"""Protocol numbers (IANA, RFC 790)."""


def _optional(name: str, type_: pa.DataType, unit: str, meaning: str) -> Column:
    return Column(name=name, type=type_, unit=unit, meaning=meaning, nullable=True)


FLOWS: Final = TableShape(
    "flows",
    "One row per flow, both directions of it: a connection, or datagrams between two ports.",
    (
        Column(name="first_at", type=MOMENT, unit="UTC", meaning="its first packet"),
        _optional("last_at", MOMENT, "UTC", "its last packet; null where the source does not say"),
        Column(name="client", type=TEXT, unit="address", meaning="who opened it"),
        Column(name="client_port", type=COUNT, unit="port", meaning="port of the client"),
        Column(name="server", type=TEXT, unit="address", meaning="whom it was opened to"),
        Column(name="server_port", type=COUNT, unit="port", meaning="port of the server"),
        Column(name="protocol", type=COUNT, unit="IANA", meaning="6 for TCP, 17 for UDP"),
        Column(
            name="sent_bytes",
            type=COUNT,
            unit="octets",
            meaning="payload from the client; reckoned where the source counts headers too",
        ),
        Column(
            name="received_bytes",
            type=COUNT,
            unit="octets",
            meaning="payload to the client; reckoned likewise",
        ),
        _optional("flow_id", TEXT, "", "what the source calls the flow"),
        _optional("http_method", TEXT, "", "method of the first request, where it is plain"),
        _optional("http_host", TEXT, "", "host that the request asks for"),
        _optional("http_target", TEXT, "", "target of the request (RFC 9112 section 3.2)"),
        _optional("http_status", COUNT, "", "status of the first response"),
        _optional("server_name", TEXT, "", "server name that TLS asks for (RFC 6066 section 3)"),
        _optional("is_authoritative", FLAG, "", "AA of the DNS answer (RFC 1035 section 4.1.1)"),
    ),
)

HEADER_BYTES: Final = {TCP: 52, UDP: 28}
"""Octets of IPv4 and transport headers of a packet, taken off where a source counts them: TCP with
timestamps (RFC 7323), which a stack may leave out, UDP without options."""


def number_ends(flows: pa.Table) -> tuple[pa.Array, np.ndarray, np.ndarray]:
    """Return the distinct addresses of flows, and the number (int64) of each client and server."""
    # Cast, for a reader may have left dictionaries in them.
    ends = [flows[name].cast(pa.string()) for name in ("client", "server")]
    chunks = [chunk for end in ends for chunk in end.chunks]
    hosts, codes = encode_distinct(pa.chunked_array(chunks, pa.string()))
    numbers = np.asarray(codes)
    return hosts, numbers[: len(flows)], numbers[len(flows) :]
