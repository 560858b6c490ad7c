"""Overlap: how many addresses two networks have in common, in all and day by day."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from unflux.model.tracks import NetworkOverlap, OverlapDay
from unflux.track.served import EVER, LEAST_SHARED


def find_overlaps(rows: Iterable[Mapping[str, Any]]) -> tuple[NetworkOverlap, ...]:
    """Return the overlaps of one network, the largest share first.

    ``rows`` of :func:`unflux.track.served.overlaps`. Networks with fewer than ``LEAST_SHARED`` of
    its addresses are left out.
    """
    whole: dict[str, Mapping[str, Any]] = {}
    days: dict[str, list[OverlapDay]] = {}
    for row in rows:
        if row["day"] == EVER:
            whole[row["other"]] = row
            continue
        days.setdefault(row["other"], []).append(
            OverlapDay(
                at=datetime.fromtimestamp(row["day"], UTC),
                shared=row["shared"],
                addresses=row["addresses"],
                of_other=row["of_other"],
            )
        )
    found = (
        NetworkOverlap(
            network=other,
            shared=row["shared"],
            of_other=row["of_other"],
            ratio=row["shared"] / min(row["addresses"], row["of_other"]),
            days=tuple(sorted(days.get(other, ()), key=lambda day: day.at)),
        )
        for other, row in whole.items()
        if row["shared"] >= LEAST_SHARED
    )
    return tuple(sorted(found, key=lambda one: (-one.ratio, -one.shared, one.network)))
