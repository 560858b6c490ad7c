"""The only place where the stages meet: rollup in, analysis and result out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from unflux.engine.connection import Engine
from unflux.judge.company import MEMBERSHIP_CAP, with_company, without_company
from unflux.judge.judging import compose_verdict, decide, flux_kind, follow_aliases, score
from unflux.judge.weighing import weigh
from unflux.link.candidates import answer_pairs, attachments, pool_edges, server_edges
from unflux.link.components import MEMBERS, join_components, network_id
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
from unflux.measure.name_servers import delegations, host_addresses
from unflux.measure.profile import measure_profiles
from unflux.measure.records import Records, observe
from unflux.measure.tenancy import measure_aliases
from unflux.measure.together import as_groups
from unflux.model.rollup import ADDRESS_TYPES, Rollup
from unflux.model.verdicts import FluxNetwork, Kind, Outcome, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What the stages made of a rollup, as tables that live in the engine.

    ``decided``: one weighed and decided profile per domain. ``networks``: one weighed profile per
    candidate network, its id as domain. ``convicted``: (domain, network) of fast-flux domains.
    """

    records: Records
    observed: ir.Table
    delegations: ir.Table
    hosts: ir.Table
    decided: ir.Table
    networks: ir.Table
    convicted: ir.Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What an analysis says: the part of a result that comes from the records alone."""

    verdicts: tuple[Verdict, ...]
    networks: tuple[FluxNetwork, ...]
    totals: dict[Outcome, int]
    rotation: pa.Table
    service: pa.Table


def distinct_addresses(rollup: Rollup) -> pa.Array:
    """Return every address of the sightings once."""
    sightings = rollup.sightings
    is_address = pc.is_in(sightings["rrtype"], value_set=pa.array(ADDRESS_TYPES))
    return pc.unique(sightings.filter(is_address)["rdata"].combine_chunks())


def analyse(engine: Engine, rollup: Rollup, routes: pa.Table) -> Analysis:
    """Measure, judge, link, and judge again with the company each domain keeps."""
    records = Records(
        sightings=engine.table("sightings", rollup.sightings),
        lookups=engine.table("lookups", rollup.lookups),
        answer_sets=engine.table("answer_sets", rollup.answer_sets),
        routes=engine.table("routes", routes),
    )
    observed = engine.cache(observe(records), "observed")
    delegated = engine.cache(delegations(records), "delegations")
    hosts = engine.cache(host_addresses(records, observed), "hosts")
    profiles = engine.cache(measure_profiles(records, observed), "profiles")

    pairs = engine.cache(answer_pairs(observed), "pairs")
    members = _join_members(engine, observed, pairs, delegated, hosts)
    networks = _weigh_networks(engine, records, observed, members)
    company = _company(pairs, members, networks)

    weighed = weigh(with_company(profiles, company))
    followed = follow_aliases(weighed, measure_aliases(records), MEMBERSHIP_CAP)
    decided = engine.cache(decide(followed), "decided")
    return Analysis(
        records=records,
        observed=observed,
        delegations=delegated,
        hosts=hosts,
        decided=decided,
        networks=networks,
        convicted=engine.table("convicted", _convicted(engine, decided)),
    )


def _join_members(
    engine: Engine, observed: ir.Table, pairs: ir.Table, delegated: ir.Table, hosts: ir.Table
) -> ir.Table:
    """Return (domain, network) of candidate networks, narrow domains attached."""
    edges = engine.fetch(pool_edges(pairs).union(server_edges(delegated, hosts)))
    answers = observed.filter(observed.role == "answer")
    first_seen = engine.fetch(
        answers.group_by("domain").agg(first_at=answers.first_at.min())
    )
    joined = join_components(edges, first_seen)
    core = engine.table("core_members", joined)
    attached = engine.fetch(attachments(pairs, core)).select(MEMBERS.names)
    return engine.table("members", pa.concat_tables([joined, attached.cast(MEMBERS)]))


def _weigh_networks(
    engine: Engine, records: Records, observed: ir.Table, members: ir.Table
) -> ir.Table:
    """Weigh each candidate network as if it were one domain."""
    grouped, grouped_observed = as_groups(records, observed, members)
    sizes = members.group_by(domain=members.network).agg(members=members.count())
    profiles = measure_profiles(grouped, grouped_observed)
    profiles = profiles.semi_join(sizes, "domain")
    return engine.cache(weigh(without_company(profiles, members=sizes)), "networks")


def _company(pairs: ir.Table, members: ir.Table, networks: ir.Table) -> ir.Table:
    """Return what each member's network says: the columns that ``with_company`` joins."""
    theirs = pairs.inner_join(members, "domain")
    tenants = theirs.group_by(["network", "address"]).agg(tenants=theirs.count())
    met = theirs.inner_join(tenants.filter(tenants.tenants > 1), ["network", "address"])
    shared = met.group_by("domain").agg(pool_addresses=met.count())
    known = networks.select(network="domain", network_llr="llr", network_members="members")
    company = members.left_join(known, "network").drop("network_right")
    company = company.left_join(shared, "domain").drop("domain_right")
    return company.mutate(pool_addresses=company.pool_addresses.fill_null(0))


def _convicted(engine: Engine, decided: ir.Table) -> pa.Table:
    """Return (domain, network) of the convicted; who has no company is a network of one."""
    guilty = decided.filter(decided.verdict == "fast-flux")
    rows = engine.fetch(guilty.select("domain", "network", "alias_target")).to_pydict()
    network_of = {
        domain: network or network_id(domain)
        for domain, network in zip(rows["domain"], rows["network"], strict=True)
    }
    followed = {
        domain: network_of.get(target, network_of[domain])
        for domain, target in zip(rows["domain"], rows["alias_target"], strict=True)
    }
    return pa.table(
        {"domain": list(followed), "network": list(followed.values())}, schema=MEMBERS
    )


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
    by_domain = {row["domain"]: row for row in rows}
    grades = _grade_networks(engine, analysis, network_of, by_domain)
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


def _grade_networks(
    engine: Engine,
    analysis: Analysis,
    network_of: Mapping[str, str],
    by_domain: Mapping[str, Mapping[str, Any]],
) -> dict[str, Grade]:
    """Return kind and score per convicted network: its own where judged, else its best domain's."""
    networks = analysis.networks
    wanted = sorted(set(network_of.values()))
    judged = {
        row["domain"]: row
        for row in engine.fetch(networks.filter(networks.domain.isin(wanted))).to_pylist()
    }  # fmt: skip
    grades: dict[str, Grade] = {}
    for domain, network in network_of.items():
        row = judged.get(network) or by_domain.get(domain)
        if row is None:
            continue
        grade = (flux_kind(row), round(score(row["llr"]), 6))
        best = grades.get(network)
        if best is None or grade[1] > best[1]:
            grades[network] = grade
    return grades


def _draw_networks(
    engine: Engine,
    analysis: Analysis,
    convicted: ir.Table,
    network_of: Mapping[str, str],
    grades: Mapping[str, Grade],
) -> tuple[tuple[FluxNetwork, ...], pa.Table, pa.Table]:
    rows = engine.cache(
        served(analysis.observed, analysis.delegations, analysis.hosts, convicted), "served"
    )
    agents = _by_network(engine.fetch(agents_of(rows)).to_pylist())
    servers = _by_network(engine.fetch(name_servers_of(analysis.delegations, convicted)).to_pylist())
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
        if network in grades
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


