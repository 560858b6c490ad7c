"""Run the published detectors on the records that an engine holds."""

from dataclasses import replace
from typing import Final

import pyarrow as pa

from unflux.engine.connection import Engine
from unflux.judge.baselines import BASELINES
from unflux.judge.baselines.baseline import Inputs, column_name, weigh_all
from unflux.judge.baselines.perdisci_clusters import similar_days
from unflux.link.components import join_components
from unflux.measure.baseline_inputs import (
    asked_answer_sets,
    asked_answers,
    asked_domains,
    asked_name_servers,
    first_two_lookups,
)
from unflux.measure.records import Records, observe
from unflux.model.columns import MOMENT

CLUSTERS: Final = pa.schema([("node", pa.string()), ("cluster", pa.string())])


def compose_inputs(engine: Engine, records: Records) -> Inputs:
    """Measure what the published detectors read, each table once."""
    answers = engine.cache(asked_answers(records), "asked_answers")
    observed = engine.cache(observe(records), "observed")
    inputs = Inputs(
        domains=engine.cache(asked_domains(records), "asked_domains"),
        answers=answers,
        two_lookups=engine.cache(first_two_lookups(answers), "two_lookups"),
        answer_sets=engine.cache(asked_answer_sets(records, answers), "asked_answer_sets"),
        name_servers=engine.cache(asked_name_servers(records, observed), "asked_name_servers"),
        clusters=engine.table("clusters", CLUSTERS.empty_table()),
    )
    clusters = join_similar(engine.fetch(similar_days(inputs)))
    return replace(inputs, clusters=engine.table("clusters", clusters))


def join_similar(pairs: pa.Table) -> pa.Table:
    """Join pairs of nodes (left, right) into clusters: node, cluster."""
    unknown = pa.schema([("domain", pa.string()), ("first_at", MOMENT)]).empty_table()
    return join_components(pairs, unknown).rename_columns(CLUSTERS.names)


def flags_of_baselines(engine: Engine, records: Records) -> dict[str, pa.Table]:
    """Return what each baseline says: domain and flagged, by the baseline's name."""
    weighed = engine.fetch(weigh_all(BASELINES, compose_inputs(engine, records)))
    return {
        baseline.NAME: pa.table(
            {"domain": weighed["domain"], "flagged": weighed[column_name(baseline, "flagged")]}
        )
        for baseline in BASELINES
    }
