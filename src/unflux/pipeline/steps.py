"""Every step of an analysis that an engine takes, in the order in which they may be taken."""

from collections.abc import Callable
from typing import Final

import ibis.expr.types as ir
import pyarrow as pa

from unflux.engine.step import Step
from unflux.judge.bounds import CONVICTION
from unflux.judge.company import MEMBERSHIP_CAP, with_company, without_company
from unflux.judge.judging import KIND_COLUMNS, decide, follow_aliases
from unflux.judge.motion import is_closed
from unflux.judge.weighing import weigh
from unflux.link.candidates import (
    answer_pairs,
    attachments,
    herd_edges,
    herd_pairs,
    movers,
    pool_edges,
    server_edges,
)
from unflux.link.components import MEMBERS
from unflux.link.networks import agents_of, name_servers_of, rotation_of, served, service_of
from unflux.measure.name_servers import delegations, host_addresses, host_rotation
from unflux.measure.profile import MEASUREMENTS, RELATED, Measurement, join_profiles
from unflux.measure.records import Records, hold, incidences, locate, places
from unflux.measure.tenancy import measure_aliases
from unflux.measure.together import group_observed, group_records
from unflux.model.columns import ROUTES, STORED, TEXT, ZONES

RECORDS: Final = ("sightings", "lookups", "answer_sets", "routes", "zones")
GIVEN: Final = {shape.name: shape.schema for shape in (*STORED, ROUTES, ZONES)} | {
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


def of_records(build: Callable[..., ir.Table]) -> Callable[..., ir.Table]:
    """Let the build take the records as one argument, before what else the step reads."""
    return lambda *tables: build(_records(*tables[: len(RECORDS)]), *tables[len(RECORDS) :])


INCIDENCES: Final = Step(name="incidences", reads=RECORDS, build=of_records(incidences))
PLACES: Final = Step(name="places", reads=RECORDS, build=of_records(places))
HELD: Final = Step(
    name="held",
    reads=("incidences", "places"),
    build=lambda seen, places: locate(hold(seen), places),
)
DELEGATIONS: Final = Step(name="delegations", reads=RECORDS, build=of_records(delegations))
ROTATION: Final = Step(
    name="rotation",
    reads=("delegations", "held"),
    build=lambda delegated, held: host_rotation(host_addresses(delegated, held)),
)
MEASURED: Final = tuple(
    Step(
        name=name,
        reads=(*RECORDS, "delegations", "incidences", "held"),
        build=of_records(measure),
    )
    for name, measure in MEASUREMENTS.items()
)
ALIASES: Final = Step(name="aliases", reads=RECORDS, build=of_records(measure_aliases))
MEASURED_TOGETHER: Final = tuple(step for step in MEASURED if step.name in RELATED)
MEASURED_ALONE: Final = (
    HELD,
    DELEGATIONS,
    ALIASES,
    *(step for step in MEASURED if step.name not in RELATED),
)
"""What the records of each domain alone give, one or more rows a domain."""
PROFILES: Final = Step(
    name="profiles", reads=tuple(step.name for step in MEASURED), build=join_profiles
)

# --- networks -------------------------------------------------------------------------------

PAIRS: Final = Step(name="pairs", reads=("held",), build=answer_pairs)
HERD: Final = Step(
    name="herd",
    reads=("pairs", "profiles"),
    build=lambda pairs, profiles: herd_pairs(pairs, movers(profiles)),
)
"""Apart from the edges, which read it four times over."""
EDGES: Final = Step(
    name="edges",
    reads=("pairs", "herd", "delegations", "rotation"),
    build=lambda pairs, herd, delegated, rotation: pool_edges(pairs).union(
        herd_edges(herd), server_edges(delegated, rotation)
    ),
)


def _first_seen(held: ir.Table) -> ir.Table:
    answers = held.filter(held.role == "answer")
    return answers.group_by("domain").agg(first_at=answers.first_at.min())


FIRST_SEEN: Final = Step(name="first_seen", reads=("held",), build=_first_seen)
ATTACHED: Final = Step(
    name="attached",
    reads=("pairs", "core_members", "delegations", "profiles"),
    build=lambda pairs, members, delegated, profiles: attachments(
        pairs,
        members,
        delegated,
        moving=movers(profiles),
        staying=profiles.filter(is_closed(profiles)).select("domain"),
    ),
)
GROUP_DELEGATIONS: Final = Step(
    name="group_delegations",
    reads=(*RECORDS, "members"),
    build=of_records(lambda records, members: delegations(group_records(records, members))),
)
GROUP_INCIDENCES: Final = Step(
    name="group_incidences",
    reads=("group_delegations", "incidences", "members"),
    build=group_observed,
)
GROUP_HELD: Final = Step(
    name="group_held",
    reads=("group_incidences", "places"),
    build=lambda seen, places: locate(hold(seen), places),
)


def _of_groups(measure: Measurement) -> Callable[..., ir.Table]:
    return of_records(
        lambda records, members, *tables: measure(group_records(records, members), *tables)
    )


GROUP_MEASURED: Final = tuple(
    Step(
        name=f"group_{name}",
        reads=(*RECORDS, "members", "group_delegations", "group_incidences", "group_held"),
        build=_of_groups(measure),
    )
    for name, measure in MEASUREMENTS.items()
)
"""Each candidate network measured as if it were one domain."""


def _weigh_groups(members: ir.Table, *measured: ir.Table) -> ir.Table:
    sizes = members.group_by(domain=members.network).agg(members=members.count())
    profiles = join_profiles(*measured).semi_join(sizes, "domain")
    return weigh(without_company(profiles, members=sizes))


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
    reads=("weighed", "aliases"),
    build=lambda weighed, aliases: decide(follow_aliases(weighed, aliases, MEMBERSHIP_CAP)),
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
    name="served",
    reads=("incidences", "places", "delegations", "rotation", "shown"),
    build=lambda seen, places, *tables: served(locate(seen, places), *tables),
)
AGENTS: Final = Step(name="agents", reads=("served",), build=agents_of)
SERVERS: Final = Step(name="servers", reads=("delegations", "shown"), build=name_servers_of)
SEEN: Final = Step(name="seen", reads=("served",), build=rotation_of)
SERVICE: Final = Step(name="service", reads=("served",), build=service_of)

STEPS: Final = (
    INCIDENCES, PLACES, HELD, DELEGATIONS, ROTATION, *MEASURED, ALIASES,
    PROFILES, PAIRS, HERD, EDGES, FIRST_SEEN, ATTACHED,
    GROUP_DELEGATIONS, GROUP_INCIDENCES, GROUP_HELD, *GROUP_MEASURED, NETWORKS,
    COMPANY, WEIGHED, DECIDED, CONVICTED,
    TOTALS, LISTED, ASKED, GUILTY, GUILTY_NETWORKS, SERVED, AGENTS, SERVERS, SEEN, SERVICE,
)  # fmt: skip
