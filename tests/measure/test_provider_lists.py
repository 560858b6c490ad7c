"""The bundled list of providers, and the script that builds it."""

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from unflux.measure.provider_lists import FILE, load_zones, with_providers
from unflux.measure.route_tables import read_route_table
from unflux.measure.routes import DATA, RangeTable, load_bundled, look_up
from unflux.model.addresses import NOT_GLOBAL
from unflux.model.columns import ROUTES, ZONES
from unflux.model.errors import RoutesError
from unflux.model.names import normalise_name

ROOT = Path(__file__).parents[2]

LISTED = {
    "104.16.9.1": ("Cloudflare", "cdn"),
    "2606:4700::6810:1": ("Cloudflare", "cdn"),
    "151.101.65.1": ("Fastly", "cdn"),
    "2a04:4e42::1": ("Fastly", "cdn"),
    "23.45.12.9": ("Akamai", "cdn"),
    "2600:1406::1": ("Akamai", "cdn"),
    "45.60.31.1": ("Imperva", "cdn"),
    "52.20.7.9": ("Amazon Web Services", "cloud"),
    "35.184.7.9": ("Google Cloud", "cloud"),
    "20.60.7.9": ("Microsoft Azure", "cloud"),
    "199.59.243.225": (None, "parking"),
    "34.102.136.180": (None, "parking"),
    "148.81.111.121": (None, "sinkhole"),
}
UNLISTED = (
    "8.8.8.8",
    "84.128.17.5",
    "10.0.0.1",
    "192.42.116.41",  # listed as a sinkhole; exit nodes since
    "157.238.74.1",  # listed as Akamai; announced by NTT
    "69.16.175.10",  # listed as StackPath, which closed
)
SHARED = {
    "104.26.6.37": "cdn",  # listed as parking, on addresses that Cloudflare gives to anyone
    "13.107.246.57": "cloud",  # listed as a sinkhole: Azure Front Door
    "3.33.130.190": "cloud",  # listed as parking: of live sites too
}


@pytest.fixture(scope="module")
def bundled() -> RangeTable:
    return with_providers(load_bundled())


def test_listed_addresses_are_known_by_provider_and_use(bundled: RangeTable) -> None:
    rows = bundled.lookup(list(LISTED)).to_pylist()
    assert {r["address"]: (r["provider"], r["provider_use"]) for r in rows} == LISTED


def test_what_is_on_no_list_or_wrongly_on_one_is_unknown(bundled: RangeTable) -> None:
    rows = bundled.lookup(UNLISTED).to_pylist()
    assert {r["address"]: r["provider_use"] for r in rows} == dict.fromkeys(UNLISTED)
    rows = bundled.lookup(list(SHARED)).to_pylist()
    assert {r["address"]: r["provider_use"] for r in rows} == SHARED


def test_special_use_space_is_on_no_list(bundled: RangeTable) -> None:
    inside = [block.partition("/")[0] for block in NOT_GLOBAL]
    assert set(bundled.lookup(inside).column("provider_use").to_pylist()) == {None}


def test_a_users_table_does_not_hide_the_lists(tmp_path: Path, bundled: RangeTable) -> None:
    (tmp_path / "mine.csv").write_text("prefix,asn\n104.16.0.0/12,64500\n")
    mine, _ = read_route_table(tmp_path / "mine.csv")
    (row,) = look_up(["104.16.9.1"], [mine], bundled).to_pylist()
    assert (row["asn"], row["provider"], row["is_user_mapped"]) == (64500, "Cloudflare", True)
    assert look_up(["104.16.9.1"], [mine], bundled).schema == ROUTES.schema


def test_zones_are_names_each_once_with_a_known_use() -> None:
    zones = load_zones()
    assert zones.schema == ZONES.schema
    names = zones.column("zone").to_pylist()
    assert len(set(names)) == len(names)
    assert all(normalise_name(name) == name and "." in name for name in names)
    use_of = dict(zip(names, zones.column("use").to_pylist(), strict=True))
    assert set(use_of.values()) == {"cdn", "dynamic-dns", "name-service", "parking", "sinkhole"}
    expected = {"cloudfront.net": "cdn", "akamaiedge.net": "cdn", "duckdns.org": "dynamic-dns",
                "sedoparking.com": "parking", "markmonitor.com": "name-service",
                "microsoftinternetsafety.net": "sinkhole"}  # fmt: skip
    assert {name: use_of.get(name) for name in expected} == expected
    # Whoever signs up gets a host of his own there.
    assert {"github.io", "trafficmanager.net", "akadns.net", "windows.net"}.isdisjoint(use_of)


def test_the_file_is_small() -> None:
    assert (DATA / FILE).stat().st_size < 300_000


def test_a_damaged_installation_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundled: RangeTable
) -> None:
    monkeypatch.setattr("unflux.measure.routes.DATA", tmp_path)
    with pytest.raises(RoutesError, match="the installation is damaged"):
        load_zones()
    (tmp_path / FILE).write_bytes(b"PAR1")
    with pytest.raises(RoutesError, match=FILE):
        with_providers(bundled)


# The script --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def builder() -> Iterator[ModuleType]:
    path = ROOT / "scripts/build_providers.py"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(path.parent)
        spec = importlib.util.spec_from_file_location("build_providers", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, "build_providers", module)
        spec.loader.exec_module(module)
        yield module


LISTS = {
    "cloudflare": ["104.24.0.0/14", "2606:4700::/32"],
    "fastly": ["151.101.0.0/16", "not a range"],
    "amazon-aws": ["52.0.0.0/11", "52.222.0.0/16"],
    "google-gcp": ["34.100.0.0/14", "10.1.0.0/16"],
    "microsoft-azure": ["20.60.0.0/16"],
    "microsoft-azure-china": [],
    "microsoft-azure-germany": [],
    "microsoft-azure-us-gov": [],
    "parking-domain": ["104.26.6.37/32", "52.222.139.0/24", "34.102.136.180", "199.59.240.0/22"],
    "sinkholes": ["192.42.116.41", "148.81.111.0/25", "240.0.0.1"],
    "parking-domain-ns": ["Parked.Example.", "markmonitor.com", "no name"],
    "dynamic-dns": [".visited.example", ".forgotten.example", ".duckdns.org"],
    "tranco": ["visited.example"],
    "google-chrome-crux-1million": [],
    "cisco_top20k": [],
    "majestic_million": [],
}
SIGNATURES = """
raise RuntimeError("this file is read, not run")
CNAME_PATTERNS: dict[str, str] = {"cloudfront.net": "CloudFront", "github.io": "Pages"}
CDN_ASNS: dict[str, str] = {"AS54113": "Fastly", "AS19551": "Imperva", "AS60068": "Bunny CDN",
                            "AS64500": "Nobody"}
"""
ENTITIES = [
    {"name": "Akamai", "domains": ["*.akamaized.net", "23.62.3.183"]},
    {"name": "Google Fonts", "domains": ["fonts.gstatic.com"]},
]


def build(builder: ModuleType, folder: Path, out: str) -> Path:
    for name, entries in LISTS.items():
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "list.json").write_text(json.dumps({"list": entries}))
    (folder / "signatures.py").write_text(SIGNATURES)
    (folder / "entities.json").write_text(json.dumps(ENTITIES))
    sources = ["--warning-lists", str(folder), "--signatures", str(folder / "signatures.py"),
               "--entities", str(folder / "entities.json")]  # fmt: skip
    assert builder.main([*sources, "--out", str(folder / out)]) == 0
    return folder / out


def test_the_builder_corrects_the_lists_and_says_so(
    builder: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = build(builder, tmp_path, "one")
    said = {tuple(line.split(None, 1)) for line in capsys.readouterr().out.splitlines()}
    assert said >= {
        ("1", "cdn: no range, left out"),
        ("2", "cdn: AS number of somebody else, left out"),
        ("1", "in special-use space: cut out"),
        ("1", "parking: address that many customers share, out"),
        ("1", "parking: edges of a cloud, out"),
        ("2", "parking: ranges taken"),
        ("1", "sinkhole: address that many customers share, out"),
        ("1", "sinkhole: announced by nobody, out"),
        ("1", "sinkhole: ranges taken"),
        ("1", "parking: no name of a zone, left out"),
        ("1", "parking: zones taken"),
        ("1", "dynamic-dns: in no list of visited sites, out"),
        ("2", "dynamic-dns: zones taken"),
    }
    bare = load_bundled()
    monkeypatch.setattr("unflux.measure.routes.DATA", out)
    asked = {
        "104.26.6.37": ("Cloudflare", "cdn"),
        "2606:4700::1": ("Cloudflare", "cdn"),
        "45.60.31.1": ("Imperva", "cdn"),
        "52.222.139.7": ("Amazon Web Services", "cloud"),
        "34.102.136.180": (None, "parking"),
        "34.102.136.181": ("Google Cloud", "cloud"),
        "199.59.243.225": (None, "parking"),
        "148.81.111.127": (None, "sinkhole"),
        "148.81.111.128": (None, None),
        "192.42.116.41": (None, None),
        "10.1.0.0": (None, None),
    }
    rows = with_providers(bare).lookup(list(asked)).to_pylist()
    assert {r["address"]: (r["provider"], r["provider_use"]) for r in rows} == asked
    zones = {row["zone"]: row["use"] for row in load_zones().to_pylist()}
    assert zones["cloudfront.net"] == zones["akamaized.net"] == "cdn"
    assert zones["parked.example"] == "parking"
    assert zones["markmonitor.com"] == "name-service"
    assert zones["visited.example"] == zones["duckdns.org"] == "dynamic-dns"
    absent = {"forgotten.example", "github.io", "fonts.gstatic.com", "23.62.3.183"}
    assert absent.isdisjoint(zones)


def test_the_same_lists_give_the_same_bytes(builder: ModuleType, tmp_path: Path) -> None:
    one, two = (build(builder, tmp_path, out) for out in ("one", "two"))
    assert (one / FILE).read_bytes() == (two / FILE).read_bytes()


def test_a_file_without_the_constant_is_refused(builder: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "signatures.py").write_text("CNAME_PATTERNS = {}\n")
    with pytest.raises(SystemExit, match="no CDN_ASNS"):
        builder.read_literal(tmp_path / "signatures.py", "CDN_ASNS")
