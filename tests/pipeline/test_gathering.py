"""What is gathered of sources, before it is analysed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from unflux.model.clocks import WRONG_CLOCK
from unflux.pipeline.gathering import Options, gather
from unflux.pipeline.scanning import judge

START_S = 1_700_000_000
NOW = datetime.fromtimestamp(START_S, UTC) + timedelta(days=30)


def flux_rows(looks: int = 12) -> list[str]:
    """Rows of a domain that shows five addresses a look, two of them new, all over the world."""
    return [
        f"{START_S + look * 360},alpha.example,A,{address(number)},120"
        for look in range(looks)
        for number in range(2 * look, 2 * look + 5)
    ]


def address(number: int) -> str:
    return (
        f"{24 + number * 37 % 67}.{number * 53 % 251}.{number * 29 % 241}.{1 + number * 17 % 239}"
    )


@pytest.mark.parametrize("wrong_s", [0, 4_000_000_000])
@pytest.mark.parametrize("is_kept", [False, True])
def test_one_wrong_clock_does_not_change_a_verdict(
    tmp_path: Path, wrong_s: int, is_kept: bool
) -> None:
    header = "ts,qname,rrtype,rdata,ttl"
    wrong = f"{wrong_s},alpha.example,A,{address(3)},120"
    source = tmp_path / "records.csv"
    found = []
    for rows in (flux_rows(), [*flux_rows(), wrong]):
        source.write_text("\n".join([header, *rows, ""]))
        store = tmp_path / f"{len(rows)}.unflux" if is_kept else None
        gathered = gather([str(source)], Options(now=NOW, store=store), None)
        assert gathered.last_seen == datetime.fromtimestamp(START_S + 11 * 360, UTC)
        assert gathered.first_seen == datetime.fromtimestamp(START_S, UTC)
        result = judge(gathered, Options(list_all=True, workers=1))
        found.append((result.verdicts[0].verdict, result.drops))
    assert found == [("fast-flux", {}), ("fast-flux", {WRONG_CLOCK: 1})]
