"""Flows as columns of numbers: what every pass over them works on."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.distinct import encode_distinct
from unflux.model.flows import number_ends

NO_TEXT: Final = -1
NAME: Final = r"^([a-z0-9_-]{1,63}\.)+[a-z0-9_-]*[a-z_-][a-z0-9_-]*$"
"""A name of a host with a last label that is no number, so that no IPv4 address is one."""
UNTOLD: Final = pa.scalar(2_000_000, pa.duration("us"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowColumns:
    """Flows in order of their start; hosts are numbers, moments microseconds."""

    first_us: np.ndarray
    last_us: np.ndarray
    client: np.ndarray
    """int64: number of the host in :attr:`Capture.hosts`."""
    server: np.ndarray
    server_port: np.ndarray
    protocol: np.ndarray
    sent_bytes: np.ndarray
    received_bytes: np.ndarray
    request: np.ndarray
    """int64: equal where the HTTP host and target asked for are, NO_TEXT where none was seen."""
    asked_for: np.ndarray
    """int64: number of the name in :attr:`Capture.names` that the request or TLS asks for, NO_TEXT
    where none was seen."""
    is_authoritative: np.ndarray
    """int8: 1, 0, or -1 where no DNS answer was seen."""
    is_by_address: np.ndarray
    """int8: whether the HTTP host is the server's bare address; -1 where none was seen."""

    is_for_proxy: np.ndarray
    """int8: whether the HTTP request has the form that proxies are sent; -1 where none was seen."""

    def __len__(self) -> int:
        return len(self.first_us)

    @property
    def is_answered(self) -> np.ndarray:
        """bool: whether payload went both ways; a knock that brought nothing asks nothing.

        A request that was read is payload: logs of requests count no octets of their heads.
        """
        has_request = (self.sent_bytes > 0) | (self.is_for_proxy >= 0)
        answered: np.ndarray = has_request & (self.received_bytes > 0)
        return answered

    def at(self, rows: np.ndarray) -> "FlowColumns":
        """Return some rows: their numbers, or a flag for each."""
        return FlowColumns(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """All flows, and the addresses of their hosts."""

    flows: FlowColumns
    hosts: pa.Array
    """Canonical addresses."""
    names: pa.Array
    """What flows asked for: lower case, no final dot, no address."""
    tick_us: int
    """How fine moments are: 1 s where all of them are whole seconds, else 1 ms."""

    def numbers_of(self, addresses: Collection[str]) -> list[int]:
        """Return the numbers of those addresses that are in the capture."""
        found = pc.index_in(pa.array(list(addresses), pa.string()), value_set=self.hosts)
        numbers: list[int] = found.drop_null().to_pylist()
        return numbers


def number_flows(table: pa.Table) -> Capture:
    """Turn a table of shape ``FLOWS`` into columns of numbers, in order of their start."""
    first_us = np.asarray(table["first_at"].cast(pa.int64()))
    order = np.argsort(first_us, kind="stable")
    hosts, client, server = number_ends(table)
    asked = pc.binary_join_element_wise(table["http_host"], table["http_target"], " ")
    _, request = encode_distinct(asked)
    names, asked_for = encode_distinct(_names(table))
    # A flow whose end nobody told went on as long as a relay may take to begin.
    last_at = pc.coalesce(table["last_at"], pc.add(table["first_at"], UNTOLD))
    is_authoritative = table["is_authoritative"].cast(pa.int8())
    is_by_address = pc.equal(_without_port(table["http_host"]), table["server"]).cast(pa.int8())
    flows = FlowColumns(
        first_us=first_us[order],
        last_us=np.asarray(last_at.cast(pa.int64()))[order],
        client=client[order],
        server=server[order],
        server_port=np.asarray(table["server_port"])[order],
        protocol=np.asarray(table["protocol"])[order],
        sent_bytes=np.asarray(table["sent_bytes"])[order],
        received_bytes=np.asarray(table["received_bytes"])[order],
        request=np.asarray(request.fill_null(NO_TEXT))[order],
        asked_for=np.asarray(asked_for.fill_null(NO_TEXT))[order],
        is_authoritative=np.asarray(pc.fill_null(is_authoritative, -1))[order],
        is_by_address=np.asarray(pc.fill_null(is_by_address, -1))[order],
        is_for_proxy=np.asarray(pc.fill_null(_is_for_proxy(table), -1))[order],
    )
    return Capture(flows=flows, hosts=hosts, names=names, tick_us=_tick_us(first_us))


def _names(table: pa.Table) -> pa.ChunkedArray:
    """Return the names of several labels that are asked for; null for addresses and all else."""
    host = pc.coalesce(_without_port(table["http_host"]), table["server_name"])
    name = pc.utf8_rtrim(pc.ascii_lower(host), ".")
    return pc.if_else(pc.match_substring_regex(name, NAME), name, None)


def _is_for_proxy(table: pa.Table) -> pa.ChunkedArray:
    """Tell requests in absolute or authority form (RFC 9112 section 3.2) from those to servers."""
    is_absolute = pc.match_substring_regex(table["http_target"], r"^[A-Za-z][A-Za-z0-9+.-]*://")
    is_connect = pc.fill_null(pc.equal(table["http_method"], "CONNECT"), False)
    return pc.or_kleene(is_connect, is_absolute).cast(pa.int8())


def _without_port(http_host: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return hosts without their port, and addresses without brackets (RFC 9110 section 7.2)."""
    bare = pc.replace_substring_regex(http_host, r"^\[(.*)\](:[0-9]+)?$", r"\1")
    return pc.replace_substring_regex(bare, r"^([^:]*):[0-9]+$", r"\1")


def _tick_us(moments_us: np.ndarray) -> int:
    is_whole = len(moments_us) > 0 and not (moments_us % 1_000_000).any()
    return 1_000_000 if is_whole else 1_000
