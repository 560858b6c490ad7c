"""The zone that is timed is one that we serve, and the page has the medians."""

from argparse import Namespace
from importlib import import_module
from pathlib import Path

from unflux.serve.difference import compare
from unflux.serve.zone_file import read_zone


def test_the_zone_is_one_that_is_served(tmp_path: Path) -> None:
    write_zone = import_module("zone_transfer").write_zone
    versions = []
    for serial, skipped in ((1, 0), (2, 30)):
        write_zone(tmp_path / "rpz.zone", 100, serial, skipped)
        versions.append(read_zone(tmp_path / "rpz.zone"))
    difference = compare(*versions)
    assert (len(difference.deleted), len(difference.added)) == (60, 0)


def test_the_page_has_medians_and_ratios() -> None:
    benchmark = import_module("zone_transfer")
    ours = [benchmark.Figures(float(n), 0.5, 0.1, 2.0, 100.0) for n in (1, 9, 2)]
    theirs = [benchmark.Figures(4.0, 1.0, 0.0, 1.0, 50.0)] * 3
    page = benchmark.compose_page(
        Namespace(names=1_000, changed=10, rounds=3), {"unflux serve": ours, "BIND": theirs}
    )
    assert "| start until the zone is served, s | 2.00 | 4.00 | 0.50 × |" in page
    assert "| what that costs the primary, CPU s | 0.10 | 0.00 | – |" in page
    assert "2,003 records" in page
