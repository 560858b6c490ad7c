"""The forms in which the same responses can be had, and the file of each."""

from typing import Final

FILES: Final = {
    "pcap": "traffic.pcap",
    "exchanges": "exchanges.pcap",
    "dnstap": "traffic.dnstap",
    "zeek-tsv": "dns.log",
    "zeek-json": "dns.json",
    "eve": "eve.json",
}
"""``exchanges`` is a capture of both directions; all others hold responses only."""
