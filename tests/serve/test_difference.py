from hypothesis import given
from hypothesis import strategies as st
from tests.serve.zones import zone

from unflux.serve.difference import compare

NAMES = st.sets(st.sampled_from([f"{c}.example" for c in "abcdefgh"]))


@given(NAMES, NAMES)
def test_a_difference_turns_one_version_into_the_other(old: set[str], new: set[str]) -> None:
    before, after = zone(*sorted(old), serial=1), zone(*sorted(new), serial=2)
    difference = compare(before, after)
    turned = (set(before.records) - set(difference.deleted)) | set(difference.added)
    assert turned == set(after.records)
    assert len(difference.deleted) == 2 * len(old - new)
    assert len(difference.added) == 2 * len(new - old)


def test_a_new_serial_alone_is_a_difference() -> None:
    before, after = zone("a.example", serial=1), zone("a.example", serial=2)
    difference = compare(before, after)
    assert list(difference.sequence()) == [before.soa, after.soa]
    assert difference.octets == len(before.soa) + len(after.soa)
