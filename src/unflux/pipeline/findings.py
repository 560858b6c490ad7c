"""What an analysis says: verdicts, networks, and the tables their pictures are drawn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from unflux.engine.connection import Engine
from unflux.judge.bounds import CONVICTION
from unflux.judge.judging import compose_verdict, flux_kind, score
from unflux.link.networks import (
    agents_of,
    compose_network,
    conform_rotation,
    conform_service,
    name_servers_of,
    rotation_of,
    served,
    service_of,
)
from unflux.model.verdicts import FluxNetwork, Kind, Outcome, Verdict
from unflux.pipeline.analysis import Analysis


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What an analysis says: the part of a result that comes from the records alone."""

    verdicts: tuple[Verdict, ...]
    networks: tuple[FluxNetwork, ...]
    totals: dict[Outcome, int]
    rotation: pa.Table
    service: pa.Table


LISTED: Final[dict[bool, tuple[Outcome, ...]]] = {
    True: ("fast-flux", "undecided", "benign"),
    False: ("fast-flux", "undecided"),
}


def compose_findings(
    engine: Engine, analysis: Analysis, *, list_all: bool, domain: str | None = None
) -> Findings:
    """Write the verdicts and networks of an analysis, most suspicious first.

    Benign verdicts are listed where ``list_all``; with ``domain`` only its verdict and network.
    """
    decided = analysis.decided
    counted = engine.fetch(decided.group_by("verdict").agg(domains=decided.count())).to_pydict()
    totals: dict[Outcome, int] = {"fast-flux": 0, "benign": 0, "undecided": 0}
    totals |= dict(zip(counted["verdict"], counted["domains"], strict=True))

    listed = decided.filter(decided.verdict.isin(LISTED[list_all]))
    convicted = analysis.convicted
    if domain is not None:
        listed = decided.filter(decided.domain == domain)
        mine = convicted.filter(convicted.domain == domain).select("network")
        convicted = convicted.semi_join(mine, "network")
    membership = engine.fetch(convicted).sort_by("domain").to_pydict()
    network_of = dict(zip(membership["domain"], membership["network"], strict=True))
    rows = engine.fetch(listed.order_by([ibis.desc("llr"), ibis.asc("domain")])).to_pylist()
    grades = _grade_networks(engine, analysis, network_of)
    verdicts = tuple(
        compose_verdict(
            row,
            network=network_of.get(row["domain"]),
            network_kind=(
                grades[network_of[row["domain"]]][0] if row["domain"] in network_of else None
            ),
        )
        for row in rows
    )
    networks, rotation, service = _draw_networks(engine, analysis, convicted, network_of, grades)
    return Findings(
        verdicts=verdicts, networks=networks, totals=totals, rotation=rotation, service=service
    )


Grade = tuple[Kind, float]
NAMES: Final = pa.schema([pa.field("name", pa.string())])


def _grade_networks(
    engine: Engine, analysis: Analysis, network_of: Mapping[str, str]
) -> dict[str, Grade]:
    """Return kind and score per convicted network: its own where that convicts, else the best
    domain's.
    """
    networks, decided = analysis.networks, analysis.decided
    wanted = engine.table("wanted", pa.table({"name": sorted(set(network_of.values()))}, NAMES))
    guilty = engine.table("guilty", pa.table({"name": sorted(network_of)}, NAMES))
    grades: dict[str, Grade] = {}
    members = decided.semi_join(guilty, decided.domain == guilty.name)
    best_first = members.order_by([ibis.desc("llr"), ibis.asc("domain")])
    for row in engine.fetch(best_first).to_pylist():
        grades.setdefault(network_of[row["domain"]], _grade(row))
    judged = networks.semi_join(wanted, networks.domain == wanted.name)
    for row in engine.fetch(judged.filter(judged.llr >= CONVICTION)).to_pylist():
        grades[row["domain"]] = _grade(row)
    return grades


def _grade(row: Mapping[str, Any]) -> Grade:
    return flux_kind(row), round(score(row["llr"]), 6)


def _draw_networks(
    engine: Engine,
    analysis: Analysis,
    convicted: ir.Table,
    network_of: Mapping[str, str],
    grades: Mapping[str, Grade],
) -> tuple[tuple[FluxNetwork, ...], pa.Table, pa.Table]:
    rows = engine.cache(
        served(analysis.observed, analysis.delegations, analysis.rotation, convicted), "served"
    )
    agents = _by_network(engine.fetch(agents_of(rows)).to_pylist())
    servers = _by_network(
        engine.fetch(name_servers_of(analysis.delegations, convicted)).to_pylist()
    )
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
    rotation = conform_rotation(engine.fetch(rotation_of(rows)))
    service = conform_service(engine.fetch(service_of(rows)))
    return tuple(networks), rotation, service


def _by_network(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(row["network"], []).append(row)
    return grouped
