"""Suricata loads the rules without a warning, alerts on the guilty, is silent on the innocent."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.act.hostile import crafted_names
from tests.act.outputs.programs import checked, find
from tests.act.outputs.traffic import CLIENT, capture, fetch, greet, lookup, lookup_by_tcp, udp
from tests.act.plans import plan_of, proposal, small_plan

from unflux.act.output import Options
from unflux.act.outputs.suricata import Suricata
from unflux.model.actions import Plan

pytestmark = pytest.mark.slow

YAML = """\
%YAML 1.1
---
vars:
  address-groups:
    HOME_NET: "any"
    EXTERNAL_NET: "any"
stats:
  enabled: no
outputs:
  - eve-log:
      enabled: yes
      filename: eve.json
      types:
        - alert
app-layer:
  protocols:
    dns:
      udp:
        enabled: yes
        detection-ports:
          dp: 53
      tcp:
        enabled: yes
        detection-ports:
          dp: 53
    http:
      enabled: yes
    tls:
      enabled: yes
      detection-ports:
        dp: 443
"""


def alerts(folder: Path, plan: Plan, packets: Iterable[bytes]) -> list[str]:
    """Run Suricata over packets; return the messages of its alerts."""
    suricata = find("suricata")
    folder.mkdir(exist_ok=True)
    (file,) = Suricata().render(plan, Options())
    (folder / "unflux.rules").write_bytes(file.content)
    (folder / "suricata.yaml").write_text(YAML)
    common = ("-c", folder / "suricata.yaml", "-S", folder / "unflux.rules", "-l", folder,
              "-k", "none")  # fmt: skip
    said = checked(suricata, "-T", *common)
    assert " 0 rules failed" in said, said
    assert not re.search(r"^(?:Error|Warning)", said, re.MULTILINE), said
    pcap = capture(folder / "traffic.pcap", packets)
    checked(suricata, "--runmode", "single", "-r", pcap, *common)
    lines = (folder / "eve.json").read_text().splitlines()
    return [json.loads(line)["alert"]["signature"] for line in lines]


@pytest.mark.slow
def test_it_alerts_on_the_guilty_and_is_silent_on_the_innocent(tmp_path: Path) -> None:
    plan = small_plan()
    guilty = [*lookup("bad.example"), *lookup("x.y.worse.example"), *fetch("www.bad.example"),
              *greet("worse.example")]  # fmt: skip
    guilty.append(udp(CLIENT, 4009, "20.1.2.3", 9999, b"hello"))
    said = alerts(tmp_path / "guilty", plan, guilty)
    for what in ("question bad.example", "answer bad.example", "query bad.example",
                 "question worse.example", "answer worse.example", "query worse.example",
                 "HTTP host bad.example", "TLS name worse.example",
                 "traffic with an agent 20.1.2.3"):  # fmt: skip
        assert any(message.endswith(what) for message in said), (what, said)
    by_tcp = alerts(tmp_path / "tcp", plan, lookup_by_tcp("www.bad.example"))
    for what in ("question bad.example", "answer bad.example", "query bad.example"):
        assert any(message.endswith(what) for message in by_tcp), (what, by_tcp)
    names = ("good.example", "notbad.example", "bad.example.org", "example", "badexample.test")
    innocent = [packet for name in names for way in (lookup, lookup_by_tcp, fetch, greet)
                for packet in way(name)]  # fmt: skip
    innocent.append(udp(CLIENT, 4009, "20.1.2.4", 9999, b"hello"))
    assert alerts(tmp_path / "innocent", plan, innocent) == []


@pytest.mark.slow
def test_hostile_names_are_matched_on_the_wire_and_break_no_rule(tmp_path: Path) -> None:
    names = crafted_names()
    plan = plan_of(*[proposal("block-domain", name) for name in names])
    odd = next(a.target for a in plan.actions if a.target.startswith("a\\;b."))
    said = alerts(tmp_path / "odd", plan, lookup(odd))
    assert sorted(said) == ["unflux fast-flux answer a name", "unflux fast-flux question a name"]


def test_numbers_are_local_distinct_and_stay() -> None:
    plan = small_plan()
    (file,) = Suricata().render(plan, Options())
    text = file.content.decode()
    sids = [int(sid) for sid in re.findall(r"sid:(\d+);", text)]
    assert len(sids) == len(set(sids)) == 7 * 2 + 3
    assert all(1_700_000 <= sid < 2_000_000 for sid in sids)
    fewer = plan_of(*[a.proposal for a in plan.actions if a.target != "bad.example"])
    (rest,) = Suricata().render(fewer, Options())
    rules = {line for line in rest.content.decode().splitlines() if line.startswith("alert")}
    assert rules < {line for line in text.splitlines() if line.startswith("alert")}
