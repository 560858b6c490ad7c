"""Put opinions of shorter and whole runs of records beside the labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from unflux.evaluate.prefixes import Seen, elapsed_s, spans_of
from unflux.model.columns import RATIO, TEXT
from unflux.model.evaluation import JUDGED

OPINIONS: Final = pa.schema(
    [
        pa.field("detector", TEXT, False),
        pa.field("domain", TEXT, False),
        pa.field("outcome", TEXT, False),
        pa.field("score", RATIO),
    ]
)
"""What detectors say of domains: an outcome each, and a probability where one is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was seen of the labelled domains in a shorter run of records, and what was said."""

    seen: Seen
    opinions: pa.Table
    """Rows of :data:`OPINIONS`."""


def judged_rows(labels: pa.Table, whole: Run, shorter: Sequence[Run]) -> pa.Table:
    """Return rows of :data:`unflux.model.evaluation.JUDGED` of the labelled domains with answers.

    ``labels``: rows of :data:`unflux.model.evaluation.LABELS`, in the order in which ``seen`` of
    every run is. ``shorter``: from the shortest to the longest; none: no time to decision.
    """
    seen = whole.seen
    parts = [JUDGED.empty()]
    for detector in pc.unique(whole.opinions["detector"]).to_pylist():
        outcome, score = _opinion(whole, detector, labels)
        columns = {
            "detector": pa.array([detector] * labels.num_rows, TEXT),
            **{name: labels[name] for name in labels.column_names},
            "addresses": pa.array(seen.addresses),
            "lookups": pa.array(seen.lookups, mask=seen.lookups == 0),
            "outcome": outcome,
            "score": score,
            **_decisions(detector, labels, whole, shorter),
            "ttl_s": pa.array(seen.ttl_s, from_pandas=True),
        }
        table = pa.table([columns[name] for name in JUDGED.schema.names], JUDGED.schema.names)
        parts.append(table.filter(pa.array(seen.has_answer)).cast(JUDGED.schema))
    return pa.concat_tables(parts)


def _decisions(
    detector: str, labels: pa.Table, whole: Run, shorter: Sequence[Run]
) -> dict[str, pa.Array]:
    """Return when each domain was first flagged.

    Nothing changes between records: the moment is that of the last record of the run.
    """
    size = labels.num_rows
    if not shorter:
        return {
            "was_flagged": pa.nulls(size, pa.bool_()),
            "decided_lookups": pa.nulls(size, pa.int64()),
            "decided_s": pa.nulls(size, RATIO),
        }
    runs = [*shorter, whole]
    flagged = np.stack([_is_flagged(run, detector, labels) for run in runs])
    first, ever = flagged.argmax(axis=0), flagged.any(axis=0)
    domains = np.arange(size)
    lookups = np.stack([run.seen.lookups for run in runs])[first, domains]
    elapsed = np.stack([elapsed_s(run.seen, whole.seen) for run in runs])[first, domains]
    is_timed = ~np.isnan(spans_of(whole.seen))
    is_counted = whole.seen.lookups > 0
    return {
        "was_flagged": pa.array(ever, mask=~is_timed),
        "decided_lookups": pa.array(lookups, mask=~(ever & is_timed & is_counted)),
        "decided_s": pa.array(elapsed, mask=~(ever & is_timed)),
    }


def _is_flagged(run: Run, detector: str, labels: pa.Table) -> npt.NDArray[np.bool_]:
    outcome, _ = _opinion(run, detector, labels)
    return np.asarray(pc.fill_null(pc.equal(outcome, "fast-flux"), False)).astype(bool)


def _opinion(run: Run, detector: str, labels: pa.Table) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Return outcome and score of each labelled domain, null where nothing was said."""
    said = run.opinions.filter(pc.equal(run.opinions["detector"], detector))
    places = pc.index_in(labels["domain"], value_set=said["domain"].combine_chunks())
    return said["outcome"].take(places), said["score"].take(places)
