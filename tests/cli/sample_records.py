"""Small record tables for the command-line tests: a double-flux network among innocents."""

import csv
from pathlib import Path
from random import Random

START_S = 1_772_323_200
FLUX_DOMAINS = tuple(f"flux{number}.example" for number in range(6))
INNOCENT_DOMAINS = ("static.example", "robin.example")


def write_records(path: Path, *, seed: int = 1) -> Path:
    """Write a CSV of six hours: six double-flux domains, a static one and a round robin."""
    rng = Random(seed)
    pool = [f"10.{number}.0.{rng.randrange(1, 255)}" for number in range(80)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["ts", "qname", "rrtype", "rdata", "ttl", "query", "section"])
        for step in range(36):
            ts = START_S + 600 * step
            alive = pool[step : step + 24]
            for domain in FLUX_DOMAINS:
                for address in rng.sample(alive, 6):
                    table.writerow([ts, domain, "A", address, 180, domain, "ans"])
                table.writerow([ts, domain, "NS", "ns1.servers.example", 21600, domain, "auth"])
                glue = pool[step // 4 * 3]
                table.writerow([ts, "ns1.servers.example", "A", glue, 172800, domain, "add"])
            table.writerow([ts, "static.example", "A", "192.0.2.80", 3600, "static.example", "ans"])
            for number in range(4):
                robin = f"198.51.100.{number}"
                table.writerow([ts, "robin.example", "A", robin, 300, "robin.example", "ans"])
    return path


def write_routes(path: Path) -> Path:
    """Write the address table of these records: one ASN per /16."""
    rows = [f"10.{number}.0.0/16,{4_200_000_000 + number},Example Access {number}"
            for number in range(80)]  # fmt: skip
    rows += ["192.0.2.0/24,64496,Example Hosting", "198.51.100.0/24,64497,Example Portal"]
    path.write_text("prefix,asn,name\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path
