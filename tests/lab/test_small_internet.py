"""The embedded example holds what it promises, read back by other eyes than ours."""

import csv
import hashlib
import io
import ipaddress
import itertools
import re
import statistics
import struct
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from publicsuffixlist import PublicSuffixList

from unflux.lab.address_plan import ALLOWED_IPV4, ALLOWED_IPV6, PRIVATE_ASNS
from unflux.lab.exchange import Exchange
from unflux.lab.small_internet import SPAN_US, SmallInternet, build_small_internet
from unflux.lab.zones import RRset

START_US = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp()) * 1_000_000
DAY_US = 86_400_000_000


@pytest.fixture(scope="module")
def internet() -> SmallInternet:
    return build_small_internet()


@pytest.fixture(scope="module")
def capture(internet: SmallInternet, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("capture") / "small.pcap"
    internet.write_capture(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def routes(internet: SmallInternet, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("routes") / "routes.csv"
    internet.write_routes(path)
    return path.read_text(encoding="utf-8")


# --- a reader of captures that shares nothing with the writer


def internet_sum(octets: bytes) -> int:
    if len(octets) % 2:
        octets += b"\0"
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def read_frames(capture: bytes) -> Iterator[tuple[int, bytes]]:
    magic, major, _, _, _, _, link_type = struct.unpack_from("<IHHiIII", capture)
    assert (magic, major, link_type) == (0xA1B2C3D4, 2, 1)
    place = 24
    while place < len(capture):
        seconds, micros, size, whole_size = struct.unpack_from("<IIII", capture, place)
        assert size == whole_size
        yield seconds * 1_000_000 + micros, capture[place + 16 : place + 16 + size]
        place += 16 + size


def read_segment(frame: bytes) -> tuple[str, str, int, bytes]:
    """Return source, target, protocol and transport segment, all checksums proven."""
    packet = frame[14:]
    if frame[12:14] == b"\x08\x00":
        assert packet[0] == 0x45 and internet_sum(packet[:20]) == 0xFFFF
        assert int.from_bytes(packet[2:4], "big") == len(packet)
        protocol, addresses, segment = packet[9], packet[12:20], packet[20:]
        source: object = ipaddress.IPv4Address(addresses[:4])
        target: object = ipaddress.IPv4Address(addresses[4:])
    else:
        assert frame[12:14] == b"\x86\xdd" and packet[0] == 0x60
        assert int.from_bytes(packet[4:6], "big") == len(packet) - 40
        protocol, addresses, segment = packet[6], packet[8:40], packet[40:]
        source = ipaddress.IPv6Address(addresses[:16])
        target = ipaddress.IPv6Address(addresses[16:])
    pseudo = addresses + struct.pack("!HH", protocol, len(segment))
    assert internet_sum(pseudo + segment) == 0xFFFF
    return str(source), str(target), protocol, segment


class Stream:
    """One direction of a TCP connection."""

    def __init__(self, sequence: int) -> None:
        self.expected = (sequence + 1) % 2**32
        self.octets = b""

    def take(self, sequence: int, payload: bytes) -> bytes | None:
        assert sequence == self.expected
        self.expected = (sequence + len(payload)) % 2**32
        self.octets += payload
        size = 2 + int.from_bytes(self.octets[:2], "big")
        if len(self.octets) < size:
            return None
        whole, self.octets = self.octets[2:size], self.octets[size:]
        return whole


Flow = tuple[str, int, str, int]


def read_messages(capture: bytes) -> Iterator[tuple[int, Flow, bytes, bool]]:
    """Yield moment, flow, DNS message and whether it came over TCP."""
    streams: dict[Flow, Stream] = {}
    for moment_us, frame in read_frames(capture):
        source, target, protocol, segment = read_segment(frame)
        source_port, target_port = struct.unpack_from("!HH", segment)
        flow = (source, source_port, target, target_port)
        if protocol == 17:
            yield moment_us, flow, segment[8:], False
            continue
        sequence, flags = int.from_bytes(segment[4:8], "big"), segment[13]
        payload = segment[(segment[12] >> 4) * 4 :]
        if flags & 0x02:
            streams[flow] = Stream(sequence)
        elif payload:
            whole = streams[flow].take(sequence, payload)
            if whole is not None:
                yield moment_us, flow, whole, True


def said(rrsets: Iterable[RRset]) -> list[tuple[str, str, int, str]]:
    return [(r.owner, r.rrtype, r.ttl_s, rdata) for r in rrsets for rdata in r.rdatas]


def decoded(section: Iterable[object]) -> list[tuple[str, str, int, str]]:
    rows = []
    for rrset in section:
        assert isinstance(rrset, dns.rrset.RRset)
        for rdata in rrset:
            text = " ".join(part.removesuffix(".") for part in rdata.to_text().split())
            owner = rrset.name.to_text(omit_final_dot=True)
            rows.append((owner, dns.rdatatype.to_text(rrset.rdtype), rrset.ttl, text))
    return rows


# --- the capture


@pytest.mark.slow
def test_same_seed_same_bytes(internet: SmallInternet, capture: bytes, tmp_path: Path) -> None:
    again = build_small_internet()
    again.write_capture(tmp_path / "again.pcap")
    octets = (tmp_path / "again.pcap").read_bytes()
    assert hashlib.sha256(octets).digest() == hashlib.sha256(capture).digest()
    assert again.truth == internet.truth


def test_another_seed_or_start_gives_another_internet(internet: SmallInternet) -> None:
    other = build_small_internet(7, datetime(2026, 6, 5, 13, 30, tzinfo=UTC))
    assert set(other.truth) != set(internet.truth)
    start_us = int(datetime(2026, 6, 5, 13, 30, tzinfo=UTC).timestamp()) * 1_000_000
    assert all(start_us <= e.want.asked_us < start_us + SPAN_US for e in other.exchanges)
    assert Counter(other.truth.values()).keys() == Counter(internet.truth.values()).keys()


def test_a_start_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        build_small_internet(start_at=datetime(2026, 3, 2))  # noqa: DTZ001


@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.slow), 11])
def test_the_capture_reads_back_as_intended(
    internet: SmallInternet, capture: bytes, step: int
) -> None:
    """dnspython, as the oracle, finds every question and every reply, and nothing else.

    It decodes every ``step``-th message; what is not decoded is compared byte by byte.
    """
    queries: list[tuple[int, Flow, bytes, bool]] = []
    replies: dict[tuple[Flow, int], tuple[bytes, bool]] = {}
    for moment_us, flow, wire, is_tcp in read_messages(capture):
        if wire[2] & 0x80:
            assert (flow, moment_us) not in replies
            replies[flow, moment_us] = wire, is_tcp
        else:
            queries.append((moment_us, flow, wire, is_tcp))
    assert len(queries) == len(replies) == len(internet.exchanges)
    queries.sort(key=lambda query: query[0])
    for number, (exchange, asked) in enumerate(zip(internet.exchanges, queries, strict=True)):
        client, is_tcp = exchange.want.client, exchange.want.client.is_over_tcp
        there = (client.address, exchange.client_port, client.resolver, 53)
        back = (client.resolver, 53, client.address, exchange.client_port)
        assert asked == (exchange.want.asked_us, there, exchange.query, is_tcp)
        wire, over_tcp = replies[back, exchange.reply.answered_us]
        assert (wire, over_tcp) == (exchange.reply_wire, is_tcp)
        if number % step == 0:
            check_decoded(exchange)


def check_decoded(exchange: Exchange) -> None:
    want, reply = exchange.want, exchange.reply
    query = dns.message.from_wire(exchange.query)
    message = dns.message.from_wire(exchange.reply_wire)
    assert query.is_response(message)
    assert query.flags == dns.flags.RD
    assert message.flags == dns.flags.QR | dns.flags.RD | dns.flags.RA | message.rcode()
    assert message.question[0].name == dns.name.from_text(want.qname)
    assert dns.rdatatype.to_text(message.question[0].rdtype) == want.qtype
    assert dns.rcode.to_text(message.rcode()) == reply.rcode
    assert query.edns == message.edns == (0 if want.client.has_edns else -1)
    assert decoded(message.answer) == said(reply.answer)
    assert decoded(message.authority) == said(reply.authority)
    assert decoded(message.additional) == said(reply.additional)


def test_frames_come_in_order_of_time(capture: bytes) -> None:
    moments = [moment_us for moment_us, _ in read_frames(capture)]
    assert moments == sorted(moments)


def test_the_capture_shows_every_transport(internet: SmallInternet, capture: bytes) -> None:
    seen = Counter((":" in flow[0], is_tcp) for _, flow, _, is_tcp in read_messages(capture))
    assert all(seen[kind] > 100 for kind in ((False, False), (True, False), (False, True)))
    assert 10_000 <= len(internet.exchanges) <= 16_000
    rcodes = Counter(exchange.reply.rcode for exchange in internet.exchanges)
    assert set(rcodes) == {"NOERROR", "NXDOMAIN", "SERVFAIL"}
    compressed = [e for e in internet.exchanges if e.reply.authority and b"\xc0" in e.reply_wire]
    assert len(compressed) > 5_000


# --- nothing real is named


def test_all_addresses_are_reserved(internet: SmallInternet, capture: bytes) -> None:
    addresses = {address for _, flow, _, _ in read_messages(capture) for address in flow[0:3:2]}
    for _, rrtype, _, rdata in _all_records(internet):
        if rrtype in ("A", "AAAA"):
            addresses.add(rdata)
    for text in addresses:
        address = ipaddress.ip_address(text)
        if isinstance(address, ipaddress.IPv6Address):
            assert address in ALLOWED_IPV6
        else:
            assert any(address in network for network in ALLOWED_IPV4), text


def test_all_names_are_reserved(internet: SmallInternet) -> None:
    names = {exchange.want.qname for exchange in internet.exchanges}
    for owner, rrtype, _, rdata in _all_records(internet):
        names.add(owner)
        if rrtype in ("CNAME", "NS"):
            names.add(rdata)
        elif rrtype == "SOA":
            names.update(rdata.split()[:2])
    assert {name.rsplit(".", 1)[-1] for name in names} == {"example", "test", "invalid"}
    label = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
    assert all(label.fullmatch(part) for name in names for part in name.split("."))


def test_routes_cover_every_answer_once(internet: SmallInternet, routes: str) -> None:
    rows = list(csv.DictReader(io.StringIO(routes)))
    assert list(rows[0]) == ["prefix", "asn", "name", "country"]
    networks = [ipaddress.ip_network(row["prefix"]) for row in rows]
    for family in (4, 6):
        ordered = [network for network in networks if network.version == family]
        assert all(
            int(before.broadcast_address) < int(after.network_address)
            for before, after in itertools.pairwise(ordered)
        )
    assert all(any(int(row["asn"]) in asns for asns in PRIVATE_ASNS) for row in rows)
    assert all(re.fullmatch(r"X[A-Z]", row["country"]) for row in rows)
    assert all(row["name"].startswith("Example ") for row in rows)
    known = {network.network_address for network in networks}
    for text in {rdata for _, rrtype, _, rdata in _all_records(internet) if rrtype == "A"}:
        assert ipaddress.ip_network(f"{text}/16", strict=False).network_address in known
    for text in {rdata for _, rrtype, _, rdata in _all_records(internet) if rrtype == "AAAA"}:
        assert ipaddress.ip_network(f"{text}/40", strict=False).network_address in known


def test_access_networks_look_like_access_networks(internet: SmallInternet) -> None:
    access = internet.plan.of_kind("access")
    assert len(access) >= 60
    sizes = sorted((len(network.prefixes) for network in access), reverse=True)
    assert sizes[9] >= 5 and sizes[-1] >= 2
    space = [prefix for network in access for prefix in network.prefixes]
    assert len(space) == len(set(space)) == 256 + 2


# --- the truth


def test_truth_covers_every_domain_asked(internet: SmallInternet) -> None:
    suffixes = PublicSuffixList()
    asked = {suffixes.privatesuffix(exchange.want.qname) for exchange in internet.exchanges}
    assert asked == set(internet.truth)
    kinds = Counter(internet.truth.values())
    assert {kind: kinds[kind] for kind in kinds if kind[0] == "fast-flux"} == {
        ("fast-flux", "double-flux"): 25,
        ("fast-flux", "single-flux"): 3,
        ("fast-flux", "slow-flux"): 1,
    }
    assert {kind for verdict, kind in kinds if verdict == "benign"} == {
        "cdn",
        "pool",
        "peer-seed",
        "round-robin",
        "dynamic-dns",
        "parking",
        "sinkhole",
        "static",
        "multi-provider",
        "unknown",
    }
    assert kinds["benign", "parking"] == 60
    assert kinds["benign", "static"] >= 240


# --- time to live


def test_ttls_count_down_as_in_a_cache(internet: SmallInternet) -> None:
    """A remaining TTL always points back to a moment when the same records came fresh.

    The northern resolver has one cache, so there what is cached may also not change before it
    expires; the southern one is a farm.
    """
    full = _full_ttls(internet)
    expiries: dict[tuple[object, ...], set[int]] = defaultdict(set)
    live: dict[tuple[str, str], tuple[int, frozenset[str]]] = {}
    counted_down = 0
    for exchange in sorted(internet.exchanges, key=lambda e: e.reply.answered_us):
        vantage, now_us = exchange.want.client.vantage, exchange.reply.answered_us
        for rrset in exchange.reply.answer:
            key, rdatas = (rrset.owner, rrset.rrtype), frozenset(rrset.rdatas)
            expires_s = round(now_us / 1_000_000 + rrset.ttl_s)
            known = expiries[vantage, key, rdatas]
            if rrset.ttl_s == full[key]:
                known.add(expires_s)
            else:
                counted_down += 1
                assert known & {expires_s - 1, expires_s, expires_s + 1}, (key, rrset.ttl_s)
            if vantage == "north":
                before_s, before = live.get(key, (0, rdatas))
                assert before == rdatas or now_us / 1_000_000 >= before_s - 1, key
                live[key] = (expires_s, rdatas)
    assert counted_down > 2_000


def test_flux_records_have_the_intended_ttls(internet: SmallInternet) -> None:
    full = _full_ttls(internet)
    ttls = {
        kind: {full[owner, "A"] for owner in _asked_names(internet, kind)}
        for kind in ("double-flux", "single-flux", "slow-flux", "pool", "peer-seed")
    }
    assert ttls == {
        "double-flux": {180},
        "single-flux": {300},
        "slow-flux": {3600},
        "pool": {150},
        "peer-seed": {60},
    }
    authority = [r for e in _of_kind(internet, "double-flux") for r in e.reply.authority]
    glue = [r for e in _of_kind(internet, "double-flux") for r in e.reply.additional]
    assert max(r.ttl_s for r in authority) == 21_600
    assert 172_800 - 21_600 <= min(r.ttl_s for r in glue) <= max(r.ttl_s for r in glue) == 172_800


# --- populations


def test_double_flux_has_the_measured_shape(internet: SmallInternet) -> None:
    asn_of = _asns(internet)
    exchanges = _of_kind(internet, "double-flux")
    for day in range(3):
        agents = _addresses(
            e for e in exchanges if day <= (e.want.asked_us - START_US) / DAY_US < day + 1
        )
        assert 120 <= len(agents) <= 160
        assert 50 <= len({asn_of(agent) for agent in agents}) <= 70
    assert {len(r.rdatas) for e in exchanges for r in e.reply.answer} == {8}
    name_servers = {host for e in exchanges for r in e.reply.authority for host in r.rdatas}
    assert len(name_servers) == 8
    assert len({host.split(".", 1)[1] for host in name_servers}) == 2
    glue = {a for e in exchanges for r in e.reply.additional for a in r.rdatas}
    assert len(glue) > 60
    assert len(glue & _addresses(exchanges)) > 0.6 * len(glue)
    failed = sum(e.reply.rcode == "SERVFAIL" for e in exchanges)
    assert 0.01 < failed / len(exchanges) < 0.08
    bursts = [_span_us(es) for es in _by_domain(exchanges).values()]
    assert sum(span < 16 * 60_000_000 for span in bursts) >= 8
    assert sum(span > 2.8 * DAY_US for span in bursts) >= 5


def test_double_flux_rotates_in_step(internet: SmallInternet) -> None:
    """All domains have the same set at the same moment; seven of eight are new in the next."""
    exchanges = [e for e in _of_kind(internet, "double-flux") if e.reply.answer]
    fresh = [e for e in exchanges if e.reply.answer[0].ttl_s == 180]
    sets: list[frozenset[str]] = []
    changed_us: list[int] = []
    for exchange in sorted(fresh, key=lambda e: e.want.asked_us):
        current = frozenset(exchange.reply.answer[0].rdatas)
        if not sets or sets[-1] != current:
            sets.append(current)
            changed_us.append(exchange.want.asked_us)
    # Were names not in step, sets would come back and there would be far more changes than this.
    assert len(sets) == len(set(sets))
    carried = [len(before & after) for before, after in itertools.pairwise(sets)]
    assert statistics.median(carried) <= 2
    steps_min = [(b - a) / 60_000_000 for a, b in itertools.pairwise(changed_us)]
    assert 6 <= statistics.median(steps_min) <= 15


def test_single_flux_agents_and_stable_name_servers(internet: SmallInternet) -> None:
    asn_of = _asns(internet)
    exchanges = _of_kind(internet, "single-flux")
    agents = _addresses(exchanges)
    assert 350 <= len(agents) <= 450
    assert 35 <= len({asn_of(agent) for agent in agents}) <= 45
    assert {len(r.rdatas) for e in exchanges for r in e.reply.answer} == {5}
    glue = {a for e in exchanges for r in e.reply.additional for a in r.rdatas}
    assert len(glue) == 3  # two hosts, one of them over IPv6 too
    assert len({r.rdatas for e in exchanges for r in e.reply.authority}) == 1


def test_slow_flux_changes_in_working_hours_only(internet: SmallInternet) -> None:
    asn_of = _asns(internet)
    exchanges = _of_kind(internet, "slow-flux")
    assert {len(r.rdatas) for e in exchanges for r in e.reply.answer} == {1}
    addresses = _addresses(exchanges)
    assert 16 <= len(addresses) <= 24
    assert 10 <= len({asn_of(address) for address in addresses}) <= 18
    first_us: dict[str, int] = {}
    for exchange in exchanges:
        first_us.setdefault(exchange.reply.answer[0].rdatas[0], exchange.want.asked_us)
    arrivals = [moment for moment in first_us.values() if moment > START_US + 3_600_000_000]
    # An hour of cache and a quarter to ask lie between the change and the sight of it.
    assert all(7 <= moment % DAY_US / 3_600_000_000 <= 19.5 for moment in arrivals)


def test_innocents_look_as_guilty_as_intended(internet: SmallInternet) -> None:
    asn_of = _asns(internet)
    pool = _addresses(_of_kind(internet, "pool"))
    assert len(pool) > 450 and len({asn_of(a) for a in pool}) > 70
    seed = _of_kind(internet, "peer-seed")
    assert {len(r.rdatas) for e in seed for r in e.reply.answer} == {25}
    assert len(_addresses(seed)) > 500
    assert len(_addresses(_of_kind(internet, "cdn"))) > 300
    for exchanges in _by_domain(_of_kind(internet, "cdn")).values():
        assert any(e.reply.answer and e.reply.answer[0].rrtype == "CNAME" for e in exchanges)
        assert len({asn_of(a) for a in _addresses(exchanges)}) <= 6
    for exchanges in _by_domain(_of_kind(internet, "dynamic-dns")).values():
        assert 3 <= len(_addresses(exchanges)) <= 4
        assert len({asn_of(a) for a in _addresses(exchanges)}) == 1
    assert len(_addresses(_of_kind(internet, "parking"))) == 2
    assert len(_addresses(_of_kind(internet, "sinkhole"))) == 1
    orders = {
        e.reply.answer[0].rdatas
        for e in _of_kind(internet, "round-robin")
        if e.reply.answer and len(e.reply.answer[0].rdatas) == 6
    }
    assert len({frozenset(order) for order in orders}) <= 2 < len(orders)
    portal = _of_kind(internet, "multi-provider")
    assert len({r.owner.split(".", 1)[-1] for e in portal for r in e.reply.answer}) >= 3


def test_static_sites_hardly_move(internet: SmallInternet) -> None:
    counts = Counter(
        len(_addresses(es)) for es in _by_domain(_of_kind(internet, "static")).values()
    )
    assert set(counts) == {1, 2} and counts[2] == 1  # the one that migrates
    nodata = [
        e
        for e in internet.exchanges
        if e.reply.rcode == "NOERROR" and e.want.qtype == "AAAA" and not e.reply.answer
    ]
    assert len(nodata) > 300
    assert all(r.rrtype == "SOA" for e in nodata for r in e.reply.authority)
    assert any(r.rrtype == "AAAA" for e in internet.exchanges for r in e.reply.answer)


# --- questions the tests ask of the exchanges


def _all_records(internet: SmallInternet) -> Iterator[tuple[str, str, int, str]]:
    for exchange in internet.exchanges:
        reply = exchange.reply
        yield from said((*reply.answer, *reply.authority, *reply.additional))


def _domain(exchange: Exchange) -> str:
    return ".".join(exchange.want.qname.split(".")[-2:])


def _of_kind(internet: SmallInternet, kind: str) -> list[Exchange]:
    return [e for e in internet.exchanges if internet.truth[_domain(e)][1] == kind]


def _by_domain(exchanges: Iterable[Exchange]) -> dict[str, list[Exchange]]:
    grouped = defaultdict(list)
    for exchange in exchanges:
        grouped[_domain(exchange)].append(exchange)
    return grouped


def _addresses(exchanges: Iterable[Exchange]) -> set[str]:
    return {
        rdata for e in exchanges for r in e.reply.answer if r.rrtype == "A" for rdata in r.rdatas
    }


def _asked_names(internet: SmallInternet, kind: str) -> set[str]:
    return {e.want.qname for e in _of_kind(internet, kind) if e.reply.answer}


def _full_ttls(internet: SmallInternet) -> dict[tuple[str, str], int]:
    full: dict[tuple[str, str], int] = {}
    for owner, rrtype, ttl_s, _ in _all_records(internet):
        full[owner, rrtype] = max(ttl_s, full.get((owner, rrtype), 0))
    return full


def _span_us(exchanges: list[Exchange]) -> int:
    moments = [e.want.asked_us for e in exchanges]
    return max(moments) - min(moments)


def _asns(internet: SmallInternet) -> Callable[[str], int]:
    slash16s = {
        str(prefix.network_address).rsplit(".", 2)[0]: network.asn
        for network in internet.plan.networks
        for prefix in network.prefixes
    }
    return lambda address: slash16s[address.rsplit(".", 2)[0]]
