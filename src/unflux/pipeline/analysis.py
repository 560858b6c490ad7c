"""Measure, judge, link, and judge again: a rollup in, decided profiles out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from unflux.engine.connection import Engine
from unflux.engine.store_part import Around
from unflux.link.components import MEMBERS, join_components, network_id
from unflux.link.continuity import continue_ids, rename
from unflux.measure.provider_lists import load_zones
from unflux.measure.records import Records
from unflux.model.rollup import ADDRESS_TYPES, Rollup, tables_of
from unflux.pipeline import steps

if TYPE_CHECKING:
    import ibis.expr.types as ir

Bring = Callable[[Around], None]


def _nothing(_: Around) -> None:
    """Bring nothing, where all records are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What the stages made of a rollup: tables that live in the engine, under the steps' names.

    ``members``: domain and network of every fast-flux domain.
    """

    engine: Engine
    members: pa.Table
    has_networks: bool
    """Whether any candidate network was there to be weighed."""
    bring: Bring = _nothing
    """To be asked for what ``records`` has to hold: an analysis that is kept holds part of them."""

    @property
    def records(self) -> Records:
        """The records as read, and the routes of their addresses."""
        return Records(**{name: self.engine.named(name) for name in steps.RECORDS})

    @property
    def convicted(self) -> "ir.Table":
        """The members as an expression."""
        return self.engine.named("convicted_members")


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


def put_records(engine: Engine, tables: dict[str, pa.Table]) -> None:
    """Give the engine the tables of :data:`unflux.pipeline.steps.RECORDS`, taking them out.

    Where the caller holds them nowhere else, each is freed before the next is copied.
    """
    for name in steps.RECORDS:
        engine.put(name, tables.pop(name))


def analyse(engine: Engine, rollup: Rollup, routes: pa.Table) -> Analysis:
    """Measure, judge, link, and judge again with the company each domain keeps."""
    tables = (*tables_of(rollup), routes, load_zones())
    put_records(engine, dict(zip(steps.RECORDS, tables, strict=True)))
    return analyse_records(engine)


def analyse_records(engine: Engine) -> Analysis:
    """Analyse what :func:`put_records` put."""
    measure_records(engine)
    return conclude(engine)


def measure_records(engine: Engine) -> None:
    """Measure of each domain what its own records say."""
    for step in (steps.INCIDENCES, steps.PLACES, *steps.MEASURED_ALONE):
        engine.run(step)


def conclude(engine: Engine, bring: Bring = _nothing, held: pa.Table | None = None) -> Analysis:
    """Judge and link what was measured of each domain alone.

    ``bring`` has the engine hold the records about some domains, with their incidences and places,
    where it does not hold all. ``held``: domain and network of who was convicted before, whose
    networks keep their ids.
    """
    for step in (steps.ROTATION, *steps.MEASURED_TOGETHER, steps.PROFILES):
        engine.run(step)
    for step in steps.MEASURED:
        engine.drop(step.name)

    engine.run(steps.PAIRS)
    engine.run(steps.HERD)
    members = _join_members(engine)
    engine.put("members", members)
    has_networks = members.num_rows > 0
    if has_networks:
        bring(Around(domains=members["domain"].to_pylist()))
        _weigh_networks(engine)
    else:
        engine.put("networks", NO_NETWORKS.empty_table())

    engine.run(steps.COMPANY)
    engine.run(steps.WEIGHED)
    for step in (steps.PROFILES, steps.PAIRS, steps.HERD, steps.COMPANY, steps.HELD):
        engine.drop(step.name)
    engine.run(steps.DECIDED)
    engine.drop(steps.WEIGHED.name)
    convicted = _convicted(engine)
    if held is not None:
        ids = continue_ids(convicted, held)
        convicted = rename(convicted, "network", ids)
        engine.put("networks", rename(engine.rows("networks"), "domain", ids))
    engine.put("convicted_members", convicted)
    return Analysis(engine=engine, members=convicted, has_networks=has_networks, bring=bring)


def _join_members(engine: Engine) -> pa.Table:
    """Return (domain, network) of candidate networks, narrow domains attached."""
    edges = engine.take(steps.EDGES)
    if not edges.num_rows:
        return MEMBERS.empty_table()
    joined = join_components(edges, engine.take(steps.FIRST_SEEN))
    engine.put("core_members", joined)
    attached = engine.take(steps.ATTACHED).select(MEMBERS.names)
    return pa.concat_tables([joined, attached.cast(MEMBERS)])


def _weigh_networks(engine: Engine) -> None:
    """Weigh each candidate network as if it were one domain."""
    seen = (steps.GROUP_DELEGATIONS, steps.GROUP_INCIDENCES, steps.GROUP_HELD)
    measured = (*seen, *steps.GROUP_MEASURED)
    for step in (*measured, steps.NETWORKS):
        engine.run(step)
    for step in measured:
        engine.drop(step.name)


def _convicted(engine: Engine) -> pa.Table:
    """Return (domain, network) of the convicted; who has no company is a network of one."""
    rows = engine.take(steps.CONVICTED).to_pydict()
    network_of = {
        domain: network or network_id(domain)
        for domain, network in zip(rows["domain"], rows["network"], strict=True)
    }
    followed = {
        domain: network or network_of.get(target, network_of[domain])
        for domain, network, target in zip(*rows.values(), strict=True)
    }
    members = {"domain": list(followed), "network": list(followed.values())}
    return pa.table(members, schema=MEMBERS).sort_by("domain")
