"""Results for the tests of the renderers: a fixed one for golden files, and generated ones."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
from hypothesis import strategies as st

from unflux.model.times import LATEST_US
from unflux.model.verdicts import (
    ROTATION,
    SERVICE,
    Agent,
    Alternative,
    Counts,
    Evidence,
    FluxNetwork,
    HypothesisOutcome,
    Kind,
    Outcome,
    Role,
    ScanResult,
    SourceSummary,
    Verdict,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "present"
START = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
HOSTILE = "Evil\x1b[31m\x07Net\x9b2J \u202egnp\u2066\r\n\t\u200b"
"""Escape sequences in C0 and C1, bell, bidi override and isolate, line break, tab, no-width."""


def check_golden(name: str, text: str) -> None:
    """Compare with a golden file; with UNFLUX_REWRITE_GOLDEN set, write it first."""
    path = GOLDEN / name
    if os.environ.get("UNFLUX_REWRITE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    assert text == path.read_bytes().decode()


def make_verdict(**changes: Any) -> Verdict:
    """Return a double-flux verdict with the given fields changed."""
    verdict = Verdict(
        domain="kite-mail.example",
        verdict="fast-flux",
        kind="double-flux",
        score=0.9983761,
        network="net-4f2a9c1e",
        first_seen=START,
        last_seen=START + timedelta(hours=9, minutes=25),
        counts=Counts(
            lookups=1204,
            addresses=148,
            slash24=140,
            slash16=97,
            asns=41,
            countries=19,
            ns_hosts=4,
            ns_addresses=33,
        ),
        ttl_min_s=60,
        ttl_max_s=300,
        evidence=(
            Evidence(
                name="prior",
                value=0.001,
                llr=-6.9068,
                says="One domain in a thousand fluxes before anything is measured.",
                source="Chosen: base rate",
            ),
            Evidence(
                name="answer-asns",
                value=41,
                llr=4.61,
                says="148 addresses lie in 41 networks, more than any hosting plan buys.",
                source="Holz et al., NDSS 2008",
            ),
            Evidence(
                name="newcomers",
                value=0.8133333333,
                llr=5.13,
                says="Four of five answers bring an address that was not seen before, and the"
                " growth shows no sign of an end.",
                source="Perdisci et al., ACSAC 2009",
            ),
            Evidence(
                name="plane-overlap",
                value=12,
                llr=4.3,
                says="12 addresses serve as web front end and as name server.",
                source="KYE: Fast-Flux Service Networks, 2007",
            ),
            Evidence(
                name="ttl",
                value=60,
                llr=0.4,
                says="A TTL of 60 s is low, as it is for many innocent names.",
                source="Holz et al., NDSS 2008",
            ),
            Evidence(
                name="popularity",
                value=None,
                llr=-1.11,
                says="1,204 lookups are many for a name of this kind.",
                source="Chosen: lookups of known names",
            ),
        ),
        alternatives=(
            Alternative(
                hypothesis="cdn",
                outcome="rejected",
                because="A network of 41 operators has no single owner of addresses.",
            ),
            Alternative(
                hypothesis="pool",
                outcome="rejected",
                because="Pools keep their members for months; these left within hours.",
            ),
            Alternative(
                hypothesis="anycast",
                outcome="untested",
                because="No record was seen from a second place.",
            ),
        ),
        missing=None,
    )
    return replace(verdict, **changes)


def make_agent(number: int, **changes: Any) -> Agent:
    """Return the agent of a number, on one of three holders."""
    holder, asn, country = (
        ("Example Broadband", 64500, "DE"),
        ("Second Cable Company", 64501, "US"),
        (None, None, None),
    )[number % 3]
    agent = Agent(
        address=f"198.51.100.{number % 256}",
        asn=asn,
        holder=holder,
        country=country,
        first_seen=START,
        last_seen=START + timedelta(hours=number % 9),
        roles=("answer", "name-server") if number % 2 else ("answer",),
        domains=1 + number % 2,
    )
    return replace(agent, **changes)


def make_network(**changes: Any) -> FluxNetwork:
    """Return a double-flux network with the given fields changed."""
    network = FluxNetwork(
        id="net-4f2a9c1e",
        kind="double-flux",
        score=0.9991,
        domains=("kite-mail.example", "lamp-post.example"),
        agents=tuple(make_agent(number) for number in range(10)),
        name_servers=("ns1.kite-dns.example", "ns2.kite-dns.example"),
        motherships=(),
        first_seen=START,
        last_seen=START + timedelta(days=1, hours=2),
    )
    return replace(network, **changes)


def make_result(**changes: Any) -> ScanResult:
    """Return a result with every kind of thing in it, hostile text included."""
    verdicts = (
        make_verdict(),
        make_verdict(
            domain="a-domain-of-great-length-that-fits-nowhere-in-eighty-columns.co.example",
            kind="slow-flux",
            score=0.91,
            network=None,
            ttl_max_s=60,
        ),
        make_verdict(
            domain="maybe.example",
            verdict="undecided",
            kind="unknown",
            score=0.42,
            network=None,
            counts=Counts(
                lookups=3,
                addresses=6,
                slash24=6,
                slash16=6,
                asns=None,
                countries=None,
                ns_hosts=0,
                ns_addresses=0,
            ),
            ttl_min_s=None,
            ttl_max_s=None,
            missing="Answers over six hours or more, with their TTL, would decide it.",
        ),
        make_verdict(
            domain="pool.example",
            verdict="benign",
            kind="pool",
            score=0.0004,
            network=None,
            ttl_min_s=0,
            ttl_max_s=172_800,
            alternatives=(
                Alternative(
                    hypothesis="pool",
                    outcome="holds",
                    because="Every member answered for weeks, and all belong to one pool.",
                ),
            ),
        ),
    )
    result = ScanResult(
        verdicts=verdicts,
        networks=(
            make_network(motherships=("203.0.113.77",)),
            make_network(
                id="net-00c0ffee",
                kind="ns-flux",
                score=0.87,
                agents=(make_agent(2),),
                name_servers=(),
                first_seen=None,
                last_seen=None,
            ),
        ),
        totals={"fast-flux": 2, "undecided": 1, "benign": 5120},
        sources=(
            SourceSummary(name="capture.pcap", format="pcap", responses=1_204_311, error=None),
            SourceSummary(
                name="dns.log.gz", format="zeek-tsv", responses=88_102, error=None, is_known=True
            ),
            SourceSummary(
                name=f"bad{HOSTILE}.bin", format=None, responses=0, error="of no known format"
            ),
        ),
        responses=1_292_413,
        drops={"truncated message": 112, "name over 255 octets": 3},
        first_seen=START,
        last_seen=START + timedelta(days=2, hours=3, minutes=7),
        bucket_s=300,
        rotation=ROTATION.empty_table(),
        service=SERVICE.empty_table(),
    )
    return replace(result, **changes)


_any_text = st.text(max_size=30) | st.just(HOSTILE) | st.just("=1+1") | st.just('a"b,c\r\n;d')
_names = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=80)
_moments = st.none() | st.integers(0, LATEST_US - 1).map(
    lambda moment_us: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=moment_us)
)
_counts = st.integers(0, 2**40)
_unknown_counts = st.none() | _counts
_llrs = st.floats(-60, 60)
_values = st.none() | _any_text | st.integers(-(2**40), 2**40) | st.floats()
_scores = st.floats(0, 1)
_kinds: st.SearchStrategy[Kind] = st.sampled_from(get_args(Kind))
_outcomes: st.SearchStrategy[Outcome] = st.sampled_from(get_args(Outcome))
_fates: st.SearchStrategy[HypothesisOutcome] = st.sampled_from(get_args(HypothesisOutcome))
_roles: st.SearchStrategy[tuple[Role, ...]] = st.lists(
    st.sampled_from(get_args(Role)), unique=True, max_size=2
).map(tuple)


def _tuples(items: st.SearchStrategy[Any], size: int = 4) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, max_size=size).map(tuple)


verdicts = st.builds(
    Verdict,
    domain=_names,
    verdict=_outcomes,
    kind=_kinds,
    score=_scores,
    network=st.none() | _names,
    first_seen=_moments,
    last_seen=_moments,
    counts=st.builds(
        Counts,
        lookups=_counts,
        addresses=_counts,
        slash24=_counts,
        slash16=_counts,
        asns=_unknown_counts,
        countries=_unknown_counts,
        ns_hosts=_counts,
        ns_addresses=_counts,
    ),
    ttl_min_s=_unknown_counts,
    ttl_max_s=_unknown_counts,
    evidence=_tuples(
        st.builds(Evidence, name=_names, value=_values, llr=_llrs, says=_any_text, source=_any_text)
    ),
    alternatives=_tuples(
        st.builds(Alternative, hypothesis=_names, outcome=_fates, because=_any_text)
    ),
    missing=st.none() | _any_text,
)
networks = st.builds(
    FluxNetwork,
    id=_names,
    kind=_kinds,
    score=_scores,
    domains=_tuples(_names),
    agents=_tuples(
        st.builds(
            Agent,
            address=_names,
            asn=_unknown_counts,
            holder=st.none() | _any_text,
            country=st.none() | _any_text,
            first_seen=_moments,
            last_seen=_moments,
            roles=_roles,
            domains=_counts,
        )
    ),
    name_servers=_tuples(_names),
    motherships=_tuples(_names),
    first_seen=_moments,
    last_seen=_moments,
)
results = st.builds(
    ScanResult,
    verdicts=_tuples(verdicts, 3),
    networks=_tuples(networks, 3),
    totals=st.dictionaries(_outcomes, _counts),
    sources=_tuples(
        st.builds(
            SourceSummary,
            name=_any_text,
            format=st.none() | _any_text,
            responses=_counts,
            error=st.none() | _any_text,
            is_known=st.booleans(),
        )
    ),
    responses=_counts,
    drops=st.dictionaries(_any_text, _counts, max_size=3),
    first_seen=_moments,
    last_seen=_moments,
    bucket_s=st.just(300),
    rotation=st.just(pa.Table.from_pylist([], schema=ROTATION)),
    service=st.just(pa.Table.from_pylist([], schema=SERVICE)),
)
