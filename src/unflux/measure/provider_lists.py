"""The bundled list of providers: whose ranges and zones are known, and what they are for."""

from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.measure.ranges import AddressRanges
from unflux.measure.routes import Layer, RangeTable, read_bundled
from unflux.model.columns import TEXT, ZONES

FILE: Final = "providers.parquet"
"""Steps of the address space (``family, gap, low, use, provider``; ``use`` is null in a hole) and
zones (``zone, use``), of which each row is one (``docs/decisions/0015-provider-lists.md``)."""


def with_providers(bundled: RangeTable) -> RangeTable:
    """Let the bundled table tell of each address whose listed range it is in, and for what use."""
    listed = read_bundled(FILE)
    steps = listed.filter(pc.is_null(listed.column("zone")))
    rows = np.arange(1, len(steps) + 1, dtype=np.uint32)
    rows[pc.is_null(steps.column("use")).to_numpy()] = 0
    ranges = AddressRanges.from_table(
        steps.select(["family", "gap", "low"]).append_column("row", pa.array(rows))
    )
    facts = pa.table(
        {
            "provider": steps.column("provider").cast(TEXT),
            "provider_use": steps.column("use").cast(TEXT),
        }
    )
    return replace(bundled, layers=(*bundled.layers, Layer(ranges, facts)))


def load_zones() -> pa.Table:
    """Load the listed zones: a table of shape ``ZONES``."""
    listed = read_bundled(FILE)
    zones = listed.filter(pc.is_valid(listed.column("zone")))
    return zones.select(ZONES.schema.names).cast(ZONES.schema)
