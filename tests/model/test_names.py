from pathlib import Path

import dns.name
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from publicsuffixlist import PSLFILE, PublicSuffixList

from unflux.model.names import (
    normalise_name,
    registrable_domain,
    registrable_domains,
    split_labels,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("WWW.Example.COM.", "www.example.com"),
        (".", "."),
        ("_dmarc.Example.com", "_dmarc.example.com"),
        ("*.example.com", "*.example.com"),
        (r"vanoil-02\@hotmail.com", r"vanoil-02\@hotmail.com"),
        ("vanoil-02@hotmail.com", r"vanoil-02\@hotmail.com"),
        ("@", r"\@"),
        (r"\000.x", r"\000.x"),
        (r"\065.x", "a.x"),
        (r"a\.b.x", r"a\.b.x"),
        ("a b.x", r"a\032b.x"),
        ("a;b.x", r"a\;b.x"),
        ("München.de", "xn--mnchen-3ya.de"),
        ("straße.de", "xn--strae-oqa.de"),
        ("_x.münchen.de", "_x.xn--mnchen-3ya.de"),
        ("XN--MNCHEN-3YA.de", "xn--mnchen-3ya.de"),
        ("日本。jp", "xn--wgv71a.jp"),
        (".".join(["x" * 63] * 3 + ["x" * 61]), ".".join(["x" * 63] * 3 + ["x" * 61])),
    ],
)
def test_a_name_is_written_one_way(text: str, name: str) -> None:
    assert normalise_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "", "a..b", ".a", "a.b..", r"\300.x", r"\03", "a\\", "x" * 64, "x" * 64 + ".é",
        ".".join(["x" * 63] * 3 + ["x" * 62]), "\ud800.x", r"é\195.x", "a" * 100_000,
        "\u200d.x", "é" * 63 + ".x",
    ],
)  # fmt: skip
def test_what_cannot_be_a_name_is_null(text: str) -> None:
    assert normalise_name(text) is None


@given(st.lists(st.binary(min_size=1, max_size=63), max_size=5))
def test_any_bytes_survive_the_writing(labels: list[bytes]) -> None:
    try:
        parsed = dns.name.Name([*labels, b""])
    except dns.name.NameTooLong:
        return
    name = normalise_name(parsed.to_text())
    assert name is not None
    assert name.isascii()
    assert name.isprintable()
    assert dns.name.from_text(name) == parsed.canonicalize()
    assert len(split_labels(name)) == len(labels)


@given(st.text(max_size=80))
def test_normalising_twice_changes_nothing(text: str) -> None:
    name = normalise_name(text)
    if name is not None:
        assert normalise_name(name) == name
        domain = registrable_domain(name)
        assert registrable_domain(domain) == domain
        assert name == domain or name.endswith("." + domain)


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("a.b.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("home.alice.duckdns.org", "alice.duckdns.org"),
        ("duckdns.org", "duckdns.org"),
        ("x.foo.ck", "x.foo.ck"),
        ("foo.ck", "foo.ck"),
        ("a.b.no-such-suffix", "b.no-such-suffix"),
        ("localhost", "localhost"),
        (".", "."),
        ("192.0.2.1", "192.0.2.1"),
        ("_dmarc.example.com", "example.com"),
        ("a.xn--55qx5d.cn", "a.xn--55qx5d.cn"),
        (r"x.a\.b.com", r"a\.b.com"),
        (r"x.a\\.b.com", "b.com"),
        (r"a\.com", r"a\.com"),
        ("4.3.2.192.in-addr.arpa", "3.2.192.in-addr.arpa"),
        ("192.in-addr.arpa", "192.in-addr.arpa"),
        ("in-addr.arpa", "in-addr.arpa"),
        ("1." * 20 + "0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
    ],
)
def test_registrable_domain(name: str, domain: str) -> None:
    assert registrable_domain(name) == domain


def test_a_column_is_mapped_in_order_with_nulls() -> None:
    names = pa.chunked_array([["a.example.com", None], ["b.example.com", "x.co.uk"]])
    assert registrable_domains(names).to_pylist() == [
        "example.com",
        None,
        "example.com",
        "x.co.uk",
    ]
    assert registrable_domains(pa.array([], pa.string())).type == pa.string()


def test_domains_are_those_of_the_suffix_list_library() -> None:
    """Around every rule of the list: the rule itself, its parent, and up to three labels below."""
    library = PublicSuffixList(only_icann=False)
    rules = Path(PSLFILE).read_text(encoding="utf-8").splitlines()
    for line in rules:
        rule = line.strip().split(" ")[0].lstrip("!")
        if not rule or rule.startswith("//") or rule.endswith("arpa"):  # reverse names differ
            continue
        text = rule.replace("*", "star").encode("idna").decode("ascii")
        for name in (text, text.partition(".")[2] or "x", f"a.{text}", f"b.a.{text}",
                     f"c.b.a.{text}"):  # fmt: skip
            assert registrable_domain(name) == (library.privatesuffix(name) or name), name
