"""Parts of a record as text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unflux.model.names import normalise_name
from unflux.read.presentation import (
    BAD_ADDRESS,
    BAD_NAME,
    BAD_TTL,
    BAD_TYPE,
    make_record,
    parse_rcode,
    parse_rdata,
    parse_ttl,
    parse_type,
    unescape_octets,
)
from unflux.read.source import Drops


@pytest.mark.parametrize(
    ("text", "mnemonic"),
    [("a", "A"), ("28", "AAAA"), ("TYPE65280", "TYPE65280"), ("type1", "A"), ("*", "ANY"),
     ("HTTPS", "HTTPS"), ("99999", None), ("", None), ("A A", None), ("NOSUCHTYPE", None),
     ("\u0661", None)],
)  # fmt: skip
def test_parse_type(text: str, mnemonic: str | None) -> None:
    assert parse_type(text) == mnemonic


@pytest.mark.parametrize(
    ("text", "mnemonic"),
    [("nxdomain", "NXDOMAIN"), ("3", "NXDOMAIN"), ("BADVERS/BADSIG", "BADVERS"),
     ("9999", None), ("ans", None), ("", None)],
)  # fmt: skip
def test_parse_rcode(text: str, mnemonic: str | None) -> None:
    assert parse_rcode(text) == mnemonic


@pytest.mark.parametrize(
    ("value", "ttl_s"),
    [(0, 0), ("300", 300), ("300.000000", 300), (2**31 - 1, 2**31 - 1), (2**31, None), (-1, None),
     ("nan", None), (float("inf"), None), ("", None), (True, None), (10**400, None)],
)  # fmt: skip
def test_parse_ttl(value: object, ttl_s: int | None) -> None:
    assert parse_ttl(value) == ttl_s


@pytest.mark.parametrize(
    ("rrtype", "text", "data"),
    [
        ("A", " 198.51.100.7 ", "198.51.100.7"),
        ("A", "2001:db8::1", None),
        ("A", "198.51.100.007", None),
        ("AAAA", "2001:DB8:0::1", "2001:db8::1"),
        ("AAAA", "198.51.100.7", None),
        ("NS", "NS1.Example.COM.", "ns1.example.com"),
        ("CNAME", "a..b", None),
        ("SOA", "NS. host.example. 1 2 3 4 5", "ns host.example 1 2 3 4 5"),
        ("SOA", "ns. host.example. 1 2 3 4", None),
        ("SOA", "ns. host.example. 1 2 3 4 x", None),
        ("TXT", "a\nb\ud800", "a\\010b\\ud800"),
        ("TXT", "", None),
    ],
)
def test_parse_rdata(rrtype: str, text: str, data: str | None) -> None:
    assert parse_rdata(rrtype, text) == data


def test_make_record_counts_what_is_wrong_and_passes_over_other_types() -> None:
    drops = Drops()

    def make(qname: str, rrtype: str, rdata: str, ttl: object) -> object:
        return make_record(qname, rrtype, rdata, ttl, section="ans", drops=drops)

    assert make("A.example.", "a", "198.51.100.7", "9") == (
        "a.example",
        "A",
        "198.51.100.7",
        9,
        "ans",
    )
    assert make("a..example", "A", "198.51.100.7", 9) is None
    assert make("a.example", "??", "198.51.100.7", 9) is None
    assert make("a.example", "A", "nowhere", 9) is None
    assert make("a.example", "A", "198.51.100.7", "soon") is None
    assert make("a.example", "TXT", "hello", 9) is None
    assert drops.reasons == {BAD_NAME: 1, BAD_TYPE: 1, BAD_ADDRESS: 1, BAD_TTL: 1}


@pytest.mark.parametrize(
    ("text", "name"),
    [("www.example.com", "www.example.com"), ("a\\xffb.example", "a\\255b.example"),
     ("a b.example", "a\\032b.example"), ("a\\\\b.example", "a\\092b.example"),
     ("\u00fc.example", "\\195\\188.example")],
)  # fmt: skip
def test_unescape_octets(text: str, name: str) -> None:
    assert unescape_octets(text) == name


@settings(deadline=None)
@given(st.text(max_size=40))
def test_unescaped_octets_are_a_name_or_none(text: str) -> None:
    presented = unescape_octets(text)
    assert presented.isascii()
    name = normalise_name(presented)
    assert name is None or name.isascii()
