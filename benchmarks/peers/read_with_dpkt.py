"""Read the responses of a pcap with dpkt: every record of every message taken apart.

Usage: read_with_dpkt.py FILE
"""

import json
import sys

import dpkt


def main(path: str) -> None:
    """Count responses and the records in them."""
    responses = records = 0
    with open(path, "rb") as file:  # noqa: PTH123  as dpkt's own examples do
        for _moment, frame in dpkt.pcap.Reader(file):
            ethernet = dpkt.ethernet.Ethernet(frame)
            udp = ethernet.data.data
            if not isinstance(udp, dpkt.udp.UDP) or 53 not in (udp.sport, udp.dport):
                continue
            message = dpkt.dns.DNS(udp.data)
            if message.qr == dpkt.dns.DNS_R:
                responses += 1
                records += len(message.an) + len(message.ns) + len(message.ar)
    print(json.dumps({"responses": responses, "records": records}))


if __name__ == "__main__":
    main(sys.argv[1])
