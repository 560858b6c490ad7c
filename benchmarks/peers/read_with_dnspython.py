"""Read the responses of a pcap with dnspython: frames by hand, every message taken apart.

Usage: read_with_dnspython.py FILE
"""

import json
import mmap
import struct
import sys

import dns.flags
import dns.message


def main(path: str) -> None:
    """Count responses and the records in them."""
    responses = records = 0
    with open(path, "rb") as file:  # noqa: PTH123  the shortest way to an mmap
        octets = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        at = 24
        while at < len(octets):
            size = struct.unpack_from("<I", octets, at + 8)[0]
            frame = octets[at + 16 : at + 16 + size]
            at += 16 + size
            wire = frame[14 + (40 if frame[12:14] == b"\x86\xdd" else 20) + 8 :]
            message = dns.message.from_wire(wire)
            if message.flags & dns.flags.QR:
                responses += 1
                sections = (message.answer, message.authority, message.additional)
                records += sum(len(rrset) for section in sections for rrset in section)
    print(json.dumps({"responses": responses, "records": records}))


if __name__ == "__main__":
    main(sys.argv[1])
