"""What the golden files of Zeek do not show."""

import io

import pyarrow as pa

from unflux.read.source import Batch, Drops, Options
from unflux.read.zeek import Zeek

HEADER = (
    b"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n"
)
FIELDS = b"#fields\tts\tid.resp_p\tquery\tqtype_name\trcode_name\tanswers\tTTLs\n"
ROW = b"1714521600.0\t53\twww.example.com\tA\tNOERROR\t198.51.100.7\t60.0\n"


def read(octets: bytes, options: Options | None = None) -> tuple[list[str], Drops]:
    drops = Drops()
    queries: list[str] = []
    for part in Zeek().read(io.BytesIO(octets), options or Options(), drops):
        assert isinstance(part, Batch)
        queries.extend(part.responses["query"].to_pylist())
    return queries, drops


def test_recognises_dns_logs_only() -> None:
    assert Zeek().recognises(HEADER + FIELDS)
    assert Zeek().recognises(b"\xef\xbb\xbf" + (HEADER + FIELDS).replace(b"\n", b"\r\n"))
    assert not Zeek().recognises(HEADER + b"#fields\tts\tuid\tid.orig_h\tservice\n")
    assert Zeek().recognises(b'{"ts":1.5,"query":"a.example","qtype_name":"A"}\n')
    assert not Zeek().recognises(b'{"ts":1.5,"uid":"C1","service":"dns"}\n')
    assert not Zeek().recognises(b"#ts\tquery\n")


def test_line_ends_do_not_matter() -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        assert read((HEADER + FIELDS + ROW + ROW).replace(b"\n", end))[0] == ["www.example.com"] * 2


def test_ports_are_the_users_choice() -> None:
    row = ROW.replace(b"\t53\t", b"\t5353\t")
    assert read(HEADER + FIELDS + row)[0] == []
    assert read(HEADER + FIELDS + row, Options(ports=frozenset({5353})))[0] == ["www.example.com"]
    assert read(HEADER + FIELDS + ROW.replace(b"\t53\t", b"\t-\t"))[0] == ["www.example.com"]


def test_rows_without_header_and_bad_parts_are_counted() -> None:
    bad = (
        ROW.replace(b"1714521600.0", b"soon")
        + ROW.replace(b"www.example.com", b"-")
        + ROW.replace(b"www.example.com", b"www..com")
    )
    queries, drops = read(HEADER + ROW + FIELDS + bad)
    assert queries == []
    assert drops.reasons == {
        "row before any #fields line": 1,
        "no moment between 1970 and 2100": 1,
        "row without a query name": 1,
        "not a DNS name": 1,
    }


def test_json_may_count_milliseconds() -> None:
    row = b'{"ts":1714521600123,"query":"a.example","qtype_name":"A","rcode_name":"NOERROR"}\n'
    for rows in (row, 200 * row):  # a few by row, many by columns
        (part,) = Zeek().read(io.BytesIO(rows), Options(), drops := Drops())
        assert isinstance(part, Batch)
        moments = part.responses["ts"].cast(pa.int64()).to_pylist()
        assert moments == [1714521600_123000] * rows.count(b"\n")
        assert not drops.reasons
