"""Records of a batch as columns of numbers."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from unflux.read.presentation import parse_type
from unflux.read.spans import Spans

RRTYPES: Final = pa.array(["A", "AAAA", "CNAME", "NS", "SOA"])
"""The kept types; records hold their numbers in here."""

SECTIONS: Final = pa.array(["ans", "auth", "add"])

A, AAAA, CNAME, NS, SOA = range(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Records of the responses of a batch, in their order, as columns."""

    response: np.ndarray
    """int64: which response."""
    names: pa.Array
    """Distinct owners and data."""
    qname: np.ndarray
    """int32: number of the owner in ``names``."""
    rrtype: np.ndarray
    """int8: number in :data:`RRTYPES`."""
    rdata: np.ndarray
    """int32: number of the data in ``names``."""
    ttl_s: np.ndarray
    """int64: TTL, or NO_TTL."""
    section: np.ndarray
    """int8: number in :data:`SECTIONS`."""

    def table(self) -> pa.Table:
        """Return the table of a batch, texts dictionary-encoded."""
        return pa.table(
            {
                "response": self.response,
                "qname": _dictionary(self.qname, self.names),
                "rrtype": _dictionary(self.rrtype, RRTYPES),
                "rdata": _dictionary(self.rdata, self.names),
                "ttl_s": pa.array(self.ttl_s, mask=self.ttl_s < 0),
                "section": _dictionary(self.section, SECTIONS),
            }
        )


def _dictionary(codes: np.ndarray, values: pa.Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(codes.astype(np.int32), values)


def types_of(texts: Spans) -> np.ndarray:
    """Return the number of each type in :data:`RRTYPES` (int8), -1 where it is not kept."""
    types = texts.map(parse_type)
    kept = RRTYPES.to_pylist()
    numbers = [kept.index(value) if value in kept else -1 for value in types.values.to_pylist()]
    codes: np.ndarray = np.array([*numbers, -1], dtype=np.int8)[types.codes]
    return codes
