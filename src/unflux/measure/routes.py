"""Who announces an address: AS number, holder and country by bulk range look-up."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from unflux.measure.ranges import AddressRanges, address_keys
from unflux.model.columns import COUNT, ROUTES, TEXT
from unflux.model.errors import RoutesError

Addresses: TypeAlias = pa.Array | pa.ChunkedArray | Sequence[str]
"""Distinct addresses as text; what is none is mapped by no table."""

DATA: Final = Path(__file__).parent / "data"
"""The bundled tables; ``CREDITS.md`` beside them says whose they are."""


class RouteTable(Protocol):
    """Something that knows who announces an address."""

    @property
    def name(self) -> str:
        """What messages call the table."""
        ...

    def lookup(self, addresses: Addresses) -> pa.Table:
        """Return one row of shape ``ROUTES`` per address, in order; unknown is null."""
        ...


@dataclass(frozen=True, slots=True)
class Layer:
    """Ranges and, row by row, the facts that hold in them: columns of ``ROUTES``."""

    ranges: AddressRanges
    facts: pa.Table


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeTable:
    """Sorted ranges of addresses; each layer tells other columns of ``ROUTES``."""

    name: str
    layers: tuple[Layer, ...]
    is_user_named: bool

    def lookup(self, addresses: Addresses) -> pa.Table:
        """Return one row of shape ``ROUTES`` per address, in order; unknown is null."""
        texts = address_texts(addresses)
        keys = address_keys(texts)
        facts: dict[str, pa.Array] = {}
        for layer in self.layers:
            rows = layer.ranges.find(keys)
            indices = pa.array(rows, mask=rows < 0)
            for name in layer.facts.column_names:
                facts[name] = layer.facts.column(name).combine_chunks().take(indices)
        return compose_routes(texts, facts, is_user_named=self.is_user_named)


def address_texts(addresses: Addresses) -> Sequence[str]:
    """Return the addresses as Python text."""
    if isinstance(addresses, pa.Array | pa.ChunkedArray):
        texts: list[str] = addresses.to_pylist()
        return texts
    return addresses


def compose_routes(
    addresses: Sequence[str | None], facts: dict[str, pa.Array], *, is_user_named: bool
) -> pa.Table:
    """Return a table of shape ``ROUTES``; columns absent from ``facts`` are null.

    An address is user-mapped where a table of the user's knows its AS number or its country.
    """
    count = len(addresses)
    asn = facts.get("asn", pa.nulls(count, COUNT))
    country = facts.get("country", pa.nulls(count, TEXT))
    is_known = pc.or_(pc.is_valid(asn), pc.is_valid(country))
    columns = [
        pa.array(addresses, TEXT),
        asn,
        facts.get("holder", pa.nulls(count, TEXT)),
        country,
        pc.and_(is_known, is_user_named),
        facts.get("provider", pa.nulls(count, TEXT)),
        facts.get("provider_use", pa.nulls(count, TEXT)),
    ]
    return pa.table(columns, schema=ROUTES.schema)


def load_bundled() -> RangeTable:
    """Load the tables that come with unflux (``docs/decisions/0005-bundled-asn-table.md``).

    They map no special-use address and name no AS number that is not for public use.
    """
    holders = read_bundled("holders.parquet")
    countries = read_bundled("countries.parquet")
    return RangeTable(
        name="bundled table",
        layers=(
            Layer(
                AddressRanges.from_table(read_bundled("origins.parquet")),
                pa.table(
                    {
                        "asn": holders.column("asn").cast(COUNT),
                        "holder": holders.column("holder"),
                    }
                ),
            ),
            Layer(
                AddressRanges.from_table(read_bundled("country_ranges.parquet")),
                countries.select(["country"]),
            ),
        ),
        is_user_named=False,
    )


def look_up(
    addresses: Addresses, user_tables: Sequence[RouteTable], bundled: RangeTable
) -> pa.Table:
    """Return one row of shape ``ROUTES`` per address from all tables.

    The AS number, with its holder, is that of the first table that knows one, the user's in the
    order they were named, the bundled one last; the country likewise, on its own. Where the
    user's table names no holder, the bundled table's name of that AS number stands in. An address
    that no table covers stays unknown: it is never an AS of its own. What a provider uses it for
    is in the bundled table only.
    """
    found = [table.lookup(addresses) for table in (*user_tables, bundled)]
    asn = pc.coalesce(*(table.column("asn") for table in found))
    holder = reduce(
        lambda later, table: pc.if_else(
            pc.is_valid(table.column("asn")), table.column("holder"), later
        ),
        reversed(found),
        pa.chunked_array([pa.nulls(len(asn), TEXT)]),
    )
    facts = {
        "address": found[0].column("address"),
        "asn": asn,
        "holder": pc.coalesce(holder, _holder_of(asn, bundled)),
        "country": pc.coalesce(*(table.column("country") for table in found)),
        "is_user_mapped": reduce(pc.or_, (table.column("is_user_mapped") for table in found)),
        "provider": found[-1].column("provider"),
        "provider_use": found[-1].column("provider_use"),
    }
    return pa.table(facts, schema=ROUTES.schema)


def _holder_of(asn: pa.ChunkedArray, table: RangeTable) -> pa.ChunkedArray:
    for layer in table.layers:
        if {"asn", "holder"} <= set(layer.facts.column_names):
            known = layer.facts.column("asn").combine_chunks()
            rows = pc.index_in(asn, value_set=known, skip_nulls=True)
            return layer.facts.column("holder").take(rows)
    return pa.chunked_array([pa.nulls(len(asn), TEXT)])


def read_bundled(name: str) -> pa.Table:
    """Read a file of ``DATA``; raises RoutesError where it is missing or broken."""
    try:
        with pq.ParquetFile(DATA / name, pre_buffer=False) as file:
            return file.read(use_threads=False)  # each thread would keep memory of its own
    except (OSError, pa.ArrowInvalid) as error:
        raise RoutesError(f"{DATA / name}: the installation is damaged: {error}") from error
