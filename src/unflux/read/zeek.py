"""Zeek's ``dns.log``, tab-separated or JSON."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from unflux.read.json_objects import head_objects
from unflux.read.lines import BYTE_ORDER_MARK, Peeked, head_lines
from unflux.read.source import Batch, Doc, Drops, Options, Rollup
from unflux.read.zeek_json import read_json
from unflux.read.zeek_rows import MARKS, is_dns_row
from unflux.read.zeek_tsv import read_tsv


class Zeek:
    """Zeek ``dns.log`` rows, one per query or answered query."""

    NAME = "zeek"
    USES_THREADS = True
    DOC = Doc(
        summary="Zeek dns.log, as tab-separated text or as JSON lines",
        references=(
            "https://docs.zeek.org/en/master/logs/dns.html",
            "https://docs.zeek.org/en/master/scripts/base/frameworks/logging/writers/ascii.zeek.html",
        ),
        limitations=(
            "The log holds the answer section only, without owners and types: CNAME chains are "
            "rebuilt from the order of the answers.",
            "The log keeps no name servers and no glue, so the name-server plane stays unseen.",
            "A name in the answer to an NS, MX, PTR, SRV or SOA question is taken as that type.",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell by the header of a tab-separated log, or by the keys of JSON rows."""
        for line in head_lines(head):
            if line.startswith("#fields"):
                return bool(MARKS & set(re.split(r"[\t,; |]", line)))
            if not line.startswith("#"):
                break
        return any(is_dns_row(row) for row in head_objects(head))

    def read(self, stream: BinaryIO, options: Options, drops: Drops) -> Iterator[Batch | Rollup]:
        """Decode the rows; one without a response is counted as a query."""
        peeked = Peeked(stream)
        is_tsv = peeked.head.removeprefix(BYTE_ORDER_MARK).lstrip().startswith(b"#")
        return (read_tsv if is_tsv else read_json)(peeked, options, drops)
