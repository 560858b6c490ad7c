"""What happens in a testbed, written down as it happens, and the truth about who is who."""

import csv
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from unflux.lab.testbed.blueprint import Blueprint, Operation

LABELS: Final = "labels.csv"
AGENTS: Final = "agents.csv"
MOTHERSHIPS: Final = "motherships.csv"
ROUTES: Final = "asn.csv"
PRESENCE: Final = "presence.csv"
ROTATIONS: Final = "rotations.csv"
REFUSED: Final = "refused.csv"
NEIGHBOURS: Final = "neighbours.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A name whose records are changed, at one server; each view there has records of its own."""

    owner: str
    server: str
    view: str


class Chronicle:
    """Appends moments (UTC, seconds since 1970) and what happened then."""

    def __init__(self, folder: Path) -> None:
        self._presence = (folder / PRESENCE).open("a", encoding="ascii", newline="")
        self._rotations = (folder / ROTATIONS).open("a", encoding="ascii", newline="")
        self._refused = (folder / REFUSED).open("a", encoding="ascii", newline="")
        if not self._presence.tell():
            self._presence.write("ts,address,online\n")
            self._rotations.write("ts,owner,rrtype,rdata,server,view\n")
            self._refused.write("ts,owner,rrtype,rdata,server,view,reason\n")
        for stream in (self._presence, self._rotations, self._refused):
            stream.flush()
        self.noted: set[Moved] = set()
        """What was taken at least once."""

    def close(self) -> None:
        """Note nothing more."""
        for stream in (self._presence, self._rotations, self._refused):
            stream.close()

    def note_presence(self, address: str, *, is_online: bool) -> None:
        """Note that an agent came on line or left."""
        self._presence.write(f"{time.time():.6f},{address},{int(is_online)}\n")
        self._presence.flush()

    def note_rotation(self, moved: Moved, rrtype: str, rdatas: Iterable[str]) -> None:
        """Note the records that a name has from now on at a server, which took them."""
        self._rotations.write(f"{time.time():.6f},{_told(moved, rrtype, rdatas)}\n")
        self._rotations.flush()
        self.noted.add(moved)

    def note_refusal(
        self, moved: Moved, rrtype: str, rdatas: Iterable[str], *, reason: str
    ) -> None:
        """Note records that a name was to have at a server, which did not take them."""
        self._refused.write(f"{time.time():.6f},{_told(moved, rrtype, rdatas)},{reason}\n")
        self._refused.flush()


def _told(moved: Moved, rrtype: str, rdatas: Iterable[str]) -> str:
    return f"{moved.owner},{rrtype},{' '.join(rdatas)},{moved.server},{moved.view}"


def count_refused(folder: Path) -> int:
    """Return how many record sets were refused so far; 0 where nothing is written down yet."""
    try:
        with (folder / REFUSED).open("rb") as stream:
            return max(0, sum(1 for _ in stream) - 1)
    except FileNotFoundError:
        return 0


def write_truth(blueprint: Blueprint, folder: Path) -> None:
    """Write labels (as ``unflux evaluate`` reads them), agents, motherships and routes."""
    _write(
        folder / LABELS,
        ("domain", "label", "kind", "family"),
        (
            (domain, "fastflux" if outcome == "fast-flux" else "benign", kind, family)
            for domain, (outcome, kind, family) in sorted(blueprint.truth().items())
        ),
    )
    _write(
        folder / AGENTS,
        ("address", "network", "asn", "vantage", "software", "relays", "host"),
        (
            (
                agent.address,
                operation.title,
                agent.asn,
                {"subscribers": "edge", "honeypot": "honeypot"}.get(agent.segment, ""),
                agent.software,
                _ports(operation),
                agent.host,
            )
            for operation, agent in blueprint.agents()
        ),
    )
    motherships = []
    for operation in blueprint.operations:
        motherships.append((operation.title, operation.mothership, "mothership", _ports(operation)))
        motherships.append((operation.title, operation.controller, "controller", "80"))
    _write(folder / MOTHERSHIPS, ("network", "address", "role", "ports"), motherships)
    _write(
        folder / NEIGHBOURS,
        ("address", "domain", "kind", "backend"),
        (
            (address, site.domain, site.kind, site.backend or "")
            for site in blueprint.sites
            for address in site.addresses
        ),
    )
    with (folder / ROUTES).open("w", encoding="ascii", newline="") as stream:
        blueprint.plan.write_routes(stream)


def _ports(operation: Operation) -> str:
    """Return where the mothership serves, and agents relay."""
    return "53 80 443" if operation.relays_names else "80 443"


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="ascii", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
