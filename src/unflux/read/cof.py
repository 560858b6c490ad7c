"""Passive DNS in the Common Output Format: records with counts and a first and last time."""

from collections.abc import Iterator
from typing import BinaryIO

from unflux.read.cof_blocks import read_entries
from unflux.read.cof_entries import entry_object
from unflux.read.json_objects import head_objects
from unflux.read.lines import Peeked
from unflux.read.source import Batch, Doc, Drops, Options, Rollup


class Cof:
    """Passive-DNS entries, as JSON lines or one JSON array."""

    NAME = "cof"
    USES_THREADS = True
    DOC = Doc(
        summary="Passive-DNS Common Output Format, JSON lines or one array, and DNSDB's variant",
        references=(
            "https://datatracker.ietf.org/doc/draft-dulaunoy-dnsop-passive-dns-cof/",
            "https://docs.domaintools.com/api/dnsdb/",
        ),
        limitations=(
            "An entry says how often and between which moments a record was seen, not when in "
            "between: its whole count lies in the bucket of its first time.",
            "What was asked is unknown: the owner name stands for the query.",
            "Entries of one record each give sightings only; how many answered at once is known "
            "where an entry lists a whole record set.",
            "There are no TTLs, response codes or sections (all is taken as answer).",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell by the mandatory keys among those of the first objects."""
        return any(
            {"rrname", "rrtype", "rdata"} <= entry_object(value).keys()
            for value in head_objects(head)
        )

    def read(self, stream: BinaryIO, options: Options, drops: Drops) -> Iterator[Batch | Rollup]:
        """Turn entries into rollups, some at a time; there are no single responses."""
        return read_entries(Peeked(stream), options, drops)
