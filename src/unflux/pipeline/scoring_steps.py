"""The steps that an evaluation takes after those of an analysis: our opinions, the baselines."""

from collections.abc import Callable
from typing import Final

import ibis.expr.types as ir
import pyarrow as pa

from unflux.engine.step import Step
from unflux.judge import company
from unflux.judge.baselines import BASELINES
from unflux.judge.baselines.baseline import Inputs
from unflux.judge.baselines.perdisci_clusters import similar_days
from unflux.measure.baseline_inputs import (
    asked_answer_sets,
    asked_answers,
    asked_domains,
    asked_name_servers,
    first_two_lookups,
)
from unflux.measure.records import locate
from unflux.model.columns import TEXT
from unflux.pipeline.steps import RECORDS, of_records

CLUSTERS: Final = pa.schema([pa.field("node", TEXT), pa.field("cluster", TEXT)])
GIVEN: Final = {"clusters": CLUSTERS}
"""What is put into the engine beside what these steps and those of the analysis make."""

FROM_OTHERS: Final = (*(f"llr_{piece.name}" for piece in company.PIECES), "llr_alias")
"""What other domains say of the one judged: its network, its shared pool, where its names lead."""


OPINIONS: Final = Step(
    name="opinions",
    reads=("decided",),
    build=lambda decided: decided.select("domain", "llr", *FROM_OTHERS),
)

# --- what baselines read --------------------------------------------------------------------

ASKED_DOMAINS: Final = Step(name="asked_domains", reads=RECORDS, build=of_records(asked_domains))
ASKED_ANSWERS: Final = Step(name="asked_answers", reads=RECORDS, build=of_records(asked_answers))
TWO_LOOKUPS: Final = Step(name="two_lookups", reads=("asked_answers",), build=first_two_lookups)
ASKED_ANSWER_SETS: Final = Step(
    name="asked_answer_sets",
    reads=(*RECORDS, "asked_answers"),
    build=of_records(asked_answer_sets),
)
ASKED_NAME_SERVERS: Final = Step(
    name="asked_name_servers",
    reads=(*RECORDS, "incidences", "places"),
    build=of_records(
        lambda records, seen, places: asked_name_servers(records, locate(seen, places))
    ),
)
INPUTS: Final = (
    ASKED_DOMAINS, ASKED_ANSWERS, TWO_LOOKUPS, ASKED_ANSWER_SETS, ASKED_NAME_SERVERS
)  # fmt: skip
"""The tables of :class:`unflux.judge.baselines.baseline.Inputs`, in its order, but ``clusters``."""

# --- what they say --------------------------------------------------------------------------

_READS: Final = (*(step.name for step in INPUTS), "clusters")


def _of_inputs(build: Callable[[Inputs], ir.Table]) -> Callable[..., ir.Table]:
    fields = ("domains", "answers", "two_lookups", "answer_sets", "name_servers", "clusters")
    return lambda *tables: build(Inputs(**dict(zip(fields, tables, strict=True))))


SIMILAR: Final = Step(name="similar_days", reads=_READS, build=_of_inputs(similar_days))
SAID: Final = {
    baseline.NAME: Step(
        name=f"baseline_{baseline.NAME.replace('-', '_')}",
        reads=_READS,
        build=_of_inputs(baseline.weigh),
    )
    for baseline in BASELINES
}
"""Each baseline's domain, score and flagged, by its name."""

SCORING_STEPS: Final = (OPINIONS, *INPUTS, SIMILAR, *SAID.values())
