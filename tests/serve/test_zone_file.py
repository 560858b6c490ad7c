"""The strict reader: what dnspython reads, or a refusal that says where."""

from pathlib import Path

import dns.name
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.act.hostile import HOSTILE_NAMES, crafted_names
from tests.act.plans import small_plan
from tests.serve.transfers import Client
from tests.serve.zones import oracle, zone_text

from unflux.act.output import Options
from unflux.act.outputs.rpz import Rpz
from unflux.model.policy_zone import closing_line
from unflux.serve import zone_file
from unflux.serve.edition import Edition
from unflux.serve.errors import ZoneError
from unflux.serve.zone_file import read_zone, scan_zone

TEXT = zone_text("bad.example", "worse.example", serial=7)


def transferred(text: str) -> set[tuple[str, int, str]]:
    """Return what a client gets of the zone that a text holds."""
    client = Client()
    client.take(Edition(zone=scan_zone(text)))
    return client.records()


def test_a_client_gets_what_dnspython_reads() -> None:
    zone = scan_zone(TEXT)
    assert (zone.origin.to_text(), zone.serial) == ("rpz.unflux.invalid.", 7)
    assert transferred(TEXT) == oracle(TEXT)
    assert len(oracle(TEXT)) == 6


@pytest.mark.parametrize(
    "options",
    [{"triggers": frozenset({"nsdname", "nsip", "ip"})}, {"answer": "nodata"},
     {"answer": "garden", "garden": "walled.test"}, {"serial": 2**32 - 1}],
)  # fmt: skip
def test_every_form_that_is_written_is_read(options: dict[str, object]) -> None:
    (file,) = Rpz().render(small_plan(), Options(**options))  # type: ignore[arg-type]
    text = file.content.decode()
    assert transferred(text) == oracle(text)


def test_hostile_names_arrive_as_they_are() -> None:
    text = zone_text("bad.example", *crafted_names())
    assert transferred(text) == oracle(text)
    assert len(oracle(text)) > 200


@settings(max_examples=100)
@given(st.lists(HOSTILE_NAMES, max_size=5))
def test_hostile_names_arrive_as_they_are_whatever_they_are(names: list[str]) -> None:
    text = zone_text(*dict.fromkeys(names))
    assert transferred(text) == oracle(text)


def test_what_was_cut_short_anywhere_is_refused() -> None:
    for length in range(len(TEXT)):
        with pytest.raises(ZoneError):
            scan_zone(TEXT[:length])
    scan_zone(TEXT)


def test_a_line_that_was_lost_is_missed() -> None:
    lines = TEXT.splitlines(keepends=True)
    for i, line in enumerate(lines):
        if not line.startswith(";"):
            with pytest.raises(ZoneError, match=r"cut short|first line|second line|line"):
                scan_zone("".join(lines[:i] + lines[i + 1 :]))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("$TTL 60", "$TTL 1h", "first line is not"),
        ("$TTL 60", "$TTL 9999999999", "first line is not"),
        ("$ORIGIN rpz.unflux.invalid.", "$ORIGIN rpz.unflux.invalid", "second line is not"),
        ("$ORIGIN rpz.unflux.invalid.", "$ORIGIN .", "second line is not"),
        ("$ORIGIN rpz.unflux.invalid.", "$ORIGIN a..b.", "second line is not"),
        ("@ SOA localhost.", "www SOA localhost.", "the SOA of the zone must stand here"),
        ("@ SOA localhost.", "@ TXT localhost.", "the SOA of the zone must stand here"),
        (" 7 60 60", " x 60 60", "its data cannot be parsed"),
        (" 7 60 60", " 4294967296 60 60", "its data cannot be parsed"),
        ("@ NS localhost.", "@ CNAME localhost.", "an NS of the zone"),
        ("@ NS localhost.", "www NS localhost.", "an NS of the zone"),
        ("@ NS localhost.", "www CNAME localhost.", "an NS of the zone"),
        ("bad.example CNAME .", "bad.example NS .", "an NS of the zone"),
        ("bad.example CNAME .", "@ CNAME .", "an NS of the zone"),
        ("bad.example CNAME .", "@ SOA . . 1 1 1 1 1", "an NS of the zone"),
        ("bad.example CNAME .", "bad.example A 192.0.2.1", "an NS of the zone"),
        ("bad.example CNAME .", "bad.example. CNAME .", "not relative"),
        ("bad.example CNAME .", "bad..example CNAME .", "not a name"),
        ("bad.example CNAME .", "bad\\999.example CNAME .", "not a name"),
        ("bad.example CNAME .", "Bad.example CNAME .", "not spelt as"),
        ("bad.example CNAME .", "b(ad.example CNAME .", "not spelt as"),
        ("bad.example CNAME .", '"bad".example CNAME .', "not spelt as"),
        ("bad.example CNAME .", "b\\ad.example CNAME .", "not spelt as"),
        ("bad.example CNAME .", f"{'.'.join(['a' * 60] * 4)} CNAME .", "longer than 255"),
        ("bad.example CNAME .", "bad.example CNAME ..", "cannot be parsed"),
        ("bad.example CNAME .", "bad.example CNAME . .", "cannot be parsed"),
        ("bad.example CNAME .", "bad.example CNAME", "cannot be parsed"),
        ("bad.example CNAME .", "bad.example", "an NS of the zone"),
        ("bad.example CNAME . ; ", "bad.example CNAME\n; ", "not owner, type and data"),
        ("*.bad.example CNAME .", "bad.example CNAME *.", "another CNAME already"),
        ("*.bad.example CNAME .", "$INCLUDE other.zone", "not spelt as"),
        ("*.bad.example CNAME .", "$GENERATE 1-9 a$ CNAME .", "not spelt as"),
    ],
)
def test_any_other_form_is_refused(before: str, after: str, said: str) -> None:
    assert before in TEXT
    with pytest.raises(ZoneError, match=said):
        scan_zone(TEXT.replace(before, after, 1))


@settings(max_examples=300)
@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=300), st.integers(0, 20))
def test_any_text_is_a_zone_or_refused(line: str, at: int) -> None:
    lines = TEXT.split("\n")
    lines.insert(at, line)
    text = "\n".join(lines)
    try:
        zone = scan_zone(text)
    except ZoneError:
        return
    assert zone.origin == dns.name.from_text("rpz.unflux.invalid")
    assert transferred(text) == oracle(text)


def test_an_empty_policy_is_a_zone() -> None:
    assert transferred(zone_text()) == oracle(zone_text())


def test_what_stands_twice_is_served_once() -> None:
    body, _, _ = TEXT.rpartition(";")
    twice = f"{body}bad.example CNAME . ; again\n{closing_line(7)}\n"
    assert transferred(twice) == oracle(TEXT)


def test_files_that_cannot_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rpz.zone"
    with pytest.raises(ZoneError, match="No such file"):
        read_zone(path)
    path.write_bytes(TEXT.encode().replace(b"bad", b"b\xe4d"))
    with pytest.raises(ZoneError, match=f"{path}: octet .* is not ASCII"):
        read_zone(path)
    path.write_text(TEXT[:-9])
    with pytest.raises(ZoneError, match=f"{path}: its last line"):
        read_zone(path)
    path.write_text(TEXT)
    assert read_zone(path) == scan_zone(TEXT)
    monkeypatch.setattr(zone_file, "MAX_FILE_OCTETS", len(TEXT) - 1)
    with pytest.raises(ZoneError, match="larger than"):
        read_zone(path)
