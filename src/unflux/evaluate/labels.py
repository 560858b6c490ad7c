"""Read labels: which domains are held to be fast flux, and what the others are."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from unflux.evaluate.opening import opened_text
from unflux.model.errors import UnfluxError
from unflux.model.evaluation import FLUX, LABELS
from unflux.model.names import normalise_name, registrable_domain

NAME_COLUMNS: Final = ("domain", "regdomain", "query", "qname")
"""Whose label it is: the first that the file has."""
DETAILS: Final = ("kind", "family", "source")
FLUX_SPELLINGS: Final = frozenset({"fastflux", "fast-flux", "fast_flux", "fast flux", "flux"})

LONG_LABEL: Final = 64
"""Longest label, kind, family or source taken, characters. Chosen: 2026-11-24; the table stays
readable."""

SHOWN_COLUMNS: Final = 8
"""Columns that a message names where none is the right one."""

Told = tuple[str, str, str | None, str | None, str | None]
"""Name, label, kind, family, source, as one row has them."""


def read_labels(path: Path) -> tuple[pa.Table, Counter[str]]:
    """Read a CSV, plain or compressed: rows of :data:`unflux.model.evaluation.LABELS`, and drops.

    Columns: ``domain`` (or ``regdomain``, ``query``, ``qname``), ``label``, and if there ``kind``,
    ``family``, ``source``. A table of records with a ``label`` column is one too: where it has a
    ``section``, answers alone count, as the label is that of the query. Names become registrable
    domains; a domain is fast flux where any of its names is, otherwise its last label holds.
    Raises UnfluxError where the file cannot be read or has no such columns.
    """
    drops: Counter[str] = Counter()
    with opened_text(path, "labels") as text:
        labels = _settle(_distinct(text, path, drops), drops)
    if not labels.num_rows:
        message = f"{path}: no usable label in it"
        raise UnfluxError(message)
    return labels, drops


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """Where in a row what is."""

    width: int
    owner: int
    label: int
    details: tuple[int | None, ...]
    section: int | None


def _find_places(header: list[str], path: Path) -> _Places:
    names = [name.strip().lower() for name in header]
    places = {name: place for place, name in enumerate(names)}
    if twice := [name for name in (*NAME_COLUMNS, "label", *DETAILS) if names.count(name) > 1]:
        message = f"{path}: no labels: the column {twice[0]} is there twice"
        raise UnfluxError(message)
    owner = next((places[name] for name in NAME_COLUMNS if name in places), None)
    if owner is None or "label" not in places:
        # What the file holds is not ours: no octet of it reaches a terminal as it is.
        found = ", ".join(ascii(name[:LONG_LABEL]) for name in names[:SHOWN_COLUMNS]) or "nothing"
        message = f"{path}: no labels: the columns domain and label are needed, found: {found}"
        raise UnfluxError(message)
    return _Places(
        width=len(names),
        owner=owner,
        label=places["label"],
        details=tuple(places.get(name) for name in DETAILS),
        section=places.get("section"),
    )


def _distinct(lines: Iterable[str], path: Path, drops: Counter[str]) -> Iterator[Told]:
    """Return each distinct row once, in the order of their last place."""
    rows = csv.reader(lines)
    places = _find_places(next(rows, []), path)
    last: dict[Told, None] = {}
    for row in rows:
        if not row:
            continue
        if len(row) != places.width:
            drops["label rows with too few or too many fields"] += 1
            continue
        if places.section is not None and row[places.section] not in {"ans", ""}:
            continue
        kind, family, source = (
            None if n is None else row[n].strip() or None for n in places.details
        )
        told = (row[places.owner].strip(), row[places.label].strip(), kind, family, source)
        last.pop(told, None)
        last[told] = None
    yield from last


def _settle(rows: Iterable[Told], drops: Counter[str]) -> pa.Table:
    settled: dict[str, Told] = {}
    for name, spelt, *details in rows:
        normal = normalise_name(name)
        if not normal:
            drops["labels whose name is no domain name"] += 1
            continue
        if not spelt or max(len(text or "") for text in (spelt, *details)) > LONG_LABEL:
            drops["labels that are empty or longer than 64 characters"] += 1
            continue
        domain = registrable_domain(normal)
        label = FLUX if spelt.lower() in FLUX_SPELLINGS else spelt.lower()
        before = settled.get(domain)
        if before is not None and before[1] != label:
            drops["domains with several labels: fastflux or else the last was taken"] += 1
            if before[1] == FLUX:
                continue
        known = before[2:] if before is not None and before[1] == label else (None,) * len(details)
        kind, family, source = (new or old for new, old in zip(details, known, strict=True))
        settled[domain] = (domain, label, kind, family, source)
    columns = zip(*(settled[domain] for domain in sorted(settled)), strict=True)
    return pa.table(list(columns), schema=LABELS.schema) if settled else LABELS.empty()
