"""Turn weighed profiles into verdicts: the bounds, the kind, the words."""

from datetime import datetime
from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.judge.address_plane import is_wide
from unflux.judge.bounds import CONVICTION, PRIOR
from unflux.judge.innocent import HOLDS, HYPOTHESES, LISTED_RATIO, REJECTED, UNTESTED
from unflux.judge.piece import Row
from unflux.judge.weighing import PIECES
from unflux.model.odds import probability
from unflux.model.plural import plural
from unflux.model.verdicts import (
    Alternative,
    Counts,
    Evidence,
    Kind,
    Outcome,
    Verdict,
)


def decide(weighed: ir.Table) -> ir.Table:
    """Add ``verdict`` by the bounds of the summed ratio."""
    return weighed.mutate(
        verdict=ibis.cases(
            (weighed.llr >= CONVICTION, "fast-flux"),
            (weighed.llr <= -CONVICTION, "benign"),
            else_="undecided",
        )
    )


def follow_aliases(weighed: ir.Table, aliases: ir.Table, bound: float) -> ir.Table:
    """Let a name that leads into another domain's addresses share that domain's verdict.

    ``aliases``: domain, target, count. Adds ``alias_target`` (where most responses end) and
    ``llr_alias``: what a convicted target says, at most ``bound``; then adds it to ``llr``.
    """
    widest = ibis.window(
        group_by=aliases.domain, order_by=[aliases["count"].desc(), aliases.target.asc()]
    )
    ranked = aliases.mutate(rank=ibis.row_number().over(widest))
    best = ranked.filter(ranked["rank"] == 0).select("domain", alias_target="target")
    targets = weighed.select(target="domain", target_llr="llr", target_tenants="query_domains")
    known = best.left_join(targets, best.alias_target == targets.target).drop("target")
    joined = weighed.left_join(known, "domain").drop("domain_right")
    ratio = ibis.ifelse(
        joined.target_llr >= CONVICTION,
        ibis.least(joined.target_llr - PRIOR, ibis.literal(bound)),
        ibis.null("float64"),
    )
    joined = joined.mutate(llr_alias=ratio)
    return joined.mutate(llr=(joined.llr + joined.llr_alias.fill_null(0.0)).round(6))


def compose_verdict(row: Row, *, network: str | None, network_kind: Kind | None) -> Verdict:
    """Write the verdict of one decided profile; ``network`` where it belongs to a convicted one."""
    outcome: Outcome = row["verdict"]
    return Verdict(
        domain=row["domain"],
        verdict=outcome,
        kind=_kind(row, outcome, network_kind),
        score=round(probability(row["llr"]), 6),
        network=network,
        first_seen=min(_known(row["asked_first_at"], row["first_at"]), default=None),
        last_seen=max(_known(row["asked_last_at"], row["last_at"]), default=None),
        counts=Counts(
            lookups=max(row["responses"], row["lookups"]),
            addresses=row["addresses"],
            slash24=row["slash24"],
            slash16=row["slash16"],
            asns=row["asns"],
            countries=row["countries"],
            ns_hosts=row["ns_hosts"] or 0,
            ns_addresses=row["ns_addresses"] or 0,
        ),
        ttl_min_s=row["ttl_min_s"],
        ttl_max_s=row["ttl_max_s"],
        evidence=_evidence(row),
        alternatives=_alternatives(row),
        missing=_missing(row) if outcome == "undecided" else None,
    )


def _known(*moments: datetime | None) -> list[datetime]:
    return [moment for moment in moments if moment is not None]


def _evidence(row: Row) -> tuple[Evidence, ...]:
    found = [
        Evidence(
            name="prior",
            value=round(probability(PRIOR), 4),
            llr=PRIOR,
            says="Before any record: one name in 150 with answers.",
            source="Infoblox, April 2025: the technique is not common; precision dominates",
        )
    ]
    for piece in PIECES:
        ratio = row[f"llr_{piece.name}"]
        if ratio is not None:
            found.append(
                Evidence(
                    name=piece.name,
                    value=row[f"value_{piece.name}"],
                    llr=ratio,
                    says=piece.says(row),
                    source=piece.source,
                )
            )
    for hypothesis in HYPOTHESES:
        if row[f"alt_{hypothesis.name}"] and hypothesis.ratio:
            found.append(
                Evidence(
                    name=hypothesis.name,
                    value=None,
                    llr=hypothesis.ratio,
                    says=hypothesis.because(row, HOLDS),
                    source=hypothesis.source,
                )
            )
    if row["is_known_pool"] or row["is_known_seed"]:
        found.append(
            Evidence(
                name="listed",
                value=row["domain"],
                llr=LISTED_RATIO,
                says="Client software has this public service built in.",
                source="unflux list of public pools and seeds",
            )
        )
    if row["llr_planes"]:
        found.append(
            Evidence(
                name="planes",
                value=None,
                llr=row["llr_planes"],
                says="Its name servers convict by themselves; a front that stands still does not "
                "speak for them.",
                source="Caglayan et al., CATCH 2009: name servers are judged by a net of their own",
            )
        )
    leads_away = row["alias_target"] is not None and row["addresses"] == 0
    if leads_away or row["llr_alias"] is not None:
        found.append(
            Evidence(
                name="alias",
                value=row["alias_target"],
                llr=row["llr_alias"] or 0.0,
                says=f"Its names lead by CNAME to addresses of {row['alias_target']}.",
                source="RFC 1034 section 3.6.2: the record's owner holds the address",
            )
        )
    head, tail = found[0], found[1:]
    return (head, *sorted(tail, key=lambda e: -abs(e.llr)))


def _alternatives(row: Row) -> tuple[Alternative, ...]:
    alternatives = []
    for hypothesis in HYPOTHESES:
        held = row[f"alt_{hypothesis.name}"]
        outcome = UNTESTED if held is None else HOLDS if held else REJECTED
        alternatives.append(
            Alternative(
                hypothesis=hypothesis.name,
                outcome=outcome,
                because=(
                    "No address of its own was seen."
                    if row["addresses"] == 0
                    else hypothesis.because(row, outcome)
                ),
                is_of_addresses=outcome == HOLDS and hypothesis.is_of_addresses(row),
            )
        )
    return tuple(alternatives)


KIND_COLUMNS: Final = (
    "domain", "llr", "llr_server-rotation", "llr_both-planes", "llr_slow-rotation",
    "llr_succession", "newcomers_per_hour", "host_asns_max", "host_slash16_max",
)  # fmt: skip
"""What :func:`flux_kind` reads of a profile, whose it is, and the sum."""


def flux_kind(row: Row) -> Kind:
    """Name the kind of flux that a profile (of a domain or of a network) shows."""
    rotating_servers = (row["llr_server-rotation"] or 0) >= 1.5
    both = (row["llr_both-planes"] or 0) >= 2.5
    is_slow = (row["llr_slow-rotation"] or 0) > 0 and (row["newcomers_per_hour"] or 0) <= 4
    if is_slow or (row["llr_succession"] or 0) > 0:
        return "slow-flux"
    if rotating_servers or both:
        return "double-flux" if is_wide(row) else "ns-flux"
    return "single-flux"


_BENIGN_KINDS: Final[tuple[Kind, ...]] = (
    "peer-seed", "pool", "sinkhole", "parking", "dynamic-dns", "static", "round-robin", "cdn",
    "multi-provider",
)  # fmt: skip
"""Which explanation names a benign verdict, where several hold."""


def _kind(row: Row, outcome: Outcome, network_kind: Kind | None) -> Kind:
    if outcome == "fast-flux":
        return network_kind or flux_kind(row)
    if row["addresses"] == 0:
        if row["alias_target"] is None:
            return "no-address"
        return "cdn" if (row["target_tenants"] or 0) >= 3 else "alias"
    for kind in _BENIGN_KINDS:
        if row[f"alt_{kind}"]:
            return kind
    return "unknown"


def _missing(row: Row) -> str:
    wants = []
    if row["span_s"] is None:
        wants.append("records with times, to see whether new addresses keep coming")
    elif row["span_s"] < 3600 or row["lookups"] < 3:
        wants.append(
            "lookups over at least an hour, to see whether new addresses keep coming "
            f"(so far {plural(row['lookups'], 'lookup')})"
        )
    if row["asns"] is None or row["unmapped_addresses"] * 2 > row["addresses"]:
        wants.append("the ASNs of its addresses (--asn)")
    if row["ns_addresses"] is None:
        wants.append("its NS records with glue, to see its name-server plane")
    if not wants:
        wants.append("other domains on its addresses, or a check of the hosts themselves")
    return "Would decide it: " + "; ".join(wants) + "."
