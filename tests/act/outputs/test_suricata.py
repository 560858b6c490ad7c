"""Suricata loads the rules without a warning, alerts on the guilty, is silent on the innocent."""

import json
import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.act.hostile import crafted_names
from tests.act.outputs.programs import checked, find
from tests.act.outputs.traffic import (
    CLIENT,
    capture,
    fetch,
    greet,
    lookup,
    lookup_by_tcp,
    messages,
    stream,
    udp,
)
from tests.act.plans import NOW, plan_of, proposal, small_plan

from unflux.act.output import Options
from unflux.act.outputs.suricata import Suricata
from unflux.model.actions import Plan
from unflux.model.markers import Marker

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


def alerts(
    folder: Path, plan: Plan, packets: Iterable[bytes], markers: tuple[Marker, ...] = ()
) -> list[str]:
    """Run Suricata over packets; return the messages of its alerts."""
    suricata = find("suricata")
    folder.mkdir(exist_ok=True)
    (file,) = Suricata().render(plan, Options(markers=markers))
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


def test_a_marker_is_seen_when_it_leaves_its_agent_and_nowhere_else(tmp_path: Path) -> None:
    agent, prober, home = "192.0.2.7", "192.0.2.99", "198.51.100.9"
    token = "unflux7k2m9q4x1c8v5b3n"
    marked = f"GET /{token} HTTP/1.1\r\nHost: bad.example\r\n\r\n".encode()
    plain = b"GET / HTTP/1.1\r\nHost: bad.example\r\n\r\n"
    answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    question, _ = messages(f"{token.upper()}.bad.example")

    def seen(name: str, *packets: bytes, until: timedelta = timedelta(hours=1)) -> list[str]:
        marker = Marker(token=token, agent=agent, prober=prober, expires_at=NOW + until)
        plan = plan_of(proposal("block-domain", "else.example"))  # it warns of a file without rules
        return alerts(tmp_path / name, plan, packets, (marker,))

    says = "unflux probe marker leaves an agent"
    relayed = list(stream(80, marked, answer, home, agent))
    assert seen("web", *relayed) == [says]
    assert seen("names", udp(agent, 4009, home, 53, question)) == [says]
    assert seen("over", *relayed, until=timedelta(0)) == []
    innocent = [
        *stream(80, marked, answer + marked, agent, prober),  # on its way in, and told back
        *stream(80, plain, answer, home, agent),
        *stream(80, marked, answer, home, "192.0.2.8"),
        *stream(514, marked, answer, home, agent), udp(agent, 4009, home, 514, marked),  # its log
        udp(prober, 4009, agent, 53, question), udp(agent, 53, prober, 4009, question),
    ]  # fmt: skip
    assert seen("innocent", *innocent) == []


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
