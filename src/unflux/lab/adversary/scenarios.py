"""All scenarios: what each is called, how it is labelled, how many families it has."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from unflux.lab.adversary import (
    flux_classic,
    flux_evading,
    flux_names,
    flux_slow,
    innocent_delivery,
    innocent_homes,
    innocent_hosting,
    innocent_moving,
    innocent_volunteers,
)
from unflux.lab.adversary.scene import Family, Label


@dataclass(frozen=True, slots=True)
class Scenario:
    """A way of being fast flux, or of looking like it."""

    kind: str
    label: Label
    families: int
    """At scale 1: operators or providers of different size and rhythm."""
    add: Callable[[Family], None]


SCENARIOS: Final = (
    Scenario("single-flux", "fastflux", 6, flux_classic.add_single_flux),
    Scenario("double-flux", "fastflux", 6, flux_classic.add_double_flux),
    Scenario("ns-flux", "fastflux", 4, flux_classic.add_ns_flux),
    Scenario("few-addresses", "fastflux", 4, flux_classic.add_few_address_flux),
    Scenario("cdn-mimicry", "fastflux", 3, flux_evading.add_cdn_mimicry),
    Scenario("sorted-pool", "fastflux", 3, flux_evading.add_sorted_pool),
    Scenario("one-asn", "fastflux", 3, flux_evading.add_one_asn),
    Scenario("one-country", "fastflux", 2, flux_evading.add_one_country),
    Scenario("one-slash24", "fastflux", 3, flux_evading.add_one_slash24),
    Scenario("cloud-flux", "fastflux", 3, flux_evading.add_cloud_flux),
    Scenario("long-ttl", "fastflux", 4, flux_evading.add_long_ttl),
    Scenario("decoys", "fastflux", 3, flux_evading.add_decoys),
    Scenario("private-addresses", "fastflux", 3, flux_evading.add_private_addresses),
    Scenario("per-vantage", "fastflux", 3, flux_evading.add_per_vantage),
    Scenario("per-client", "fastflux", 3, flux_evading.add_per_client),
    Scenario("wildcard-once", "fastflux", 3, flux_names.add_wildcards),
    Scenario("generated-names", "fastflux", 3, flux_names.add_generated_names),
    Scenario("sleeper", "fastflux", 3, flux_names.add_sleepers),
    Scenario("ipv6-flux", "fastflux", 4, flux_names.add_ipv6_flux),
    Scenario("small-herd", "fastflux", 3, flux_names.add_small_herd),
    Scenario("slow-hosting", "fastflux", 3, flux_slow.add_slow_hosting),
    Scenario("slow-slash24", "fastflux", 3, flux_slow.add_slow_slash24),
    Scenario("slow-homes", "fastflux", 3, flux_slow.add_slow_homes),
    Scenario("slow-dynamic-dns", "fastflux", 3, flux_slow.add_slow_dynamic),
    Scenario("slow-without-ttl", "fastflux", 3, flux_slow.add_slow_without_ttl),
    Scenario("cdn-cname", "cdn", 6, innocent_delivery.add_cdn_by_cname),
    Scenario("cdn-no-cname", "cdn", 4, innocent_delivery.add_cdn_without_cname),
    Scenario("cdn-anycast", "cdn", 3, innocent_delivery.add_cdn_anycast),
    Scenario("young-popular", "cdn", 4, innocent_delivery.add_young_popular),
    Scenario("front-ends", "cdn", 4, innocent_delivery.add_front_ends),
    Scenario("blog-platform", "benign", 2, innocent_delivery.add_blog_platform),
    Scenario("time-pool", "pool", 8, innocent_volunteers.add_time_pool),
    Scenario("mirrors", "pool", 10, innocent_volunteers.add_mirrors),
    Scenario("chat-network", "pool", 5, innocent_volunteers.add_chat_networks),
    Scenario("peer-seed", "p2p-seed", 8, innocent_volunteers.add_peer_seeds),
    Scenario("proxy-service", "benign", 5, innocent_volunteers.add_proxy_service),
    Scenario("dynamic-dns", "benign", 4, innocent_homes.add_dynamic_dns),
    Scenario("dynamic-dns-outages", "benign", 3, innocent_homes.add_dynamic_dns_outages),
    Scenario("dynamic-dns-moves", "benign", 3, innocent_homes.add_dynamic_dns_moves),
    Scenario("home-ipv6", "benign", 2, innocent_homes.add_home_over_ipv6),
    Scenario("static", "benign", 2, innocent_hosting.add_static_sites),
    Scenario("single-lookup", "benign", 1, innocent_hosting.add_single_lookups),
    Scenario("shared-hosting", "benign", 3, innocent_hosting.add_shared_hosting),
    Scenario("parking", "benign", 3, innocent_hosting.add_parking),
    Scenario("sinkhole", "benign", 2, innocent_hosting.add_sinkhole),
    Scenario("round-robin", "benign", 3, innocent_hosting.add_round_robins),
    Scenario("moving-servers", "benign", 4, innocent_hosting.add_moving_servers),
    Scenario("absent-names", "benign", 2, innocent_hosting.add_absent_names),
    Scenario("disposable-names", "benign", 4, innocent_hosting.add_disposable_names),
    Scenario("autoscaling", "benign", 4, innocent_moving.add_autoscaling),
    Scenario("failover", "benign", 4, innocent_moving.add_failover),
    Scenario("migration", "benign", 4, innocent_moving.add_migrations),
    Scenario("portal", "benign", 6, innocent_moving.add_portals),
    Scenario("large-portal", "benign", 4, innocent_moving.add_large_portals),
    Scenario("anycast", "benign", 2, innocent_moving.add_anycast),
    Scenario("flip-flop", "benign", 3, innocent_moving.add_flip_flops),
    Scenario("bulletproof", "malicious", 3, innocent_hosting.add_bulletproof),
    Scenario("snowshoe", "malicious", 3, innocent_hosting.add_snowshoe),
    Scenario("evicted", "malicious", 3, innocent_hosting.add_evicted),
)
"""Fast flux first, then innocents, then bad names that do not flux."""
