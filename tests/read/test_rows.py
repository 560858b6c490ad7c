"""Grouping of rows into responses, against a reference in plain Python."""

from collections import defaultdict
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unflux.read import rows as rows_module
from unflux.read.rows import RowGrouper
from unflux.read.source import RECORDS_SCHEMA, RESPONSES_SCHEMA, Batch, Drops

Row = dict[str, str | None]

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "ts": st.sampled_from(["1714521600", "1714521601", "1714521602"]),
            "query": st.sampled_from(["a.example", "b.example", ""]),
            "qname": st.sampled_from(["a.example", "b.example"]),
            "rrtype": st.sampled_from(["A", "NS", "TXT"]),
            "rdata": st.sampled_from(["198.51.100.1", "198.51.100.2", ""]),
            "section": st.sampled_from(["ans", "auth", "nsip", "NXDOMAIN", ""]),
            "client": st.sampled_from(["", "192.0.2.1"]),
            "rcode": st.sampled_from(["", "", "SERVFAIL"]),
        }
    ),
    max_size=30,
)

Response = tuple[object, ...]


def expected_responses(rows: list[Row]) -> list[tuple[Response, list[tuple[object, ...]]]]:
    """Return responses in order of their first rows, as the rule says it, row by row."""
    repetitions: dict[tuple[object, ...], int] = defaultdict(int)
    responses: dict[tuple[object, ...], tuple[list[str | None], list[tuple[object, ...]]]] = {}
    for row in rows:
        section: str | None = row["section"] or "ans"
        rcode = row["rcode"] or None
        if section == "NXDOMAIN":
            section, rcode = "ans", "NXDOMAIN"
        if not row["rdata"] and rcode is None:
            continue
        section = {"nsip": "add"}.get(str(section), section) if row["rdata"] else None
        if row["section"] == "NXDOMAIN" and row["rdata"]:
            section = None
        query = row["query"] or row["qname"]
        key = (row["ts"], query, row["client"], None if section else rcode)
        record = (*key, row["qname"], row["rrtype"], row["rdata"] or None, section)
        number = repetitions[record]
        repetitions[record] += 1
        codes, records = responses.setdefault((*key, number), ([], []))
        codes.append(rcode)
        if section is not None and row["rrtype"] != "TXT":
            records.append((row["qname"], row["rrtype"], row["rdata"], section))
    return [
        ((int(str(key[0])), key[1], next((code for code in codes if code), None)), records)
        for key, (codes, records) in responses.items()
    ]


def grouped(chunks: list[list[Row]]) -> list[tuple[Response, list[tuple[object, ...]]]]:
    grouper = RowGrouper(Drops())
    batches: list[Batch] = []
    for chunk in chunks:
        if chunk:
            batches.extend(grouper.add(pa.Table.from_pylist(chunk)))
    batches.extend(grouper.finish())
    found: list[tuple[Response, list[tuple[object, ...]]]] = []
    for batch in batches:
        assert batch.responses.schema == RESPONSES_SCHEMA
        assert batch.records.schema == RECORDS_SCHEMA
        held: dict[int, list[tuple[object, ...]]] = defaultdict(list)
        for record in batch.records.to_pylist():
            held[record["response"]].append(
                tuple(record[name] for name in ("qname", "rrtype", "rdata", "section"))
            )
        found.extend(
            ((int(row["ts"].timestamp()), row["query"], row["rcode"]), held[row["response"]])
            for row in batch.responses.to_pylist()
        )
    return found


def valid_data(rows: list[Row]) -> list[Row]:
    """Give NS rows a name and drop what other tests look at: data in a row with a code."""
    rows = [
        row | {"rdata": "ns.example"} if row["rrtype"] == "NS" and row["rdata"] else row
        for row in rows
    ]
    return [row for row in rows if not (row["section"] == "NXDOMAIN" and row["rdata"])]


@settings(deadline=None)
@given(ROWS)
def test_rows_are_grouped_as_the_rule_says(rows: list[Row]) -> None:
    rows = valid_data(rows)
    assert sorted(map(repr, grouped([rows]))) == sorted(map(repr, expected_responses(rows)))


@settings(deadline=None)
@given(ROWS, st.lists(st.integers(0, 30), max_size=4))
def test_chunks_of_rows_in_order_of_time_change_nothing(rows: list[Row], cuts: list[int]) -> None:
    rows = sorted(valid_data(rows), key=lambda row: str(row["ts"]))
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    chunks = [rows[start:end] for start, end in pairwise(edges)]
    assert grouped(chunks) == grouped([rows])


@settings(deadline=None, max_examples=20)
@given(ROWS)
def test_the_order_of_rows_of_one_moment_changes_no_response(rows: list[Row]) -> None:
    def canonical(chunks: list[list[Row]]) -> list[str]:
        return sorted(repr((head, sorted(records))) for head, records in grouped(chunks))

    rows = [row | {"rcode": ""} for row in valid_data(rows)]
    assert canonical([rows]) == canonical([rows[::-1]])


def test_a_row_with_data_and_a_code_for_section_is_refused() -> None:
    drops = Drops()
    grouper = RowGrouper(drops)
    row = {"qname": "a.example", "rrtype": "A", "rdata": "198.51.100.1", "section": "NXDOMAIN"}
    assert [*grouper.add(pa.Table.from_pylist([row])), *grouper.finish()] == []
    assert drops.reasons == {"not a section": 1}


def test_rows_held_back_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "MAX_HELD_ROWS", 10)
    grouper = RowGrouper(Drops())
    row = {"ts": 1714521600, "qname": "a.example", "rrtype": "A", "rdata": "198.51.100.1"}
    batches = list(grouper.add(pa.Table.from_pylist([row] * 11)))
    assert [batch.responses.num_rows for batch in batches] == [11]


@pytest.mark.parametrize(
    "ts",
    [
        pa.array([1714521600], pa.int32()),
        pa.array([1714521600.0], pa.float64()),
        pa.array(["1714521600"], pa.large_string()),
        pa.array([1714521600_000], pa.int64()),
        pa.array([1714521600_000000.0], pa.float64()),
        pa.array(["1714521600000"], pa.string()),
        pa.array([1714521600_000000000], pa.uint64()),
        pa.array([b"2024-05-01"], pa.binary()),
        pa.array([1714521600], pa.timestamp("s")),
        pa.array([1714521600_000000000], pa.timestamp("ns", tz="Europe/Vienna")),
        pa.array([19844], pa.date32()),
        pa.array(["1714521600"]).dictionary_encode(),
    ],
    ids=lambda array: str(array.type),
)
def test_kinds_of_time(ts: pa.Array) -> None:
    drops = Drops()
    grouper = RowGrouper(drops)
    table = pa.table({"ts": ts, "qname": ["a.example"], "rrtype": ["A"], "rdata": ["198.51.100.1"]})
    (batch,) = [*grouper.add(table), *grouper.finish()]
    assert not drops.reasons
    assert batch.responses["ts"][0].as_py().isoformat() == "2024-05-01T00:00:00+00:00"
