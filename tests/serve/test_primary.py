from pathlib import Path

import pytest
from tests.serve.histories import Told, opened
from tests.serve.zones import zone, zone_text

from unflux.serve.errors import ZoneError
from unflux.serve.history import History
from unflux.serve.primary import Primary
from unflux.serve.zone_file import scan_zone


def test_a_version_follows_another(tmp_path: Path) -> None:
    with opened(tmp_path / "h") as primary:
        assert primary.offer(zone("a.example", serial=7))
        assert not primary.offer(zone("a.example", serial=7))
        assert primary.offer(zone(serial=8))
        assert primary.edition is not None
        assert primary.edition.zone.serial == 8


def test_serials_pass_the_end_of_the_circle(tmp_path: Path) -> None:
    with opened(tmp_path / "h") as primary:
        assert primary.offer(zone("a.example", serial=2**32 - 1))
        assert primary.offer(zone(serial=3))


@pytest.mark.parametrize("serial", [6, 1, 7 + 2**31])
def test_a_serial_that_does_not_rise_is_refused_after_a_restart_too(
    tmp_path: Path, serial: int
) -> None:
    served = zone("a.example", serial=7)
    with opened(tmp_path / "h") as primary:
        primary.offer(served)
        with pytest.raises(ZoneError, match=rf"serial {serial} does not follow 7"):
            primary.offer(zone(serial=serial))
    with opened(tmp_path / "h") as primary:
        with pytest.raises(ZoneError, match=rf"serial {serial} does not follow 7"):
            primary.offer(zone(serial=serial))
        assert primary.edition is not None
        assert primary.edition.zone == served


def test_other_records_under_the_same_serial_are_refused(tmp_path: Path) -> None:
    with opened(tmp_path / "h") as primary:
        primary.offer(zone("a.example", serial=7))
        with pytest.raises(ZoneError, match="records are not those"):
            primary.offer(zone("b.example", serial=7))


def test_another_zone_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path / "h") as primary:
        primary.offer(zone("a.example", serial=7))
        other = scan_zone(zone_text(serial=8).replace("rpz.unflux.invalid", "other.invalid"))
        with pytest.raises(ZoneError, match=r"it is the zone other\.invalid\."):
            primary.offer(other)


def test_a_history_that_cannot_be_written_does_not_hold_a_withdrawal_back(tmp_path: Path) -> None:
    told = Told()
    with History(tmp_path / "h", told) as history:
        primary = Primary(history, told)
        primary.offer(zone("a.example", serial=1))
    assert primary.offer(zone(serial=2))  # the file is closed
    assert primary.edition is not None
    assert primary.edition.zone.serial == 2
    assert [t["event"] for t in told] == ["history-not-kept"]
