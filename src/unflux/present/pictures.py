"""The data behind each picture of the report, from a result's Arrow tables."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from unflux.model.times import MICROSECONDS_PER_S
from unflux.model.verdicts import Agent, FluxNetwork

Integers = NDArray[np.int64]

MAX_COLUMNS: Final = 480
"""Chosen: 2026-11-22, sample networks: two pixels a column on a page 1,000 pixels wide."""

MAX_ROWS: Final = 4_000
"""Chosen: 2026-11-22, sample of 3,000 addresses: beyond it rows fall under a fifth of a pixel."""

NAMED_GROUPS: Final = 6
"""Colours that the colour-blind tell apart (Tol, "bright" scheme, without its grey)."""

MAX_MAP_DOMAINS: Final = 28
MAX_MAP_ASNS: Final = 16
MAX_MAP_AGENTS: Final = 24
"""Chosen: 2026-11-22, sample networks: as many labels as fit one screen without overlap."""

_STEPS_S: Final = (
    60, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
    86_400, 172_800, 604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000,
)  # fmt: skip
"""Readable widths of a picture's column, from a minute to a year."""

OTHER: Final = "other"
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class AsnGroup:
    """One colour of the pictures: an ASN, all remaining ones, or addresses without known ASN."""

    key: int | str
    """The ASN, ``"other"`` or ``"unknown"``."""
    holder: str | None
    addresses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """The rotation picture: one mark per address and column of time in which it was served.

    ``rows``, ``columns`` and ``counts`` are parallel, sorted by row, then column. A row is an
    index into ``addresses``, which are ordered by first appearance.
    """

    start_s: int
    step_s: int
    column_count: int
    addresses: tuple[str, ...]
    address_count: int
    """Distinct addresses seen; larger than the rows where only an even sample is drawn."""
    rows: Integers
    columns: Integers
    counts: Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """The growth curve: parallel over the columns of time that hold records."""

    start_s: int
    step_s: int
    columns: Integers
    cumulative: Integers
    """Distinct addresses seen up to the end of the column."""
    active: Integers
    """Distinct addresses seen within the column."""
    answers: Integers
    """Answers that held one of the network's addresses, summed over addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceMap:
    """The map from domains to agents: nodes on both sides and the links between them.

    ``links`` has a row per linked pair: left index, right index, distinct addresses, of them
    seen in answers, of them seen as name servers.
    """

    domains: tuple[str | None, ...]
    """Null is the node that stands for all the remaining domains."""
    remaining_domains: int
    domain_agents: Integers
    """Distinct addresses per left node."""
    agents_grouped: bool
    """The right side holds ASNs (int), ``other`` and ``unknown``; otherwise single addresses."""
    right: tuple[int | str, ...]
    other_asns: int
    """ASNs that ``other`` stands for."""
    right_agents: Integers
    links: Integers
    domain_count: int
    agent_count: int
    typical_domains_per_agent: int
    """Median of the distinct domains that one address served, rounded down."""


def of_network(table: pa.Table, network: str) -> pa.Table:
    """Return the rows of one network."""
    return table.filter(pc.equal(table["network"], network))


def asn_groups(agents: Sequence[Agent], named: int = NAMED_GROUPS) -> tuple[AsnGroup, ...]:
    """Return the ASNs with most agents, then ``other`` and ``unknown`` where they have members."""
    sizes = Counter(agent.asn for agent in agents)
    unknown = sizes.pop(None, 0)
    ranked = sorted(
        ((asn, size) for asn, size in sizes.items() if asn is not None),
        key=lambda pair: (-pair[1], pair[0]),
    )
    holders = holders_of(agents)
    groups = [
        AsnGroup(key=asn, holder=holders.get(asn), addresses=size) for asn, size in ranked[:named]
    ]
    rest = sum(size for _, size in ranked[named:])
    if rest:
        groups.append(AsnGroup(key=OTHER, holder=None, addresses=rest))
    if unknown:
        groups.append(AsnGroup(key=UNKNOWN, holder=None, addresses=unknown))
    return tuple(groups)


def holders_of(agents: Sequence[Agent]) -> dict[int, str]:
    """Return the first named holder of each ASN."""
    holders: dict[int, str] = {}
    for agent in agents:
        if agent.asn is not None and agent.holder is not None:
            holders.setdefault(agent.asn, agent.holder)
    return holders


def draw_rotation(rows: pa.Table, bucket_s: int, max_marks: int) -> Rotation | None:
    """Return the rotation picture of one network's ``ROTATION`` rows.

    Buckets are joined into wider columns until there are at most ``MAX_COLUMNS`` of them and at
    most ``max_marks`` marks (as far as a picture of some columns allows). Rows without a time are
    left out; null where no row has one.
    """
    timed = _timed(rows)
    if timed is None:
        return None
    moments, codes, names, counts = timed
    address_count = len(names)
    if address_count > MAX_ROWS:
        kept = np.linspace(0, address_count - 1, MAX_ROWS).round().astype(np.int64)
        renumbered = np.full(address_count, -1, dtype=np.int64)
        renumbered[kept] = np.arange(MAX_ROWS)
        codes = renumbered[codes]
        is_drawn = codes >= 0
        moments, codes, counts = moments[is_drawn], codes[is_drawn], counts[is_drawn]
        names = [names[index] for index in kept.tolist()]
    for step_s in _steps(bucket_s, moments):
        start_s, columns, column_count = _columns(moments, step_s)
        cells, inverse = np.unique(codes * column_count + columns, return_inverse=True)
        if len(cells) <= max_marks or column_count <= MAX_COLUMNS // 20:
            break
    summed = np.zeros(len(cells), dtype=np.int64)
    np.add.at(summed, inverse, counts)
    return Rotation(
        start_s=start_s,
        step_s=step_s,
        column_count=column_count,
        addresses=tuple(names),
        address_count=address_count,
        rows=cells // column_count,
        columns=cells % column_count,
        counts=summed,
    )


def draw_growth(rows: pa.Table, bucket_s: int) -> Growth | None:
    """Return the growth curve of one network's ``ROTATION`` rows; null where no row has a time."""
    timed = _timed(rows)
    if timed is None:
        return None
    moments, codes, names, counts = timed
    step_s = _steps(bucket_s, moments)[0]
    start_s, columns, column_count = _columns(moments, step_s)
    first = np.full(len(names), column_count, dtype=np.int64)
    np.minimum.at(first, codes, columns)
    newcomers = np.bincount(first, minlength=column_count)[:column_count]
    pairs = np.unique(codes * column_count + columns)
    active = np.bincount(pairs % column_count, minlength=column_count)
    answers = np.zeros(column_count, dtype=np.int64)
    np.add.at(answers, columns, counts)
    seen = np.flatnonzero(active)
    return Growth(
        start_s=start_s,
        step_s=step_s,
        columns=seen,
        cumulative=np.cumsum(newcomers)[seen],
        active=active[seen],
        answers=answers[seen],
    )


def draw_service_map(rows: pa.Table, network: FluxNetwork) -> ServiceMap | None:
    """Return the map of one network's ``SERVICE`` rows; null where there are none.

    Domains are ordered by the agents that served them. Beyond ``MAX_MAP_DOMAINS`` the remaining
    ones become one node; beyond ``MAX_MAP_AGENTS`` agents are grouped by ASN, and ASNs beyond
    ``MAX_MAP_ASNS`` become ``other``.
    """
    if rows.num_rows == 0:
        return None
    domain_codes, domains = _encode(rows["domain"])
    address_codes, addresses = _encode(rows["address"])
    is_answer = pc.equal(rows["role"], "answer").to_numpy(zero_copy_only=False)
    served = np.unique(domain_codes * len(addresses) + address_codes)
    domain_agents = np.bincount(served // len(addresses), minlength=len(domains))
    per_agent = np.bincount(served % len(addresses), minlength=len(addresses))
    order = np.lexsort((np.arange(len(domains)), -domain_agents))
    shown = len(order) if len(order) <= MAX_MAP_DOMAINS + 1 else MAX_MAP_DOMAINS
    left_of = np.full(len(domains), shown, dtype=np.int64)
    left_of[order[:shown]] = np.arange(shown)
    remaining = len(domains) - shown
    right, right_of, other_asns = _right_side(addresses, network)
    left = left_of[domain_codes]
    links = _links(
        left=left,
        address_codes=address_codes,
        is_answer=is_answer,
        right_of=right_of,
        address_count=len(addresses),
        right_count=len(right),
    )
    served_left = np.unique(left * len(addresses) + address_codes) // len(addresses)
    return ServiceMap(
        domains=tuple(domains[index] for index in order[:shown].tolist())
        + ((None,) if remaining else ()),
        remaining_domains=remaining,
        domain_agents=np.bincount(served_left, minlength=shown + bool(remaining)),
        agents_grouped=len(addresses) > MAX_MAP_AGENTS,
        right=right,
        other_asns=other_asns,
        right_agents=np.bincount(right_of, minlength=len(right)),
        links=links,
        domain_count=len(domains),
        agent_count=len(addresses),
        typical_domains_per_agent=int(np.median(per_agent)),
    )


def _right_side(
    addresses: list[str], network: FluxNetwork
) -> tuple[tuple[int | str, ...], Integers, int]:
    """Return the agents' nodes, each address's node, and how many ASNs ``other`` stands for."""
    asn_of = {agent.address: agent.asn for agent in network.agents}
    if len(addresses) <= MAX_MAP_AGENTS:
        ordered = sorted(addresses, key=lambda a: (asn_of.get(a) is None, asn_of.get(a) or 0, a))
        place: dict[int | str, int] = {address: index for index, address in enumerate(ordered)}
        return tuple(ordered), np.array([place[a] for a in addresses], dtype=np.int64), 0
    sizes = Counter(asn_of.get(address) for address in addresses)
    has_unknown = sizes.pop(None, 0) > 0
    known = ((asn, size) for asn, size in sizes.items() if asn is not None)
    ranked = [asn for asn, _ in sorted(known, key=lambda pair: (-pair[1], pair[0]))]
    named = ranked if len(ranked) <= MAX_MAP_ASNS + 1 else ranked[:MAX_MAP_ASNS]
    right: list[int | str] = [*named]
    if len(named) < len(ranked):
        right.append(OTHER)
    if has_unknown:
        right.append(UNKNOWN)
    place = {key: index for index, key in enumerate(right)}
    fallback = place.get(OTHER, -1)
    indexes = [
        place[UNKNOWN] if (asn := asn_of.get(address)) is None else place.get(asn, fallback)
        for address in addresses
    ]
    return tuple(right), np.array(indexes, dtype=np.int64), len(ranked) - len(named)


def _links(
    *,
    left: Integers,
    address_codes: Integers,
    is_answer: NDArray[np.bool_],
    right_of: Integers,
    address_count: int,
    right_count: int,
) -> Integers:
    """Count distinct addresses per pair of nodes: in any role, in answers, as name servers."""

    def distinct(chosen: NDArray[np.bool_]) -> tuple[Integers, Integers]:
        pairs = np.unique(left[chosen] * address_count + address_codes[chosen])
        cells = pairs // address_count * right_count + right_of[pairs % address_count]
        found, sizes = np.unique(cells, return_counts=True)
        return found, sizes.astype(np.int64)

    cells, sizes = distinct(np.ones(len(left), dtype=np.bool_))
    links = np.zeros((len(cells), 5), dtype=np.int64)
    links[:, 0], links[:, 1], links[:, 2] = cells // right_count, cells % right_count, sizes
    for column, chosen in ((3, is_answer), (4, ~is_answer)):
        found, role_sizes = distinct(chosen)
        links[np.searchsorted(cells, found), column] = role_sizes
    return links


def _timed(rows: pa.Table) -> tuple[Integers, Integers, list[str], Integers] | None:
    """Return moments (s), address codes, addresses and counts of the rows that have a time.

    Codes number the addresses by first appearance, ties by text.
    """
    rows = rows.filter(pc.is_valid(rows["bucket_at"]))
    if rows.num_rows == 0:
        return None
    moments = rows["bucket_at"].cast(pa.int64()).to_numpy() // MICROSECONDS_PER_S
    codes, names = _encode(rows["address"])
    first = np.full(len(names), np.iinfo(np.int64).max, dtype=np.int64)
    np.minimum.at(first, codes, moments)
    order = np.lexsort((np.arange(len(names)), first))
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.arange(len(names))
    counts = rows["count"].to_numpy().astype(np.int64)
    return moments, place[codes], [names[index] for index in order.tolist()], counts


def _encode(column: Any) -> tuple[Integers, list[str]]:
    """Return codes into the column's distinct texts, and those texts in order."""
    encoded = column.combine_chunks().dictionary_encode()
    texts: list[str] = encoded.dictionary.to_pylist()
    order = sorted(range(len(texts)), key=texts.__getitem__)
    place = np.empty(len(texts), dtype=np.int64)
    place[np.array(order, dtype=np.int64)] = np.arange(len(texts))
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return place[codes], [texts[index] for index in order]


def _steps(bucket_s: int, moments: Integers) -> list[int]:
    """Return column widths, multiples of a bucket, narrowest first, that keep to the maximum."""
    bucket_s = max(bucket_s, 1)
    span_s = int(moments.max()) - int(moments.min()) + bucket_s
    widths = [bucket_s] + [s for s in _STEPS_S if s > bucket_s and s % bucket_s == 0]
    fitting = [width for width in widths if -(-span_s // width) <= MAX_COLUMNS]
    return fitting or [bucket_s * -(-span_s // (bucket_s * MAX_COLUMNS))]


def _columns(moments: Integers, step_s: int) -> tuple[int, Integers, int]:
    """Return where the first column starts, the column of each moment, and how many there are."""
    numbers = moments // step_s
    first = int(numbers.min())
    return first * step_s, numbers - first, int(numbers.max()) - first + 1
