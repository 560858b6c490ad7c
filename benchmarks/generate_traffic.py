"""Generate DNS responses as a pcap and, the same ones, as dnstap, Zeek and Suricata logs.

Usage: generate_traffic.py FOLDER [--responses N] [--names N] [--forms pcap,dnstap,...]

The forms, one of which has the questions, too: pcap, exchanges, dnstap, zeek-tsv, zeek-json, eve.
"""

import argparse
import sys
import time
from pathlib import Path

from traffic.files import write_traffic
from traffic.forms import FILES
from traffic.response_stream import TrafficShape


def main(arguments: list[str]) -> None:
    """Write the files and say what they hold."""
    default = TrafficShape()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--responses", type=int, default=default.responses)
    parser.add_argument("--names", type=int, default=default.names)
    parser.add_argument(
        "--skew", type=float, default=default.skew, help="Zipf's exponent; 0 asks all names alike"
    )
    parser.add_argument(
        "--rate", type=float, default=default.rate_per_s, help="responses per second of capture"
    )
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--forms", default=",".join(FILES), help="default: %(default)s")
    options = parser.parse_args(arguments)
    forms = options.forms.split(",")
    if unknown := set(forms) - set(FILES):
        parser.error(f"no such form: {', '.join(sorted(unknown))}")
    shape = TrafficShape(
        responses=options.responses,
        names=options.names,
        skew=options.skew,
        rate_per_s=options.rate,
        seed=options.seed,
    )
    started = time.perf_counter()
    for form, path in write_traffic(options.folder, shape, forms).items():
        print(f"{form}: {path} ({path.stat().st_size / 1e6:.0f} MB)")
    print(f"{shape.responses} responses in {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
