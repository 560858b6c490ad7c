"""What an analysis says: verdicts, networks, and the tables their pictures are drawn from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from unflux.engine.connection import Engine
from unflux.judge.judging import compose_verdict, flux_kind
from unflux.link.networks import compose_network, conform_rotation, conform_service
from unflux.model.columns import TEXT
from unflux.model.odds import probability
from unflux.model.verdicts import ROTATION, SERVICE, FluxNetwork, Kind, Outcome, Verdict
from unflux.pipeline import steps
from unflux.pipeline.analysis import Analysis


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What an analysis says: the part of a result that comes from the records alone."""

    verdicts: tuple[Verdict, ...]
    networks: tuple[FluxNetwork, ...]
    totals: dict[Outcome, int]
    rotation: pa.Table
    service: pa.Table


def compose_findings(
    engine: Engine, analysis: Analysis, *, list_all: bool, domain: str | None = None
) -> Findings:
    """Write the verdicts and networks of an analysis, most suspicious first.

    Benign verdicts are listed where ``list_all``; with ``domain`` only its verdict and network.
    """
    counted = engine.take(steps.TOTALS).to_pydict()
    totals: dict[Outcome, int] = {"fast-flux": 0, "benign": 0, "undecided": 0}
    totals |= dict(zip(counted["verdict"], counted["domains"], strict=True))

    shown = analysis.members
    if domain is not None:
        mine = shown.filter(pc.equal(shown["domain"], domain))["network"]
        shown = shown.filter(pc.is_in(shown["network"], value_set=mine.combine_chunks()))
    engine.put("shown", shown)
    network_of = dict(zip(*shown.to_pydict().values(), strict=True))
    grades = _grade_networks(engine, analysis, network_of)
    rows = _listed(engine, list_all, None if domain is None else [domain])
    verdicts = _compose_verdicts(rows, network_of, grades)
    if not network_of:
        return Findings(
            verdicts=verdicts,
            networks=(),
            totals=totals,
            rotation=ROTATION.empty_table(),
            service=SERVICE.empty_table(),
        )
    networks, rotation, service = _draw_networks(engine, network_of, grades)
    return Findings(
        verdicts=verdicts, networks=networks, totals=totals, rotation=rotation, service=service
    )


def compose_verdicts(
    engine: Engine, analysis: Analysis, domains: Iterable[str]
) -> tuple[Verdict, ...]:
    """Write the verdicts of some domains alone, most suspicious first, as far as there are any."""
    engine.put("shown", analysis.members)
    network_of = dict(zip(*analysis.members.to_pydict().values(), strict=True))
    grades = _grade_networks(engine, analysis, network_of)
    return _compose_verdicts(_listed(engine, False, domains), network_of, grades)


def _compose_verdicts(
    rows: Iterable[Mapping[str, Any]], network_of: Mapping[str, str], grades: Mapping[str, "Grade"]
) -> tuple[Verdict, ...]:
    return tuple(
        compose_verdict(
            row,
            network=network_of.get(row["domain"]),
            network_kind=(
                grades[network_of[row["domain"]]][0] if row["domain"] in network_of else None
            ),
        )
        for row in rows
    )


MOST_SUSPICIOUS_FIRST: Final = (("llr", "descending"), ("domain", "ascending"))
ROWS_AT_ONCE: Final = 1024
"""Wide rows that are Python objects at a time: a profile is some 10 kB as a mapping."""


def _listed(
    engine: Engine, list_all: bool, domains: Iterable[str] | None
) -> Iterator[Mapping[str, Any]]:
    """Yield the decided profiles whose verdicts are listed, most suspicious first."""
    if domains is not None:
        engine.put("asked_domain", pa.table({"domain": pa.array(list(domains), TEXT)}))
        rows = engine.take(steps.ASKED)
    else:
        rows = engine.rows("decided") if list_all else engine.take(steps.LISTED)
    for batch in rows.sort_by(list(MOST_SUSPICIOUS_FIRST)).to_batches(ROWS_AT_ONCE):
        yield from batch.to_pylist()


Grade = tuple[Kind, float]


def _grade_networks(
    engine: Engine, analysis: Analysis, network_of: Mapping[str, str]
) -> dict[str, Grade]:
    """Return kind and score per convicted network: its own where that convicts, else the best
    domain's.
    """
    grades: dict[str, Grade] = {}
    if not network_of:
        return grades
    guilty = engine.take(steps.GUILTY).sort_by(list(MOST_SUSPICIOUS_FIRST))
    for row in guilty.to_pylist():
        grades.setdefault(network_of[row["domain"]], _grade(row))
    if analysis.has_networks:
        for row in engine.take(steps.GUILTY_NETWORKS).to_pylist():
            grades[row["domain"]] = _grade(row)
    return grades


def _grade(row: Mapping[str, Any]) -> Grade:
    return flux_kind(row), round(probability(row["llr"]), 6)


def _draw_networks(
    engine: Engine, network_of: Mapping[str, str], grades: Mapping[str, Grade]
) -> tuple[tuple[FluxNetwork, ...], pa.Table, pa.Table]:
    engine.run(steps.SERVED)
    agents = _by_network(engine.take(steps.AGENTS).to_pylist())
    servers = _by_network(engine.take(steps.SERVERS).to_pylist())
    domains: dict[str, list[str]] = {}
    for domain, network in network_of.items():
        domains.setdefault(network, []).append(domain)
    networks = [
        compose_network(
            network,
            kind=grades[network][0],
            score=grades[network][1],
            domains=names,
            agents=agents.get(network, []),
            name_servers=[row["ns_host"] for row in servers.get(network, [])],
        )
        for network, names in domains.items()
    ]
    networks.sort(key=lambda n: (-len(n.domains), -len(n.agents), n.id))
    rotation = conform_rotation(engine.take(steps.SEEN))
    service = conform_service(engine.take(steps.SERVICE))
    return tuple(networks), rotation, service


def _by_network(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(row["network"], []).append(row)
    return grouped
