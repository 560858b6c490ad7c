"""The formats as a whole: told apart, described, and never surprised."""

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unflux.model.errors import UnreadableSourceError
from unflux.read.rollup import roll_up
from unflux.read.source import RECORDS_SCHEMA, RESPONSES_SCHEMA, Batch, Drops, Options, Source
from unflux.read.sources import SOURCES, recognise

GOLDEN = Path(__file__).parents[1] / "golden" / "read"
TEXTS = [source for source in SOURCES if source.NAME in {"zeek", "eve", "cof", "dig", "table"}]
INPUTS = [
    path.read_bytes() for source in TEXTS for path in sorted((GOLDEN / source.NAME).glob("input.*"))
]


def check(source: Source, octets: bytes) -> None:
    drops = Drops()
    try:
        for part in source.read(io.BytesIO(octets), Options(), drops):
            if isinstance(part, Batch):
                assert part.responses.schema == RESPONSES_SCHEMA
                assert part.records.schema == RECORDS_SCHEMA
                part.responses.validate(full=True)
                part.records.validate(full=True)
                roll_up(part)
    except UnreadableSourceError:
        pass
    assert all(count > 0 for count in drops.reasons.values())


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.NAME)
def test_described(source: Source) -> None:
    assert source.DOC.summary
    assert source.DOC.references
    assert source.DOC.limitations


def test_names_are_distinct() -> None:
    assert len({source.NAME for source in SOURCES}) == len(SOURCES)


@pytest.mark.parametrize(
    "path",
    [path for source in TEXTS for path in sorted((GOLDEN / source.NAME).glob("input.*"))],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_exactly_one_format_recognises(path: Path) -> None:
    head = path.read_bytes()
    assert [s.NAME for s in SOURCES if s.recognises(head)] == [path.parent.name]
    assert path.parent.name == recognise(head).NAME


@pytest.mark.parametrize(
    "head", [b"", b"hello\n", b"{}\n", b"[1,2]", b"\0" * 100, b"ip,asn\n1,2\n"]
)
def test_unknown(head: bytes) -> None:
    with pytest.raises(UnreadableSourceError, match=r"not a format that unflux reads .*zeek"):
        recognise(head)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_octets_are_some_format_or_none(octets: bytes) -> None:
    for source in SOURCES:
        source.recognises(octets)


@pytest.mark.parametrize("source", TEXTS, ids=lambda source: source.NAME)
@settings(max_examples=60, deadline=None)
@given(
    octets=st.binary(max_size=300)
    | st.text(max_size=200).map(lambda t: t.encode("utf-8", "ignore"))
)
def test_any_octets_give_rows_or_drops(source: Source, octets: bytes) -> None:
    check(source, octets)


@pytest.mark.parametrize("source", TEXTS, ids=lambda source: source.NAME)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_changed_inputs_give_rows_or_drops(source: Source, data: st.DataObject) -> None:
    octets = bytearray(data.draw(st.sampled_from(INPUTS)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, max(len(octets) - 1, 0)))
        octets[at : at + data.draw(st.integers(0, 12))] = data.draw(
            st.binary(max_size=8)
            | st.sampled_from([b'"', b"\\", b"{", b"]", b"\r", b"\t", b"null", b"-1"])
        )
    check(source, bytes(octets))
