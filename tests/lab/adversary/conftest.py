import bisect
import csv
import ipaddress
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from unflux.lab.adversary.generation import Generated, build_scene, generate
from unflux.lab.adversary.scene import Scene
from unflux.lab.adversary.writing import GeneratedFiles
from unflux.model.names import registrable_domain

SEED, SCALE = 11, 0.05


@dataclass(frozen=True)
class Answer:
    """One response with address records, as the table has it."""

    at_s: float
    query: str
    rcode: str
    rows: list[tuple[str, str, str, int | None, str | None]] = field(default_factory=list)
    """Owner, type, data, TTL, section."""

    @property
    def addresses(self) -> list[str]:
        return [d for _, t, d, _, s in self.rows if s == "ans" and t in {"A", "AAAA"}]

    @property
    def ttls(self) -> list[int | None]:
        return [ttl for _, t, _, ttl, s in self.rows if s == "ans" and t in {"A", "AAAA"}]


@dataclass
class Internet:
    """A generated internet, by kind and domain."""

    generated: Generated
    answers: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    """By registrable domain of the query, in order of time."""

    def __post_init__(self) -> None:
        columns = self.generated.records.to_pydict()
        last = None
        for ts, qname, rrtype, rdata, ttl, query, section, rcode in zip(
            *columns.values(), strict=True
        ):
            if last is None or (ts, query) != last:
                last = ts, query
                self.answers[registrable_domain(query)].append(Answer(float(ts), query, rcode))
            if rdata is not None:
                self.answers[registrable_domain(query)][-1].rows.append(
                    (qname, rrtype, rdata, ttl, section)
                )
        spans = []
        for prefix, asn, _, country in self.generated.population.route_rows():
            network = ipaddress.ip_network(prefix)
            spans.append((network.version, int(network[0]), int(network[-1]), asn, country))
        self.spans = sorted(spans)

    def of(self, kind: str) -> dict[str, list[Answer]]:
        """Return the answers with addresses of each domain of a scenario that was asked."""
        domains = [d for d, truth in self.generated.truth.items() if truth.kind == kind]
        found = {d: [a for a in self.answers.get(d, []) if a.addresses] for d in domains}
        return {d: answers for d, answers in found.items() if answers}

    def place(self, address: str) -> tuple[int, str] | None:
        """Return AS number and country of an address by the table that goes with the records."""
        number = ipaddress.ip_address(address)
        found = bisect.bisect(self.spans, (number.version, int(number), 1 << 130, 0, "")) - 1
        version, first, last, asn, country = self.spans[max(0, found)]
        if version == number.version and first <= int(number) <= last:
            return asn, country
        return None

    def asns(self, addresses: set[str]) -> set[int]:
        places = [self.place(address) for address in addresses]
        return {place[0] for place in places if place}


@pytest.fixture(scope="session")
def internet() -> Internet:
    return Internet(generate(SEED, SCALE))


@pytest.fixture(scope="session")
def scene() -> Scene:
    return build_scene(SEED, SCALE)


@pytest.fixture(scope="session")
def files(internet: Internet, tmp_path_factory: pytest.TempPathFactory) -> GeneratedFiles:
    written = GeneratedFiles(tmp_path_factory.mktemp("generated"))
    written.write(internet.generated)
    return written


def read_labels(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["domain"]: row for row in csv.DictReader(stream)}
