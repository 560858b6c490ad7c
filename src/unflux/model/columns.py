"""Every column of every table, declared once: name, type, unit, meaning, source."""

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

MOMENT: Final = pa.timestamp("us", tz="UTC")
TEXT: Final = pa.string()
COUNT: Final = pa.int64()
FLAG: Final = pa.bool_()
RATIO: Final = pa.float64()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: ``unit`` is the unit or the kind of text; ``merge`` says how rows combine."""

    name: str
    type: pa.DataType
    unit: str
    meaning: str
    nullable: bool = False
    merge: str = "key"
    """``key``, ``sum``, ``min``, ``max``, or ``derived`` (a function of the key)."""


@dataclass(frozen=True, slots=True)
class TableShape:
    """A named, ordered set of columns."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema, with nullability."""
        return pa.schema([pa.field(c.name, c.type, c.nullable) for c in self.columns])

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that make a row one of its kind."""
        return tuple(c.name for c in self.columns if c.merge == "key")

    def empty(self) -> pa.Table:
        """Return a table of this shape without rows."""
        return self.schema.empty_table()


def _bucket(name: str = "bucket_at") -> Column:
    return Column(
        name=name,
        type=MOMENT,
        unit="UTC",
        meaning="start of the time bucket; null where the records carry no time",
        nullable=True,
    )


def _seen() -> tuple[Column, Column]:
    return (
        Column(
            name="first_at",
            type=MOMENT,
            unit="UTC",
            meaning="earliest moment seen",
            nullable=True,
            merge="min",
        ),
        Column(
            name="last_at",
            type=MOMENT,
            unit="UTC",
            meaning="latest moment seen",
            nullable=True,
            merge="max",
        ),
    )


QUERY: Final = Column(name="query", type=TEXT, unit="name", meaning="the name that was asked")
DOMAIN: Final = Column(
    name="domain",
    type=TEXT,
    unit="name",
    meaning="registrable domain of the query by the public suffix list, private part included",
    merge="derived",
)
QTYPE: Final = Column(
    name="qtype",
    type=TEXT,
    unit="RR type",
    meaning="the type that was asked; null where the source does not say",
    nullable=True,
)

SIGHTINGS: Final = TableShape(
    "sightings",
    "One row per bucket, query and resource record: what was seen, how often, when.",
    (
        _bucket(),
        QUERY,
        DOMAIN,
        Column(name="qname", type=TEXT, unit="name", meaning="owner name of the record"),
        Column(
            name="owner_domain",
            type=TEXT,
            unit="name",
            meaning="registrable domain of the owner name",
            merge="derived",
        ),
        Column(name="rrtype", type=TEXT, unit="RR type", meaning="type of the record"),
        Column(
            name="rdata",
            type=TEXT,
            unit="presentation",
            meaning="canonical address for A and AAAA, name without final dot for CNAME and NS",
        ),
        Column(
            name="section",
            type=TEXT,
            unit="ans|auth|add",
            meaning="answer, authority or additional section",
        ),
        Column(
            name="count",
            type=COUNT,
            unit="responses",
            meaning="responses that held it",
            merge="sum",
        ),
        *_seen(),
        Column(
            name="ttl_min_s",
            type=COUNT,
            unit="s",
            meaning="smallest TTL seen",
            nullable=True,
            merge="min",
        ),
        Column(
            name="ttl_max_s",
            type=COUNT,
            unit="s",
            meaning="largest TTL seen",
            nullable=True,
            merge="max",
        ),
        Column(
            name="slash24",
            type=TEXT,
            unit="prefix",
            nullable=True,
            merge="derived",
            meaning="/24 (IPv4) or /48 (IPv6) of an address; null for other records",
        ),
        Column(
            name="slash16",
            type=TEXT,
            unit="prefix",
            nullable=True,
            merge="derived",
            meaning="/16 (IPv4) or /32 (IPv6) of an address; null for other records",
        ),
        Column(
            name="is_special_use",
            type=FLAG,
            unit="",
            nullable=True,
            merge="derived",
            meaning="the address is not globally reachable (RFC 6890); null for other records",
        ),
    ),
)

LOOKUPS: Final = TableShape(
    "lookups",
    "One row per bucket, query and type: how often it was answered and how.",
    (
        _bucket(),
        QUERY,
        DOMAIN,
        QTYPE,
        Column(
            name="responses", type=COUNT, unit="responses", meaning="responses seen", merge="sum"
        ),
        Column(
            name="noerror", type=COUNT, unit="responses", meaning="of them NOERROR", merge="sum"
        ),
        Column(
            name="nxdomain", type=COUNT, unit="responses", meaning="of them NXDOMAIN", merge="sum"
        ),
        Column(
            name="servfail", type=COUNT, unit="responses", meaning="of them SERVFAIL", merge="sum"
        ),
        Column(
            name="other_rcode",
            type=COUNT,
            unit="responses",
            meaning="of them any other response code (unknown codes are in none)",
            merge="sum",
        ),
        Column(
            name="answered",
            type=COUNT,
            unit="responses",
            meaning="responses with at least one address in the answer section",
            merge="sum",
        ),
        Column(
            name="answers_sum",
            type=COUNT,
            unit="records",
            meaning="addresses in answer sections, summed over responses",
            merge="sum",
        ),
        Column(
            name="answers_max",
            type=COUNT,
            unit="records",
            meaning="most addresses in one answer section",
            merge="max",
        ),
        *_seen(),
    ),
)

ANSWER_SETS: Final = TableShape(
    "answer_sets",
    "One row per bucket, query, type and distinct set of answer addresses.",
    (
        _bucket(),
        QUERY,
        DOMAIN,
        QTYPE,
        Column(
            name="answer_set",
            type=COUNT,
            unit="hash",
            meaning="order-free 64-bit hash of the set of answer addresses",
        ),
        Column(
            name="responses",
            type=COUNT,
            unit="responses",
            meaning="responses with this set",
            merge="sum",
        ),
        Column(
            name="addresses",
            type=COUNT,
            unit="addresses",
            meaning="addresses in the set",
            merge="max",
        ),
        Column(
            name="slash24s",
            type=COUNT,
            unit="prefixes",
            meaning="distinct /24 (IPv6: /48) in the set",
            merge="max",
        ),
        Column(
            name="slash16s",
            type=COUNT,
            unit="prefixes",
            meaning="distinct /16 (IPv6: /32) in the set",
            merge="max",
        ),
        *_seen(),
    ),
)

ROUTES: Final = TableShape(
    "routes",
    "One row per distinct address: who announces it, and on whose list it is.",
    (
        Column(name="address", type=TEXT, unit="address", meaning="canonical address"),
        Column(
            name="asn",
            type=COUNT,
            unit="AS number",
            meaning="origin AS; null where unmapped, which is unknown, never a new ASN",
            nullable=True,
        ),
        Column(name="holder", type=TEXT, unit="", meaning="holder of the AS", nullable=True),
        Column(
            name="country",
            type=TEXT,
            unit="ISO 3166-1",
            meaning="country of the range; null where unknown",
            nullable=True,
        ),
        Column(
            name="is_user_mapped",
            type=FLAG,
            unit="",
            meaning="the range comes from a table the user named",
        ),
        Column(
            name="provider",
            type=TEXT,
            unit="",
            meaning="the provider on whose list the address is; null where on none, or not said",
            nullable=True,
        ),
        Column(
            name="provider_use",
            type=TEXT,
            unit="",
            meaning="what the listed range is for: cdn, cloud, parking or sinkhole",
            nullable=True,
        ),
    ),
)

ZONES: Final = TableShape(
    "zones",
    "One row per listed zone of a provider.",
    (
        Column(name="zone", type=TEXT, unit="name", meaning="name at or above the listed ones"),
        Column(
            name="use",
            type=TEXT,
            unit="",
            meaning="what lies there: cdn and dynamic-dns of names; name-service, parking and "
            "sinkhole of name servers",
        ),
    ),
)

STORED: Final = (SIGHTINGS, LOOKUPS, ANSWER_SETS)
"""The three tables that are kept; all merge by sum, min and max."""


def _count(name: str, unit: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(
        name=name, type=COUNT, unit=unit, meaning=meaning, nullable=nullable, merge="derived"
    )


def _ratio(name: str, unit: str, meaning: str) -> Column:
    return Column(name=name, type=RATIO, unit=unit, meaning=meaning, nullable=True, merge="derived")


PROFILE: Final = TableShape(
    "profiles",
    "One row per domain: what was measured. Addresses belong to the domain of the record's owner.",
    (
        Column(name="domain", type=TEXT, unit="name", meaning="registrable domain"),
        _count("names", "names", "names asked under the domain"),
        _count("responses", "responses", "responses to them, with or without addresses"),
        _count("nxdomain", "responses", "of them NXDOMAIN"),
        _count("lookups", "responses", "responses that led to addresses of the domain"),
        _count("queries", "names", "names that led to addresses of the domain"),
        _count("query_domains", "domains", "registrable domains whose names led there"),
        Column(name="asked_first_at", type=MOMENT, unit="UTC", nullable=True, merge="derived",
               meaning="first response to a name of the domain"),
        Column(name="asked_last_at", type=MOMENT, unit="UTC", nullable=True, merge="derived",
               meaning="last response to a name of the domain"),
        Column(name="first_at", type=MOMENT, unit="UTC", nullable=True, merge="derived",
               meaning="first sight of an address of the domain"),
        Column(name="last_at", type=MOMENT, unit="UTC", nullable=True, merge="derived",
               meaning="last sight of an address of the domain"),
        _count("buckets", "buckets", "time buckets with an address of the domain"),
        _count("addresses", "addresses", "distinct addresses in answers"),
        _count("special_use_addresses", "addresses", "of them not globally reachable (RFC 6890)"),
        _count("unmapped_addresses", "addresses", "of them reachable but in no ASN known"),
        _count("slash24", "prefixes", "distinct /24 (IPv6: /48)"),
        _count("slash16", "prefixes", "distinct /16 (IPv6: /32)"),
        _count("asns", "ASNs", "distinct origin ASNs; null where no address is mapped",
               nullable=True),
        _count("countries", "countries", "distinct countries; null where none is known",
               nullable=True),
        _count("hosts", "names", "owner names of the address records"),
        _count("host_addresses_max", "addresses", "most addresses under one owner name"),
        _count("host_slash16_max", "prefixes", "most /16 (IPv6: /32) under one owner name"),
        _count("host_asns_max", "ASNs", "most ASNs under one owner name", nullable=True),
        _ratio("mixing", "names/address", "mean owner names that an address serves"),
        _count("ttl_min_s", "s", "smallest TTL of an address record", nullable=True),
        _count("ttl_max_s", "s", "largest TTL of an address record", nullable=True),
        _count("newcomers", "addresses", "addresses first seen after the first five minutes"),
        _count("late_newcomers", "addresses", "addresses first seen in the later half of the span"),
        _count("span_s", "s", "from the first to the last sight of an address", nullable=True),
        _ratio("late_ratio", "ratio", "late newcomers over all addresses"),
        _ratio("stranger_ratio", "ratio", "Good-Turing chance that the next address seen is new"),
        _ratio("newcomers_per_hour", "addresses/h", "newcomers over the span"),
        _count("newcomer_asns", "ASNs", "ASNs that only newcomers brought", nullable=True),
        _count("newcomer_slash16", "prefixes", "/16 that only newcomers brought", nullable=True),
        _count("succession_steps", "steps", "looks at the name that changed most, after the first; "
               "null where no name showed three addresses", nullable=True),
        _count("succession_changes", "steps", "of them such that its address was another",
               nullable=True),
        _count("succession_addresses", "addresses", "its distinct addresses", nullable=True),
        _ratio("succession_draw_ratio", "ratio", "chance that two of its looks differ in address"),
        _count("succession_s", "s", "from the first of these looks to the last", nullable=True),
        _count("answer_sets", "sets", "distinct sets of answer addresses"),
        _count("set_addresses_max", "addresses", "most addresses in one answer"),
        _count("set_slash24_max", "prefixes", "most /24 (IPv6: /48) in one answer"),
        _count("set_slash16_max", "prefixes", "most /16 (IPv6: /32) in one answer"),
        _ratio("set_slash16_mean", "prefixes", "mean /16 in one answer, by responses"),
        _count("ns_hosts", "names", "name-server hosts; null where no NS record was shown",
               nullable=True),
        _count("ns_addresses", "addresses", "addresses of these hosts; null where none was shown",
               nullable=True),
        _count("ns_slash16", "prefixes", "their /16 (IPv6: /32)", nullable=True),
        _count("ns_asns", "ASNs", "their ASNs", nullable=True),
        _count("ns_host_addresses_max", "addresses", "most addresses under one host name",
               nullable=True),
        _count("ns_host_slash16_max", "prefixes", "most /16 under one host name", nullable=True),
        _count("ns_host_late_slash16_max", "prefixes", "most /16 under one host name first seen "
               "in the later half of its span; null where that is too short", nullable=True),
        _count("ns_late_slash16", "prefixes", "the same summed over its hosts where it is two or "
               "more", nullable=True),
        _count("ns_served_max", "domains", "most domains that one of the hosts serves",
               nullable=True),
        _count("overlap", "addresses", "addresses serving both answers and name service"),
        _count("overlap_slash16", "prefixes", "their /16 (IPv6: /32)"),
        _count("tenants_min", "domains", "fewest domains on one of the addresses"),
        _count("tenants_max", "domains", "most domains on one of the addresses"),
        _ratio("tenants_mean", "domains", "mean domains on one of the addresses"),
        _count("cdn_addresses", "addresses", "addresses in listed ranges of CDNs"),
        _count("cloud_addresses", "addresses", "addresses in listed ranges of clouds"),
        _count("parking_addresses", "addresses", "addresses listed as parking"),
        _count("sinkhole_addresses", "addresses", "addresses listed as sinkholes"),
        Column(name="provider", type=TEXT, unit="name", nullable=True, merge="derived",
               meaning="the CDN, else the cloud, of most of them (first by name)"),
        _count("ns_provider_hosts", "names", "name-server hosts in listed zones of name service",
               nullable=True),
        _count("ns_parking_hosts", "names", "name-server hosts in listed zones of parking",
               nullable=True),
        _count("ns_sinkhole_hosts", "names", "name-server hosts in listed zones of sinkholes, or "
               "that say sinkhole", nullable=True),
        Column(name="zone_use", type=TEXT, unit="use", nullable=True, merge="derived",
               meaning="cdn or dynamic-dns where the domain itself is such a listed zone"),
        Column(name="suffix_use", type=TEXT, unit="use", nullable=True, merge="derived",
               meaning="cdn or dynamic-dns where the domain lies below such a listed zone"),
        _count("pool_names", "names", "names asked that say pool, NTP, time or mirror"),
        _count("seed_names", "names", "names asked that say seed or peer"),
    ),
)  # fmt: skip
