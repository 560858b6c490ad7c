"""Run the published detectors on the records of an analysis."""

import pyarrow as pa

from unflux.engine.connection import Engine
from unflux.link.components import join_components
from unflux.model.columns import MOMENT, TEXT
from unflux.pipeline.scoring_steps import CLUSTERS, INPUTS, SAID, SIMILAR


def weigh_baselines(engine: Engine) -> dict[str, pa.Table]:
    """Return what each baseline says of what was analysed: domain, score, flagged, by its name."""
    for step in INPUTS:
        engine.run(step)
    engine.put("clusters", CLUSTERS.empty_table())
    engine.put("clusters", join_similar(engine.take(SIMILAR)))
    said = {name: engine.take(step) for name, step in SAID.items()}
    for step in INPUTS:
        engine.drop(step.name)
    return said


def join_similar(pairs: pa.Table) -> pa.Table:
    """Join pairs of nodes (left, right) into clusters: node, cluster."""
    unknown = pa.schema([("domain", TEXT), ("first_at", MOMENT)]).empty_table()
    return join_components(pairs, unknown).rename_columns(CLUSTERS.names)
