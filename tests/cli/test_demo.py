from pathlib import Path

import pytest
from tests.cli.conftest import Run

from unflux.lab.small_internet import build_small_internet


@pytest.mark.slow
def test_the_demonstration_finds_all_flux_and_accuses_nobody(run: Run, tmp_path: Path) -> None:
    ran = run("demo", "--folder", tmp_path / "demo")
    assert ran.status == 0
    text = " ".join(ran.out.split())
    truth = build_small_internet(7).truth.values()
    flux = sum(verdict == "fast-flux" for verdict, _ in truth)
    assert f"holds {flux} fast-flux domains: {flux} were found." in text
    assert "0 were accused" in text
    for kind in ("double-flux", "single-flux", "slow-flux"):
        assert kind in text
    page = (tmp_path / "demo" / "report.html").read_text(encoding="utf-8")
    assert "3 fast-flux networks found" in page
