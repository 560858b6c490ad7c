"""Tables of flows from a few numbers a flow."""

import pyarrow as pa

from unflux.model.columns import MOMENT
from unflux.model.flows import FLOWS

Row = tuple[int, int, str, str, int, int]
"""First and last second, client, server, octets sent and received."""


def table(rows: list[Row]) -> pa.Table:
    rows = sorted(rows)
    columns: dict[str, object] = {
        "first_at": pa.array([row[0] * 1_000_000 for row in rows]).cast(MOMENT),
        "last_at": pa.array([row[1] * 1_000_000 for row in rows]).cast(MOMENT),
        "client": [row[2] for row in rows],
        "client_port": [4_000 + n % 50_000 for n in range(len(rows))],
        "server": [row[3] for row in rows],
        "server_port": [80] * len(rows),
        "protocol": [6] * len(rows),
        "sent_bytes": [row[4] for row in rows],
        "received_bytes": [row[5] for row in rows],
    }
    arrays = [
        pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(len(rows), f.type)
        for f in FLOWS.schema
    ]
    return pa.table(arrays, schema=FLOWS.schema)
