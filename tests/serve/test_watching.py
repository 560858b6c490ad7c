import asyncio
from pathlib import Path

from tests.act.descriptors import exhausted
from tests.serve.histories import Told, opened
from tests.serve.zones import replace_zone, zone_text

from unflux.serve.watching import Watch


def test_each_version_is_read_once_and_each_mistake_told_once(tmp_path: Path) -> None:
    async def body() -> None:
        told = Told()
        with opened(tmp_path / "h", told) as primary:
            watch = Watch(tmp_path / "rpz.zone", primary, told)
            assert [await watch.look() for _ in range(3)] == [False] * 3
            assert [t["event"] for t in told] == ["zone-missing"]
            replace_zone(tmp_path, zone_text(serial=7))
            assert [await watch.look() for _ in range(3)] == [True, False, False]
            replace_zone(tmp_path, zone_text(serial=6))
            assert [await watch.look() for _ in range(3)] == [False] * 3
            assert [(t["event"], t.get("served")) for t in told[1:]] == [("zone-refused", 7)]
            assert await watch.look(again=True) is False
            assert len(told) == 3
            replace_zone(tmp_path, zone_text(serial=8))
            assert await watch.look()
            (tmp_path / "rpz.zone").unlink()
            assert not await watch.look()
            assert told[-1]["event"] == "zone-missing"

    asyncio.run(body())


def test_a_file_written_in_place_is_taken_once_it_is_whole(tmp_path: Path) -> None:
    async def body() -> None:
        told, path = Told(), tmp_path / "rpz.zone"
        text = zone_text("bad.example", serial=7)
        with opened(tmp_path / "h", told) as primary:
            watch = Watch(path, primary, told)
            with path.open("w") as sink:
                sink.write(text[:100])
                sink.flush()
                assert not await watch.look()
                sink.write(text[100:])
            assert await watch.look()
        assert [t["event"] for t in told] == ["zone-refused"]

    asyncio.run(body())


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    async def body() -> None:
        told = Told()
        (tmp_path / "rpz.zone").mkdir()
        with opened(tmp_path / "h", told) as primary:
            assert not await Watch(tmp_path / "rpz.zone", primary, told).look()
        assert "cannot be read" in str(told[0]["because"])

    asyncio.run(body())


def test_a_version_that_could_not_be_read_is_told_once_and_taken_at_the_next_look(
    tmp_path: Path,
) -> None:
    async def body() -> None:
        told = Told()
        with opened(tmp_path / "h", told) as primary:
            watch = Watch(tmp_path / "rpz.zone", primary, told)
            replace_zone(tmp_path, zone_text("bad.example", serial=1))
            assert await watch.look()
            replace_zone(tmp_path, zone_text(serial=2))
            with exhausted():
                assert [await watch.look() for _ in range(3)] == [False] * 3
            assert [(t["event"], t.get("served")) for t in told] == [("zone-refused", 1)]
            assert [await watch.look() for _ in range(2)] == [True, False]
            assert primary.edition is not None
            assert primary.edition.zone.serial == 2

    asyncio.run(body())
