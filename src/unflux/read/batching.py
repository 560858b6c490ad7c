"""Collect decoded responses into batches of columns."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import pyarrow as pa

from unflux.read.source import RECORDS_SCHEMA, RESPONSES_SCHEMA, Batch

BATCH_RECORDS: Final = 100_000
"""Records in a full batch. Chosen: 2026-11-22; some 30 MB of Python objects at most."""

Record = tuple[str, str, str, int | None, str]
"""(qname, rrtype, rdata, ttl_s or null, section), all normalised."""


class BatchBuilder:
    """Columns of responses and records, filled row by row by the text and wire decoders."""

    def __init__(self) -> None:
        self._responses: list[
            tuple[int, int | None, str, str | None, str | None, str | None, str | None]
        ] = []
        self._records: list[tuple[int, str, str, str, int | None, str]] = []

    @property
    def is_full(self) -> bool:
        """Whether the batch should be taken now."""
        return len(self._records) + len(self._responses) >= BATCH_RECORDS

    def add(
        self,
        query: str,
        records: Iterable[Record],
        *,
        ts_us: int | None,
        qtype: str | None = None,
        rcode: str | None = None,
        client: str | None = None,
        sensor: str | None = None,
    ) -> None:
        """Add one response and the records in it."""
        number = len(self._responses)
        self._responses.append((number, ts_us, query, qtype, rcode, client, sensor))
        self._records.extend((number, *record) for record in records)

    def take(self) -> Batch:
        """Return what was collected as a batch and start anew."""
        batch = Batch(
            responses=_columns(self._responses, RESPONSES_SCHEMA),
            records=_columns(self._records, RECORDS_SCHEMA),
        )
        self._responses, self._records = [], []
        return batch

    def take_full(self) -> Iterator[Batch]:
        """Yield the batch where it is full, else nothing."""
        if self.is_full:
            yield self.take()

    def take_rest(self) -> Iterator[Batch]:
        """Yield what is left, if anything is."""
        if self._responses:
            yield self.take()


def _columns(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    if not rows:
        return schema.empty_table()
    columns = [
        pa.array(values, type=column.type)
        for values, column in zip(zip(*rows, strict=True), schema, strict=True)
    ]
    return pa.table(columns, schema=schema)
