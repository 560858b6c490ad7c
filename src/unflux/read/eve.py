"""Suricata's EVE log: the DNS events of versions 1, 2 and 3."""

from collections.abc import Iterator
from typing import BinaryIO

from unflux.read.eve_blocks import read_events
from unflux.read.json_objects import head_objects
from unflux.read.lines import Peeked
from unflux.read.source import Batch, Doc, Drops, Options, Rollup


class Eve:
    """Suricata ``eve.json``: events of type ``dns``; all others are passed over."""

    NAME = "eve"
    USES_THREADS = True
    DOC = Doc(
        summary="Suricata eve.json, DNS events of versions 1, 2 and 3",
        references=(
            "https://docs.suricata.io/en/latest/output/eve/eve-json-format.html#event-type-dns",
            "https://docs.suricata.io/en/latest/upgrade.html",
        ),
        limitations=(
            "Version 1 writes one event per record; events are joined into a response when they "
            "stand next to each other with equal flow, transaction id and time.",
            "Version 1 does not tell authority from answer: NS and SOA records beside addresses "
            "or CNAMEs are taken as authority.",
            "The grouped form has no owners and no TTLs: CNAME chains are rebuilt from order.",
            "Older versions leave out the data of NS and SOA records; such records are counted.",
            "Version 1 and the grouped form are read event by event, some ten times slower.",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell by ``event_type`` among the keys of the first objects."""
        return any(
            "event_type" in event and ("timestamp" in event or "dns" in event)
            for event in head_objects(head)
        )

    def read(self, stream: BinaryIO, options: Options, drops: Drops) -> Iterator[Batch | Rollup]:
        """Decode the DNS events; a question is counted as a query."""
        return read_events(Peeked(stream), options, drops)
