"""What was seen from each vantage: four tables of a store that is tracked into."""

from typing import Final

from unflux.model.columns import COUNT, MOMENT, TEXT, Column, TableShape

LOOK_BUCKET_S: Final = 3_600
"""Width of the buckets of these tables, whatever that of the records beside them."""

_BUCKET: Final = Column(
    name="bucket_at", type=MOMENT, unit="UTC", meaning="start of the hour of the look"
)
_VANTAGE: Final = Column(
    name="vantage",
    type=TEXT,
    unit="",
    meaning="resolver that was asked, and the client subnet it was told",
)
_QUERY: Final = Column(name="query", type=TEXT, unit="name", meaning="the name that was asked for")
_SEEN: Final = (
    Column(name="first_at", type=MOMENT, unit="UTC", meaning="first of these looks", merge="min"),
    Column(name="last_at", type=MOMENT, unit="UTC", meaning="last of these looks", merge="max"),
)


_QTYPE: Final = Column(
    name="qtype", type=TEXT, unit="RR type", meaning="the type that was asked for"
)


def _looks(name: str, meaning: str) -> Column:
    return Column(name=name, type=COUNT, unit="looks", meaning=meaning, merge="sum")


VANTAGE_LOOKS: Final = TableShape(
    "vantage_looks",
    "One row per hour, vantage, name and type: the looks of unflux track, and what came of them.",
    (
        _BUCKET,
        _VANTAGE,
        _QUERY,
        _QTYPE,
        _looks("looks", "looks that were made"),
        _looks("answered", "of them with records of the type"),
        _looks("silent", "of them that nobody replied to"),
        _looks("changes", "answers other than the one before, of the same vantage"),
        *_SEEN,
    ),
)
VANTAGE_ANSWERS: Final = TableShape(
    "vantage_answers",
    "One row per hour, vantage, name and address: in how many answers it was.",
    (
        _BUCKET,
        _VANTAGE,
        _QUERY,
        Column(name="address", type=TEXT, unit="address", meaning="canonical address"),
        _looks("looks", "answers that held it"),
        *_SEEN,
    ),
)
VANTAGE_TURNS: Final = TableShape(
    "vantage_turns",
    "One row per hour, vantage, name and type: the answers that followed another without a pause.",
    (
        _BUCKET,
        _VANTAGE,
        _QUERY,
        _QTYPE,
        _looks("turns", "whole answers that followed another on their rhythm"),
        Column(
            name="watched_ms", type=COUNT, unit="ms", meaning="time between the two", merge="sum"
        ),
        _looks("changes", "of them with other records than the one before"),
        *_SEEN,
    ),
)
VANTAGE_SUBNETS: Final = TableShape(
    "vantage_subnets",
    "One row per hour, vantage, name and type: answers to questions that named a client subnet.",
    (
        _BUCKET,
        _VANTAGE,
        _QUERY,
        _QTYPE,
        _looks("answers", "answers to questions that named a client subnet"),
        _looks("heeded", "of them such that are for the clients of some prefix alone"),
        *_SEEN,
    ),
)
VANTAGE_TABLES: Final = (VANTAGE_LOOKS, VANTAGE_ANSWERS, VANTAGE_TURNS, VANTAGE_SUBNETS)
