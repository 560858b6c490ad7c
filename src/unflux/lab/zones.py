"""What the authoritative servers of a lab's internet answer, as a pure function of the moment."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal, Protocol, TypeAlias

Absence = Literal["NODATA", "NXDOMAIN"]
Vantage: TypeAlias = str
"""From where one looks: a resolver and the networks near it."""
VANTAGES: Final[tuple[Vantage, ...]] = ("north", "south")
"""Those of the small internet."""

SOA_TTL_S: Final = 3600


@dataclass(frozen=True, slots=True)
class RRset:
    """Records of one owner and type; rdata in presentation form, names without final dot."""

    owner: str
    rrtype: str
    ttl_s: int
    rdatas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Sets of rdata that replace each other; set i holds from starts_us[i] on."""

    starts_us: tuple[int, ...]
    values: tuple[tuple[str, ...], ...]

    def at(self, moment_us: int) -> tuple[str, ...]:
        """Return the set that holds at the moment; before the first start, the first set."""
        return self.values[max(0, bisect_right(self.starts_us, moment_us) - 1)]


class Records(Protocol):
    """Where the rdata of one owner and type come from."""

    @property
    def ttl_s(self) -> int:
        """TTL as the authority gives it."""
        ...

    def at(self, moment_us: int, vantage: Vantage) -> tuple[str, ...]:
        """Return the rdata that this vantage is told at this moment."""
        ...


@dataclass(frozen=True, slots=True)
class FixedRecords:
    """The same records for all, always."""

    ttl_s: int
    rdatas: tuple[str, ...]

    def at(self, moment_us: int, vantage: Vantage) -> tuple[str, ...]:
        """Return the rdata."""
        return self.rdatas


@dataclass(frozen=True, slots=True)
class TimelineRecords:
    """Records that change over time, the same for every vantage."""

    ttl_s: int
    timeline: Timeline

    def at(self, moment_us: int, vantage: Vantage) -> tuple[str, ...]:
        """Return the set of the moment."""
        return self.timeline.at(moment_us)


@dataclass(frozen=True, slots=True)
class DrawnRecords:
    """A few addresses drawn anew every ``refresh_us`` out of what a vantage may be told."""

    ttl_s: int
    candidates: Mapping[Vantage, tuple[str, ...]]
    count: int
    refresh_us: int
    seed: str

    def at(self, moment_us: int, vantage: Vantage) -> tuple[str, ...]:
        """Return the draw of the moment's slot."""
        rng = Random(f"{self.seed}/{vantage}/{moment_us // self.refresh_us}")  # noqa: S311
        return tuple(rng.sample(self.candidates[vantage], self.count))


Host = Mapping[str, Records]
"""RR type to records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """The name servers of a zone and the glue that a referral carries."""

    hosts: tuple[str, ...]
    ns_ttl_s: int
    glue: Mapping[str, Host]

    def ns_rrset(self, apex: str) -> RRset:
        """Return the NS records of a zone so delegated."""
        return RRset(apex, "NS", self.ns_ttl_s, self.hosts)

    def glue_rrsets(self, moment_us: int, vantage: Vantage) -> tuple[RRset, ...]:
        """Return the addresses of the name servers as the parent gives them at the moment."""
        return tuple(
            RRset(host, rrtype, records.ttl_s, records.at(moment_us, vantage))
            for host in self.hosts
            for rrtype, records in self.glue[host].items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A zone of two labels, its hosts and its delegation."""

    apex: str
    delegation: Delegation
    hosts: Mapping[str, Host] = field(default_factory=dict)
    """Full owner name to records."""
    wildcard: Host | None = None
    """Records of every other name below the apex (RFC 4592)."""
    negative_ttl_s: int = 900
    failure_ratio: float = 0.0
    """Share of fetches that fail, 0..1: name servers on home machines die."""
    delay_ms: float = 40.0
    """Median time of a fetch."""
    warm_ratio: float = 0.0
    """Share of fetches that others, who are not in the records, caused before, 0..1."""

    def lookup(self, qname: str, qtype: str, moment_us: int, vantage: Vantage) -> RRset | Absence:
        """Return the RRset asked for, the CNAME in its place, or how it is absent."""
        host = self.hosts.get(qname, self.wildcard)
        if host is None:
            return "NXDOMAIN"
        for rrtype in (qtype, "CNAME"):
            if rrtype in host:
                records = host[rrtype]
                rdatas = records.at(moment_us, vantage)
                return RRset(qname, rrtype, records.ttl_s, rdatas) if rdatas else "NODATA"
        return "NODATA"

    def soa_rrset(self) -> RRset:
        """Return the SOA record, its TTL bounded by the negative TTL (RFC 2308 section 3)."""
        rdata = (
            f"{self.delegation.hosts[0]} hostmaster.{self.apex} "
            f"2026030100 7200 1800 1209600 {self.negative_ttl_s}"
        )
        return RRset(self.apex, "SOA", min(SOA_TTL_S, self.negative_ttl_s), (rdata,))


def apex_of(name: str) -> str:
    """Return the last two labels: every zone of the lab's internets is cut there."""
    return ".".join(name.rsplit(".", 2)[-2:])
