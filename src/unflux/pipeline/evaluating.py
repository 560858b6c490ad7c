"""Evaluate: labelled domains and records in, the figures of every detector out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import expit

from unflux.engine.connection import Engine, open_engine
from unflux.evaluate.judged import OPINIONS, Run, judged_rows
from unflux.evaluate.labels import read_labels
from unflux.evaluate.prefixes import births, checkpoint_ages, cut, domains_of, look_at, spans_of
from unflux.evaluate.scoring import compose_evaluation
from unflux.judge.bounds import CONVICTION, PRIOR
from unflux.model.errors import UnfluxError
from unflux.model.evaluation import Evaluation
from unflux.model.odds import probability
from unflux.model.rollup import Rollup
from unflux.pipeline.analysis import analyse
from unflux.pipeline.baselines import weigh_baselines
from unflux.pipeline.gathering import Gathered, Options, gather
from unflux.pipeline.scanning import map_routes
from unflux.pipeline.scoring_steps import FROM_OTHERS
from unflux.pipeline.scoring_steps import OPINIONS as OUR_OPINIONS
from unflux.read.meter import Progress

OURS: Final = "unflux"
ALONE: Final = "unflux-alone"
"""Our judge without what other domains say of the one judged: its network, its shared pool, where
its names lead. How many domains share its addresses or servers still counts."""

DEFAULT_CHECKPOINTS: Final = 12
"""Chosen: 2026-11-24; over ten days each is 2.8 times the one before."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """An evaluation, its rows, and what became of the sources."""

    evaluation: Evaluation
    judged: pa.Table
    """Rows of :data:`unflux.model.evaluation.JUDGED`."""
    gathered: Gathered


def evaluate(
    labels: Path,
    arguments: Sequence[str],
    options: Options,
    *,
    checkpoints: int = DEFAULT_CHECKPOINTS,
    progress: Progress | None = None,
) -> Evaluated:
    """Judge the records by every detector, whole and cut at ``checkpoints`` ages, and score them.

    Raises UnfluxError where the labels cannot be read, or none of their domains had an answer.
    """
    told, drops = read_labels(labels)
    gathered = gather(arguments, options, progress)
    judged = judge_labelled(told, gathered, options, checkpoints=checkpoints)
    if not judged.num_rows:
        message = f"{labels}: none of its {told.num_rows:,} domains had an answer in the records"
        raise UnfluxError(message)
    evaluation = score_judged(judged, labelled=told.num_rows, drops=dict(drops))
    return Evaluated(evaluation=evaluation, judged=judged, gathered=gathered)


def score_judged(judged: pa.Table, *, labelled: int, drops: dict[str, int]) -> Evaluation:
    """Score rows of one or several record sets against the prior of our judge."""
    return compose_evaluation(judged, labelled=labelled, drops=drops, prior=probability(PRIOR))


def judge_labelled(
    labels: pa.Table,
    gathered: Gathered,
    options: Options,
    *,
    checkpoints: int,
) -> pa.Table:
    """Return rows of :data:`unflux.model.evaluation.JUDGED` for the labelled domains.

    Every domain of the records is cut at the same age, so that what a network says of a member
    comes from as short a run of the others.
    """
    domains = labels["domain"].combine_chunks()
    rollup = gathered.rollup
    routes = map_routes(rollup, options.routes, gathered.drops)
    whole = look_at(rollup, domains)
    ages = checkpoint_ages(spans_of(whole)[whole.has_answer], checkpoints)
    everyone = domains_of(rollup)
    born = births(look_at(rollup, everyone), everyone)
    shorter = []
    with open_engine(options.engine, workers=options.workers) as engine:
        for age_s in ages:
            part = cut(rollup, age_s, born)
            opinions = gather_opinions(engine, part, routes)
            shorter.append(Run(seen=look_at(part, domains), opinions=opinions))
        final = Run(seen=whole, opinions=gather_opinions(engine, rollup, routes))
    return judged_rows(labels, final, shorter)


def gather_opinions(engine: Engine, rollup: Rollup, routes: pa.Table) -> pa.Table:
    """Return what every detector says of every domain: :data:`unflux.evaluate.judged.OPINIONS`."""
    analyse(engine, rollup, routes)
    rows = engine.take(OUR_OPINIONS)
    llr = _numbers(rows["llr"])
    others: Numbers = np.sum([_numbers(rows[name]) for name in FROM_OTHERS], axis=0)
    parts = [
        _opinion(OURS, rows["domain"], llr),
        _opinion(ALONE, rows["domain"], llr - others),
    ]
    for name, flags in weigh_baselines(engine).items():
        outcome = pc.if_else(pc.fill_null(flags["flagged"], False), "fast-flux", "benign")
        silent = pa.nulls(flags.num_rows, pa.float64())
        parts.append(_opinions(name, flags["domain"], outcome, silent))
    return pa.concat_tables(parts)


def _opinion(detector: str, domains: pa.ChunkedArray, llr: Numbers) -> pa.Table:
    decided = np.where(
        llr >= CONVICTION, "fast-flux", np.where(llr <= -CONVICTION, "benign", "undecided")
    )
    return _opinions(detector, domains, pa.array(decided, pa.string()), pa.array(expit(llr)))


def _opinions(
    detector: str, domains: pa.ChunkedArray, outcome: pa.Array, scores: pa.Array
) -> pa.Table:
    names = pa.array([detector] * len(domains), pa.string())
    return pa.table([names, domains, outcome, scores], OPINIONS.names).cast(OPINIONS)


def _numbers(column: pa.ChunkedArray) -> Numbers:
    """Return a column, 0 for what is null."""
    return np.nan_to_num(np.asarray(column.to_numpy(), dtype=np.float64))
