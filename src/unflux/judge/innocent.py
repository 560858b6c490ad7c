"""The innocent explanations of a name with many addresses, each tested on its own.

A hypothesis that holds may carry a ratio of its own; none is a veto, because operators sit on the
same providers, choose the same words and park the same names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.judge.address_plane import LED_DOMAINS, is_strewn
from unflux.judge.bounds import CONVICTION
from unflux.judge.motion import is_watched
from unflux.judge.piece import POOL_MIXING, Row, has_looked_enough, is_mapped, known_places
from unflux.judge.provider_lists import MOSTLY, cdn_ratio, is_cdn_zone, is_zone_of_strangers
from unflux.model.opening import OPENING_S
from unflux.model.plural import plural
from unflux.model.verdicts import HypothesisOutcome

HOLDS: Final[HypothesisOutcome] = "holds"
REJECTED: Final[HypothesisOutcome] = "rejected"
UNTESTED: Final[HypothesisOutcome] = "untested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """An innocent explanation: ``holds`` is null where the records do not allow the test."""

    name: str
    source: str
    holds: Callable[[ir.Table], ir.Value]
    ratio: float
    """Log-likelihood ratio contributed where it holds; 0 where other pieces carry it."""
    because: Callable[[Row, HypothesisOutcome], str]
    is_of_addresses: Callable[[Row], bool] = lambda _: False
    """Whether it only says whose the addresses of such a profile are, where it holds."""


def _where(condition: ir.Value, test: ir.Value) -> ir.Value:
    """Return the test where the condition is met, else null: untested."""
    return ibis.ifelse(condition, test, ibis.null("boolean"))


FEW_ADDRESSES: Final = 6
"""The most addresses that parking or a sinkhole answers one name with. Chosen: 2026-11-22."""


def _is_on_cdn(p: ir.Table) -> ir.Value:
    """Tell whether lists say so, of which one look is enough; never null."""
    return is_cdn_zone(p) | (cdn_ratio(p) >= MOSTLY).fill_null(False)


def _serve(p: ir.Table, hosts: ir.Value) -> ir.Value:
    """Tell whether these hosts alone serve the domain, and neither they nor it moved; never null.

    An operator may delegate to such hosts, or name his own so: in a convicted network they are not
    taken at their word.
    """
    stands = (p.newcomers == 0) & (p.ns_host_late_slash16_max.fill_null(0) == 0)
    is_all = ((hosts > 0) & (hosts == p.ns_hosts)).fill_null(False)
    return is_all & stands & ~_is_in_convicted_network(p)


def _is_in_convicted_network(p: ir.Table) -> ir.Value:
    return p.network_llr.fill_null(0.0) >= CONVICTION


def _listed(row: Row, use: str) -> str:
    listed = row[f"{use}_addresses"]
    return f"Listed as {use}: {listed:,} of its {plural(row['addresses'], 'address', 'addresses')}."


def _places(row: Row) -> str:
    """Write the number that :func:`known_places` compares."""
    reachable = row["addresses"] - row["special_use_addresses"]
    if row["asns"] is not None and row["unmapped_addresses"] * 2 <= reachable:
        return plural(row["asns"], "ASN")
    return plural(row["slash16"], "/16", "/16")


def _static(row: Row, outcome: HypothesisOutcome) -> str:
    if outcome == HOLDS:
        return f"{plural(row['addresses'], 'address', 'addresses')} and no more."
    return f"{plural(row['host_addresses_max'], 'address', 'addresses')} under one name."


def _round_robin(row: Row, outcome: HypothesisOutcome) -> str:
    if outcome == UNTESTED and row["addresses"] == 1:
        return "One address is no set."
    if outcome == UNTESTED:
        return "Fewer than three lookups over an hour: whether the set is closed is not known."
    if outcome == HOLDS:
        return "The same addresses come in every cycle."
    return f"{plural(row['newcomers'], 'new address', 'new addresses')} came."


def _cdn(row: Row, outcome: HypothesisOutcome) -> str:
    if outcome == UNTESTED:
        return "One address, none that is reachable, or too few lookups."
    places = _places(row)
    if outcome == HOLDS and row["query_domains"] >= 3:
        return f"{row['query_domains']:,} domains lead there by CNAME; {places}."
    if outcome == HOLDS and "cdn" in (row["zone_use"], row["suffix_use"]):
        return f"A CDN's zone, listed; {places}."
    if outcome == HOLDS and row["cdn_addresses"]:
        return (
            f"{row['cdn_addresses']:,} of its {row['addresses']:,} addresses lie in listed ranges "
            f"of CDNs ({row['provider']}); {places}."
        )
    if outcome == HOLDS:
        return f"All addresses lie in {places}."
    return f"{places} of unrelated holders, and few domains lead there."


def _is_cdn_customer(row: Row) -> bool:
    """Tell whether a domain sits on a CDN and is none: no listed zone, and few lead there."""
    reachable = row["addresses"] - row["special_use_addresses"]
    is_zone = "cdn" in (row["zone_use"], row["suffix_use"])
    is_led_to = row["query_domains"] >= LED_DOMAINS
    return row["cdn_addresses"] >= MOSTLY * reachable > 0 and not is_zone and not is_led_to


def _multi_provider(row: Row, outcome: HypothesisOutcome) -> str:
    if outcome == UNTESTED:
        return "One name only, or too few of the ASNs known."
    return (
        f"{plural(row['hosts'], 'name')} of the domain; one name has at most "
        f"{plural(row['host_asns_max'] or 0, 'ASN')}, and an address serves "
        f"{row['mixing'] or 1:.1f} names."
    )


def _dynamic(row: Row, outcome: HypothesisOutcome) -> str:
    if outcome == UNTESTED:
        return "It never had another address, too few lookups, or too few of the ASNs are known."
    if outcome == HOLDS and row["zone_use"] == "dynamic-dns":
        return f"A listed zone of {plural(row['hosts'], 'name')}, each of which has one place."
    return (
        f"{'One' if row['set_addresses_max'] == 1 else 'Several'} at a time, "
        f"{plural(row['addresses'], 'address', 'addresses')} in {plural(row['asns'] or 0, 'ASN')}."
    )


def _parking(row: Row, outcome: HypothesisOutcome) -> str:
    if outcome == UNTESTED:
        return "No address was seen."
    if row["parking_addresses"]:
        return _listed(row, "parking")
    if row["ns_parking_hosts"]:
        return f"Parking serves its zone, on {plural(row['addresses'], 'address', 'addresses')}."
    return (
        f"Every address serves {plural(row['tenants_min'], 'domain')} or more, "
        f"on {plural(row['addresses'], 'address', 'addresses')}."
    )


def _sinkhole(row: Row, outcome: HypothesisOutcome) -> str:
    if outcome == UNTESTED:
        return "No address was seen."
    if row["sinkhole_addresses"]:
        return _listed(row, "sinkhole")
    if row["ns_sinkhole_hosts"]:
        return (
            "Its name servers say sinkhole or are listed as one; "
            f"{plural(row['newcomers'], 'newcomer')} came."
        )
    return "Neither its addresses nor its name servers are listed as a sinkhole."


def _shared_hosting(row: Row, outcome: HypothesisOutcome) -> str:
    if outcome == UNTESTED:
        return "No address was seen."
    return (
        f"Its {plural(row['addresses'], 'address', 'addresses')} serve "
        f"{plural(row['tenants_min'], 'domain')} or more each; "
        f"{plural(row['newcomers'], 'newcomer')} came."
    )


def _anycast(row: Row, outcome: HypothesisOutcome) -> str:
    if outcome == UNTESTED:
        return "No address was seen, or too few of the ASNs are known."
    return (
        f"{plural(row['slash24'], '/24', '/24')} in {plural(row['asns'] or 0, 'ASN')}; "
        f"{plural(row['newcomers'], 'newcomer')} came."
    )


def _resolver_farm(row: Row, outcome: HypothesisOutcome) -> str:
    if outcome == UNTESTED:
        return "The answers did not differ, at no known times, or for a few minutes only."
    return (
        f"{plural(row['answer_sets'], 'set')} of answers took turns, and "
        f"{plural(row['newcomers'], 'address', 'addresses')} came to them after the start."
    )


def _pool(row: Row, outcome: HypothesisOutcome) -> str:
    if row["is_known_pool"]:
        return "A public pool that client software has built in (listed; evidence, never a veto)."
    if outcome == UNTESTED:
        return "One address is no pool."
    if outcome == HOLDS:
        return "Its names say pool, NTP or mirror; an operator could choose such a name too."
    return "Neither listed nor named as a pool."


def _seed(row: Row, outcome: HypothesisOutcome) -> str:
    if row["is_known_seed"]:
        return "A peer-to-peer seed that client software has built in (listed; never a veto)."
    if outcome == UNTESTED:
        return "One address is no seeder's answer."
    if outcome == HOLDS:
        return "Its names say seed; an operator could choose such a name too."
    return "Neither listed nor named as a peer-to-peer seed."


HYPOTHESES = (
    Hypothesis(
        name="static",
        source="one or two addresses (IPv4 and IPv6) is what most names have",
        holds=lambda p: _where(p.addresses > 0, (p.addresses <= 2) & (p.slash16 <= 2)),
        ratio=0.0,
        because=_static,
    ),
    Hypothesis(
        name="round-robin",
        source="Holz et al., NDSS 2008: a fixed set closes after one cycle",
        holds=lambda p: _where((p.addresses > 1) & is_watched(p), p.newcomers == 0),
        ratio=0.0,
        because=_round_robin,
    ),
    Hypothesis(
        name="cdn",
        source="Holz et al., NDSS 2008, section 3: a provider chooses where its machines are, an "
        "operator of bots cannot; RFC 1034 section 3.6.2: names lead there by CNAME",
        holds=lambda p: _where(
            (p.addresses > 1) & (p.slash16 > 0) & (has_looked_enough(p) | _is_on_cdn(p)),
            ((known_places(p) <= 2) & ~p.is_slow_in_one_rack)
            | ((p.query_domains >= LED_DOMAINS) & (p.names == 0) & ~is_strewn(p))
            | _is_on_cdn(p),
        ),
        ratio=-1.0,
        because=_cdn,
        is_of_addresses=_is_cdn_customer,
    ),
    Hypothesis(
        name="multi-provider",
        source="portals and GSLB: many names, each in few places, no common pool",
        holds=lambda p: _where(
            (p.hosts > 1) & is_mapped(p),
            (p.asns > 2) & (p.host_asns_max <= 3) & (p.mixing < POOL_MIXING),
        ),
        ratio=-1.0,
        because=_multi_provider,
    ),
    Hypothesis(
        name="dynamic-dns",
        source="RIPE Labs: dynamic addresses change every 24 h or multiples, within one ISP",
        holds=lambda p: _where(
            (p.newcomers > 0) & is_mapped(p) & (has_looked_enough(p) | is_zone_of_strangers(p)),
            ((p.set_addresses_max == 1) & (p.asns == 1) & ~p.is_slow_in_one_rack)
            | is_zone_of_strangers(p),
        ),
        ratio=-1.0,
        because=_dynamic,
    ),
    Hypothesis(
        name="parking",
        source="Nazario and Holz, MALWARE 2008: 392 domains on one address was parking",
        holds=lambda p: _where(
            p.addresses > 0,
            (p.addresses <= FEW_ADDRESSES)
            & (
                # What a convicted network shares is its pool.
                ((p.tenants_min >= 10) & ~_is_in_convicted_network(p))
                | (p.parking_addresses == p.addresses)
                | _serve(p, p.ns_parking_hosts)
            ),
        ),
        ratio=-1.0,
        because=_parking,
    ),
    Hypothesis(
        name="sinkhole",
        source="Alowaisheq et al., Cracking the Wall of Confinement, NDSS 2019: taken-down names "
        "share few name servers and addresses",
        holds=lambda p: _where(
            p.addresses > 0,
            (p.addresses <= FEW_ADDRESSES)
            & (
                (p.sinkhole_addresses == p.addresses)
                | _serve(p, p.ns_sinkhole_hosts)
            ),
        ),
        ratio=-1.0,
        because=_sinkhole,
    ),
    Hypothesis(
        name="shared-hosting",
        source="Perdisci et al., ACSAC 2009: domains per address tell hosting from flux only "
        "together with growth",
        holds=lambda p: _where(
            p.addresses > 0, (p.tenants_min >= 3) & (p.addresses <= 4) & (p.newcomers == 0)
        ),
        ratio=0.0,
        because=_shared_hosting,
    ),
    Hypothesis(
        name="anycast",
        source="RFC 4786: one prefix that many sites announce",
        holds=lambda p: _where(
            (p.addresses > 0) & is_mapped(p), (p.asns == 1) & (p.slash24 <= 2) & (p.newcomers == 0)
        ),
        ratio=0.0,
        because=_anycast,
    ),
    Hypothesis(
        name="resolver-farm",
        source="2009 records re-measured: glue flips 402 times of 430 between the caches of a farm",
        holds=lambda p: _where(
            (p.addresses > 1) & (p.answer_sets > 1) & (p.span_s > OPENING_S), p.newcomers == 0
        ),
        ratio=0.0,
        because=_resolver_farm,
    ),
    Hypothesis(
        name="pool",
        source="public pools: GeoDNS gives some of thousands of volunteers",
        holds=lambda p: _where(p.addresses > 1, p.is_known_pool | (p.pool_names > 0)),
        ratio=-3.5,
        because=_pool,
    ),
    Hypothesis(
        name="peer-seed",
        source="BOLT 10 and Bitcoin seeders: up to 25 random nodes an answer",
        holds=lambda p: _where(p.addresses > 1, p.is_known_seed | (p.seed_names > 0)),
        ratio=-3.5,
        because=_seed,
    ),
)  # fmt: skip

LISTED_RATIO = -4.0
"""What being on the list of built-in pools and seeds adds to the hypothesis. Chosen: 2026-11-22;
with it a listed pool that brings strangers stays below the conviction bound."""
