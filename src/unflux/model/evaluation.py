"""An evaluation: labels, what detectors said of labelled domains, and the frozen result of it."""

from dataclasses import dataclass
from typing import Final, Literal

import pyarrow as pa

from unflux.model.columns import COUNT, FLAG, RATIO, TEXT, Column, TableShape

FLUX: Final = "fastflux"
MALICIOUS: Final = "malicious"
UNKNOWN: Final = "unknown"
"""Labels with a meaning of their own: bad but not fluxing; nobody knows. All others but ``FLUX``
are innocent."""

NARROW: Final = 5
"""Addresses under which a fast-flux domain counts as narrow: no rule of width can tell it."""


def is_innocent(label: str) -> bool:
    """Tell whether a domain of this label has nothing to do with malice."""
    return label not in {FLUX, MALICIOUS, UNKNOWN}


def _column(
    name: str, type_: pa.DataType, unit: str, meaning: str, *, nullable: bool = False
) -> Column:
    return Column(
        name=name,
        type=type_,
        unit=unit,
        meaning=meaning,
        nullable=nullable,
        merge="key" if name in {"detector", "domain"} else "derived",
    )


_DOMAIN: Final = _column("domain", TEXT, "name", "registrable domain")
_TRUTH: Final = (
    _column("label", TEXT, "", f"what is held to be true: {FLUX} or another class"),
    _column("kind", TEXT, "", "form of flux or of innocence", nullable=True),
    _column("family", TEXT, "", "network or provider that the domain is part of", nullable=True),
    _column("source", TEXT, "", "where label or records come from", nullable=True),
)

LABELS: Final = TableShape(
    "labels", "One row per labelled domain: what is held to be true.", (_DOMAIN, *_TRUTH)
)

JUDGED: Final = TableShape(
    "judged",
    "One row per detector and labelled domain that had an answer: what was said, and when.",
    (
        _column("detector", TEXT, "", "who said it"),
        _DOMAIN,
        *_TRUTH,
        _column("addresses", COUNT, "addresses", "distinct addresses in answers to its names"),
        _column("lookups", COUNT, "responses", "responses to its names; null: the records do not "
                "tell, as some passive ones", nullable=True),
        _column("outcome", TEXT, "fast-flux|benign|undecided", "what was said; null: nothing",
                nullable=True),
        _column("score", RATIO, "0..1", "probability of fast flux, where one is given",
                nullable=True),
        _column("was_flagged", FLAG, "", "said fast-flux of this or any shorter run of its "
                "records; null where that was not tried", nullable=True),
        _column("decided_lookups", COUNT, "responses", "responses until first said fast-flux",
                nullable=True),
        _column("decided_s", RATIO, "s", "from the first record until then", nullable=True),
        _column("ttl_s", COUNT, "s", "longest TTL of its addresses", nullable=True),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many, with Wilson's interval at 95 %."""

    count: int
    of: int
    low: float
    high: float

    @property
    def ratio(self) -> float | None:
        """The share itself; null where there is no case."""
        return self.count / self.of if self.of else None


GroupedBy = Literal["label", "kind", "family", "source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The domains of one label, or of one kind, family or source within it."""

    label: str
    by: GroupedBy
    name: str
    flagged: Share
    """Domains said to be fast flux."""
    narrow: Share
    """Of them those that showed fewer than ``NARROW`` addresses."""
    families: Share
    """Families of which at least one domain was flagged; a domain without one is its own."""
    whole_families: Share
    """Families of which every domain was."""
    undecided: int
    silent: int
    """Domains of which the detector said nothing."""
    was_flagged: int | None
    """Domains flagged on these or any shorter run of their records; null: not tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """Median and ninetieth percentile over all domains; null where so many were never flagged."""

    median: float | None
    p90: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTime:
    """How long it took until fast-flux domains with times were flagged."""

    kind: str | None
    """Kind of flux; null for all together."""
    domains: int
    decided: int
    lookups: Quantiles
    """Responses to its names, of the domains of which the records tell how many there were."""
    with_lookups: int
    seconds: Quantiles
    rotations: Quantiles
    """Seconds over the longest TTL, of the domains whose TTL is known."""
    with_ttl: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreBin:
    """Verdicts whose score lies in ``[low, high)``; the last bin holds 1."""

    low: float
    high: float
    mean_score: float | None
    flux: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """How far scores are from shares, over all bins."""

    base_rate: float
    """Share of fast flux, as found or as weighted to."""
    brier: float
    expected_error: float
    """Expected calibration error: mean distance of score and share, by weight of the bin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Whether a score of so much is right so often; ``unknown`` labels left out."""

    bins: tuple[ScoreBin, ...]
    as_found: Reliability
    at_prior: Reliability | None
    """With the labels weighted to the prior that the score starts from; null without flux or
    without anything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """Share of true ones among flags, where one domain in ``1 / base_rate`` is fast flux."""

    base_rate: float
    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorScore:
    """One detector's figures."""

    detector: str
    recall: Group
    """Over all fast-flux domains."""
    mean_family_recall: float | None
    """Mean over families of the share found: each network counts once."""
    innocent: Group
    """Over all innocent domains; its ``label`` is ``innocent``."""
    groups: tuple[Group, ...]
    """Each label, then each kind, family and source within it."""
    precision: tuple[Precision, ...]
    decision_times: tuple[DecisionTime, ...]
    """All fast flux, then each kind; empty where records carry no time or no replay was asked."""
    calibration: Calibration | None
    """Null for detectors whose score is no probability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What was scored, and every detector's figures, ours first."""

    labelled: int
    """Domains with a label."""
    scored: int
    """Of them, those that had an answer in the records."""
    untimed: int | None
    """Of the scored, those whose records carry no time; null where no shorter run was judged."""
    drops: dict[str, int]
    """Skipped labels by reason."""
    detectors: tuple[DetectorScore, ...]
