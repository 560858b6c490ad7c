"""Gather the records behind each piece of evidence of one domain."""

from typing import Final

import pyarrow as pa

from unflux.engine.connection import Engine
from unflux.measure.behind import (
    alias_records,
    answer_records,
    server_records,
    shared_records,
)
from unflux.model.verdicts import Verdict
from unflux.pipeline.analysis import Analysis

MOST_RECORDS: Final = 1_000
"""Records fetched for one piece of evidence; the newest. Chosen: 2026-11-22, for people."""

SERVER_EVIDENCE: Final = frozenset(
    {"server-rotation", "server-width", "server-spread", "planes", "provider-servers"}
)
ALIAS_EVIDENCE: Final = frozenset({"alias"})
COMPANY_EVIDENCE: Final = frozenset({"network-membership", "shared-pool"})
NO_RECORDS: Final = frozenset({"prior", "listed"})


def records_behind(engine: Engine, analysis: Analysis, verdict: Verdict) -> pa.Table:
    """Return the records behind each piece of evidence, the newest first.

    Columns: evidence, then those of :data:`unflux.measure.behind.RECORD_COLUMNS`.
    """
    records, domain = analysis.records, verdict.domain
    answers = engine.fetch(answer_records(records, domain).limit(MOST_RECORDS))
    servers = engine.fetch(server_records(records, domain).limit(MOST_RECORDS))
    behind = []
    for piece in verdict.evidence:
        if piece.name in NO_RECORDS:
            continue
        if piece.name in SERVER_EVIDENCE:
            rows = servers
        elif piece.name in ALIAS_EVIDENCE:
            rows = engine.fetch(alias_records(records, domain).limit(MOST_RECORDS))
        elif piece.name in COMPANY_EVIDENCE:
            shared = shared_records(records, domain, analysis.convicted)
            rows = engine.fetch(shared.limit(MOST_RECORDS))
        elif piece.name == "both-planes":
            rows = pa.concat_tables([answers, servers])
        else:
            rows = answers
        label = pa.array([piece.name] * rows.num_rows, pa.string())
        behind.append(rows.add_column(0, "evidence", label))
    if not behind:
        return answers.slice(0, 0).add_column(0, "evidence", pa.array([], pa.string()))
    return pa.concat_tables(behind)
