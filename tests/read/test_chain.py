"""Owners and types given back to listed answers."""

from unflux.read.chain import NO_OWNER, UNTYPED, own_answers
from unflux.read.presentation import BAD_NAME, BAD_TTL
from unflux.read.source import Drops


def test_a_chain_of_aliases_owns_what_follows() -> None:
    answers: list[tuple[str, object]] = [
        ("edge.example.net", 300), ("pop.example.org", 60), ("198.51.100.7", 20),
        ("2001:db8::1", None),
    ]  # fmt: skip
    assert own_answers("www.example.com", "A", answers, Drops()) == [
        ("www.example.com", "CNAME", "edge.example.net", 300, "ans"),
        ("edge.example.net", "CNAME", "pop.example.org", 60, "ans"),
        ("pop.example.org", "A", "198.51.100.7", 20, "ans"),
        ("pop.example.org", "AAAA", "2001:db8::1", None, "ans"),
    ]


def test_names_that_answer_a_question_for_names() -> None:
    ns = own_answers("example.com", "NS", [("ns1.example.net", 1), ("ns2.example.net", 1)], Drops())
    assert [record[:3] for record in ns] == [
        ("example.com", "NS", "ns1.example.net"), ("example.com", "NS", "ns2.example.net"),
    ]  # fmt: skip
    drops = Drops()
    assert own_answers("example.com", "MX", [("mx.example.net", 1)], drops) == []
    assert own_answers("example.com", "SOA", [("ns1.example.net", 1)], drops) == []
    assert not drops.reasons


def test_what_cannot_be_typed_is_counted() -> None:
    drops = Drops()
    assert own_answers("example.com", "ANY", [("some.example.net", 1)], drops) == []
    assert drops.reasons == {UNTYPED: 1}


def test_typed_and_unknown_answers_are_passed_over() -> None:
    drops = Drops()
    answers: list[tuple[str, object]] = [
        ("TXT 5 hello", 1),
        ("<unknown type=65>", 1),
        ("HTTPS 1 .", 1),
        ("SSHFP: 2b6e", 1),
        ("LOC:  0 0 0", 1),
    ]
    assert own_answers("example.com", "A", answers, drops) == []
    assert not drops.reasons


def test_what_follows_a_bad_name_is_not_given_to_the_name_asked_for() -> None:
    drops = Drops()
    answers: list[tuple[str, object]] = [
        ("a..b", 60), ("198.51.100.1", 60), ("good.example.net", 60), ("198.51.100.2", 60),
    ]  # fmt: skip
    records = own_answers("www.example.com", "A", answers, drops)
    assert records == [("good.example.net", "A", "198.51.100.2", 60, "ans")]
    assert drops.reasons == {BAD_NAME: 1, NO_OWNER: 2}


def test_an_alias_without_a_ttl_owns_what_follows_all_the_same() -> None:
    drops = Drops()
    answers: list[tuple[str, object]] = [("edge.example.net", "soon"), ("198.51.100.1", 60)]
    records = own_answers("www.example.com", "A", answers, drops)
    assert records == [("edge.example.net", "A", "198.51.100.1", 60, "ans")]
    assert drops.reasons == {BAD_TTL: 1}
