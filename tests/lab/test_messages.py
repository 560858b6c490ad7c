"""What the composer writes, dnspython reads."""

import dns.message
import dns.rdatatype
from hypothesis import given
from hypothesis import strategies as st

from unflux.lab.messages import compose_query, compose_reply
from unflux.lab.resolver import Reply
from unflux.lab.zones import RRset

LABELS = st.text("abcz019", min_size=1, max_size=63)
NAMES = st.lists(LABELS, min_size=1, max_size=3).map(".".join)
ADDRESSES = st.ip_addresses(v=4).map(str)
ADDRESSES6 = st.ip_addresses(network="2001:db8::/32").map(str)
SOAS = st.tuples(NAMES, NAMES).map(lambda names: f"{names[0]} {names[1]} 1 2 3 4 4294967295")


def rrsets(rrtype: str, rdata: st.SearchStrategy[str], max_size: int) -> st.SearchStrategy[RRset]:
    return st.builds(
        RRset,
        owner=NAMES,
        rrtype=st.just(rrtype),
        ttl_s=st.integers(0, 2**31 - 1),
        rdatas=st.lists(rdata, min_size=1, max_size=max_size, unique=True).map(tuple),
    )


ANY_RRSET = st.one_of(
    rrsets("A", ADDRESSES, 30),
    rrsets("AAAA", ADDRESSES6, 5),
    rrsets("NS", NAMES, 5),
    rrsets("CNAME", NAMES, 1),
    rrsets("SOA", SOAS, 1),
)
SECTIONS = st.lists(ANY_RRSET, max_size=3, unique_by=lambda r: (r.owner, r.rrtype)).map(tuple)


@given(
    qname=NAMES,
    rcode=st.sampled_from(["NOERROR", "NXDOMAIN", "SERVFAIL"]),
    answer=SECTIONS,
    authority=SECTIONS,
    additional=SECTIONS,
    message_id=st.integers(0, 65_535),
    has_edns=st.booleans(),
)
def test_dnspython_reads_the_same_reply(  # noqa: PLR0917 - named by hypothesis
    qname: str,
    rcode: str,
    answer: tuple[RRset, ...],
    authority: tuple[RRset, ...],
    additional: tuple[RRset, ...],
    message_id: int,
    has_edns: bool,
) -> None:
    reply = Reply(
        rcode=rcode, answer=answer, authority=authority, additional=additional, answered_us=0
    )
    wire = compose_reply(qname, "A", reply, message_id, has_edns=has_edns)
    message = dns.message.from_wire(wire, one_rr_per_rrset=True)
    assert (message.id, message.rcode().name) == (message_id, rcode)
    assert message.edns == (0 if has_edns else -1)
    for section, meant in (
        (message.answer, answer),
        (message.authority, authority),
        (message.additional, additional),
    ):
        rows = [
            (
                one.name.to_text(omit_final_dot=True),
                dns.rdatatype.to_text(one.rdtype),
                one.ttl,
                " ".join(part.removesuffix(".") for part in one[0].to_text().split()),
            )
            for one in section
        ]
        assert rows == [(r.owner, r.rrtype, r.ttl_s, text) for r in meant for text in r.rdatas]


@given(qname=NAMES, message_id=st.integers(0, 65_535), has_edns=st.booleans())
def test_dnspython_reads_the_same_query(qname: str, message_id: int, has_edns: bool) -> None:
    query = dns.message.from_wire(compose_query(qname, "AAAA", message_id, has_edns=has_edns))
    assert (query.id, query.edns) == (message_id, 0 if has_edns else -1)
    assert query.question[0].name.to_text(omit_final_dot=True) == qname
    assert query.question[0].rdtype == dns.rdatatype.AAAA


def test_a_repeated_name_is_pointed_at() -> None:
    answer = (RRset("www.a.example", "A", 60, ("10.0.0.1", "10.0.0.2")),)
    reply = Reply(rcode="NOERROR", answer=answer, authority=(), additional=(), answered_us=0)
    wire = compose_reply("www.a.example", "A", reply, 1, has_edns=False)
    assert len(wire) == 12 + 15 + 4 + 2 * (2 + 10 + 4)
    assert wire.count(b"\x07example") == 1
