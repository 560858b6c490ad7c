"""Report of a track: what a store says of the networks of some domains; nothing is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from unflux.engine.connection import Engine
from unflux.engine.store import WAIT_S, Store
from unflux.link.components import MEMBERS, network_id
from unflux.model.columns import TEXT
from unflux.model.errors import StoreError
from unflux.model.names import registrable_domain
from unflux.model.tracks import NetworkTrack
from unflux.model.vantages import VANTAGE_TABLES
from unflux.pipeline.gathering import Options, gather
from unflux.pipeline.scanning import analysed
from unflux.pipeline.tracking_steps import NEIGHBOURS, OVERLAPS, SERVED_BUCKETS, TRACKED_SETS
from unflux.track.life import describe_life
from unflux.track.moves import find_asked
from unflux.track.overlap import find_overlaps
from unflux.track.rotation import measure_rotation
from unflux.track.views import find_views, is_per_client, leave_planted


def report_tracks(names: Sequence[str], options: Options) -> tuple[NetworkTrack, ...]:
    """Describe the network of each name, and of its own domain where it is in none, once each.

    Raises StoreError where there is no store. Names that nothing is known of are left out.
    """
    if options.store is None or not options.store.exists():
        message = f"there is no store at {options.store}"
        raise StoreError(message)
    with Store.open(options.store, read_only=True, wait_s=WAIT_S) as store:
        looks, answers, turns, told = map(store.looks, VANTAGE_TABLES)
    answers = leave_planted(answers)
    gathered = gather([], replace(options, list_all=False), None)
    bucket_s = gathered.bucket_s
    with analysed(gathered, options) as (engine, analysis):
        network_of = dict(zip(*analysis.members.to_pydict().values(), strict=True))
        tracked = _tracked(network_of, {registrable_domain(name) for name in names})
        engine.put("tracked", tracked)
        engine.put("all_members", analysis.members)
        engine.run(SERVED_BUCKETS)
        served = engine.rows(SERVED_BUCKETS.name)
        sets, met = engine.take(TRACKED_SETS), engine.take(OVERLAPS)
        beside = _neighbours(engine, network_of)
    asked_of: dict[str, list[str]] = {}
    for name in pc.unique(looks["query"]).to_pylist():
        asked_of.setdefault(registrable_domain(name), []).append(name)
    tracks = []
    for network in pc.unique(tracked["network"]).to_pylist():
        rows = _in(served, network)
        if not rows.num_rows:
            continue
        domains = _in(tracked, network)["domain"].to_pylist()
        asked = [name for domain in domains for name in asked_of.get(domain, ())]
        looked, shown = _of(looks, asked), _of(answers, asked)
        tracks.append(
            describe_life(
                network,
                sorted(domains),
                rows,
                bucket_s=bucket_s,
                views=find_views(looked, shown, _of(turns, asked), set(asked)),
                is_per_client=is_per_client(shown, _of(told, asked), set(asked)),
                neighbours=beside.get(network, []),
                overlaps=find_overlaps(_in(met, network).to_pylist()),
                rotation_s=measure_rotation(_in(sets, network)),
                asked=find_asked(looked),
            )
        )
    return tuple(sorted(tracks, key=lambda track: (-track.addresses, track.network)))


def _in(table: pa.Table, network: str) -> pa.Table:
    return table.filter(pc.equal(table["network"], network))


def _of(table: pa.Table, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of some names alone: of all, there may be millions."""
    rows: list[dict[str, Any]] = table.filter(
        pc.is_in(table["query"], value_set=pa.array(names, TEXT))
    ).to_pylist()
    return rows


def _tracked(network_of: Mapping[str, str], domains: set[str]) -> pa.Table:
    """Return the members of the networks of some domains; who has none is a network of one."""
    wanted = {network_of.get(domain, network_id(domain)) for domain in domains}
    rows = {domain: network for domain, network in network_of.items() if network in wanted}
    rows |= {domain: network_of.get(domain, network_id(domain)) for domain in domains}
    return pa.table({"domain": list(rows), "network": list(rows.values())}, schema=MEMBERS).sort_by(
        "domain"
    )


def _neighbours(engine: Engine, network_of: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in engine.take(NEIGHBOURS).to_pylist():
        other = {**row, "network": network_of.get(row["domain"])}
        found.setdefault(row["network"], []).append(other)
    return found
