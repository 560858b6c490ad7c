"""Nazario and Holz's nine points: one for each thing that flux does, flagged above four."""

from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.judge.baselines.baseline import Doc, Inputs, count_distinct, per_domain

ENOUGH_POINTS: Final = 4
"""Flagged above it."""
SHORT_TTL_S: Final = 900
MANY_ADDRESSES: Final = 5
MORE_ADDRESSES: Final = 8
FAR_APART: Final = 65_535
"""Mean distance between addresses, as numbers."""
SERVERS_FAR_APART: Final = 65_355
"""As printed in the paper; the other distance is 65,535."""
MANY_ASNS: Final = 2
MANY_SERVERS: Final = 3


class Nazario:
    """The score is the number of points, 0 to 8 here: the SOA's point is never given."""

    NAME = "nazario"
    DOC = Doc(
        summary="More than four of nine points for TTL, addresses, distances, ASNs, name servers",
        references=(
            "Nazario, Holz: As the Net Churns: Fast-Flux Botnet Observations, MALWARE 2008",
        ),
        limitations=(
            "SOA retry under 900 s is never given its point: the records hold no SOA timers.",
            "The mean distance between addresses is taken between neighbours in numerical order; "
            "the paper does not say between which.",
            "The TTL is the longest remaining life seen; where it is unknown it gives no point.",
            "Addresses are those of all records; the paper's expiry after 24 hours without a new "
            "address, and its whitelist, are not applied.",
        ),
    )

    def weigh(self, inputs: Inputs) -> ir.Table:
        """Return domain, score and flagged; what was not seen gives no point."""
        a = inputs.answers.filter(inputs.answers.rrtype == "A")
        servers = inputs.name_servers
        lived = a.group_by("domain").agg(ttl_s=a.ttl_max_s.max())
        measured = per_domain(
            inputs,
            lived,
            count_distinct(a, "asn", "asns"),
            _distances(a, "addresses", "distance"),
            count_distinct(servers, "ns_host", "servers"),
            count_distinct(servers, "asn", "server_asns"),
            _distances(servers, "server_addresses", "server_distance"),
        )
        far_apart = measured.distance > FAR_APART
        points = (
            measured.ttl_s < SHORT_TTL_S,
            measured.addresses > MANY_ADDRESSES,
            far_apart,
            (measured.addresses > MORE_ADDRESSES) & far_apart,
            measured.asns > MANY_ASNS,
            measured.server_distance > SERVERS_FAR_APART,
            measured.servers > MANY_SERVERS,
            measured.server_asns > MANY_ASNS,
        )
        score = ibis.literal(0.0)
        for point in points:
            score = score + ibis.ifelse(point.fill_null(False), 1.0, 0.0)
        return measured.select("domain", score=score, flagged=score > ENOUGH_POINTS)


def _distances(table: ir.Table, count: str, distance: str) -> ir.Table:
    """Count distinct IPv4 addresses and give the mean distance between neighbours in their order.

    That mean is the span over the gaps; null for a single address.
    """
    known = table.filter(table.number.notnull()).select("domain", "number").distinct()
    spans = known.group_by("domain").agg(
        addresses=known.count(), lowest=known.number.min(), highest=known.number.max()
    )
    gaps = spans.addresses - 1
    mean = ibis.ifelse(
        gaps > 0, ((spans.highest - spans.lowest) / gaps).round(6), ibis.null("float64")
    )
    return spans.select("domain", **{count: spans.addresses, distance: mean})
