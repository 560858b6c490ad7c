"""Read labels: which domains are held to be fast flux, and what the others are."""

from collections import Counter
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from unflux.model.errors import UnfluxError
from unflux.model.evaluation import FLUX, LABELS
from unflux.model.names import normalise_name, registrable_domain

NAME_COLUMNS: Final = ("domain", "regdomain", "query", "qname")
"""Whose label it is: the first that the file has."""
DETAILS: Final = ("kind", "family", "source")
FLUX_SPELLINGS: Final = frozenset({"fastflux", "fast-flux", "fast_flux", "fast flux", "flux"})

LONG_LABEL: Final = 64
"""Longest label, kind, family or source taken, characters. Chosen: 2026-11-24; the table stays
readable, and a label file that is none is noticed."""


def read_labels(path: Path) -> tuple[pa.Table, Counter[str]]:
    """Read a CSV, plain or compressed: rows of :data:`unflux.model.evaluation.LABELS`, and drops.

    Columns: ``domain`` (or ``regdomain``, ``query``, ``qname``), ``label``, and if there ``kind``,
    ``family``, ``source``. A table of records with a ``label`` column is one too: where it has a
    ``section``, answers alone count, as the label is that of the query. Names become registrable
    domains; a domain is fast flux where any of its names is, otherwise its last label holds.
    Raises UnfluxError where the file cannot be read or has no such columns.
    """
    drops: Counter[str] = Counter()
    rows = _read_table(path, drops)
    names = rows.column_names
    owner = next((name for name in NAME_COLUMNS if name in names), None)
    if owner is None or "label" not in names:
        found = ", ".join(names[:8]) or "nothing"
        message = f"{path}: no labels: the columns domain and label are needed, found: {found}"
        raise UnfluxError(message)
    if "section" in names:
        rows = rows.filter(pc.is_in(rows["section"], value_set=pa.array([b"ans", b""])))
    details = [name for name in DETAILS if name in names]
    distinct = _distinct(rows.select([owner, "label", *details]))
    labels = _settle(distinct, details, drops)
    if not labels.num_rows:
        message = f"{path}: no usable label in {rows.num_rows:,} rows"
        raise UnfluxError(message)
    return labels, drops


def _read_table(path: Path, drops: Counter[str]) -> pa.Table:
    """Read the columns that matter as octets; rows of another length are counted and skipped."""

    def skip(_: csv.InvalidRow) -> str:
        drops["label rows with too few or too many fields"] += 1
        return "skip"

    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            header = csv.open_csv(
                pa.BufferReader(stream.read(1 << 20)),
                convert_options=csv.ConvertOptions(check_utf8=False),
                parse_options=csv.ParseOptions(invalid_row_handler=lambda _: "skip"),
            ).schema.names
        with pa.input_stream(str(path), compression="detect") as stream:
            table = csv.read_csv(
                stream,
                parse_options=csv.ParseOptions(invalid_row_handler=skip),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(header, pa.binary()),
                    include_columns=[
                        name
                        for name in header
                        if _column_name(name) in {*NAME_COLUMNS, "label", "section", *DETAILS}
                    ]
                    or header[:1],
                ),
            )
    except (OSError, pa.ArrowInvalid, pa.ArrowKeyError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        message = f"{path}: labels cannot be read ({reason})"
        raise UnfluxError(message) from error
    return table.rename_columns([_column_name(name) for name in table.column_names])


def _column_name(name: str) -> str:
    return name.strip().lower()


def _distinct(rows: pa.Table) -> pa.Table:
    """Return each distinct row once, in the order of their last place."""
    numbered = rows.append_column("place", pa.array(range(rows.num_rows), pa.int64()))
    grouped = numbered.group_by(rows.column_names).aggregate([("place", "max")])
    return grouped.sort_by("place_max").select(rows.column_names)


def _settle(distinct: pa.Table, details: list[str], drops: Counter[str]) -> pa.Table:
    settled: dict[str, dict[str, str | None]] = {}
    owner = distinct.column_names[0]
    for row in distinct.to_pylist():
        name = normalise_name(_text(row[owner]) or "")
        label = _text(row["label"])
        if not name:
            drops["labels whose name is no domain name"] += 1
            continue
        if label is None or len(label) > LONG_LABEL:
            drops["labels that are empty or longer than 64 characters"] += 1
            continue
        domain = registrable_domain(name)
        label = FLUX if label.lower() in FLUX_SPELLINGS else label.lower()
        before = settled.get(domain)
        if before is not None and before["label"] != label:
            drops["domains with several labels: fastflux or else the last was taken"] += 1
            if before["label"] == FLUX:
                continue
        told = {detail: _text(row[detail]) for detail in details}
        kept = before if before is not None and before["label"] == label else {}
        settled[domain] = {
            "label": label,
            **{detail: told[detail] or kept.get(detail) for detail in details},
        }
    columns = {
        "domain": list(settled),
        "label": [row["label"] for row in settled.values()],
        **{detail: [row.get(detail) for row in settled.values()] for detail in DETAILS},
    }
    return pa.table(columns, schema=LABELS.schema).sort_by("domain")


def _text(value: bytes | None) -> str | None:
    """Return a cell as text, stripped; null where it is empty."""
    stripped = (value or b"").decode("utf-8", "replace").strip()
    return stripped or None
