"""Columnar and row-by-row readers agree on whatever they are given."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.read.slow_path import (
    Result,
    assert_equal,
    by_columns,
    cof_by_entry,
    eve_by_event,
    zeek_json_by_row,
    zeek_tsv_by_row,
)

from unflux.read.cof import Cof
from unflux.read.eve import Eve
from unflux.read.json_objects import parse_object
from unflux.read.source import Options, Source
from unflux.read.zeek import Zeek

GOLDEN = Path(__file__).parents[1] / "golden" / "read"
OPTIONS = Options(ports=frozenset({53, 1}))

NAMES = ["www.example.com", "WWW.Example.com.", "a.b", "x" * 63 + ".y", "x" * 64 + ".y", "", ".",
         "a..b", "münchen.de", "a\\x20b.c", "a b.c", "\\", "-", "(empty)", "@", "*.w.example",
         "1.2.3", "a" * 260, "ns1.example.net", ".".join(["abc"] * 70), "a,b", "_x.y"]  # fmt: skip
ADDRESSES = ["198.51.100.7", "198.51.100.007", "256.1.1.1", "1.2.3.4.", "2001:db8::1",
             "2001:0DB8:0:0:0:0:0:1", "::", "::1", "1::", "1:2:3:4:5:6:7::", "::ffff:1.2.3.4",
             "::ffff:102:304", "1:2:3:4:5:6:7:8:9", "fe80::1%eth0", "0.0.0.0", "1:0:0:2:0:0:0:3",
             "1::2::3", ":1", "1:", "2001:0db8:0000:0000:0000:0000:0000:0002", " 1.2.3.4",
             ]  # fmt: skip
TYPES = ["A", "AAAA", "NS", "CNAME", "SOA", "MX", "TXT", "*", "ANY", "query-65280", "1", "28", "a",
         "cname", "PTR", "-", "", "TYPE0", "no type"]  # fmt: skip
CODES = ["NOERROR", "NXDOMAIN", "SERVFAIL", "0", "3", "refused", "-", "", "BADVERS/BADSIG", "?"]
MOMENTS = ["1714521600.123456", "1714521600", "0", "4102444800", "4102444799.9999999", "-1", "soon",
           "", "1e9", ".5", "5.", "1_0", " 1714521600 ", "nan", "inf", "2024-05-01T00:00:01Z",
           "2024-05-01T00:00:01.5+0200", "2024-02-30T00:00:00Z", "2024-05-01",
           "2024-02-29 12:00:00",
           "2024-05-01T24:00:00Z", "1970-01-01T00:00:00+0001", "1714521600.1234567890123",
           "2024-05-01T00:00:00.1234567Z", "2024-05-01T00:00:00-23:59",
           "1714521600.0000005", "1714521600123", "1714521600123.25", "1714521600123456",
           "1714521600123456789", "99999999999", "100000000000", "4102444800000"]  # fmt: skip
TTLS = ["300.000000", "60", "-", "", "-1", "2147483648", "2147483647.9", "1e3", "x", "0.5", ".5",
        "1.", "9" * 30, "0x10", "nan", "1 "]  # fmt: skip
PORTS = ["53", "5353", "-", "", "x", "053", " 53", "5_3", "1"]
TYPED = ["TXT 5 hello", "HTTPS 1 .", "SSHFP: 2b6e", "LOC:  0 0 0", "<unknown type=65280>", "AB",
         "A B"]  # fmt: skip

DATA = NAMES + ADDRESSES + TYPED
TEXTS = [*DATA, *TYPES, *CODES, *MOMENTS, *TTLS, *PORTS]
JSON_VALUES: list[Any] = [None, True, False, 0, 1, 53, -1, 1.0, 53.0, 60.5, 1e9, 10**25, 1714521600,
                          1714521600.123456, 1714521600123, 1714521600123456,
                          1714521600123456789, [], {}, [None], [1], [{}], ["a.b"], {"a": 1},
                          "\ud800", "a\u0000b", "query", "answer", "dns"]  # fmt: skip
OCTETS = [b"\x00", b"\t", b"\n", b"\r", b"\r\n", b" ", b'"', b"\\", b"{", b"}", b"[", b"]", b",",
          b":", b"#", b"-", b"0", b"1", b"e", b"\xff", b"\xc3\xa9", b"\xe2\x82", b"\\u00", b"\\n",
          b"\xef\xbb\xbf", b"null", b"NaN", b"\xc2\x85", b"\x0b", b"\n\n"]  # fmt: skip


def one_of(values: list[str], others: list[str] = TEXTS) -> st.SearchStrategy[str]:
    return st.sampled_from(values) | st.sampled_from(others)


@st.composite
def damaged(draw: st.DrawFn, octets: bytes) -> bytes:
    """Replace a few octets of a text by others, or leave them out."""
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2, 3]))):
        at = draw(st.integers(0, len(octets)))
        count = draw(st.sampled_from([0, 0, 1, 1, 2, 30]))
        octets = octets[:at] + draw(st.sampled_from(OCTETS)) + octets[at + count :]
    return octets


def lists(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=4)


HEADERS = [
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n",
    "#separator \\x09\n#set_separator\t,\n",
    "#separator |\n#set_separator|;\n#empty_field|EMPTY\n#unset_field|NONE\n",
    "#separator ab\n#set_separatorab::\n",
    "#separator \\x09\n#unset_field\t\n#empty_field\t(empty)\n",
]  # fmt: skip
FIELDS = ["ts", "id.orig_h", "id.resp_p", "query", "qclass", "qtype", "qtype_name", "rcode",
          "rcode_name", "answers", "TTLs"]  # fmt: skip


@st.composite
def zeek_logs(draw: st.DrawFn) -> bytes:
    """Draw tab-separated logs, sometimes with several headers."""
    log = ""
    for _ in range(draw(st.integers(1, 3))):
        header = draw(st.sampled_from(HEADERS))
        is_bar, is_long = "|" in header, "::" in header
        separator = "|" if is_bar else "ab" if is_long else "\t"
        inner = ";" if is_bar else "::" if is_long else ","
        fields = draw(st.permutations(FIELDS))[: draw(st.integers(4, 11))]
        fields += draw(st.sampled_from([[], [], [], ["query"], ["uid", "proto"]]))
        log += header + separator.join(["#fields", *fields]) + "\n"
        for _ in range(draw(st.integers(0, 6))):
            values = {
                "ts": draw(one_of(MOMENTS, ["1714521600.5"])),
                "id.orig_h": draw(one_of(ADDRESSES)),
                "id.resp_p": draw(one_of(PORTS, ["53"])),
                "query": draw(one_of(NAMES)),
                "qclass": draw(st.sampled_from(["1", "1", "1", "-", "3", "", "x"])),
                "qtype": draw(one_of(TYPES)),
                "qtype_name": draw(one_of(TYPES)),
                "rcode": draw(one_of(CODES)),
                "rcode_name": draw(one_of(CODES)),
                "answers": inner.join(draw(lists(DATA))),
                "TTLs": inner.join(draw(lists(TTLS))),
            }
            log += separator.join(values.get(field, "x") for field in fields) + "\n"
        log += draw(st.sampled_from(["", "#close\t2024\n", "\n", "too\tfew\n"]))
    return draw(damaged(log.encode("utf-8", "surrogatepass")))


def golden_objects(name: str) -> list[Any]:
    lines = (GOLDEN / name).read_text().splitlines()
    return [value for value in map(parse_object, lines) if value is not None]


ZEEK_ROWS = golden_objects("zeek/input.json")
EVE_EVENTS = golden_objects("eve/input.json")
ENTRIES = golden_objects("cof/input.json") + golden_objects("cof/input.dnsdb.json")


def places_of(value: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) below a JSON value."""
    keys: list[Any] = []
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = list(range(len(value)))
    places = [(value, key) for key in keys]
    return places + [place for key in keys for place in places_of(value[key])]


@st.composite
def json_lines(draw: st.DrawFn, examples: list[Any]) -> bytes:
    """Draw objects like the examples, with other values here and there."""
    lines: list[bytes] = []
    for example in draw(st.lists(st.sampled_from(examples), min_size=1, max_size=8)):
        value = json.loads(json.dumps(example))
        for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2, 4]))):
            holder, key = draw(st.sampled_from(places_of(value)))
            action = draw(st.integers(0, 5))
            if action == 0:
                holder[key] = copy.deepcopy(draw(st.sampled_from(JSON_VALUES)))
            elif action == 1 and isinstance(holder, dict):
                holder[draw(st.sampled_from([*value, "rrname", "answers", "id"]))] = copy.deepcopy(
                    holder[key]
                )
            elif action == 2 and isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            elif action == 3 and isinstance(holder, dict):
                holder.pop(key)
                if not value:
                    break
            else:
                holder[key] = draw(st.sampled_from(TEXTS))
            if not places_of(value):
                break
        text = json.dumps(value, ensure_ascii=draw(st.booleans()))
        lines.append(draw(damaged(text.encode("utf-8", "surrogatepass"))))
    end = draw(st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"]))
    return end.join(lines) + draw(st.sampled_from([b"", end]))


Reference = Callable[[bytes, Options], Result]


def compare(source: Source, reference: Reference, octets: bytes, block_bytes: int) -> None:
    if source.NAME == "zeek" and octets.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"#"):
        reference = zeek_tsv_by_row
    found = by_columns(source, octets, OPTIONS, block_bytes=block_bytes)
    assert_equal(found, reference(octets, OPTIONS))


BLOCK_BYTES = st.sampled_from([1, 7, 100, 700, 5000, 1 << 20])


@pytest.mark.slow
@given(zeek_logs(), BLOCK_BYTES)
def test_zeek_tsv(octets: bytes, block_bytes: int) -> None:
    if octets.startswith(b"#"):  # else taken for JSON
        compare(Zeek(), zeek_tsv_by_row, octets, block_bytes)


@pytest.mark.slow
@given(json_lines(ZEEK_ROWS), BLOCK_BYTES)
def test_zeek_json(octets: bytes, block_bytes: int) -> None:
    compare(Zeek(), zeek_json_by_row, octets, block_bytes)


@pytest.mark.slow
@given(json_lines(EVE_EVENTS), BLOCK_BYTES)
def test_eve(octets: bytes, block_bytes: int) -> None:
    compare(Eve(), eve_by_event, octets, block_bytes)


TIMES = st.sampled_from([None, 1714521600_000000, 1714525200_000000])


@pytest.mark.slow
@given(json_lines(ENTRIES), BLOCK_BYTES, TIMES, TIMES)
def test_cof(octets: bytes, block_bytes: int, since_us: int | None, until_us: int | None) -> None:
    options = Options(since_us=since_us, until_us=until_us)
    found = by_columns(Cof(), octets, options, block_bytes=block_bytes)
    assert_equal(found, cof_by_entry(octets, options))


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize(
    ("source", "reference", "name"),
    [
        (Zeek(), zeek_tsv_by_row, "zeek/input.log"),
        (Zeek(), zeek_json_by_row, "zeek/input.json"),
        (Eve(), eve_by_event, "eve/input.json"),
        (Cof(), cof_by_entry, "cof/input.json"),
    ],
)
def test_many_blocks_in_many_threads(
    source: Source, reference: Reference, name: str, workers: int
) -> None:
    octets = (GOLDEN / name).read_bytes() * 40
    found = by_columns(source, octets, Options(workers=workers), block_bytes=3000)
    assert_equal(found, reference(octets, Options()))
