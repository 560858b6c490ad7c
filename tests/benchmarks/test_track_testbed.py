"""The truth of a testbed's networks in stretched time, and the table of what was estimated."""

from importlib import import_module
from pathlib import Path

import pytest

ZERO_S, COMPRESS, HOUR_S = 1_000_000.0, 600.0, 3600.0
DOMAIN = "flux.example"


def moment(hour: float) -> float:
    """Return when an hour of the small internet was, in our time."""
    return ZERO_S + hour * HOUR_S / COMPRESS


def note(folder: Path) -> None:
    """Write down a network that has another agent every six hours, from six hours before."""
    agents = [f"10.0.0.{number}" for number in range(10)]
    (folder / "resolver").mkdir()
    (folder / "agents.csv").write_text(
        "address,network,host\n"
        # The second of each pair is the first, renumbered.
        + "".join(f"{a},single,{agents[n // 2 * 2]}\n" for n, a in enumerate(agents))
        + "10.9.9.9,slow,10.9.9.9\n"
    )
    presence, rotations = ["ts,address,online"], ["ts,owner,rrtype,rdata"]
    for number, agent in enumerate(agents):
        presence.append(f"{moment(6 * number - 6)},{agent},1")
        presence.append(f"{moment(6 * number - 2)},{agent},1")
        if number < 9:
            presence.append(f"{moment(6 * number)},{agent},0")
        rotations.append(f"{moment(6 * number - 6)},{DOMAIN},A,{agent}")
        rotations.append(f"{moment(6 * number)},www.{DOMAIN},A,10.9.9.9")
    presence += [f"{moment(0)},10.9.9.9,1", f"{moment(1)},10.0.0.3,0"]
    (folder / "presence.csv").write_text("\n".join(presence) + "\n")
    (folder / "rotations.csv").write_text("\n".join(rotations) + "\n")
    (folder / "resolver" / "stretched.csv").write_text(
        "ts,qname,rrtype,rdata,ttl,query,section,rcode\n"
        f"{ZERO_S},www.{DOMAIN},A,10.0.0.1,300,www.{DOMAIN},ans,NOERROR\n"
        f"{ZERO_S + 2 * HOUR_S},{DOMAIN},A,10.0.0.1,300,{DOMAIN},ans,NOERROR\n"
        f"{ZERO_S},ns1.{DOMAIN},A,10.0.0.2,300,{DOMAIN},add,NOERROR\n"
        f"{ZERO_S},other{DOMAIN},A,10.0.0.3,300,other{DOMAIN},ans,NOERROR\n"
    )


def test_what_the_lab_noted_is_read_in_the_time_of_the_records(tmp_path: Path) -> None:
    truths = import_module("pools.testbed_truth")
    note(tmp_path)
    clock = truths.Clock(zero_s=ZERO_S, compress=COMPRESS)
    truth = truths.read_truth(tmp_path, "single", {DOMAIN}, clock)
    for hour, agents in ((-1, {0}), (0, {1}), (5.9, {1}), (40, {7}), (70, {9})):
        expected = {f"10.0.0.{number}" for number in agents}
        assert truth.on_line(ZERO_S + hour * HOUR_S) == expected
    assert truths.read_seen(tmp_path, {DOMAIN}) == {"10.0.0.1"}
    # Lists are made at the end of every hour, and agents change on the hour: four of six lists hold
    # the one that is answered in their second hour, and a hours later 4 - a of six do.
    assert truth.half_life_h(ZERO_S, 48) == pytest.approx(2, abs=0.5)
    # One agent alone is always listed.
    still = truths.read_truth(tmp_path, "single", {f"www.{DOMAIN}"}, clock)
    assert still.half_life_h(ZERO_S + 6 * HOUR_S, 48) is None


def test_lives_are_shorter_than_the_agents_that_live_them() -> None:
    law_h = import_module("pools.testbed_truth").lifetime_h()
    # Half of lives of 45 h on average end within 31.2 h; nights at both ends are no part of it.
    assert 27 < law_h < 31.2


def test_the_table_tells_what_was_covered() -> None:
    track_testbed = import_module("track_testbed")
    told = {"network": "single", "truth": 40.0}
    covered = {"measure": "at_once", "value": 44.0, "low": 30.0, "high": 60.0, "is_covered": True}
    missed = {"measure": "at_once", "value": 32.0, "low": 30.0, "high": 36.0, "is_covered": False}
    nothing = {"measure": "now", "value": None}
    rows = [{**told, **row} for row in (covered, missed, nothing)]
    lines = list(track_testbed.tabulate(rows))
    assert "| single | at once | 2 | 40 to 40 | 1 | 15.0% | 1 | 1.60 |" in lines
    assert not any("now" in line for line in lines)


@pytest.mark.slow
def test_an_estimate_stands_beside_its_truth(tmp_path: Path) -> None:
    track_testbed = import_module("track_testbed")
    truths = import_module("pools.testbed_truth")
    planning = import_module("unflux.lab.testbed.planning")
    options = import_module("unflux.lab.testbed.options").Options(seed=3, agents=4)
    note(tmp_path)
    (tmp_path / "asn.csv").write_text("prefix,asn,name,country\n10.0.0.0/8,64500,Example,XA\n")
    blueprint = planning.draw_blueprint(options)
    operation = blueprint.operations[0]
    text = (tmp_path / "resolver" / "stretched.csv").read_text()
    text += f"{ZERO_S + HOUR_S},{DOMAIN},A,10.0.0.0,300,{DOMAIN},ans,NOERROR\n"
    (tmp_path / "resolver" / "stretched.csv").write_text(text.replace(DOMAIN, operation.domains[0]))
    captured = track_testbed.Captured(
        folder=tmp_path,
        blueprint=blueprint,
        places=options.agents,
        clock=truths.Clock(zero_s=ZERO_S, compress=COMPRESS),
    )
    rows = {row["measure"]: row for row in track_testbed.score(captured, operation, 30.0)}
    assert rows.keys() == track_testbed.MEASURES.keys()
    assert (rows["at_once"]["truth"], rows["at_once"]["value"]) == (4, None)
    assert rows["total"]["seen"] == 2
    assert (rows["total"]["truth"], rows["hosts"]["truth"]) == (2, 1)
