"""Bulk look-ups against a naive scan, precedence of tables, and the bundled table."""

import importlib.util
import sys
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unflux.measure.ranges import (
    NO_ROW,
    AddressRanges,
    Range,
    address_keys,
    build_ranges,
    flatten,
    pack_address,
)
from unflux.measure.routes import DATA, Layer, RangeTable, load_bundled, look_up
from unflux.model.addresses import GLOBAL_WITHIN, NOT_GLOBAL, is_special_use
from unflux.model.columns import ROUTES
from unflux.model.errors import RoutesError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bundled() -> RangeTable:
    return load_bundled()


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_routes", ROOT / "scripts/build_routes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["build_routes"] = module
    spec.loader.exec_module(module)
    return module


def naive_row(ranges: Sequence[Range], number: int) -> int:
    covering = [
        (last - first, index)
        for index, (first, last, _) in enumerate(ranges)
        if first <= number <= last
    ]
    return ranges[min(covering)[1]][2] if covering else NO_ROW


def numbers(bits: int) -> st.SearchStrategy[int]:
    top = (1 << bits) - 1
    near = [0, 1, 255, 256, top - 1, top, top >> 1, 1 << bits // 2, (1 << bits // 2) - 1]
    return st.one_of(st.sampled_from(near), st.integers(0, top), st.integers(0, 40))


def range_lists(bits: int) -> st.SearchStrategy[list[Range]]:
    ranges = st.tuples(numbers(bits), numbers(bits), st.integers(0, 3)).map(
        lambda drawn: (min(drawn[:2]), max(drawn[:2]), drawn[2])
    )
    return st.lists(ranges, max_size=12)


@given(
    four=range_lists(32),
    six=range_lists(128),
    extra=st.lists(st.tuples(st.sampled_from([4, 6]), numbers(32)), max_size=10),
)
def test_finds_what_a_linear_scan_finds(
    four: list[Range], six: list[Range], extra: list[tuple[int, int]]
) -> None:
    ranges = {4: four, 6: six}
    wanted = {
        (family, edge + step)
        for family, members in ranges.items()
        for first, last, _ in members
        for edge in (first, last)
        for step in (-1, 0, 1)
    }
    wanted |= set(extra)
    asked = [(f, n) for f, n in sorted(wanted) if 0 <= n < 1 << (32 if f == 4 else 128)]
    texts = [
        str(ip_address(number.to_bytes(4 if family == 4 else 16, "big")))
        for family, number in asked
    ]
    table = build_ranges(ranges)
    expected = [naive_row(ranges[family], number) for family, number in asked]
    assert table.find(address_keys(texts)).tolist() == expected
    again = AddressRanges.from_table(table.to_table())
    assert again.find(address_keys(texts)).tolist() == expected


@given(ranges=range_lists(32))
def test_steps_rise_and_differ(ranges: list[Range]) -> None:
    steps = list(flatten(ranges))
    assert steps[0][0] == 0
    assert all(one[0] < other[0] for one, other in pairwise(steps))
    assert all(one[1] != other[1] for one, other in pairwise(steps))


def test_the_more_specific_range_holds_and_of_equals_the_first() -> None:
    ranges = [(0, 100, 1), (10, 20, 2), (10, 20, 3), (15, 15, 4)]
    assert list(flatten(ranges)) == [(0, 1), (10, 2), (15, 4), (16, 2), (21, 1), (101, NO_ROW)]


@given(text=st.one_of(st.text(max_size=20), st.ip_addresses().map(str)))
def test_packs_what_the_standard_library_reads(text: str) -> None:
    try:
        expected = None if "%" in text else ip_address(text).packed
    except ValueError:
        expected = None
    assert pack_address(text) == expected


def user_table(name: str, rows: dict[str, tuple[int | None, str | None, str | None]]) -> RangeTable:
    ranges: dict[int, list[Range]] = {4: [], 6: []}
    for row, network in enumerate(map(ip_network, rows)):
        ranges[network.version].append(
            (int(network.network_address), int(network.broadcast_address), row)
        )
    asns, holders, countries = zip(*rows.values(), strict=True)
    facts = pa.table(
        {
            "asn": pa.array(asns, pa.int64()),
            "holder": pa.array(holders, pa.string()),
            "country": pa.array(countries, pa.string()),
        }
    )
    return RangeTable(name=name, layers=(Layer(build_ranges(ranges), facts),), is_user_named=True)


def test_the_users_tables_win_in_the_order_named(bundled: RangeTable) -> None:
    first = user_table(
        "first",
        {
            "8.8.8.0/24": (64500, None, None),
            "10.0.0.0/8": (4200000001, "Own", "DE"),
            "1.1.1.0/24": (None, None, "NL"),
            "1.0.0.0/24": (None, None, None),
        },
    )
    second = user_table(
        "second",
        {"8.8.0.0/16": (64501, "Second", "FR"), "193.0.6.0/24": (3356, None, None)},
    )
    addresses = ["8.8.8.8", "8.8.4.4", "10.1.2.3", "1.1.1.1", "1.0.0.1", "193.0.6.139", "192.0.2.1"]
    routes = look_up(pa.array(addresses), [first, second], bundled)
    assert routes.schema == ROUTES.schema
    rows = [
        (row["asn"], row["holder"], row["country"], row["is_user_mapped"])
        for row in routes.to_pylist()
    ]
    cloudflare = "Cloudflare, Inc."
    assert rows == [
        (64500, None, "FR", True),
        (64501, "Second", "FR", True),
        (4200000001, "Own", "DE", True),
        (13335, cloudflare, "NL", True),
        (13335, cloudflare, "AU", False),
        (3356, "Level 3 Communications, Inc.", "NL", True),
        (None, None, None, False),
    ]
    assert routes.column("address").to_pylist() == addresses


def test_no_addresses_give_no_rows(bundled: RangeTable) -> None:
    table = user_table("user", {"8.8.8.0/24": (64500, None, None)})
    nothing = pa.array([], pa.string())
    assert look_up(nothing, [table], bundled) == ROUTES.empty()
    assert look_up(pa.chunked_array([], pa.string()), [], bundled) == ROUTES.empty()


def test_what_is_no_address_is_unknown(bundled: RangeTable) -> None:
    texts = ["", "8.8.8", "8.8.8.8.", "008.8.8.8", "fe80::1%eth0", "8.8.8.8\x00", "\ud800", "::g"]
    assert address_keys(texts).positions[4].tolist() == []
    assert set(bundled.layers[0].ranges.find(address_keys(texts)).tolist()) == {NO_ROW}


@pytest.mark.parametrize(
    ("address", "asn", "country"),
    [
        ("8.8.8.8", 15169, "US"),
        ("1.1.1.1", 13335, "AU"),
        ("193.0.6.139", 3333, "NL"),
        ("2001:4860:4860::8888", 15169, "US"),
        ("2606:4700:4700::1111", 13335, "US"),
        ("2001:67c:2e8:22::c100:68b", 3333, "NL"),
        ("99.230.1.1", 812, "CA"),  # was missing from the tables of April 2026
    ],
)
def test_the_bundled_table_knows(bundled: RangeTable, address: str, asn: int, country: str) -> None:
    (row,) = bundled.lookup([address]).to_pylist()
    assert (row["asn"], row["country"], row["is_user_mapped"]) == (asn, country, False)
    assert row["holder"]


def test_the_bundled_table_maps_no_special_use_address(bundled: RangeTable) -> None:
    inside = {ip_network(block) for block in GLOBAL_WITHIN}
    for network in map(ip_network, NOT_GLOBAL):
        addresses = [str(network[0]), str(network[-1]), str(network[network.num_addresses // 2])]
        asked = [address for address in addresses if is_special_use(address)]
        assert asked
        routes = bundled.lookup(asked)
        assert routes.column("asn").null_count == routes.column("country").null_count == len(asked)
        # No step begins inside either, so what holds at the ends holds throughout.
        width = 4 if network.version == 4 else 16
        for layer in bundled.layers:
            for bound, row in zip(
                *held_within(layer.ranges, network.version, network[0].packed, network[-1].packed),
                strict=True,
            ):
                address = ip_address(bytes(bound).ljust(width, b"\x00"))
                assert row == NO_ROW or any(
                    address in block for block in inside if block.version == network.version
                )


def held_within(
    ranges: AddressRanges, family: int, first: bytes, last: bytes
) -> tuple[list[bytes], list[int]]:
    steps = ranges.steps[family]
    keys = [int.from_bytes(first, "big"), int.from_bytes(last, "big")] if family == 4 else None
    ends = np.array(keys, np.uint32) if keys else np.array([first, last], "S16")
    start, stop = np.searchsorted(steps.bounds, ends, side="left")
    bounds = steps.bounds[start : stop + 1]
    chosen = bounds <= ends[1]
    packed = [
        int(bound).to_bytes(4, "big") if family == 4 else bytes(bound) for bound in bounds[chosen]
    ]
    return packed, steps.rows[start : stop + 1][chosen].tolist()


def test_the_bundled_table_is_sorted_and_whole(bundled: RangeTable) -> None:
    for layer in bundled.layers:
        for family, steps in layer.ranges.steps.items():
            assert (steps.bounds[1:] > steps.bounds[:-1]).all()  # so no two ranges overlap
            assert (steps.rows[1:] != steps.rows[:-1]).all()
            assert steps.rows.min() == NO_ROW
            assert steps.rows.max() == layer.facts.num_rows - 1 or family == 6
            assert len(steps.rows) > 100_000
    asns = np.array(bundled.layers[0].facts.column("asn").to_pylist())
    assert (asns[1:] > asns[:-1]).all()
    assert asns[0] == 1
    assert asns[-1] < 405_000
    holders = bundled.layers[0].facts.column("holder").to_pylist()
    assert all(holder is None or (holder.isprintable() and holder.strip()) for holder in holders)
    countries = bundled.layers[1].facts.column("country").to_pylist()
    assert all(len(code) == 2 and code.isupper() for code in countries)


def test_the_bundled_files_are_small_and_credited() -> None:
    files = list(DATA.iterdir())
    assert sum(file.stat().st_size for file in files) < 2_500_000
    for path in (DATA / "CREDITS.md", ROOT / "NOTICE"):
        text = path.read_text()
        for owner in ("RouteViews", "NRO", "DB-IP", "ip-location-db", "CC BY 4.0"):
            assert owner in text


def test_a_damaged_installation_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "holders.parquet").write_bytes(b"PAR1")
    monkeypatch.setattr("unflux.measure.routes.DATA", tmp_path)
    with pytest.raises(RoutesError, match=r"holders\.parquet: the installation is damaged"):
        load_bundled()


ASN_ROWS = """\
1.0.0.0,1.0.0.255,13335,"One, Inc."
9.0.0.0,11.255.255.255,100,Across private space
12.0.0.0,12.0.0.255,200,Wide
12.0.0.128,12.0.0.255,300,Narrow
13.0.0.9,13.0.0.1,300,Backwards
14.0.0.0,14.0.0.255,65000,Private
15.0.1.0,15.0.1.255,400,AS400
15.0.0.0,15.0.0.255,400,AS400
2001::,2001::ffff,100,Teredo
2002::,2002::ffff,100,Across\tprivate space
"""


def build(builder: ModuleType, folder: Path, out: str, countries: str) -> tuple[int, Path]:
    (folder / "asn.csv").write_text(ASN_ROWS)
    (folder / "country.csv").write_text(countries)
    sources = ["--asn", str(folder / "asn.csv"), "--country", str(folder / "country.csv")]
    return builder.main([*sources, "--out", str(folder / out)]), folder / out


def test_the_builder_says_what_it_found_and_did(
    builder: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    countries = "1.0.0.0,1.0.0.255,AU\n12.0.0.0,12.0.0.255,US\n13.0.0.0,13.0.0.255,ZZ\n"
    code, out = build(builder, tmp_path, "one", countries)
    assert code == 0
    said = {tuple(line.split(None, 1)) for line in capsys.readouterr().out.splitlines()}
    assert said >= {
        ("10", "rows read"),
        ("1", "start after end: rejected"),
        ("1", "out of order: sorted"),
        ("1", "AS number not for public use: left unknown"),
        ("2", "in special-use space: cut out"),
        ("1", "overlap: the more specific range holds"),
        ("1", "holders without a name"),
        ("1", "code of no country: left unknown"),
        ("7", "IPv4 ranges taken"),
        ("6", "IPv4 ranges after merging"),
        ("1", "IPv6 ranges taken"),
    }
    monkeypatch.setattr("unflux.measure.routes.DATA", out)
    table = load_bundled()
    asked = {
        "1.0.0.255": (13335, "One, Inc.", "AU"),
        "9.255.255.255": (100, "Across private space", None),
        "10.0.0.0": (None, None, None),
        "10.255.255.255": (None, None, None),
        "11.0.0.0": (100, "Across private space", None),
        "12.0.0.127": (200, "Wide", "US"),
        "12.0.0.128": (300, "Narrow", "US"),
        "14.0.0.1": (None, None, None),
        "15.0.0.0": (400, None, None),
        "15.0.1.255": (400, None, None),
        "2001::1": (None, None, None),
        "2002::1": (100, "Across private space", None),
    }
    rows = table.lookup(list(asked)).to_pylist()
    assert {r["address"]: (r["asn"], r["holder"], r["country"]) for r in rows} == asked

    _, again = build(builder, tmp_path, "two", countries)
    for file in out.iterdir():
        assert file.read_bytes() == (again / file.name).read_bytes()


def test_the_builder_refuses_a_source_cut_short(
    builder: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = build(builder, tmp_path, "out", "0.0.0.0,223.255.255.255,US\n")
    assert code == 1
    assert "cut short" in capsys.readouterr().err
    assert not out.exists()


def test_the_bundled_files_hold_what_the_reader_expects() -> None:
    names = {file.name: pq.ParquetFile(file).schema_arrow.names for file in DATA.glob("*.parquet")}
    assert names == {
        "origins.parquet": ["family", "gap", "low", "row"],
        "holders.parquet": ["asn", "holder"],
        "country_ranges.parquet": ["family", "gap", "low", "row"],
        "countries.parquet": ["country"],
        "providers.parquet": ["family", "gap", "low", "use", "provider", "zone"],
    }
