"""Rows of what detectors said, made by hand."""

from typing import Any

import pyarrow as pa

from unflux.model.evaluation import JUDGED


def row(domain: str, outcome: str | None, **changed: Any) -> dict[str, Any]:
    """Return what one detector said of a fast-flux domain of eight addresses, without times."""
    return {
        "detector": "d", "domain": domain, "label": "fastflux", "kind": None, "family": None,
        "source": None, "addresses": 8, "lookups": 99, "outcome": outcome, "score": None,
        "was_flagged": None, "decided_lookups": None, "decided_s": None, "ttl_s": None,
    } | changed  # fmt: skip


def judged(*rows: dict[str, Any]) -> pa.Table:
    """Return the rows as a table."""
    return pa.Table.from_pylist(list(rows), JUDGED.schema)
