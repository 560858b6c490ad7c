"""The policy zone as a file: what ``act`` writes and ``serve`` reads must agree on."""

from typing import Final

FILE_NAME: Final = "rpz.zone"


def closing_line(record_count: int) -> str:
    """Return the last line of the file: without it, a copy that was cut short looks whole.

    ``record_count`` is the lines that hold a resource record, the SOA's included.
    """
    return f"; end of zone: {record_count} records"
