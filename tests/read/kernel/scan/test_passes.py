"""Names, addresses, numbers and moments: compiled and interpreted code agree."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unflux.model.addresses import canonical_address
from unflux.model.names import normalise_name
from unflux.read.kernel.scan.layout import OTHER
from unflux.read.moments import parse_moment
from unflux.read.passes import read_moments, read_whole_numbers
from unflux.read.presentation import parse_ttl
from unflux.read.spans import Spans


def spans_of(*texts: str) -> Spans:
    octets = "".join(texts).encode()
    ends = np.cumsum([len(text.encode()) for text in texts], dtype=np.int32)
    starts = np.append(np.int32(0), ends)[:-1]
    return Spans(np.frombuffer(octets + b"\n", dtype=np.uint8), starts, ends)


def text(alphabet: str) -> st.SearchStrategy[str]:
    return st.text(alphabet, max_size=48)


@given(text("aZ9-_.") | st.builds(".".join, st.lists(text("aB-"), max_size=9)))
def test_plain_names(name: str) -> None:
    names, is_plain = spans_of("x", name, "y").plain_names()
    assert names[0].as_py() == "x"
    assert names[2].as_py() == "y"
    if is_plain[1]:
        assert names[1].as_py() == normalise_name(name)
    else:
        assert normalise_name(name) in {None, "."}


@given(text("0123456789.") | text("0123456789abcdefABCDEF:.") | text("01:f")
       | st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str)
       | st.ip_addresses(v=6).map(lambda address: address.exploded))  # fmt: skip
def test_addresses(address: str) -> None:
    texts, family = spans_of(address).addresses()
    if family[0]:
        assert texts[0].as_py() == canonical_address(address)
        assert family[0] == (6 if ":" in address else 4)


@given(st.ip_addresses())
def test_usual_addresses_are_taken(address: object) -> None:
    _, family = spans_of(str(address)).addresses()
    assert family[0] or "ffff:" in str(address)


@given(text("0123456789.") | text("0123456789.eE+-x_ "))
def test_whole_numbers(number: str) -> None:
    spans = spans_of(number)
    found = read_whole_numbers(spans.octets, spans.starts, spans.ends)[0]
    if OTHER < found < 2**31:
        assert found == parse_ttl(number)


@given(
    text("0123456789.")
    | st.floats(0, 5e9).map(str)
    | st.builds("{:.6f}".format, st.floats(0, 5e9))
    | st.builds("{:.3f}".format, st.floats(1e10, 5e12))
    | st.builds("{:.0f}".format, st.floats(1e10, 5e18))
    | st.builds(
        "{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}{}{}".format,
        st.integers(1969, 2101), st.integers(0, 13), st.integers(0, 32), st.sampled_from("T t-"),
        st.integers(0, 25), st.integers(0, 61), st.integers(0, 61),
        st.sampled_from(["", ".5", ".123456", ".1234567", ".", ",5"]),
        st.sampled_from(["", "Z", "+0000", "-0130", "+01:30", "+25:00", "+01", " UTC", "z"]),
    )
)  # fmt: skip
def test_moments(moment: str) -> None:
    spans = spans_of(moment)
    found = read_moments(spans.octets, spans.starts, spans.ends)[0]
    if found != OTHER:
        assert found == parse_moment(moment)


@given(st.lists(st.sampled_from(["", "a", "b", "ab", "abcdefgh", "abcdefgi", "abcdefghij"])))
def test_distinct(texts: list[str]) -> None:
    distinct, codes = spans_of(*texts).distinct()
    values = distinct.texts().to_pylist()
    assert [values[code] for code in codes] == texts
    assert values == list(dict.fromkeys(texts))
