"""The columns of a plain table of records."""

from typing import Final

REQUIRED: Final = ("qname", "rrtype", "rdata")
COLUMNS: Final = (
    *REQUIRED, "ts", "ttl", "query", "section", "client", "sensor", "rcode",
)  # fmt: skip
"""The columns that are read; all others are passed over, whatever they hold."""
