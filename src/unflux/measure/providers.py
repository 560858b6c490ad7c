"""Providers: which addresses, name servers and zones of a domain are on a provider's list."""

from functools import reduce
from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.measure.records import Records, join_on_domain

SINKHOLE_WORDS: Final = r"sinkhole|sink-hole"
"""What the name servers say that seized domains are delegated to, on no list by name."""

LABELS_ABOVE: Final = 3
"""Labels that a name may have in front of a listed zone."""

LABEL: Final = r"(\\.|[^.\\])+"
"""A label as text: a backslash escapes what follows (RFC 1035 section 5.1)."""


def measure_providers(held: ir.Table) -> ir.Table:
    """Count the addresses of each domain's answers that are on a list, by what it is for.

    ``cdn_addresses``, ``cloud_addresses``, ``parking_addresses``, ``sinkhole_addresses``, and
    ``provider``: the CDN that lists most of them, or the cloud where no CDN does.
    """
    answers = held.filter((held.role == "answer") & held.provider_use.notnull())
    listed = answers.select("domain", "address", "provider_use", "provider").distinct()
    of_use = {
        f"{use}_addresses": (listed.provider_use == use).cast("int64").sum()
        for use in ("cdn", "cloud", "parking", "sinkhole")
    }
    counts = listed.group_by("domain").agg(**of_use)
    named = listed.filter(listed.provider_use.isin(["cdn", "cloud"]))
    sizes = named.group_by(["domain", "provider_use", "provider"]).agg(size=named.count())
    most = ibis.window(
        group_by=sizes.domain,
        # "cdn" comes before "cloud".
        order_by=[sizes.provider_use.asc(), sizes["size"].desc(), sizes.provider.asc()],
    )
    ranked = sizes.mutate(rank=ibis.row_number().over(most))
    first = ranked.filter(ranked["rank"] == 0).select("domain", "provider")
    return join_on_domain(counts, first)


def measure_provider_servers(records: Records, pairs: ir.Table) -> ir.Table:
    """Count the name-server hosts of each domain in listed zones.

    ``pairs`` as :func:`unflux.measure.name_servers.delegations` returns them. Columns:
    ``ns_provider_hosts``, ``ns_parking_hosts``, ``ns_sinkhole_hosts``; 0 where none is listed.
    """
    hosts = pairs.select(name="ns_host").distinct()
    listed = zones_above(hosts, records.zones)
    said = hosts.filter(hosts.name.re_search(SINKHOLE_WORDS)).mutate(
        use=ibis.literal("sinkhole"), labels_above=ibis.literal(0, "int64")
    )
    uses = listed.union(said).select("name", "use").distinct()
    theirs = pairs.select("domain", "ns_host").left_join(uses, pairs.ns_host == uses.name)
    known = {"provider": "name-service", "parking": "parking", "sinkhole": "sinkhole"}
    return theirs.group_by("domain").agg(
        **{
            f"ns_{column}_hosts": (theirs.use == use).fill_null(False).cast("int64").sum()
            for column, use in known.items()
        }
    )


def measure_provider_zones(records: Records, held: ir.Table) -> ir.Table:
    """Tell what a domain is a listed zone for: ``zone_use``; or lies below: ``suffix_use``.

    ``cdn``: names of customers lead there; ``dynamic-dns``: names there belong to strangers.
    """
    domains = held.filter(held.role == "answer").select(name="domain").distinct()
    listed = zones_above(domains, records.zones)
    listed = listed.filter(listed.use.isin(["cdn", "dynamic-dns"]))
    own = listed.labels_above == 0
    return listed.group_by(domain=listed.name).agg(
        zone_use=listed.use.min(where=own), suffix_use=listed.use.min(where=~own)
    )


def zones_above(names: ir.Table, zones: ir.Table) -> ir.Table:
    """Return the listed zones that names are or lie below: rows (name, use, labels_above).

    ``labels_above``: labels of the name in front of the zone, at most ``LABELS_ABOVE``.
    """

    def cut(count: int) -> ir.Table:
        head = rf"^({LABEL}\.){{{count}}}"
        rows = names.filter(names.name.re_search(head)) if count else names
        zone = rows.name.re_replace(head, "") if count else rows.name
        return rows.select("name", zone=zone, labels_above=ibis.literal(count, "int64"))

    above = reduce(ir.Table.union, map(cut, range(LABELS_ABOVE + 1)))
    return above.inner_join(zones, "zone").select("name", "use", "labels_above")
