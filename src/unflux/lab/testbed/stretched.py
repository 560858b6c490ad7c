"""Records of a resolver's answers, stretched to the time of the small internet."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from unflux.lab.testbed.connections import Connection
from unflux.lab.testbed.dns_octets import parse_message

HEADER: Final = ("ts", "qname", "rrtype", "rdata", "ttl", "query", "section", "rcode")
_KEPT: Final = (dns.rdatatype.A, dns.rdatatype.AAAA, dns.rdatatype.NS, dns.rdatatype.CNAME)


def write_stretched(
    connections: Iterable[Connection], resolver: str, compress: float, path: Path
) -> None:
    """Write what a resolver answered its clients as a table that unflux reads.

    Half a minute is not what a judge of fast flux waits for. Moments are as far apart here as they
    were in the small internet, counted from the first; TTLs are as long.
    """
    replies = sorted(find_replies(connections, resolver), key=lambda reply: reply[0])
    with path.open("w", encoding="ascii", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        for ts_us, message in replies:
            ts = (replies[0][0] + (ts_us - replies[0][0]) * compress) / 1_000_000
            writer.writerows(_rows(f"{ts:.6f}", message, compress))


def find_replies(
    connections: Iterable[Connection], resolver: str
) -> Iterator[tuple[int, dns.message.Message]]:
    """Yield what a resolver answered its clients by UDP, and when, in microseconds since 1970."""
    for connection in connections:
        if connection.key[0] == "udp" and connection.key[3:] == (resolver, 53):
            for ts_us, octets in connection.returned.datagrams():
                message = parse_message(octets)
                if message is not None and message.question and message.flags & dns.flags.QR:
                    yield ts_us, message


def _rows(ts: str, message: dns.message.Message, compress: float) -> Iterator[tuple[object, ...]]:
    query = message.question[0].name.to_text(omit_final_dot=True)
    rcode = dns.rcode.to_text(message.rcode())
    sections: tuple[tuple[str, list[dns.rrset.RRset]], ...] = (
        ("ans", message.answer), ("auth", message.authority), ("add", message.additional),
    )  # fmt: skip
    for section, rrsets in sections:
        for rrset in rrsets:
            if rrset.rdtype not in _KEPT:
                continue
            owner = rrset.name.to_text(omit_final_dot=True)
            rrtype = dns.rdatatype.to_text(rrset.rdtype)
            for rdata in rrset:
                text = rdata.to_text().removesuffix(".")
                yield ts, owner, rrtype, text, round(rrset.ttl * compress), query, section, rcode
