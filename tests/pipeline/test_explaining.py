"""The records behind each piece of evidence."""

from dataclasses import dataclass
from typing import Any

import pytest
from tests.measure.internet_of_rows import Response
from tests.pipeline.situations import (
    Internet,
    add_alias_into_flux,
    add_double_flux,
    add_network_with_a_narrow_member,
    add_ns_flux,
    add_round_robin,
    add_time_pool,
    analysed,
)

from unflux.engine.connection import Engine, open_engine
from unflux.measure.behind import RECORD_COLUMNS
from unflux.model.verdicts import Verdict
from unflux.pipeline.explaining import NO_RECORDS, records_behind
from unflux.pipeline.findings import compose_findings

EXPLAINED = (
    "double.example", "led-there.example", "m0.example", "robin.example", "nsflux.example",
    "clocks.org",
)  # fmt: skip


@dataclass(frozen=True)
class Explained:
    """One domain's verdict and the records behind it."""

    verdict: Verdict
    columns: tuple[str, ...]
    rows: list[dict[str, Any]]

    def owners(self, evidence: str) -> set[str]:
        return {row["qname"] for row in self.rows if row["evidence"] == evidence}


@pytest.fixture(scope="module")
def explained(engine: Engine) -> dict[str, Explained]:
    net = Internet()
    for situation in (
        add_double_flux, add_alias_into_flux, add_ns_flux, add_time_pool, add_round_robin,
        add_network_with_a_narrow_member,
    ):  # fmt: skip
        situation(net)
    analysis = analysed(engine, net)
    verdicts = compose_findings(engine, analysis, list_all=True).verdicts
    found = {}
    for verdict in verdicts:
        if verdict.domain in EXPLAINED:
            behind = records_behind(engine, analysis, verdict)
            columns = tuple(behind.column_names)
            found[verdict.domain] = Explained(verdict, columns, behind.to_pylist())
    return found


@pytest.mark.parametrize(
    ("domain", "evidence", "rdata"),
    [
        ("double.example", "server-rotation", "ns1.double.example"),
        ("double.example", "server-width", "ns1.double.example"),
        ("double.example", "strangers", None),
        ("led-there.example", "alias", "y.double.example"),
        ("m0.example", "network-membership", None),
        ("robin.example", "settled", None),
        ("nsflux.example", "both-planes", "ns1.nsflux.example"),
        ("clocks.org", "pool", None),
    ],
)
def test_evidence_has_its_records(
    explained: dict[str, Explained], domain: str, evidence: str, rdata: str | None
) -> None:
    found = explained[domain]
    assert found.columns == ("evidence", *RECORD_COLUMNS)
    rows = [row for row in found.rows if row["evidence"] == evidence]
    assert rows, evidence
    assert rdata is None or rdata in {row["rdata"] for row in rows}
    named = {piece.name for piece in found.verdict.evidence} - NO_RECORDS
    assert {row["evidence"] for row in found.rows} <= named


def test_company_shows_the_others_on_the_same_addresses(explained: dict[str, Explained]) -> None:
    assert explained["m0.example"].owners("network-membership") == {
        "m1.example", "m2.example", "m3.example", "m4.example", "narrow.example",
        "narrower.example",
    }  # fmt: skip


def test_a_name_without_records_of_its_own_has_none_behind() -> None:
    net = Internet()
    net.add(Response("gone.example", (), 0, "A", "NXDOMAIN"))
    with open_engine("duckdb", workers=1) as engine:  # the other tests' tables stay
        analysis = analysed(engine, net)
        findings = compose_findings(engine, analysis, list_all=True, domain="gone.example")
        behind = records_behind(engine, analysis, findings.verdicts[0])
    assert behind.num_rows == 0
    assert tuple(behind.column_names) == ("evidence", *RECORD_COLUMNS)
