"""Flows as files of several formats, for the speed of reading them."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from unflux.model.flows import TCP

CONN_FIELDS = (
    "ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "duration",
    "orig_bytes", "resp_bytes", "conn_state",
)  # fmt: skip


def write_conn_log(path: Path, flows: pa.Table) -> None:
    """Write flows as a Zeek conn.log."""
    count = len(flows)
    first = flows["first_at"].cast(pa.int64())
    columns = [
        _seconds(first),
        pc.binary_join_element_wise("C", pa.array(range(count)).cast(pa.string()), ""),
        flows["client"], flows["client_port"], flows["server"], flows["server_port"],
        _protocols(flows, "tcp", "udp"),
        _seconds(pc.subtract(flows["last_at"].cast(pa.int64()), first)),
        flows["sent_bytes"], flows["received_bytes"], pa.array(["SF"] * count),
    ]  # fmt: skip
    with path.open("wb") as file:
        file.write(b"#separator \\x09\n#fields\t" + "\t".join(CONN_FIELDS).encode() + b"\n")
        _write(file, columns, "\t")


def write_pipe(path: Path, flows: pa.Table) -> None:
    """Write flows of IPv4 as nfdump -o pipe, a line for each direction."""
    count = len(flows)
    zero = pa.array(["0"] * count)
    first, last = (
        pc.divide(flows[name].cast(pa.int64()), 1_000) for name in ("first_at", "last_at")
    )
    client, server = (_number(flows[name]) for name in ("client", "server"))
    ports = [flows["client_port"], flows["server_port"]]
    protocol = flows["protocol"]
    with path.open("wb") as file:
        for ends, sides, payload in (
            ((client, server), ports, flows["sent_bytes"]),
            ((server, client), ports[::-1], flows["received_bytes"]),
        ):
            packets = pc.add(pc.divide(payload, 1_400), 3)
            octets = pc.add(payload, pc.multiply(packets, 52))
            columns = [
                pa.array(["2"] * count), first, last, protocol, zero, zero, zero, ends[0], sides[0],
                zero, zero, zero, ends[1], sides[1], zero, zero, zero, zero, zero, zero, packets,
                octets,
            ]  # fmt: skip
            _write(file, columns, "|")


def _write(file: object, columns: list[pa.Array | pa.ChunkedArray], delimiter: str) -> None:
    table = pa.table({str(number): column for number, column in enumerate(columns)})
    options = pacsv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style="none")
    pacsv.write_csv(table, file, options)


def _seconds(micros: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.divide(micros.cast(pa.float64()), 1e6).cast(pa.decimal128(20, 6)).cast(pa.string())


def _protocols(flows: pa.Table, tcp: str, udp: str) -> pa.ChunkedArray:
    return pc.if_else(pc.equal(flows["protocol"], TCP), tcp, udp)


def _number(addresses: pa.ChunkedArray) -> pa.ChunkedArray:
    parts = pc.split_pattern(addresses, ".")
    number = pa.chunked_array([pa.array([0] * len(addresses), pa.int64())])
    for place in range(4):
        octet = pc.list_element(parts, place).cast(pa.int64())
        number = pc.add(pc.multiply(number, 256), octet)
    return number
