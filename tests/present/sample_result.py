"""Invented results for the renderers: realistic in shape, with documentation addresses only."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from unflux.model.verdicts import (
    ROTATION,
    SERVICE,
    Agent,
    Alternative,
    Counts,
    Evidence,
    FluxNetwork,
    Kind,
    Outcome,
    ScanResult,
    SourceSummary,
    Verdict,
)

START = datetime(2026, 3, 3, tzinfo=UTC)
BUCKET_S = 300

_HOLDERS = ("Nordlicht Kabel", "Telefónica del Ejemplo", "Example Broadband", "Ukázka Net",
            "Przykład Telekom", "Esimerkki Oy", "Muster DSL", "Voorbeeld Glasvezel",
            "Exemple Mobile", "Örnek İnternet")  # fmt: skip
_COUNTRIES = ("UA", "RO", "BR", "TR", "PL", "US", "VN", "MX", "BG", "IN", "TH", "CO", "KR", "AR")
_WORDS = ("meadow", "harbor", "violet", "copper", "lantern", "ridge", "willow", "ember", "quartz",
          "saddle", "marble", "thistle")  # fmt: skip

Served = dict[tuple[str, datetime | None], int]
"""Answers by address and bucket."""


def sample_result() -> ScanResult:
    """Return a day: a double-flux and a slow-flux network, undecided, benign, drops, an error."""
    double, double_served = rotating_network(
        "ff-3b1c9e", addresses=140, asns=60, domains=40, at_once=10, buckets=288
    )
    slow, slow_served = rotating_network(
        "ff-a07d52", addresses=9, asns=7, domains=2, at_once=1, buckets=288,
        kind="slow-flux", name_servers=False, seed=5, first_address=400,
    )  # fmt: skip
    verdicts = [
        _fluxing(domain, double, 0.9999 - 0.002 * place)
        for place, domain in enumerate(double.domains)
    ]
    verdicts += [_fluxing(domain, slow, 0.981 - 0.03 * p) for p, domain in enumerate(slow.domains)]
    verdicts += [_undecided(number) for number in range(7)]
    verdicts += [_benign(number) for number in range(6)]
    return ScanResult(
        verdicts=tuple(verdicts),
        networks=(double, slow),
        totals={"fast-flux": 42, "undecided": 7, "benign": 1_318},
        sources=(
            SourceSummary(
                name="resolver-a/2026-03-03.dnstap.zst", format="dnstap", responses=412_906,
                error=None,
            ),
            SourceSummary(
                name="sensor-2/dns.log.gz", format="zeek", responses=96_114, error=None,
                is_known=True,
            ),
            SourceSummary(
                name="sensor-3/broken.pcap", format=None, responses=0,
                error="neither a capture nor a table: the first bytes are 00 00 00 00",
            ),
        ),
        responses=509_020,
        drops={"truncated message": 41, "time before 1970 or after 2100": 3, "not DNS": 1_207},
        first_seen=START,
        last_seen=START + timedelta(hours=24),
        bucket_s=BUCKET_S,
        rotation=rotation_table([(double, double_served), (slow, slow_served)]),
        service=service_table([(double, 1), (slow, 5)]),
    )  # fmt: skip


def result_of(*parts: tuple[FluxNetwork, Served]) -> ScanResult:
    """Return a result of the given networks and of nothing else."""
    verdicts = [
        _fluxing(domain, network, 0.99) for network, _ in parts for domain in network.domains
    ]
    totals: dict[Outcome, int] = {"fast-flux": len(verdicts), "undecided": 0, "benign": 12}
    return replace(
        empty_result(),
        verdicts=tuple(verdicts),
        networks=tuple(network for network, _ in parts),
        totals=totals,
        rotation=rotation_table(parts),
        service=service_table([(network, 3) for network, _ in parts]),
    )


def empty_result() -> ScanResult:
    """Return a result of a scan that found nothing."""
    return ScanResult(
        verdicts=(),
        networks=(),
        totals={"fast-flux": 0, "undecided": 0, "benign": 214},
        sources=(
            SourceSummary(name="office.pcapng", format="pcapng", responses=18_204, error=None),
        ),
        responses=18_204,
        drops={},
        first_seen=START,
        last_seen=START + timedelta(minutes=47, seconds=12),
        bucket_s=BUCKET_S,
        rotation=ROTATION.empty_table(),
        service=SERVICE.empty_table(),
    )


def rotating_network(
    identity: str,
    *,
    addresses: int,
    asns: int,
    domains: int,
    at_once: int,
    buckets: int,
    kind: Kind = "double-flux",
    bucket_s: int = BUCKET_S,
    name_servers: bool = True,
    seed: int = 1,
    first_address: int = 0,
) -> tuple[FluxNetwork, Served]:
    """Return a network that serves ``at_once`` addresses a bucket and keeps drawing new ones.

    Newcomers come evenly over the buckets; between them addresses seen before come back. The
    last sixth of the addresses serve as name servers only, the sixth before them do both.
    """
    chance = random.Random(seed)
    texts = [address_text(first_address + number) for number in range(addresses)]
    weights = [1 / (rank + 1) for rank in range(asns)]
    asn_of = {
        text: (number if number < asns else chance.choices(range(asns), weights)[0])
        for number, text in enumerate(texts)
    }
    servers = set(texts[addresses * 5 // 6 :]) if name_servers else set()
    both = set(texts[addresses * 4 // 6 : addresses * 5 // 6]) if name_servers else set()
    answering = [text for text in texts if text not in servers]
    chance.shuffle(answering)
    served: Served = {}
    for bucket in range(buckets):
        known = max(at_once, (bucket + 1) * len(answering) // buckets)
        fresh = answering[max(0, known - at_once) : known]
        drawn = {fresh[-1], *chance.sample(fresh, k=len(fresh) * 2 // 3)}
        while len(drawn) < min(at_once, known):
            drawn.add(chance.choice(answering[:known]))
        for text in sorted(drawn):
            served[text, START + timedelta(seconds=bucket * bucket_s)] = chance.randint(1, 30)
    seen: dict[str, list[datetime]] = {}
    for text, moment in served:
        assert moment is not None
        seen.setdefault(text, []).append(moment)
    names = tuple(sorted({f"{chance.choice(_WORDS)}-{chance.choice(_WORDS)}{number}.example"
                          for number in range(domains)}))  # fmt: skip
    agents = tuple(
        Agent(
            address=text,
            asn=None if asn_of[text] == asns - 1 else 64_496 + asn_of[text],
            holder=(
                None
                if asn_of[text] == asns - 1
                else f"{_HOLDERS[asn_of[text] % len(_HOLDERS)]} {asn_of[text] + 1}"
            ),
            country=_COUNTRIES[asn_of[text] % len(_COUNTRIES)],
            first_seen=min(seen.get(text, [START])),
            last_seen=max(seen.get(text, [START + timedelta(seconds=buckets * bucket_s)])),
            roles=(
                ("name-server",)
                if text in servers
                else ("answer", "name-server") if text in both else ("answer",)
            ),
            domains=chance.randint(max(1, domains * 2 // 3), domains),
        )
        for text in texts
    )  # fmt: skip
    network = FluxNetwork(
        id=identity,
        kind=kind,
        score=0.9999 if kind == "double-flux" else 0.981,
        domains=names,
        agents=agents,
        name_servers=tuple(f"ns{n}.{names[0]}" for n in range(1, 5)) if name_servers else (),
        motherships=(),
        first_seen=START,
        last_seen=START + timedelta(seconds=buckets * bucket_s),
    )
    return network, served


def address_text(number: int) -> str:
    """Return the numbered address out of 198.18.0.0/15 (RFC 2544), every 29th in 2001:db8::/32."""
    if number % 29 == 28:
        return f"2001:db8:{number:x}::{number + 7:x}"
    spread = number * 40_503 % (1 << 17)
    return f"198.{18 + (spread >> 16)}.{spread >> 8 & 255}.{spread & 255}"


def rotation_table(parts: list[tuple[FluxNetwork, Served]] | tuple[tuple[FluxNetwork, Served], ...]
                   ) -> pa.Table:  # fmt: skip
    """Return the ``ROTATION`` rows of networks."""
    rows = [
        {"network": network.id, "address": address, "bucket_at": moment, "count": count}
        for network, served in parts
        for (address, moment), count in served.items()
    ]
    return pa.Table.from_pylist(rows, schema=ROTATION)


def service_table(parts: list[tuple[FluxNetwork, int]]) -> pa.Table:
    """Return the ``SERVICE`` rows of networks; the number seeds who served whom."""
    rows = []
    for network, seed in parts:
        chance = random.Random(seed)
        for agent in network.agents:
            for domain in sorted(chance.sample(network.domains, k=agent.domains)):
                for role in agent.roles:
                    rows.append(
                        {"network": network.id, "domain": domain, "address": agent.address,
                         "role": role, "count": chance.randint(1, 90)}
                    )  # fmt: skip
    return pa.Table.from_pylist(rows, schema=SERVICE)


def _fluxing(domain: str, network: FluxNetwork, score: float) -> Verdict:
    answering = [agent for agent in network.agents if "answer" in agent.roles]
    asns = {agent.asn for agent in answering} - {None}
    addresses = len(answering)
    evidence = [
        Evidence(name="newcomers", value=addresses - 5, llr=4.31,
                 says=f"{addresses} addresses came one after the other, and new ones still come.",
                 source="Caglayan 2009; SSFD/FluXOR records of 2009"),
        Evidence(name="asn spread", value=len(asns), llr=3.64,
                 says=f"The addresses lie in {len(asns)} networks of unrelated holders.",
                 source="Holz et al., NDSS 2008"),
        Evidence(name="turnover", value=0.873, llr=2.2,
                 says="Of the addresses of one answer, 87 % are gone in the next bucket.",
                 source="Hsu et al., RAID 2010"),
        Evidence(name="ttl", value=180, llr=0.41,
                 says="Answers may be kept for 180 s, which many innocent domains do as well.",
                 source="SSFD/FluXOR records of 2009"),
        Evidence(name="prior", value=None, llr=-6.9,
                 says="Fast flux is rare: about one domain in a thousand.",
                 source="Chosen: base rate"),
    ]  # fmt: skip
    if network.name_servers:
        evidence.insert(2, Evidence(
            name="plane overlap", value=23, llr=3.1,
            says="23 addresses serve as web front end and as name server.",
            source="Honeynet KYE, case greatfriedrice"))  # fmt: skip
    return Verdict(
        domain=domain,
        verdict="fast-flux",
        kind=network.kind,
        score=score,
        network=network.id,
        first_seen=network.first_seen,
        last_seen=network.last_seen,
        counts=Counts(lookups=4_213, addresses=addresses, slash24=addresses - 1,
                      slash16=len(asns), asns=len(asns), countries=14,
                      ns_hosts=len(network.name_servers), ns_addresses=23),
        ttl_min_s=180,
        ttl_max_s=180,
        evidence=tuple(evidence),
        alternatives=(
            Alternative(hypothesis="cdn", outcome="rejected",
                        because="No alias into a provider's zone, and growth does not saturate."),
            Alternative(hypothesis="pool", outcome="rejected",
                        because="The addresses also serve name servers of the same domains."),
            Alternative(hypothesis="dynamic-dns", outcome="rejected",
                        because="One answer holds addresses of several holders at once."),
            Alternative(hypothesis="anycast", outcome="untested",
                        because="The records come from one place only."),
        ),
        missing=None,
    )  # fmt: skip


def _undecided(number: int) -> Verdict:
    return Verdict(
        domain=f"{_WORDS[number]}-mirror.example",
        verdict="undecided",
        kind="unknown",
        score=0.08 + number * 0.061,
        network=None,
        first_seen=START,
        last_seen=START + timedelta(minutes=20 + number),
        counts=Counts(lookups=3 + number, addresses=4 + number, slash24=4 + number,
                      slash16=3 + number, asns=None if number == 2 else 2 + number, countries=2,
                      ns_hosts=2, ns_addresses=2),
        ttl_min_s=None if number == 3 else 60,
        ttl_max_s=None if number == 3 else 300,
        evidence=(
            Evidence(name="asn spread", value=2 + number, llr=1.2,
                     says=f"{4 + number} addresses in {2 + number} networks.",
                     source="Holz et al., NDSS 2008"),
            Evidence(name="prior", value=None, llr=-6.9,
                     says="Fast flux is rare: about one domain in a thousand.",
                     source="Chosen: base rate"),
        ),
        alternatives=(
            Alternative(hypothesis="pool", outcome="untested", because="Too few responses."),
        ),
        missing="Responses over at least two hours, to see whether new addresses keep coming.",
    )  # fmt: skip


def _benign(number: int) -> Verdict:
    kinds: tuple[Kind, ...] = ("cdn", "pool", "round-robin", "dynamic-dns", "parking", "static")
    reasons = (
        "An alias leads into the zone of a content network, and 12 addresses are all there are.",
        "Volunteer time servers: only name and port of NTP, own name servers, growth saturates.",
        "The same 4 addresses in every answer, in turn.",
        "One address at a time, one holder, a provider's suffix.",
        "61 domains on 2 addresses: the shape of parking, the reverse of flux.",
        "One address through all of the records.",
    )
    return Verdict(
        domain=f"{kinds[number]}.{_WORDS[number]}.example",
        verdict="benign",
        kind=kinds[number],
        score=0.0001 * number,
        network=None,
        first_seen=START,
        last_seen=START + timedelta(hours=23),
        counts=Counts(lookups=900 - number, addresses=12 - 2 * number, slash24=3, slash16=2,
                      asns=1, countries=1, ns_hosts=2, ns_addresses=4),
        ttl_min_s=20,
        ttl_max_s=300,
        evidence=(),
        alternatives=(
            Alternative(hypothesis=kinds[number], outcome="holds", because=reasons[number]),
        ),
        missing=None,
    )  # fmt: skip
