"""Repeats: flows that several sources have, of which one is kept and told what the others know."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from unflux.model.distinct import encode_distinct
from unflux.model.flows import FLOWS
from unflux.read.flow_ends import SAME_US, find_ends, starts_us
from unflux.read.flow_gaps import fill_gaps

OCTETS: Final = ("sent_bytes", "received_bytes")
NOT_ALWAYS_KNOWN: Final = tuple(column.name for column in FLOWS.columns if column.nullable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """Which of some rows are repeats of others."""

    is_kept: np.ndarray
    gone: np.ndarray
    """Rows that are repeats, in order of the rows they repeat and of their sources."""
    kept: np.ndarray
    """For each of these the row that it repeats."""


def find_repeats(keys: Sequence[np.ndarray], first_us: np.ndarray, source: np.ndarray) -> Repeats:
    """Find rows with equal keys that begin within :data:`SAME_US` and have different sources.

    ``source``: a number for each row. That of the lowest is kept. What one source says twice is
    twice.
    """
    order = np.lexsort((source, first_us, *keys))
    is_same = np.diff(first_us[order]) <= SAME_US
    for key in keys:
        is_same &= key[order][1:] == key[order][:-1]
    sorted_source = source[order]
    is_repeat = is_same & (sorted_source[1:] != sorted_source[:-1])
    # Of two that are one, the later source's goes; three in a row are two pairs.
    pair = np.flatnonzero(is_repeat)
    is_kept = np.ones(len(order), bool)
    is_kept[np.where(sorted_source[pair] < sorted_source[pair + 1], pair + 1, pair)] = False
    # What goes repeats the last before it that stays, or where none does the first of its run.
    number = np.cumsum(is_kept) - 1
    is_start = np.append(True, ~is_repeat)[: len(order)]
    starts = np.flatnonzero(is_start)
    first_kept = (number + ~is_kept)[starts][np.cumsum(is_start) - 1]
    of_row = order[is_kept][np.maximum(number, first_kept)[~is_kept]]
    gone = order[~is_kept]
    by_kept = np.lexsort((source[gone], of_row))
    flags = np.empty(len(order), bool)
    flags[order] = is_kept
    return Repeats(is_kept=flags, gone=gone[by_kept], kept=of_row[by_kept])


def without_repeats(tables: Sequence[pa.Table], *, asked: Sequence[str] = ()) -> pa.Table:
    """Return the flows of several sources, each once: sensors see the same, and logs repeat it.

    A flow is kept as the first source has it. What that does not know is taken from the others,
    and so are the octets of a direction that it did not see. ``asked``: columns of text that are
    equal, too, in rows that are one.
    """
    flows = pa.concat_tables(tables)
    if sum(table.num_rows > 0 for table in tables) < 2:
        return flows
    source = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    ends = find_ends(flows)
    texts = [encode_distinct(flows[name])[1].fill_null(-1).to_numpy() for name in asked]
    repeats = find_repeats([*texts, *ends.keys], starts_us(flows), source)
    if not len(repeats.gone):
        return flows
    kept = flows.filter(pa.array(repeats.is_kept))
    owner = (np.cumsum(repeats.is_kept) - 1)[repeats.kept]
    is_turned = ends.is_from_low[repeats.gone] != ends.is_from_low[repeats.kept]
    octets = [flows[name].to_numpy()[repeats.gone] for name in OCTETS]
    kept = _with_octets(kept, octets, owner, is_turned)
    return fill_gaps(kept, flows, repeats.gone, owner, NOT_ALWAYS_KNOWN)


def _with_octets(
    flows: pa.Table, octets: Sequence[np.ndarray], owner: np.ndarray, is_turned: np.ndarray
) -> pa.Table:
    """Return flows with the most octets of repeats in directions of which they have none.

    ``octets``: sent and received of each repeat; ``owner``: its flow, in order; ``is_turned``:
    whether client and server have changed places in it.
    """
    starts = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
    for name, same, turned in zip(OCTETS, octets, octets[::-1], strict=True):
        most = np.zeros(len(flows), np.int64)
        most[owner[starts]] = np.maximum.reduceat(np.where(is_turned, turned, same), starts)
        own = flows[name].to_numpy()
        column = pa.array(np.where(own == 0, most, own))
        flows = flows.set_column(
            flows.schema.get_field_index(name), flows.schema.field(name), column
        )
    return flows
