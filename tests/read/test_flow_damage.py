"""Damaged logs of flows give flows or counted drops, never an error, whatever the damage."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.read.test_flow_logs import CONN, CONN_FIELDS, HTTP, HTTP_FIELDS

from unflux.model.flows import FLOWS
from unflux.read.flow_reading import bring_together, read_flow_source
from unflux.read.flow_source import FlowOptions
from unflux.read.opening import Location
from unflux.read.source import Drops


def tsv(fields: str, rows: tuple[str, ...]) -> str:
    lines = ["#separator \\x09", "#fields " + fields, *rows, "#close 2026"]
    return "\n".join([lines[0], *(line.replace(" ", "\t") for line in lines[1:])]) + "\n"


def objects(fields: str, rows: tuple[str, ...]) -> str:
    return "".join(
        json.dumps(dict(zip(fields.split(), row.split(" "), strict=True))) + "\n" for row in rows
    )


EVENT = {
    "event_type": "flow", "timestamp": "2026-09-21T14:14:20.0+0200", "flow_id": 7,
    "src_ip": "192.0.2.1", "src_port": 4000, "dest_ip": "198.51.100.7", "dest_port": 80,
    "proto": "TCP", "flow": {"pkts_toserver": 6, "bytes_toserver": 700, "pkts_toclient": 3,
    "bytes_toclient": 900, "start": "2026-09-21T14:13:20.250000+0200"},
}  # fmt: skip
RECORD = {
    "type": "FLOW", "first": "2026-09-21T14:13:20.250", "last": "2026-09-21T14:13:21.250",
    "in_packets": 4, "in_bytes": 273, "proto": 6, "src_port": 53, "dst_port": 38569,
    "src4_addr": "192.0.2.1", "dst4_addr": "192.0.2.2",
}  # fmt: skip
LINE = (
    "2026-09-21 14:13:20.000     00:00:00.101 TCP       198.51.100.7:52000 ->      203.0.113.9:80"
    "    ...AP.SF   0        3     1.2 M       29    13386     56     1\n"
)
SAMPLES = {
    "conn.log": tsv(CONN_FIELDS, CONN),
    "http.log": tsv(HTTP_FIELDS, HTTP),
    "conn.json": objects(CONN_FIELDS, CONN),
    "long conn.json": objects(CONN_FIELDS, CONN) * 12,
    "eve": (json.dumps(EVENT) + "\n") * 40,
    "nfdump json": json.dumps([RECORD] * 3, indent=1),
    "nfdump lines": "Date first seen\n" + LINE * 3 + "Summary: total flows: 3\n",
    "nfdump pipe": "2|1677960239118|1677960239141|6|0|0|0|16843009|53|0|0|0|3232235793|38569|0|0"
    "|0|0|27|0|4|273\n" * 3 + "Summary: x\n",
    "nfdump csv": "ts,te,td,sa,da,sp,dp,pr,ipkt,ibyt,opkt,obyt\n"
    "2023-03-04 20:03:59,2023-03-04 20:03:59,0.023,1.1.1.1,192.168.1.17,53,38569,TCP,0,0,4,273\n"
    "Summary\nflows,bytes\n1,2\n",
}


def read(octets: bytes) -> int:
    """Read what the octets are, and return how many flows there are."""
    found = read_flow_source(Location(name="-"), FlowOptions(), standard_input=io.BytesIO(octets))
    assert " failed (" not in (found.error or "")
    flows = bring_together([found], Drops())
    assert flows.schema.names == FLOWS.schema.names
    for name in ("client", "server", "first_at", "client_port", "protocol", "sent_bytes"):
        assert flows[name].null_count == 0
    return len(flows)


@pytest.mark.parametrize("name", SAMPLES)
def test_each_sample_is_read_undamaged(name: str) -> None:
    assert read(SAMPLES[name].encode()) > 0


def test_a_record_without_an_address_family_is_no_flow() -> None:
    record = SAMPLES["nfdump pipe"].partition("\n")[0] + "\n"
    assert read((record * 2 + record.removeprefix("2")).encode()) == 1


ODD = st.sampled_from(
    [b"\x00", b"\xff", b'"', b"\t", b"\n", b"|", b"-", b"9" * 20, b"1e400", b"NaN", b"\\u0000",
     b"\\ud800", b"{", b"[", b"#", b",", b" ", b"0x1f", b"-5", b"2026-02-31T25:61:61Z", b"::", b"%"]
)  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from(sorted(SAMPLES)),
    st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 12), ODD), min_size=1, max_size=6),
)
def test_damage_is_survived(name: str, damages: list[tuple[int, int, bytes]]) -> None:
    octets = SAMPLES[name].encode()
    for at, length, put in damages:
        place = at % max(len(octets), 1)
        octets = octets[:place] + put + octets[place + length :]
    read(octets)
