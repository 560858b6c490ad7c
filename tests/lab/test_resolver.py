"""The resolver caches as the RFCs say."""

from random import Random

from unflux.lab.resolver import Resolver
from unflux.lab.zones import Delegation, FixedRecords, RRset, Timeline, TimelineRecords, Zone

SECOND_US = 1_000_000
START_US = 1_772_409_600 * SECOND_US


def changing(ttl_s: int, change_s: int) -> TimelineRecords:
    """Return an address that is replaced after ``change_s`` seconds."""
    starts = (START_US, START_US + change_s * SECOND_US)
    return TimelineRecords(ttl_s, Timeline(starts, (("10.0.0.1",), ("10.0.0.2",))))


def make_resolver(zone: Zone, *others: Zone, is_cyclic: bool = False) -> Resolver:
    zones = {each.apex: each for each in (zone, *others)}
    return Resolver("north", zones, Random(1), is_cyclic=is_cyclic)


def delegation(ns_ttl_s: int = 600, change_s: int = 100) -> Delegation:
    glue = {"ns1.host.example": {"A": changing(172_800, change_s)}}
    return Delegation(hosts=("ns1.host.example",), ns_ttl_s=ns_ttl_s, glue=glue)


def at(seconds: float) -> int:
    return START_US + int(seconds * SECOND_US)


def test_a_cached_answer_ages_and_is_fetched_anew_when_it_expires() -> None:
    host = {"A": changing(60, 30)}
    resolver = make_resolver(
        Zone(apex="a.example", delegation=delegation(), hosts={"a.example": host})
    )
    told = [resolver.resolve("a.example", "A", at(s)).answer[0] for s in (0, 40, 59, 70)]
    assert [rrset.rdatas for rrset in told] == [("10.0.0.1",)] * 3 + [("10.0.0.2",)]
    assert told[0].ttl_s == 60 == told[3].ttl_s
    assert 20 <= told[1].ttl_s <= 21 and 1 <= told[2].ttl_s <= 2


def test_a_new_referral_replaces_glue_that_has_not_expired() -> None:
    host = {"A": FixedRecords(60, ("10.1.1.1",))}
    zone = Zone(apex="a.example", delegation=delegation(), hosts={"a.example": host})
    resolver = make_resolver(zone)
    early, later, last = (resolver.resolve("a.example", "A", at(s)) for s in (0, 200, 700))
    assert early.additional[0].rdatas == later.additional[0].rdatas == ("10.0.0.1",)
    assert 172_800 - 201 <= later.additional[0].ttl_s <= 172_800 - 199
    assert 399 <= later.authority[0].ttl_s <= 401
    assert last.additional[0] == RRset("ns1.host.example", "A", 172_800, ("10.0.0.2",))
    assert last.authority[0].ttl_s == 600


def test_a_minimal_cache_says_no_more_than_asked() -> None:
    host = {"A": FixedRecords(60, ("10.1.1.1",))}
    zone = Zone(apex="a.example", delegation=delegation(), hosts={"a.example": host})
    resolver = Resolver("south", {zone.apex: zone}, Random(1), cache_count=1, minimal_count=1)
    reply = resolver.resolve("a.example", "A", at(0))
    assert (reply.authority, reply.additional) == ((), ())
    denied = resolver.resolve("a.example", "AAAA", at(0))
    assert denied.authority[0].rrtype == "SOA"


def test_a_chain_is_followed_and_each_link_cached_on_its_own() -> None:
    customer = Zone(
        apex="shop.example",
        delegation=delegation(),
        hosts={"www.shop.example": {"CNAME": FixedRecords(300, ("e1.edge.example",))}},
    )
    edge = Zone(
        apex="edge.example",
        delegation=delegation(),
        hosts={"e1.edge.example": {"A": changing(20, 30)}},
    )
    resolver = make_resolver(customer, edge)
    resolver.resolve("www.shop.example", "A", at(0))
    alias, target = resolver.resolve("www.shop.example", "A", at(40)).answer
    assert alias.rrtype == "CNAME" and 260 <= alias.ttl_s <= 261
    assert target == RRset("e1.edge.example", "A", 20, ("10.0.0.2",))


def test_absence_is_cached_with_the_soa_record() -> None:
    host = {"A": FixedRecords(60, ("10.1.1.1",))}
    zone = Zone(
        apex="a.example", delegation=delegation(), hosts={"a.example": host}, negative_ttl_s=120
    )
    resolver = make_resolver(zone)
    for qname, qtype, rcode in (
        ("b.a.example", "A", "NXDOMAIN"),
        ("a.example", "AAAA", "NOERROR"),
    ):
        fresh, cached = (resolver.resolve(qname, qtype, at(s)) for s in (0, 100))
        assert (fresh.rcode, fresh.answer) == (cached.rcode, cached.answer) == (rcode, ())
        assert (fresh.authority[0].rrtype, fresh.authority[0].ttl_s) == ("SOA", 120)
        assert 20 <= cached.authority[0].ttl_s <= 21


def test_a_cname_loop_and_a_dead_zone_fail() -> None:
    loop = Zone(
        apex="a.example",
        delegation=delegation(),
        hosts={"a.example": {"CNAME": FixedRecords(60, ("a.example",))}},
    )
    dead = Zone(apex="b.example", delegation=delegation(), failure_ratio=1.0)
    resolver = make_resolver(loop, dead)
    for qname in ("a.example", "b.example"):
        reply = resolver.resolve(qname, "A", at(0))
        assert (reply.rcode, reply.answer, reply.authority) == ("SERVFAIL", (), ())


def test_cyclic_order_turns_and_keeps_the_set() -> None:
    host = {"A": FixedRecords(600, ("10.1.1.1", "10.1.1.2", "10.1.1.3"))}
    zone = Zone(apex="a.example", delegation=delegation(), hosts={"a.example": host})
    resolver = make_resolver(zone, is_cyclic=True)
    firsts = [resolver.resolve("a.example", "A", at(s)).answer[0].rdatas[0] for s in range(4)]
    assert firsts == ["10.1.1.1", "10.1.1.2", "10.1.1.3", "10.1.1.1"]


def test_a_question_during_a_fetch_waits_for_it() -> None:
    host = {"A": FixedRecords(60, ("10.1.1.1",))}
    zone = Zone(apex="a.example", delegation=delegation(), hosts={"a.example": host}, delay_ms=5000)
    resolver = make_resolver(zone)
    first = resolver.resolve("a.example", "A", at(0))
    second = resolver.resolve("a.example", "A", at(0.001))
    assert second.answer[0].ttl_s == 60
    assert second.answered_us > first.answered_us - 2_000


def test_glue_that_others_brought_is_older_and_stays_until_it_expires() -> None:
    moved = Timeline((at(-100_000), at(-1)), (("10.0.0.1",), ("10.0.0.2",)))
    glue = {"ns1.host.example": {"A": TimelineRecords(172_800, moved)}}
    servers = Delegation(hosts=tuple(glue), ns_ttl_s=60, glue=glue)
    host = {"A": FixedRecords(60, ("10.1.1.1",))}
    zone = Zone(apex="a.example", delegation=servers, hosts={"a.example": host})
    resolver = Resolver("north", {zone.apex: zone}, Random(1), cache_count=8, glue_age_s=75_600)
    told = [resolver.resolve("a.example", "A", at(s)).additional[0] for s in range(0, 4000, 70)]
    # Caches that know the host for longer than since it moved keep the old address.
    assert {rrset.rdatas for rrset in told} == {("10.0.0.1",)}
    assert min(rrset.ttl_s for rrset in told) < 172_800 - 36_000
    assert all(rrset.ttl_s >= 172_800 - 75_600 - 4001 for rrset in told)
    late = resolver.resolve("a.example", "A", at(180_000)).additional[0]
    assert late.rdatas == ("10.0.0.2",) and late.ttl_s > 172_700


def test_what_others_asked_before_has_less_time_left() -> None:
    host = {"A": changing(3600, 0)}
    hosts = {f"{number}.a.example": host for number in range(200)}
    zone = Zone(apex="a.example", delegation=delegation(), hosts=hosts, warm_ratio=0.5)
    resolver = make_resolver(zone)
    told = [resolver.resolve(name, "A", at(1800)).answer[0] for name in hosts]
    fresh = sum(rrset.ttl_s == 3600 for rrset in told)
    assert 70 <= fresh <= 130
    assert {rrset.rdatas[0] for rrset in told if rrset.ttl_s > 1801} == {"10.0.0.2"}
    assert {rrset.rdatas[0] for rrset in told if rrset.ttl_s < 1798} == {"10.0.0.1"}


def test_a_set_that_is_empty_for_a_while_is_an_absence() -> None:
    records = TimelineRecords(60, Timeline((START_US, at(100)), (("10.0.0.1",), ())))
    zone = Zone(apex="a.example", delegation=delegation(), hosts={"a.example": {"A": records}})
    resolver = make_resolver(zone)
    assert resolver.resolve("a.example", "A", at(0)).answer[0].rdatas == ("10.0.0.1",)
    gone = resolver.resolve("a.example", "A", at(120))
    assert (gone.rcode, gone.answer) == ("NOERROR", ())
