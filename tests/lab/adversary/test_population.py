"""Networks of a generated internet have true sizes and share nothing."""

import ipaddress
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from unflux.lab.adversary.population import (
    COUNTRIES,
    FIRST_ASN,
    IPV6_SPACE,
    Population,
    build_population,
)


@pytest.fixture(scope="module", params=[1, 2, 3])
def population(request: pytest.FixtureRequest) -> Population:
    return build_population(Random(request.param))


def test_prefixes_do_not_overlap_and_belong_to_nobody(population: Population) -> None:
    networks = [ipaddress.ip_network(prefix) for prefix, *_ in population.route_rows()]
    four = sorted(n for n in networks if isinstance(n, ipaddress.IPv4Network))
    six = sorted(n for n in networks if isinstance(n, ipaddress.IPv6Network))
    assert all(network.is_reserved for network in four)
    assert all(network.subnet_of(IPV6_SPACE) for network in six)
    assert not any(one.overlaps(other) for one, other in pairwise(four))
    assert not any(one.overlaps(other) for one, other in pairwise(six))


def test_as_numbers_and_countries_are_for_private_use(population: Population) -> None:
    for _, asn, holder, country in population.route_rows():
        assert FIRST_ASN <= asn < 4_294_967_295
        assert holder.startswith("Example ")
        assert country in COUNTRIES


def test_the_ten_largest_access_networks_hold_some_two_fifths(population: Population) -> None:
    """Holz et al. 2008: 43.3 %."""
    weights = sorted((h.weight for h in population.of_kind("access")), reverse=True)
    assert 0.3 < sum(weights[:10]) / sum(weights) < 0.6
    sizes = [sum(1 << (32 - bits) for _, bits in h.prefixes) for h in population.of_kind("access")]
    assert max(sizes) > 50 * min(sizes)


def test_drawn_addresses_are_their_holders(population: Population) -> None:
    draws = np.random.default_rng(7)
    numbers = np.array([holder.number for holder in population.holders] * 3)
    addresses = population.addresses(draws, numbers)
    for number, address in zip(numbers.tolist(), addresses, strict=True):
        assert population.holder_of(address).number == number
        assert address.rsplit(".", 1)[1] not in {"0", "255"}


def test_blocks_lie_in_one_slash24_and_regions_in_their_holder(population: Population) -> None:
    rng = Random(7)
    for holder in population.pick(rng, "hosting", 20):
        region = population.region(rng, holder, 2)
        block = population.block(rng, region, 30)
        assert len(set(block)) == 30
        assert len({address.rsplit(".", 1)[0] for address in block}) == 1
        assert population.holder_of(block[0]) == holder
        assert len(region.prefixes) <= 2
