"""Heads of flows: what was asked for in each flow of a capture, by plain HTTP and by TLS."""

from bisect import bisect_right

import pyarrow as pa

from unflux.read.flow_assembly import Assembled
from unflux.read.http_heads import RequestHead

Key = tuple[int, int, int, int]
"""Client and its port, server and its port."""


class FlowHeads:
    """Heads of HTTP and names of TLS, given to the flows they were seen in: the first of each."""

    def __init__(self, flows: Assembled) -> None:
        self._flows = flows
        self._rows: dict[Key, list[int]] | None = None
        self._requests: dict[int, RequestHead] = {}
        self.statuses: dict[int, int] = {}
        self._server_names: dict[int, str] = {}

    def put_request(self, at_us: int, key: Key, request: RequestHead) -> None:
        """Give a request to its flow."""
        row = self._find(at_us, key)
        if row is not None:
            self._requests.setdefault(row, request)

    def put_status(self, at_us: int, key: Key, status: int) -> None:
        """Give a status to its flow."""
        row = self._find(at_us, key)
        if row is not None:
            self.statuses.setdefault(row, status)

    def put_server_name(self, at_us: int, key: Key, name: str) -> None:
        """Give the name that TLS asks for to its flow."""
        row = self._find(at_us, key)
        if row is not None:
            self._server_names.setdefault(row, name)

    def server_name_column(self) -> pa.Array | None:
        """Return the names that TLS asks for as a column; null where none was seen at all."""
        if not self._server_names:
            return None
        rows = range(len(self._flows.first_us))
        return pa.array([self._server_names.get(row) for row in rows], pa.string())

    def column(self, name: str) -> pa.Array | None:
        """Return a part of the requests as a column; null where none was seen at all."""
        if not self._requests:
            return None
        rows = range(len(self._flows.first_us))
        heads = (self._requests.get(row) for row in rows)
        return pa.array([None if h is None else getattr(h, name) for h in heads], pa.string())

    def _find(self, at_us: int, key: Key) -> int | None:
        """Return the last flow of a key that began by then."""
        if self._rows is None:
            self._rows = self._by_key()
        rows = self._rows.get(key, [])
        begun = bisect_right(rows, at_us, key=lambda row: int(self._flows.first_us[row]))
        return rows[begun - 1] if begun else None

    def _by_key(self) -> dict[Key, list[int]]:
        """Return the flows of each key, in order of their start."""
        flows = self._flows
        ends = (flows.client, flows.client_port, flows.server, flows.server_port)
        rows: dict[Key, list[int]] = {}
        for row, key in enumerate(zip(*(column.tolist() for column in ends), strict=True)):
            rows.setdefault(key, []).append(row)
        return rows
