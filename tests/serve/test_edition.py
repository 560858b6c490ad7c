import itertools

from tests.serve.zones import large_zone, zone

from unflux.serve.difference import Difference, compare
from unflux.serve.edition import MAX_DIFFERENCES, MESSAGE_OCTETS, Edition, pack


def test_records_are_packed_in_order_and_none_is_lost() -> None:
    records = [bytes([i % 256]) * (1 + i % 300) for i in range(3000)]
    bodies = list(pack(records))
    assert b"".join(body.octets for body in bodies) == b"".join(records)
    assert sum(body.records for body in bodies) == len(records)
    assert all(len(body.octets) <= MESSAGE_OCTETS for body in bodies)
    assert all(len(body.octets) > MESSAGE_OCTETS - 300 for body in bodies[:-1])
    assert list(pack([])) == []


def test_the_whole_zone_stands_between_its_soa() -> None:
    served = Edition(zone=zone("a.example"))
    (body,) = served.whole
    assert body.records == 5
    assert body.octets.startswith(served.zone.soa)
    assert body.octets.endswith(served.zone.soa)


def chain(count: int) -> list[Difference]:
    versions = [zone("a.example", serial=serial) for serial in range(1, count + 2)]
    return [compare(*pair) for pair in itertools.pairwise(versions)]


def test_only_the_newest_differences_are_kept() -> None:
    served = Edition.of(zone("a.example", serial=201), chain(200))
    assert len(served.differences) == MAX_DIFFERENCES
    assert served.differences[-1].after == 201
    assert served.since(200 - MAX_DIFFERENCES) is None
    assert served.since(201 - MAX_DIFFERENCES) is not None


def test_what_is_longer_than_the_zone_is_not_kept() -> None:
    """The whole zone says the same in less."""
    versions = [large_zone(2_000, 1), large_zone(2_000, 2, 1_900), large_zone(2_000, 3, 1_901)]
    differences = [compare(*pair) for pair in itertools.pairwise(versions)]
    assert differences[0].octets > MESSAGE_OCTETS > versions[2].octets
    assert Edition.of(versions[2], differences).differences == (differences[1],)
    assert Edition.of(versions[1], differences[:1]).differences == ()
