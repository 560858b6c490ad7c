"""Measure, judge, link, and judge again: a rollup in, decided profiles out."""

from dataclasses import dataclass
from typing import Final

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from unflux.engine.connection import Engine
from unflux.judge.company import MEMBERSHIP_CAP, with_company, without_company
from unflux.judge.judging import decide, follow_aliases
from unflux.judge.weighing import weigh
from unflux.link.candidates import answer_pairs, attachments, pool_edges, server_edges
from unflux.link.components import MEMBERS, join_components, network_id
from unflux.measure.name_servers import delegations, host_addresses, host_rotation
from unflux.measure.profile import measure_profiles
from unflux.measure.records import Records, observe
from unflux.measure.tenancy import measure_aliases
from unflux.measure.together import as_groups
from unflux.model.rollup import ADDRESS_TYPES, Rollup


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What the stages made of a rollup, as tables that live in the engine.

    ``decided``: one weighed and decided profile per domain. ``networks``: one weighed profile per
    candidate network, its id as domain. ``convicted``: (domain, network) of fast-flux domains.
    """

    records: Records
    observed: ir.Table
    delegations: ir.Table
    rotation: ir.Table
    decided: ir.Table
    networks: ir.Table
    convicted: ir.Table


NO_NETWORKS: Final = pa.schema(
    [
        pa.field("domain", pa.string()),
        pa.field("members", pa.int64()),
        pa.field("llr", pa.float64()),
    ]
)
"""What the rest asks of the networks, where there is none to weigh: half of the analysis saved."""


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
    rotation = engine.cache(host_rotation(host_addresses(records, observed)), "rotation")
    profiles = engine.cache(measure_profiles(records, observed), "profiles")

    pairs = engine.cache(answer_pairs(observed), "pairs")
    joined = _join_members(engine, observed, pairs, delegated, rotation)
    members = engine.table("members", joined)
    networks = (
        _weigh_networks(engine, records, observed, members)
        if joined.num_rows
        else engine.table("networks", NO_NETWORKS.empty_table())
    )
    company = _company(pairs, members, networks)

    weighed = weigh(with_company(profiles, company))
    followed = follow_aliases(weighed, measure_aliases(records), MEMBERSHIP_CAP)
    decided = engine.cache(decide(followed), "decided")
    return Analysis(
        records=records,
        observed=observed,
        delegations=delegated,
        rotation=rotation,
        decided=decided,
        networks=networks,
        convicted=engine.table("convicted", _convicted(engine, decided)),
    )


def _join_members(
    engine: Engine, observed: ir.Table, pairs: ir.Table, delegated: ir.Table, rotation: ir.Table
) -> pa.Table:
    """Return (domain, network) of candidate networks, narrow domains attached."""
    edges = engine.fetch(pool_edges(pairs).union(server_edges(delegated, rotation)))
    answers = observed.filter(observed.role == "answer")
    first_seen = engine.fetch(answers.group_by("domain").agg(first_at=answers.first_at.min()))
    joined = join_components(edges, first_seen)
    core = engine.table("core_members", joined)
    attached = engine.fetch(attachments(pairs, core)).select(MEMBERS.names)
    return pa.concat_tables([joined, attached.cast(MEMBERS)])


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
        domain: network or network_of.get(target, network_of[domain])
        for domain, network, target in zip(*rows.values(), strict=True)
    }
    return pa.table({"domain": list(followed), "network": list(followed.values())}, schema=MEMBERS)
