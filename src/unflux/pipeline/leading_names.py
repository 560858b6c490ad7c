"""Leading names: which names lead to which relays, by answers of DNS in the sources of a trace."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.rollup import ADDRESS_TYPES, Rollup
from unflux.read.flow_reading import FlowsRead
from unflux.read.opening import Location
from unflux.read.reading import SourceRead, read_source
from unflux.read.source import Options
from unflux.trace.sites import Answers

BOTH: Final = frozenset({"capture", "eve flows"})
"""Formats of flows that hold answers of DNS too."""


@dataclass(slots=True)
class LeadingNames:
    """Answers of DNS in the sources of a trace, read where they are needed."""

    options: Options
    beside: list[Location] = field(default_factory=list)
    """Sources that were read for flows and have answers too."""
    rollups: list[Rollup] = field(default_factory=list)
    """Of sources that have answers alone."""

    def take(self, reads: Iterable[FlowsRead]) -> tuple[list[FlowsRead], list[SourceRead]]:
        """Return the sources of flows, and those that have answers alone, which are read.

        Standard input and pipes cannot be read again: their answers are not looked at.
        """
        of_flows, of_names = [], []
        for read in reads:
            location = Location(name=read.name)
            if read.format is None and location.is_shareable:
                names = read_source(location, self.options, with_digest=False)
                if names.format is not None:
                    of_names.append(names)
                    self.rollups.append(names.rollup)
                    continue
            elif read.format in BOTH and location.is_shareable:
                self.beside.append(location)
            of_flows.append(read)
        return of_flows, of_names

    def lead_to(self, relays: Collection[str]) -> Answers:
        """Return the names that lead to some of these addresses, and to which of them."""
        for location in self.beside:
            self.rollups.append(read_source(location, self.options, with_digest=False).rollup)
        self.beside.clear()
        return names_of([rollup.sightings for rollup in self.rollups], relays)


def names_of(sightings: Sequence[pa.Table], relays: Collection[str]) -> Answers:
    """Return the owner names of address records, and those of the addresses that are relays."""
    addresses = pa.array(sorted(relays), pa.string())
    led: dict[str, set[str]] = {}
    for table in sightings:
        is_of_relay = pc.and_(
            pc.is_in(table["rrtype"], value_set=pa.array(ADDRESS_TYPES)),
            pc.is_in(table["rdata"], value_set=addresses),
        )
        found = table.filter(is_of_relay).select(["qname", "rdata"])
        for row in found.group_by(["qname", "rdata"]).aggregate([]).to_pylist():
            led.setdefault(row["qname"], set()).add(row["rdata"])
    return {name: frozenset(theirs) for name, theirs in led.items()}
