"""TTLs of records, as columns."""

from collections.abc import Callable
from typing import Final

import numpy as np

from unflux.model.ttl import MAX_TTL_S
from unflux.read.kernel.scan.layout import OTHER
from unflux.read.passes import read_whole_numbers
from unflux.read.spans import Spans, patched_numbers

NO_TTL: Final = -1
"""Stands for a TTL that is not known."""

BAD: Final = -2
"""Stands for what was given as TTL and is none."""


def parse_ttls(spans: Spans, parse: Callable[[str], int | None]) -> np.ndarray:
    """Return TTLs in seconds (int64), :data:`NO_TTL` where a text is null, or :data:`BAD`."""
    ttl_s = read_whole_numbers(spans.octets, spans.starts, spans.ends)
    ttl_s[ttl_s > MAX_TTL_S] = OTHER
    ttl_s = patched_numbers(ttl_s, spans, parse)
    ttl_s[ttl_s == OTHER] = BAD
    ttl_s[spans.is_null] = NO_TTL
    return ttl_s
