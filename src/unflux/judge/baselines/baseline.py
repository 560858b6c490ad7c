"""What a baseline is: a published detector, with its thresholds as published."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import ibis.expr.types as ir


@dataclass(frozen=True, slots=True, kw_only=True)
class Doc:
    """What a baseline says of itself; ``limitations`` says where it differs from its paper."""

    summary: str
    references: tuple[str, ...]
    limitations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The tables that baselines read; ``domain`` is the registrable domain of the query.

    Papers count every address in the answers to a domain's names, CNAME targets included.
    """

    domains: ir.Table
    """domain: every one that was asked."""
    answers: ir.Table
    """domain, query, bucket, rrtype, address, number (IPv4), slash16, asn, holder, first_s, last_s,
    ttl_min_s, ttl_max_s: one row per address that answered a query in a bucket."""
    two_lookups: ir.Table
    """The rows of ``answers`` that two lookups, the TTL and a second apart, would have shown."""
    answer_sets: ir.Table
    """domain, query, bucket, day, answer_set, responses, addresses, slash16s, ttl_min_s,
    ttl_max_s: one row per distinct answer to a query in a bucket."""
    name_servers: ir.Table
    """domain, ns_host, address, number (IPv4), asn: the hosts that serve the domain's zone."""
    clusters: ir.Table
    """node, cluster: what joining the pairs of ``perdisci_clusters.similar_days`` gives; a node
    that is like no other is not in it."""


class Baseline(Protocol):
    """One published detector. Its module holds it and nothing else; ``__init__`` lists it."""

    NAME: str
    DOC: Doc

    def weigh(self, inputs: Inputs) -> ir.Table:
        """Return domain, score (float64) and flagged (boolean): one row per domain asked."""
        ...


def count_distinct(
    table: ir.Table, column: str, name: str, key: Sequence[str] = ("domain",)
) -> ir.Table:
    """Count distinct non-null values of a column per key, the domain alone by default."""
    known = table.filter(table[column].notnull())
    pairs = known.select(*key, column).distinct()
    return pairs.group_by(list(key)).agg(**{name: pairs.count()})


def per_domain(inputs: Inputs, *measured: ir.Table) -> ir.Table:
    """Left-join measurements to every domain asked; null where a domain has none."""
    joined = inputs.domains
    for table in measured:
        joined = joined.left_join(table, "domain").drop("domain_right")
    return joined
