"""Perdisci's method beyond its filters: clusters of domains that share addresses, and a tree."""

from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.judge.baselines.baseline import Doc, Inputs, count_distinct, per_domain
from unflux.judge.baselines.perdisci import accept_answers, accepted_addresses, filtered_days

GAMMA: Final = 3.0
"""Few shared addresses say little: similarity is damped below so many."""
CUT: Final = 0.6
"""Height at which the dendrogram is cut: domains at most so far apart are one cluster."""
ENOUGH_ADDRESSES: Final = 10
"""Clusters of fewer addresses are not judged."""

MOST_SHARERS: Final = 1000
"""Domains of a day that may share an address which joins them. Chosen: 2026-11-24; pairs grow with
its square, and parking or a CDN edge beyond it would join no flux network."""

# FluxBuster's shipped tree, a J48 trained on 1,020 fast-flux and 2,040 other clusters.
LITTLE_GROWTH: Final = 0.122
TINY_TTL_S: Final = 30.18
FULL_GROWTH: Final = 0.9685
MANY_DOMAINS_TINY_TTL: Final = 24
LITTLE_ENTROPY: Final = 0.4118
MANY_DOMAINS_LITTLE_ENTROPY: Final = 1220
MANY_DOMAINS: Final = 108
MUCH_GROWTH: Final = 0.708
FEW_DOMAINS: Final = 32
LONG_TTL_S: Final = 234.8


class PerdisciClusters:
    """The score is on how many days the domain's cluster was held to be a flux network."""

    NAME = "perdisci-clusters"
    DOC = Doc(
        summary="In a cluster of domains that FluxBuster's decision tree takes for a flux network",
        references=(
            "Perdisci, Corona, Dagon, Lee: Detecting Malicious Flux Service Networks through "
            "Passive Analysis of Recursive DNS Traces, ACSAC 2009",
            "Perdisci, Corona, Giacinto: Early Detection of Malicious Flux Networks via "
            "Large-Scale Passive DNS Traffic Analysis, IEEE TDSC 9, 2012 (FluxBuster and the tree "
            "it comes with)",
        ),
        limitations=(
            "The filters before it have the limitations of perdisci.",
            "The paper's own tree is not printed. FluxBuster's is used, decoded from its file; it "
            "asks for growth, TTL, entropy of /16 and domains only, so that missing probes and "
            "reverse names do not matter. Two of its lesser leaves were not decoded: what is not "
            "said to be benign at its end is taken for flux.",
            "The tree's domains per network are of nine days; here they are those of the cluster.",
            "The distance of two domains is one less their similarity. Clusters are made day by "
            "day; an address of more than 1,000 domains a day joins none.",
            "Where the TTL is unknown, the cluster counts as one of a long TTL.",
        ),
    )

    def weigh(self, inputs: Inputs) -> ir.Table:
        """Return domain, score and flagged; a domain that no filter passed has score 0."""
        nodes = _candidates(inputs)
        joined = nodes.left_join(inputs.clusters, "node").drop("node_right")
        joined = joined.mutate(cluster=ibis.coalesce(joined.cluster, joined.node))
        clusters = _measure_clusters(joined, _addresses(inputs))
        flux = clusters.filter(
            (clusters.addresses >= ENOUGH_ADDRESSES) & _is_flux(clusters).fill_null(False)
        )
        convicted = joined.semi_join(flux, "cluster")
        days = convicted.group_by("domain").agg(days=convicted.count())
        graded = per_domain(inputs, days)
        score = graded.days.fill_null(0).cast("float64")
        return graded.select("domain", score=score, flagged=score > 0)


def similar_days(inputs: Inputs) -> ir.Table:
    """Return the pairs (left, right) of candidates of one day that are near enough to be joined.

    A node is a domain on a day. Similarity: Jaccard's of the address sets, times
    ``1 / (1 + exp(gamma - size of the smaller set))``. ``clusters`` is not read.
    """
    rows = _addresses(inputs)
    sizes = rows.group_by("node").agg(size=rows.count())
    sharers = rows.group_by(["day", "address"]).agg(sharers=rows.count())
    joining = rows.semi_join(
        sharers.filter((sharers.sharers > 1) & (sharers.sharers <= MOST_SHARERS)),
        ["day", "address"],
    ).select("node", "day", "address")
    others = joining.view()
    met = joining.inner_join(
        others,
        [
            joining.day == others.day,
            joining.address == others.address,
            joining.node < others.node,
        ],
    ).select(left=joining.node, right=others.node)
    pairs = met.group_by(["left", "right"]).agg(common=met.count())
    pairs = pairs.inner_join(sizes.select(left="node", left_size="size"), "left")
    pairs = pairs.inner_join(sizes.select(right="node", right_size="size"), "right")
    smaller = ibis.least(pairs.left_size, pairs.right_size)
    jaccard = pairs.common / (pairs.left_size + pairs.right_size - pairs.common)
    similarity = jaccard / (1 + (GAMMA - smaller.cast("float64")).exp())
    near = pairs.mutate(similarity=similarity.round(9))
    return near.filter(near.similarity >= round(1 - CUT, 9)).select("left", "right")


def _candidates(inputs: Inputs) -> ir.Table:
    days = filtered_days(inputs)
    days = days.filter(days.rules >= 1)
    return days.mutate(node=_node(days))


def _node(table: ir.Table) -> ir.StringValue:
    return table.domain + " " + table.day.cast("string")


def _addresses(inputs: Inputs) -> ir.Table:
    """Return the addresses of each candidate: node, day, address, slash16."""
    rows = accepted_addresses(inputs.answers, accept_answers(inputs.answer_sets))
    rows = rows.mutate(node=_node(rows)).select("node", "day", "address", "slash16").distinct()
    return rows.semi_join(_candidates(inputs), "node")


def _measure_clusters(members: ir.Table, addresses: ir.Table) -> ir.Table:
    """Measure each cluster: addresses, domains, growth, ttl_s, entropy.

    ``growth``: mean over domains of addresses over queries; ``ttl_s``: mean over domains;
    ``entropy``: of the addresses over /16, in bits over those of as many /16 as addresses.
    """
    own = members.mutate(
        ratio=members.addresses / members.queries, ttl=members.ttl_s.cast("float64")
    )
    means = own.group_by("cluster").agg(
        domains=own.count(), growth=own.ratio.mean().round(9), ttl_s=own.ttl.mean().round(9)
    )
    held = addresses.inner_join(members.select("node", "cluster"), "node")
    held = held.select("cluster", "address", "slash16").distinct()
    sizes = count_distinct(held, "address", "addresses", ("cluster",))
    places = held.group_by(["cluster", "slash16"]).agg(here=held.count())
    spread = places.inner_join(sizes, "cluster")
    part = spread.here / spread.addresses
    spread = spread.mutate(bits=-part * part.log2())
    entropies = spread.group_by("cluster").agg(bits=spread.bits.sum())
    clusters = means.inner_join(sizes, "cluster").inner_join(entropies, "cluster")
    whole = ibis.greatest(clusters.addresses, 2).cast("float64").log2()
    return clusters.mutate(entropy=(clusters.bits / whole).round(9))


def _is_flux(clusters: ir.Table) -> ir.BooleanValue:
    """Walk the tree from its root."""
    c = clusters
    tiny_ttl = (c.ttl_s <= TINY_TTL_S).fill_null(False)
    with_tiny_ttl = (c.growth > FULL_GROWTH) & (c.domains > MANY_DOMAINS_TINY_TTL)
    in_one_place = c.domains > MANY_DOMAINS_LITTLE_ENTROPY
    small = (c.domains <= FEW_DOMAINS) & (c.ttl_s > LONG_TTL_S).fill_null(True)
    spread = (c.domains > MANY_DOMAINS) | (c.growth > MUCH_GROWTH) | ~small
    with_ttl = ibis.ifelse(c.entropy <= LITTLE_ENTROPY, in_one_place, spread)
    return (c.growth > LITTLE_GROWTH) & ibis.ifelse(tiny_ttl, with_tiny_ttl, with_ttl)
