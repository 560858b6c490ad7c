"""What is generated is whole, labelled, legible, and the same for the same seed only."""

import ipaddress
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.lab.adversary.conftest import Internet, read_labels

from unflux.lab.adversary.generation import generate
from unflux.lab.adversary.scenarios import SCENARIOS
from unflux.lab.adversary.scene import DYNAMIC_SUFFIXES
from unflux.lab.adversary.writing import GeneratedFiles
from unflux.lab.naming import RESERVED_TLDS
from unflux.measure.route_tables import read_route_table
from unflux.model.names import registrable_domain
from unflux.read.reading import read_all
from unflux.read.source import Options

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
TINY = 0.01


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_the_same_seed_writes_the_same_bytes(tmp_path: Path, hash_seed: str) -> None:
    """In another process, with strings hashed otherwise, too."""
    first, second = GeneratedFiles(tmp_path / "first"), GeneratedFiles(tmp_path / "second")
    first.write(generate(5, TINY))
    subprocess.run(
        [sys.executable, "-m", "unflux", "lab", "generate", "--seed", "5", "--scale", str(TINY),
         "--out", second.folder],
        check=True, capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "PYTHONHASHSEED": hash_seed},
    )  # fmt: skip
    for name in ("records.csv.gz", "labels.csv", "asn.csv"):
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes(), name


def test_another_seed_differs_in_names_addresses_and_networks(internet: Internet) -> None:
    other = generate(12, TINY)
    ours, theirs = set(internet.generated.truth), set(other.truth)
    assert len(ours & theirs) < 0.05 * len(theirs)
    addresses = []
    for table in (internet.generated.records, other.records):
        pairs = zip(table["rrtype"].to_pylist(), table["rdata"].to_pylist(), strict=True)
        addresses.append({rdata for rrtype, rdata in pairs if rrtype == "A" and rdata})
    assert len(addresses[0] & addresses[1]) < 0.01 * len(addresses[1])
    assert len(internet.generated.population.holders) != len(other.population.holders)
    shapes = [
        sorted(len(holder.prefixes) for holder in population.holders)
        for population in (internet.generated.population, other.population)
    ]
    assert shapes[0] != shapes[1]


def test_every_scenario_is_there_and_asked(internet: Internet) -> None:
    labels = {(truth.label, truth.kind) for truth in internet.generated.truth.values()}
    for scenario in SCENARIOS:
        assert (scenario.label, scenario.kind) in labels
        assert internet.of(scenario.kind), scenario.kind
    assert len({scenario.kind for scenario in SCENARIOS}) == len(SCENARIOS)


def test_every_domain_in_the_records_is_labelled(internet: Internet) -> None:
    table = internet.generated.records
    seen = {registrable_domain(name) for name in set(table["query"].to_pylist())}
    owners = table.filter(table["section"].combine_chunks().fill_null("").to_numpy(False) == "ans")
    seen |= {registrable_domain(name) for name in set(owners["qname"].to_pylist())}
    assert seen <= set(internet.generated.truth)


def test_only_name_servers_are_never_asked(internet: Internet) -> None:
    owners = {registrable_domain(n) for n in set(internet.generated.records["qname"].to_pylist())}
    for domain, truth in internet.generated.truth.items():
        assert domain in owners or truth.kind == "name-servers"


def test_labels_are_written_as_they_are_meant(internet: Internet, files: GeneratedFiles) -> None:
    labels = read_labels(files.labels)
    assert set(labels) == set(internet.generated.truth)
    for domain, row in labels.items():
        truth = internet.generated.truth[domain]
        assert (row["label"], row["kind"], row["family"]) == (
            truth.label, truth.kind, truth.family,
        )  # fmt: skip
    counts = Counter(row["label"] for row in labels.values())
    assert set(counts) == {
        "fastflux", "benign", "cdn", "pool", "p2p-seed", "malicious", "unknown",
    }  # fmt: skip


def test_the_reader_takes_every_row(internet: Internet, files: GeneratedFiles) -> None:
    (read,) = read_all([str(files.records)], Options())
    assert read.error is None
    assert read.drops.reasons == Counter()
    responses = sum(len(answers) for answers in internet.answers.values())
    assert read.drops.response_count == responses


def test_every_address_is_in_the_table_but_the_private_ones(
    internet: Internet, files: GeneratedFiles
) -> None:
    table, drops = read_route_table(files.routes)
    assert drops == {}
    records = internet.generated.records.to_pydict()
    queries: dict[str, set[str]] = {}
    for rrtype, rdata, query in zip(
        records["rrtype"], records["rdata"], records["query"], strict=True
    ):
        if rrtype in {"A", "AAAA"} and rdata:
            queries.setdefault(rdata, set()).add(registrable_domain(query))
    addresses = sorted(queries)
    asns = table.lookup(addresses).column("asn").to_pylist()
    unmapped = [address for address, asn in zip(addresses, asns, strict=True) if asn is None]
    assert unmapped
    for address in unmapped:
        kinds = {internet.generated.truth[domain].kind for domain in queries[address]}
        assert kinds == {"private-addresses"}
    for address in addresses:
        parsed = ipaddress.ip_address(address)
        assert str(parsed) == address
        assert parsed.is_reserved or parsed in ipaddress.ip_network("3fff::/20") or (
            address in unmapped and parsed.is_private
        )  # fmt: skip


def test_names_are_reserved_or_of_dynamic_dns_customers(internet: Internet) -> None:
    for domain in internet.generated.truth:
        assert domain.rsplit(".", 1)[1] in RESERVED_TLDS or domain.endswith(DYNAMIC_SUFFIXES)


def test_top_level_domains_tell_nothing_of_the_label(internet: Internet) -> None:
    truth = internet.generated.truth
    for label in ("fastflux", "benign", "cdn", "malicious"):
        tlds = Counter(d.rsplit(".", 1)[1] for d, held in truth.items() if held.label == label)
        assert set(tlds) >= {"example", "test", "invalid"} or sum(tlds.values()) < 8


def test_moments_rise_and_lie_in_the_four_weeks(internet: Internet) -> None:
    moments = [float(ts) for ts in internet.generated.records["ts"].to_pylist()]
    assert moments == sorted(moments)
    start = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
    assert start <= moments[0] and moments[-1] < start + 28 * 86_400 + 60


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        generate(1, TINY, datetime(2026, 3, 2))  # noqa: DTZ001
    for scale in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="above 0"):
            generate(1, scale)


def test_scale_makes_more_domains(internet: Internet) -> None:
    assert len(generate(11, 0.1).truth) > 1.1 * len(internet.generated.truth)
