"""Each scenario has the property that its name claims, in the records themselves."""

import ipaddress
from collections import Counter
from itertools import pairwise

import pytest
from tests.lab.adversary.conftest import Answer, Internet

from unflux.lab.adversary.asking import VANTAGES
from unflux.lab.adversary.scene import DYNAMIC_SUFFIXES, Scene
from unflux.lab.zones import apex_of

SLOW = ("slow-hosting", "slow-slash24", "slow-homes", "slow-dynamic-dns", "slow-without-ttl")
HOUR_US = 3_600_000_000
DAY_S = 86_400


def all_addresses(answers: list[Answer]) -> set[str]:
    return {address for answer in answers for address in answer.addresses}


def slash24s(addresses: set[str]) -> set[str]:
    return {address.rsplit(".", 1)[0] for address in addresses}


def server_addresses(answers: list[Answer]) -> set[str]:
    return {d for a in answers for _, t, d, _, s in a.rows if s == "add" and t == "A"}


def changes(answers: list[Answer]) -> list[tuple[float, float]]:
    """Return between which moments the one address was seen to change."""
    return [
        (one.at_s, other.at_s)
        for one, other in pairwise(answers)
        if set(one.addresses) != set(other.addresses)
    ]


def pooled(internet: Internet, kind: str) -> set[str]:
    return {a for answers in internet.of(kind).values() for a in all_addresses(answers)}


def ever_told(scene: Scene, domain: str) -> set[str]:
    """Return every address that a name's zone ever gives."""
    records = scene.zones[apex_of(domain)].hosts[domain]["A"]
    return {address for answer in records.timeline.values for address in answer}  # type: ignore[attr-defined]


# --- flux


@pytest.mark.parametrize(
    "kind", ["single-flux", "double-flux", "wildcard-once", "decoys", "cloud-flux", "per-client"]
)
def test_classic_flux_brings_strangers_of_many_networks(internet: Internet, kind: str) -> None:
    addresses = pooled(internet, kind)
    assert len(addresses) >= 15
    assert len(internet.asns(addresses)) >= 5


def test_double_flux_hosts_serve_both_planes(internet: Internet) -> None:
    domains = internet.of("double-flux")
    servers = {a for answers in domains.values() for a in server_addresses(answers)}
    assert len(servers) >= 4 and len(internet.asns(servers)) >= 3
    glue = [
        ttl for answers in domains.values() for a in answers for _, t, _, ttl, s in a.rows
        if s == "add" and t == "A"
    ]  # fmt: skip
    assert all(27 * 3600 - 2 * DAY_S <= ttl <= 2 * DAY_S for ttl in glue if ttl is not None)
    assert max(ttl for ttl in glue if ttl is not None) > 27 * 3600


def test_ns_flux_moves_name_servers_only(internet: Internet) -> None:
    for answers in internet.of("ns-flux").values():
        assert len(slash24s(all_addresses(answers))) == 1
        assert len(server_addresses(answers)) >= 6
        assert len(internet.asns(server_addresses(answers))) >= 3


def test_few_addresses_are_few_and_new_in_each_answer(internet: Internet) -> None:
    for answers in internet.of("few-addresses").values():
        assert all(len(answer.addresses) <= 4 for answer in answers)
        assert all(ttl is not None and ttl <= 5 for answer in answers for ttl in answer.ttls)
        assert len(all_addresses(answers)) > 0.6 * len({a.at_s // 1 for a in answers})


def test_cdn_mimicry_leads_into_a_zone_of_the_operators_own(internet: Internet) -> None:
    led = 0
    for domain, answers in internet.of("cdn-mimicry").items():
        for answer in answers:
            owners = {owner for owner, t, _, _, s in answer.rows if s == "ans" and t == "A"}
            led += bool(owners)
            assert not any(owner.endswith(domain) for owner in owners)
            for owner in owners:
                truth = internet.generated.truth[owner.split(".", 2)[2]]
                assert (truth.label, truth.kind) == ("fastflux", "cdn-mimicry")
            assert all(ttl is not None and ttl <= 60 for ttl in answer.ttls)
    assert led


def test_one_asn_is_one_asn(internet: Internet) -> None:
    addresses = pooled(internet, "one-asn")
    assert len(addresses) >= 10 and len(internet.asns(addresses)) == 1


def test_one_country_holds_most_agents(internet: Internet) -> None:
    places = [internet.place(address) for address in pooled(internet, "one-country")]
    countries = Counter(place[1] for place in places if place)
    assert len(places) >= 10
    assert countries.most_common(1)[0][1] > 0.6 * len(places)


@pytest.mark.parametrize("kind", ["one-slash24", "slow-slash24"])
def test_one_slash24_is_one_slash24(internet: Internet, kind: str) -> None:
    for answers in internet.of(kind).values():
        addresses = all_addresses(answers)
        assert len(addresses) >= 4 and len(slash24s(addresses)) == 1


def test_sorted_pools_answer_with_neighbours(scene: Scene) -> None:
    for domain, truth in scene.truth.items():
        if truth.kind == "sorted-pool":
            records = scene.zones[domain].hosts[domain]["A"]
            start_us = scene.asking.start_us
            answers = [records.at(start_us + n * HOUR_US // 6, "one") for n in range(100)]
            numbers = [[int(ipaddress.ip_address(a)) for a in answer] for answer in answers]
            assert all(answer == sorted(answer) for answer in numbers)
            assert len({number for answer in numbers for number in answer}) > 20


def test_long_ttl_is_long_and_rotates_still(internet: Internet) -> None:
    for answers in internet.of("long-ttl").values():
        assert max(ttl for a in answers for ttl in a.ttls if ttl is not None) > 3000
        assert answers[-1].at_s - answers[0].at_s > 3 * DAY_S
        assert len(internet.asns(all_addresses(answers))) >= 5


def test_decoys_are_of_content_networks(internet: Internet) -> None:
    kinds = {holder.asn: holder.kind for holder in internet.generated.population.holders}
    held = Counter(kinds[asn] for a in pooled(internet, "decoys") for asn in internet.asns({a}))
    assert held["content"] >= 3 and held["access"] >= 10


def test_private_addresses_are_among_the_answers(internet: Internet) -> None:
    addresses = pooled(internet, "private-addresses")
    private = {a for a in addresses if a.startswith(("10.", "192.168."))}
    assert 3 <= len(private) < len(addresses)


def test_vantages_are_told_different_agents(scene: Scene) -> None:
    for kind in ("per-vantage", "cdn-no-cname"):
        domains = [d for d, t in scene.truth.items() if t.kind == kind and d in scene.zones]
        told = [
            {v: set(scene.zones[d].hosts[d]["A"].at(scene.asking.start_us, v)) for v in VANTAGES}
            for d in domains
            if scene.zones[d].hosts
        ]
        assert told
        for sets in told:
            shared = [sets[one] & sets[other] for one, other in pairwise(VANTAGES)]
            assert sum(not both for both in shared) >= 4


def test_wildcard_names_are_asked_once(internet: Internet) -> None:
    for answers in internet.of("wildcard-once").values():
        assert max(Counter(answer.query for answer in answers).values()) == 1
        assert len(answers) >= 5


def test_generated_names_have_few_lookups_and_one_pool(internet: Internet, scene: Scene) -> None:
    domains = internet.of("generated-names")
    assert all(len(answers) <= 4 for answers in domains.values())
    assert len(domains) >= 2
    assert len({id(scene.zones[domain].hosts[domain]["A"]) for domain in domains}) == 1


def test_sleepers_stay_for_days_and_then_flux(internet: Internet) -> None:
    for answers in internet.of("sleeper").values():
        first = set(answers[0].addresses)
        wakes = next(n for n, answer in enumerate(answers) if set(answer.addresses) != first)
        assert answers[wakes].at_s - answers[0].at_s > 2 * DAY_S
        assert len(first) == 1
        assert len(internet.asns(all_addresses(answers[wakes:]))) >= 5


def test_ipv6_flux_spreads_over_networks(internet: Internet) -> None:
    six = {a for a in pooled(internet, "ipv6-flux") if ":" in a}
    slash64s = {int(ipaddress.ip_address(a)) >> 64 for a in six}
    assert len(slash64s) > 0.9 * len(six) >= 10
    assert len(internet.asns(six)) >= 5


@pytest.mark.parametrize("kind", SLOW)
def test_slow_flux_has_one_address_by_day_and_is_quiet_at_night(
    internet: Internet, kind: str
) -> None:
    for answers in internet.of(kind).values():
        assert all(len(answer.addresses) == 1 for answer in answers)
        seen = changes(answers)
        days = (answers[-1].at_s - answers[0].at_s) / DAY_S
        assert len(seen) >= 2 * days
        # A change is seen up to two hours and a TTL late: take the middle.
        hours = Counter(int((one + other) / 2 / 3600) % 24 for one, other in seen)
        quietest = min(sum(hours[(start + n) % 24] for n in range(9)) for start in range(24))
        assert quietest <= 0.05 * len(seen)


def test_slow_flux_sits_at_dynamic_dns_or_has_no_ttl(internet: Internet) -> None:
    assert all(d.endswith(DYNAMIC_SUFFIXES) for d in internet.of("slow-dynamic-dns"))
    for answers in internet.of("slow-without-ttl").values():
        assert {ttl for answer in answers for ttl in answer.ttls} == {None}


# --- innocents


def test_cdn_customers_lead_into_the_providers_zone(internet: Internet) -> None:
    domains = internet.of("cdn-cname")
    owners = {
        owner for domain, answers in domains.items() for a in answers if a.query == f"www.{domain}"
        for owner, t, _, _, s in a.rows if s == "ans" and t == "A"
    }  # fmt: skip
    assert owners
    for owner in owners:
        assert internet.generated.truth[".".join(owner.rsplit(".", 2)[1:])].kind == "cdn-cname"


def test_a_cdn_saturates_for_each_vantage(scene: Scene) -> None:
    for domain, truth in scene.truth.items():
        if truth.kind == "cdn-no-cname" and domain in scene.zones and scene.zones[domain].hosts:
            records = scene.zones[domain].hosts[domain]["A"]
            moments = range(
                scene.asking.start_us, scene.asking.start_us + 24 * HOUR_US, HOUR_US // 6
            )
            for vantage in VANTAGES:
                assert 1 <= len({a for m in moments for a in records.at(m, vantage)}) <= 40


def test_anycast_apexes_are_the_same_everywhere(internet: Internet) -> None:
    for answers in internet.of("cdn-anycast").values():
        four = {a for a in all_addresses(answers) if ":" not in a}
        assert len(four) == 2 and len(internet.asns(four)) == 1


def test_peer_seeds_give_many_strangers(internet: Internet) -> None:
    for answers in internet.of("peer-seed").values():
        assert all(len(answer.addresses) >= 11 for answer in answers)
        assert len(internet.asns(set(answers[0].addresses))) >= 6


def test_time_pools_are_wide(internet: Internet) -> None:
    assert len(internet.asns(pooled(internet, "time-pool"))) >= 20


@pytest.mark.parametrize("kind", ["dynamic-dns", "home-ipv6"])
def test_homes_stay_with_one_holder_and_change_daily_at_most(internet: Internet, kind: str) -> None:
    for answers in internet.of(kind).values():
        for family in (".", ":"):
            mine = [a for a in answers if family in a.addresses[0]]
            if not mine:
                continue
            assert all(len(answer.addresses) == 1 for answer in mine)
            assert len(internet.asns(all_addresses(mine))) == 1
            days = (mine[-1].at_s - mine[0].at_s) / DAY_S
            assert len(changes(mine)) <= 1.4 * days + 2


def test_moving_homes_change_their_holder_once_or_twice(internet: Internet, scene: Scene) -> None:
    for domain in internet.of("dynamic-dns-moves"):
        assert 2 <= len(internet.asns(ever_told(scene, domain))) <= 3


def test_parking_and_sinkholes_put_many_names_on_few_addresses(internet: Internet) -> None:
    for kind in ("parking", "sinkhole", "shared-hosting"):
        assert len(pooled(internet, kind)) <= 6


def test_migrations_move_once(internet: Internet) -> None:
    for answers in internet.of("migration").values():
        places = [min(slash24s(set(answer.addresses))) for answer in answers]
        # The caches of a farm forget at different moments, so order alone may waver.
        assert len(set(places)) <= 2


def test_failover_comes_back(internet: Internet, scene: Scene) -> None:
    for domain, answers in internet.of("failover").items():
        assert len(all_addresses(answers)) <= 3
        timeline = scene.zones[domain].hosts[domain]["A"].timeline  # type: ignore[attr-defined]
        assert timeline.values[::2] == (timeline.values[0],) * len(timeline.values[::2])
        assert len(timeline.values) >= 3


def test_flip_flops_come_and_go_and_bring_nothing_new(internet: Internet, scene: Scene) -> None:
    for domain, answers in internet.of("flip-flop").items():
        assert len(slash24s(all_addresses(answers))) <= 3
        timeline = scene.zones[domain].hosts[domain]["A"].timeline  # type: ignore[attr-defined]
        assert len(set(timeline.values)) <= 3 < len(timeline.values)


def test_autoscaling_changes_inside_one_or_two_networks(internet: Internet) -> None:
    for answers in internet.of("autoscaling").values():
        assert len(all_addresses(answers)) >= 8
        assert len(internet.asns(all_addresses(answers))) <= 2


def test_front_ends_bring_hundreds_of_addresses_of_few_networks(internet: Internet) -> None:
    for answers in internet.of("front-ends").values():
        assert len(all_addresses(answers)) >= 200
        assert len(internet.asns(all_addresses(answers))) <= 3


def test_absent_names_are_denied(internet: Internet) -> None:
    domains = [d for d, t in internet.generated.truth.items() if t.kind == "absent-names"]
    answers = [answer for domain in domains for answer in internet.answers[domain]]
    denied = [answer for answer in answers if answer.rcode == "NXDOMAIN"]
    assert len(denied) > 0.7 * len(answers) > 5
    assert all(not answer.rows for answer in denied)


def test_single_lookups_are_single(internet: Internet) -> None:
    assert all(len(answers) == 1 for answers in internet.of("single-lookup").values())


def test_young_names_are_unknown_before_they_are_popular(internet: Internet) -> None:
    first = min(a.at_s for answers in internet.answers.values() for a in answers)
    for answers in internet.of("young-popular").values():
        assert answers[0].at_s > first + 4 * DAY_S
        assert len(answers) >= 150


def test_bad_names_that_do_not_flux_stay(internet: Internet) -> None:
    for kind in ("bulletproof", "snowshoe"):
        for answers in internet.of(kind).values():
            assert len(all_addresses(answers)) <= 3
    for answers in internet.of("evicted").values():
        days = (answers[-1].at_s - answers[0].at_s) / DAY_S
        # Two hours between questions, and a farm may waver for a TTL around each move.
        assert len(all_addresses(answers)) <= days / 2 + 2


def test_moving_servers_move_within_few_networks(internet: Internet) -> None:
    for answers in internet.of("moving-servers").values():
        assert len(slash24s(all_addresses(answers))) == 1
        assert 1 <= len(internet.asns(server_addresses(answers))) <= 3
    servers = {a for one in internet.of("moving-servers").values() for a in server_addresses(one)}
    assert len(servers) >= 3
