"""Every step of an analysis that an engine takes, in the order in which they may be taken."""

from collections.abc import Iterator
from typing import Final

import ibis.expr.types as ir
import pyarrow as pa

from unflux.engine.step import Step
from unflux.judge.bounds import CONVICTION
from unflux.judge.company import MEMBERSHIP_CAP, with_company, without_company
from unflux.judge.judging import KIND_COLUMNS, decide, follow_aliases
from unflux.judge.weighing import weigh
from unflux.link.candidates import answer_pairs, attachments, pool_edges, server_edges
from unflux.link.components import MEMBERS
from unflux.link.networks import agents_of, name_servers_of, rotation_of, served, service_of
from unflux.measure.name_servers import delegations, host_addresses, host_rotation
from unflux.measure.profile import MEASUREMENTS, join_profiles
from unflux.measure.records import Records, hold, observe
from unflux.measure.tenancy import measure_aliases
from unflux.measure.together import group_observed, group_records
from unflux.model.columns import ROUTES, STORED, TEXT

RECORDS: Final = ("sightings", "lookups", "answer_sets", "routes")
GIVEN: Final = {shape.name: shape.schema for shape in (*STORED, ROUTES)} | {
    "core_members": MEMBERS,
    "members": MEMBERS,
    "shown": MEMBERS,
    "asked_domain": pa.schema([pa.field("domain", TEXT)]),
}
"""What is put into the engine beside what the steps make: the records, candidate networks as they
were joined and with those attached, the convicted whose findings are composed, the one domain that
was asked for."""


def _records(*tables: ir.Table) -> Records:
    return Records(**dict(zip(RECORDS, tables, strict=True)))


OBSERVED: Final = Step(
    name="observed", reads=RECORDS, build=lambda *tables: observe(_records(*tables))
)
HELD: Final = Step(name="held", reads=("observed",), build=hold)
DELEGATIONS: Final = Step(
    name="delegations", reads=RECORDS, build=lambda *tables: delegations(_records(*tables))
)
ROTATION: Final = Step(
    name="rotation",
    reads=(*RECORDS, "held"),
    build=lambda *tables: host_rotation(host_addresses(_records(*tables[:-1]), tables[-1])),
)


def _measurements() -> Iterator[Step]:
    for name, measure in MEASUREMENTS.items():
        yield Step(
            name=name,
            reads=(*RECORDS, "observed", "held"),
            build=lambda *tables, measure=measure: measure(_records(*tables[:4]), *tables[4:]),
        )


MEASURED: Final = tuple(_measurements())
PROFILES: Final = Step(
    name="profiles", reads=tuple(step.name for step in MEASURED), build=join_profiles
)

# --- networks -------------------------------------------------------------------------------

PAIRS: Final = Step(name="pairs", reads=("held",), build=answer_pairs)
EDGES: Final = Step(
    name="edges",
    reads=("pairs", "delegations", "rotation"),
    build=lambda pairs, delegated, rotation: pool_edges(pairs).union(
        server_edges(delegated, rotation)
    ),
)


def _first_seen(held: ir.Table) -> ir.Table:
    answers = held.filter(held.role == "answer")
    return answers.group_by("domain").agg(first_at=answers.first_at.min())


FIRST_SEEN: Final = Step(name="first_seen", reads=("held",), build=_first_seen)
ATTACHED: Final = Step(name="attached", reads=("pairs", "core_members"), build=attachments)
GROUP_OBSERVED: Final = Step(
    name="group_observed",
    reads=(*RECORDS, "observed", "members"),
    build=lambda *tables: group_observed(_records(*tables[:4]), *tables[4:]),
)
GROUP_HELD: Final = Step(name="group_held", reads=("group_observed",), build=hold)


def _group_measurements() -> Iterator[Step]:
    """Measure each candidate network as if it were one domain."""
    for name, measure in MEASUREMENTS.items():
        yield Step(
            name=f"group_{name}",
            reads=(*RECORDS, "members", "group_observed", "group_held"),
            build=lambda *tables, measure=measure: measure(
                group_records(_records(*tables[:4]), tables[4]), *tables[5:]
            ),
        )


def _weigh_groups(members: ir.Table, *measured: ir.Table) -> ir.Table:
    sizes = members.group_by(domain=members.network).agg(members=members.count())
    profiles = join_profiles(*measured).semi_join(sizes, "domain")
    return weigh(without_company(profiles, members=sizes))


GROUP_MEASURED: Final = tuple(_group_measurements())
NETWORKS: Final = Step(
    name="networks",
    reads=("members", *(step.name for step in GROUP_MEASURED)),
    build=_weigh_groups,
)

# --- verdicts -------------------------------------------------------------------------------


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


COMPANY: Final = Step(name="company", reads=("pairs", "members", "networks"), build=_company)
WEIGHED: Final = Step(
    name="weighed",
    reads=("profiles", "company"),
    build=lambda profiles, company: weigh(with_company(profiles, company)),
)
DECIDED: Final = Step(
    name="decided",
    reads=("weighed", *RECORDS),
    build=lambda weighed, *tables: decide(
        follow_aliases(weighed, measure_aliases(_records(*tables)), MEMBERSHIP_CAP)
    ),
)
CONVICTED: Final = Step(
    name="convicted",
    reads=("decided",),
    build=lambda decided: decided.filter(decided.verdict == "fast-flux").select(
        "domain", "network", "alias_target"
    ),
)

# --- findings -------------------------------------------------------------------------------

TOTALS: Final = Step(
    name="totals",
    reads=("decided",),
    build=lambda decided: decided.group_by("verdict").agg(domains=decided.count()),
)
LISTED: Final = Step(
    name="listed",
    reads=("decided",),
    build=lambda decided: decided.filter(decided.verdict != "benign"),
)
ASKED: Final = Step(
    name="listed_asked",
    reads=("decided", "asked_domain"),
    build=lambda decided, asked: decided.semi_join(asked, "domain"),
)
GUILTY: Final = Step(
    name="guilty",
    reads=("decided", "shown"),
    build=lambda decided, shown: decided.semi_join(shown, "domain").select(*KIND_COLUMNS),
)
GUILTY_NETWORKS: Final = Step(
    name="guilty_networks",
    reads=("networks", "shown"),
    build=lambda networks, shown: (
        networks.filter(networks.llr >= CONVICTION)
        .semi_join(shown, networks.domain == shown.network)
        .select(*KIND_COLUMNS)
    ),
)
SERVED: Final = Step(
    name="served", reads=("observed", "delegations", "rotation", "shown"), build=served
)
AGENTS: Final = Step(name="agents", reads=("served",), build=agents_of)
SERVERS: Final = Step(name="servers", reads=("delegations", "shown"), build=name_servers_of)
SEEN: Final = Step(name="seen", reads=("served",), build=rotation_of)
SERVICE: Final = Step(name="service", reads=("served",), build=service_of)

STEPS: Final = (
    OBSERVED, HELD, DELEGATIONS, ROTATION, *MEASURED, PROFILES,
    PAIRS, EDGES, FIRST_SEEN, ATTACHED, GROUP_OBSERVED, GROUP_HELD, *GROUP_MEASURED, NETWORKS,
    COMPANY, WEIGHED, DECIDED, CONVICTED,
    TOTALS, LISTED, ASKED, GUILTY, GUILTY_NETWORKS, SERVED, AGENTS, SERVERS, SEEN, SERVICE,
)  # fmt: skip
