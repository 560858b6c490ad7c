"""The history: what was served is remembered whole, and what is damaged is never served."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.serve.histories import Told, opened
from tests.serve.transfers import Client
from tests.serve.zones import zone

from unflux.serve.edition import Edition
from unflux.serve.errors import HistoryError
from unflux.serve.zone import Zone

VERSIONS = (
    zone("a.example", "b.example", serial=1),
    zone("b.example", "c.example", serial=2),
    zone("c.example", serial=3),
    zone("c.example", "d.example", serial=4),
)


def kept(path: Path, *versions: Zone) -> None:
    """Serve these versions, each by a server of its own."""
    for version in versions:
        with opened(path) as primary:
            assert primary.offer(version)


def changed(path: Path, statement: str, *values: Any) -> None:
    with sqlite3.connect(path) as db:
        db.execute(statement, values)
    db.close()


def transferred(edition: Edition, since: Zone) -> str:
    """Take the changes since a version; return the kind, once the zone came out right."""
    client, fresh = Client(), Client()
    client.take(Edition(zone=since))
    reply = client.take(edition, since.serial)
    fresh.take(edition)
    assert client.records() == fresh.records()
    return reply.kind


def test_a_new_history_is_empty(tmp_path: Path) -> None:
    told = Told()
    with opened(tmp_path / "h", told) as primary:
        assert primary.edition is None
    assert told == []


def test_what_was_served_is_restored(tmp_path: Path) -> None:
    kept(tmp_path / "h", *VERSIONS)
    with opened(tmp_path / "h") as primary:
        assert primary.edition is not None
        assert primary.edition.zone == VERSIONS[3]
        assert [d.before for d in primary.edition.differences] == [1, 2, 3]
        for version in VERSIONS[:3]:
            assert transferred(primary.edition, version) == "ixfr"


def test_two_servers_do_not_share_one(tmp_path: Path) -> None:
    with (
        opened(tmp_path / "h"),
        pytest.raises(HistoryError, match="another server uses this history"),
        opened(tmp_path / "h"),
    ):
        pass


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="cannot be used"), opened(tmp_path / "none" / "h"):
        pass


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"no database, but long enough to look at" * 100),
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_bytes(b"\0" * path.stat().st_size),
        lambda path: path.write_bytes(path.read_bytes()[:200] + b"\xff" * 8_000),
        lambda path: changed(path, "PRAGMA user_version = 99"),
        lambda path: changed(path, "UPDATE zone SET serial = 9"),
        lambda path: changed(path, "UPDATE zone SET records = x'00'"),
        lambda path: changed(path, "UPDATE zone SET soa = NULL"),
        lambda path: changed(path, "UPDATE zone SET seal = 'none'"),
        lambda path: changed(path, "DELETE FROM zone"),
    ],
    ids=["other", "torn", "zeros", "scribbled", "format", "serial", "records", "soa", "seal",
         "none"],
)  # fmt: skip
def test_a_damaged_zone_is_forgotten(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    path, told = tmp_path / "h", Told()
    kept(path, *VERSIONS[:3])
    damage(path)
    with opened(path, told) as primary:
        assert primary.edition is None
        assert primary.offer(VERSIONS[3])
        assert primary.edition is not None
        assert transferred(primary.edition, VERSIONS[2]) == "ixfr-whole"
    if b"DELETE" not in str(damage).encode() and path.with_name("h.damaged").exists():
        assert [t["what"] for t in told] == ["file"]
    with opened(path) as primary:
        assert primary.edition is not None
        assert primary.edition.zone == VERSIONS[3]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE difference SET deleted = added WHERE number = 2",
        "UPDATE difference SET added = x'789c' WHERE number = 2",
        "UPDATE difference SET soa_after = x'' WHERE number = 2",
        "UPDATE difference SET seal = NULL WHERE number = 2",
        "DELETE FROM difference WHERE number = 2",
        "UPDATE difference SET number = 9 - number",
    ],
)
def test_a_damaged_difference_ends_the_history(tmp_path: Path, statement: str) -> None:
    path, told = tmp_path / "h", Told()
    kept(path, *VERSIONS)
    changed(path, statement)
    with opened(path, told) as primary:
        edition = primary.edition
        assert edition is not None
        assert edition.zone == VERSIONS[3]
        assert [t["event"] for t in told] == ["history-damaged"]
        assert transferred(edition, VERSIONS[0]) == "ixfr-whole"
        assert transferred(edition, VERSIONS[1]) == "ixfr-whole"


@pytest.mark.slow
def test_every_flipped_octet_is_noticed_or_without_effect(tmp_path: Path) -> None:
    """Whatever a disk does to the file: the zone and each difference come back right or not."""
    path = tmp_path / "h"
    kept(path, *VERSIONS)
    octets = path.read_bytes()
    for at in (*range(14, 32), *range(0, len(octets), 199)):
        torn = tmp_path / f"t{at}"
        torn.write_bytes(octets[:at] + bytes([octets[at] ^ 0x55]) + octets[at + 1 :])
        with opened(torn) as primary:
            edition = primary.edition
            if edition is not None:
                assert edition.zone == VERSIONS[3]
                for version in VERSIONS[:3]:
                    assert transferred(edition, version) in {"ixfr", "ixfr-whole"}


def test_a_sealed_difference_that_does_not_fit_the_zone_is_left_out(tmp_path: Path) -> None:
    """As after a file was restored in part: every row is whole, but they do not belong together."""
    kept(tmp_path / "h", *VERSIONS)
    kept(tmp_path / "other", zone("x.example", serial=3), VERSIONS[3])
    with sqlite3.connect(tmp_path / "h") as db:
        db.execute("ATTACH ? AS other", (str(tmp_path / "other"),))
        db.execute("DELETE FROM difference WHERE number IN (1, 3)")
        db.execute("UPDATE difference SET number = 0")
        db.execute("INSERT INTO difference SELECT * FROM other.difference WHERE number = 1")
    db.close()
    told = Told()
    with opened(tmp_path / "h", told) as primary:
        assert primary.edition is not None
        assert [d.before for d in primary.edition.differences] == [3]
    assert told[0]["because"] == "it does not end where the next one begins"
