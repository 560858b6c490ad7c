"""The user's own tables: every accepted shape, its bad rows, and what is refused."""

import csv
import gzip
import io
import json
import lzma
import tempfile
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from unflux.measure.ranges import BadRowError
from unflux.measure.route_tables import (
    MMDB_MARKER,
    ROLES,
    clean_holder,
    find_roles,
    parse_asn,
    parse_country,
    read_record,
    read_route_table,
)
from unflux.model.columns import ROUTES
from unflux.model.errors import RoutesError

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "measure" / "routes"
IP_ASN = ROOT / "../shared/data/ip_asn.csv.gz"


def golden_cases() -> list[Path]:
    return sorted(folder for folder in GOLDEN.iterdir() if folder.is_dir())


@pytest.mark.parametrize("folder", golden_cases(), ids=lambda folder: folder.name)
def test_reads_every_shape(folder: Path) -> None:
    (source,) = folder.glob("input.*")
    expected = json.loads((folder / "expected.json").read_text())
    table, drops = read_route_table(source)
    routes = table.lookup([address for address, *_ in expected["routes"]])
    assert routes.schema == ROUTES.schema
    assert [
        [row["address"], row["asn"], row["holder"], row["country"]] for row in routes.to_pylist()
    ] == expected["routes"]
    assert drops == expected["drops"]


def parquet_of(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa_csv.read_csv(pa.BufferReader(content)), sink)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        zstandard.compress,
        lzma.compress,
        parquet_of,
        lambda content: gzip.compress(parquet_of(content)),
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content.replace(b",", b";"),
    ],
    ids=["gz", "zst", "xz", "parquet", "parquet gz", "byte order mark", "CRLF", "semicolons"],
)
def test_is_recognised_by_content(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "table"
    path.write_bytes(
        pack(b"start,end,asn,name\n192.0.2.0,192.0.2.9,64500,One\n192.0.2.10,192.0.2.19,,Two\n")
    )
    table, drops = read_route_table(path)
    assert table.lookup(["192.0.2.9", "192.0.2.10"]).column("asn").to_pylist() == [64500, None]
    assert drops == {}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "found: none"),
        (b"\n\n", "found: none"),
        (b"ip,score\n192.0.2.1,7\n", "found: ip, score"),
        (b"name,asn\nx,64500\n", "found: name, asn"),
        (b"ip,asn\nnowhere,64500\n", "dropped: 1 x no address"),
        (b"ip,asn\n192.0.2.1,0\n192.0.2.2,\n", "dropped: none"),
        (b"ip,asn\n", "dropped: none"),
        (b"192.0.2.1,\xff\xfe\n", "found: prefix"),
        (b"PAR1 and nothing else", "cannot be read as Parquet"),
        (b"\x1f\x8b\x08 broken", "cannot be read"),
        (b"\x28\xb5\x2f\xfd broken", "cannot be read"),
        (b"\xfd7zXZ\x00 broken", "cannot be read"),
        (MMDB_MARKER + b"\x00", "cannot be read as a MaxMind database"),
    ],
)
def test_refuses_what_has_no_use(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(RoutesError) as refused:
        read_route_table(path)
    assert str(path) in str(refused.value)
    assert says in str(refused.value)
    if "found" in says or "dropped" in says:
        assert "start,end,asn or prefix,asn or ip,asn" in str(refused.value)


def test_names_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RoutesError, match="absent"):
        read_route_table(tmp_path / "absent")


def test_a_bad_row_in_the_sample_does_not_change_the_shape(tmp_path: Path) -> None:
    path = tmp_path / "table"
    rows = [f"192.0.2.{n},192.0.2.{n},{64500 + n},Name" for n in range(20)]
    rows[5] = "192.0.2.5,broken,x,Name"
    path.write_text("\n".join(rows))
    table, drops = read_route_table(path)
    assert drops == {"no address": 1}
    assert table.lookup(["192.0.2.6", "192.0.2.5"]).column("asn").to_pylist() == [64506, None]


def test_a_malformed_row_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "table"
    field = "x" * (csv.field_size_limit() + 1)
    path.write_text(f"ip,asn,name\n192.0.2.1,64500,{field}\n192.0.2.2,64501,Name\n")
    table, drops = read_route_table(path)
    assert drops == {"malformed row": 1}
    assert table.lookup(["192.0.2.2"]).column("asn").to_pylist() == [64501]


@given(content=st.binary(max_size=300))
def test_any_bytes_give_a_table_or_the_error(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table"
        path.write_bytes(content)
        try:
            read_route_table(path)
        except RoutesError:
            return


CELL = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["192.0.2.1", "192.0.2.0/24", "2001:db8::", "::/0", "1", "AS64500", "DE", "/"]),
)


@given(rows=st.lists(st.lists(CELL, max_size=5), max_size=8))
def test_any_rows_give_a_table_or_the_error(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table"
        path.write_bytes(text.getvalue().encode("utf-8", "surrogatepass"))
        try:
            table, _ = read_route_table(path)
        except RoutesError:
            return
        assert table.lookup(["192.0.2.1", "2001:db8::1"]).num_rows == 2


def test_every_name_in_a_header_has_one_meaning() -> None:
    names = [name for aliases in ROLES.values() for name in aliases]
    assert len(names) == len(set(names))
    assert all(find_roles([name.upper()]) for name in names)


@pytest.mark.parametrize(
    ("text", "asn"),
    [("AS1", 1), ("as64500 ", 64500), ("4294967295", 4294967295), ("15169.0", 15169)]
    + [(unknown, None) for unknown in ("", "0", "AS0", "-", "None", "NaN", None)],
)
def test_parses_as_numbers(text: str | None, asn: int | None) -> None:
    assert parse_asn(text) == asn


@pytest.mark.parametrize("text", ["4294967296", "-1", "1.5", "ASX", "1 2", "٣", "AS-1"])
def test_refuses_what_is_no_as_number(text: str) -> None:
    with pytest.raises(BadRowError):
        parse_asn(text)


def test_holders_are_one_printable_line() -> None:
    assert clean_holder(" A\x1b[31m\n\u202eB\t C ") == "A [31m B C"
    assert clean_holder("-") is None
    assert clean_holder("\x00") is None
    assert clean_holder(7) is None
    assert len(clean_holder("x" * 9999) or "") == 200


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("de", "DE"),
        ("NA", "NA"),
        ("ZZ", None),
        ("Germany", None),
        ("", None),
        ("D1", None),
        (4, None),
    ],
)
def test_parses_countries(text: object, code: str | None) -> None:
    assert parse_country(text) == code


@pytest.mark.parametrize(
    ("record", "facts"),
    [
        (
            {"autonomous_system_number": 64500, "autonomous_system_organization": "Example"},
            (64500, "Example", None),
        ),
        (
            {"asn": "AS64500", "as_name": "Example", "country": "Germany", "country_code": "DE"},
            (64500, "Example", "DE"),
        ),
        ({"asn": "AS64500", "name": "Example", "domain": "example.com"}, (64500, "Example", None)),
        (
            {"country": {"iso_code": "DE"}, "registered_country": {"iso_code": "US"}},
            (None, None, "DE"),
        ),
        ({"registered_country": {"iso_code": "US"}}, (None, None, "US")),
        ({"asn": "none of them", "as_name": "Example"}, (None, None, None)),
        ({"asn": True}, (None, None, None)),
        ({"asn": ["AS1"], "country": 3}, (None, None, None)),
        (["AS1"], (None, None, None)),
        (None, (None, None, None)),
    ],
)
def test_reads_the_records_of_several_vendors(record: object, facts: object) -> None:
    assert read_record(record) == facts


def encode(value: object, uint_type: int = 6) -> bytes:
    """Encode a map, a text or a number for the data section (MaxMind DB format 2.0)."""
    if isinstance(value, Mapping):
        parts = b"".join(encode(key) + encode(member) for key, member in value.items())
        return bytes([7 << 5 | len(value)]) + parts
    if isinstance(value, str):
        size = len(value)
        head = bytes([2 << 5 | size]) if size < 29 else bytes([2 << 5 | 29, size - 29])
        return head + value.encode()
    assert isinstance(value, int)
    if uint_type > 7:  # an extended type
        return bytes([4, uint_type - 7]) + value.to_bytes(4, "big")
    size = 2 if uint_type == 5 else 4
    return bytes([uint_type << 5 | size]) + value.to_bytes(size, "big")


def mmdb_bytes(records: Mapping[str, Mapping[str, object]], ip_version: int) -> bytes:
    """Compose the smallest database that maps disjoint networks to records."""
    nodes: list[list[int | None]] = [[None, None]]
    leaves: list[tuple[int, int, int]] = []
    data = b""
    for prefix, record in records.items():
        network = ip_network(prefix)
        # An IPv4 network stands at ::/96 of an IPv6 tree, where its leading bits are zero.
        shift = 96 if ip_version == 6 and network.version == 4 else 0
        width = 32 if ip_version == 4 else 128
        bits = f"{int(network.network_address):0{width}b}"[: network.prefixlen + shift]
        node = 0
        for bit in bits[:-1]:
            step = nodes[node][int(bit)]
            if step is None:
                nodes.append([None, None])
                step = nodes[node][int(bit)] = len(nodes) - 1
            node = step
        leaves.append((node, int(bits[-1]), len(data)))
        data += encode(record)
    for node, side, offset in leaves:
        nodes[node][side] = len(nodes) + 16 + offset
    tree = b"".join(
        (len(nodes) if step is None else step).to_bytes(3, "big") for node in nodes for step in node
    )
    metadata = [
        encode(key) + encode(value, uint_type)
        for key, value, uint_type in (
            ("node_count", len(nodes), 6),
            ("record_size", 24, 5),
            ("ip_version", ip_version, 5),
            ("binary_format_major_version", 2, 5),
            ("binary_format_minor_version", 0, 5),
            ("build_epoch", 1, 9),
            ("database_type", "example", 2),
            ("description", {}, 7),
        )
    ]
    metadata.append(encode("languages") + b"\x00\x04")  # an empty list
    head = bytes([7 << 5 | len(metadata)])
    return tree + bytes(16) + data + MMDB_MARKER + head + b"".join(metadata)


ONE = {"autonomous_system_number": 64500, "autonomous_system_organization": "Example"}
TWO = {"asn": "AS64501", "as_name": "Other", "country_code": "DE"}


def test_asks_a_maxmind_database(tmp_path: Path) -> None:
    path = tmp_path / "no suffix"
    path.write_bytes(mmdb_bytes({"192.0.2.0/25": ONE, "2001:db8::/32": TWO}, 6))
    table, drops = read_route_table(path)
    routes = table.lookup(
        pa.array(["192.0.2.1", "192.0.2.128", "2001:db8::1", "2001:db9::1", "no address"])
    )
    assert routes.schema == ROUTES.schema
    assert routes.column("asn").to_pylist() == [64500, None, 64501, None, None]
    assert routes.column("holder").to_pylist() == ["Example", None, "Other", None, None]
    assert routes.column("country").to_pylist() == [None, None, "DE", None, None]
    assert routes.column("is_user_mapped").to_pylist() == [True, False, True, False, False]
    assert drops == {}
    assert table.lookup([]).schema == ROUTES.schema


def test_asks_a_database_of_ipv4_alone(tmp_path: Path) -> None:
    path = tmp_path / "four.mmdb"
    path.write_bytes(mmdb_bytes({"192.0.2.0/24": ONE}, 4))
    table, _ = read_route_table(path)
    assert table.lookup(["2001:db8::1", "192.0.2.9"]).column("asn").to_pylist() == [None, 64500]


def test_refuses_a_database_about_something_else(tmp_path: Path) -> None:
    path = tmp_path / "cities.mmdb"
    path.write_bytes(mmdb_bytes({"192.0.2.0/24": {"city": "Example"}}, 4))
    with pytest.raises(RoutesError, match=r"keys found: city\); accepted"):
        read_route_table(path)


def test_names_a_database_that_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "damaged.mmdb"
    whole = mmdb_bytes({"192.0.2.0/24": ONE, "198.51.100.0/24": TWO}, 4)
    tail = whole.index(b"AS64501") - 1
    path.write_bytes(whole[:tail] + b"\x20\xff" + whole[tail + 2 :])  # a pointer to nowhere
    with pytest.raises(RoutesError, match=r"damaged\.mmdb: (cannot be read|the database is dam)"):
        read_route_table(path)[0].lookup(["198.51.100.1"])


@pytest.mark.skipif(not IP_ASN.exists(), reason="../shared/data is absent")
def test_maps_the_addresses_of_the_2009_records(tmp_path: Path) -> None:
    path = tmp_path / "2013.csv"
    expected = {}
    with gzip.open(IP_ASN, "rt") as source, path.open("w", newline="") as sink:
        writer = csv.writer(sink)
        writer.writerow(["ip", "asn", "name"])
        for row in csv.DictReader(source):
            if row["asn_2013"]:
                writer.writerow([row["ip"], row["asn_2013"].removeprefix("AS"), row["asn_2013"]])
                expected[row["ip"]] = int(row["asn_2013"].removeprefix("AS"))
    table, drops = read_route_table(path)
    assert table.lookup(list(expected)).column("asn").to_pylist() == list(expected.values())
    assert len(expected) > 8000
    assert drops == {}
