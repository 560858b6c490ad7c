"""Real BGP sessions on loopback: routes come with what they must carry, and go."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.act.hostile import HOSTILE_NAMES
from tests.act.outputs.programs import checked, find, free_port
from tests.act.outputs.routers import Router, exabgp, listener, running, speaker_conf
from tests.act.plans import ANSWERS, DELEGATION, RELAYED, plan_of, proposal, protected, routed_plan

from unflux.act.gate import Limits
from unflux.act.output import Options
from unflux.act.outputs.bird import Bird
from unflux.act.outputs.exabgp import Exabgp
from unflux.act.placing import place
from unflux.model.actions import ADDRESS_BLOCKS, Plan, Proof

HOSTS = ("20.1.2.3/32", "2a09::7/128", "20.5.5.5/32")
FLOWS = (
    "dst 20.64.0.9/32; proto 6; dport 80,443;",
    "dst 20.64.0.9/32; proto 17; dport 53;",
    "dst 2a09:64::9/128; next header 6; dport 80,443;",
    "dst 2a09:64::9/128; next header 17; dport 53;",
)
BLACKHOLE, NO_EXPORT, DISCARD = "(65535,666)", "(65535,65281)", "(generic, 0x80060000, 0x0)"
ANNOUNCE = (sys.executable, "-P", "-m", "unflux", "announce", "--interval", "0.1")


def bird_text(plan: Plan, **options: object) -> bytes:
    return Bird().render(plan, Options(**options))[0].content  # type: ignore[arg-type]


def exabgp_text(plan: Plan) -> bytes:
    return Exabgp().render(plan, Options())[0].content


def until(plan: Plan, end: datetime, targets: Iterable[str] = ()) -> Plan:
    """Let actions end at a moment: those of some targets, or all."""
    wanted = set(targets) or {action.target for action in plan.actions}
    actions = (replace(a, expires_at=end) if a.target in wanted else a for a in plan.actions)
    return replace(plan, actions=tuple(actions))


def entry(heard: str, start: str) -> str:
    """Return what was heard of one route."""
    at = heard.index(start)
    following = re.search(r"\n(?=\S)", heard[at:])
    return heard[at : at + following.start()] if following else heard[at:]


def check_all(heard: str) -> None:
    """Check that every route came, with what it must carry, and no other."""
    for host in HOSTS:
        said = entry(heard, host)
        assert f"BGP.community: {BLACKHOLE} {NO_EXPORT}" in said
        hop = "100::1" if ":" in host else "192.0.2.1"
        assert re.search(rf"BGP.next_hop: {hop}(?!\S)", said), said
    for flow in FLOWS:
        said = entry(heard, f"flow{'6' if 'next' in flow else '4'} {{ {flow} }}")
        assert NO_EXPORT in said
        assert BLACKHOLE not in said
        assert DISCARD in said
    assert heard.count("Type: BGP") == len(HOSTS) + len(FLOWS)


def is_all(heard: str) -> bool:
    return heard.count("Type: BGP") == len(HOSTS) + len(FLOWS)


def is_none(heard: str) -> bool:
    return "Type: BGP" not in heard


# --- BIRD ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_bird_says_the_routes_and_takes_them_back_when_configured(tmp_path: Path) -> None:
    find("bird")
    include, port = tmp_path / "unflux.conf", free_port()
    include.write_bytes(bird_text(routed_plan()))
    with ExitStack() as stack:
        hears = stack.enter_context(listener(tmp_path / "hears", port))
        conf = speaker_conf(port, hears.port, include)
        says: Router = stack.enter_context(running(tmp_path / "says", conf, port))
        check_all(hears.until(is_all))
        one_less = until(routed_plan(), datetime.now(UTC))
        kept = tuple(a for a in one_less.actions if a.target not in ("20.1.2.3", "20.64.0.9"))
        place(include, bird_text(replace(one_less, actions=kept)))
        assert says.ask("configure").count("Reconfigur")
        heard = hears.until(lambda said: said.count("Type: BGP") == 4)
        assert "20.1.2.3" not in heard
        assert "20.64.0.9" not in heard
        place(include, bird_text(plan_of()))
        assert says.ask("configure").count("Reconfigur")
        hears.until(is_none)


@pytest.mark.slow
def test_bird_takes_any_plan_and_other_next_hops(tmp_path: Path) -> None:
    find("bird")
    include, conf = tmp_path / "unflux.conf", tmp_path / "bird.conf"
    conf.write_text(speaker_conf(1790, 1791, include))
    hops = {4: "192.0.2.66", 6: "2001:db8::66"}
    for plan in (plan_of(), routed_plan(), hostile_plan("bad.example")):
        include.write_bytes(bird_text(plan, next_hops=hops))
        checked(find("bird"), "-p", "-c", conf)
    assert b"bgp_next_hop = 192.0.2.66;" in include.read_bytes()
    assert b"bgp_next_hop = 2001:db8::66;" in include.read_bytes()


# --- ExaBGP -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_exabgp_announces_withdraws_and_ends_each_route_live(tmp_path: Path) -> None:
    find("bird")
    file, port = tmp_path / "exabgp.txt", free_port()
    later = datetime.now(UTC) + timedelta(hours=1)
    place(file, exabgp_text(until(routed_plan(), later)))
    with ExitStack() as stack:
        hears = stack.enter_context(listener(tmp_path / "hears", port))
        folder = tmp_path / "says"
        said = folder / "said"
        stack.enter_context(exabgp(folder, port, hears.port, *ANNOUNCE, str(file)))
        check_all(hears.until(is_all))

        # Taken out of the file: withdrawn at once.
        plan = until(routed_plan(), later)
        plan = replace(plan, actions=tuple(a for a in plan.actions if a.target != "2a09::7"))
        place(file, exabgp_text(plan))
        heard = hears.until(lambda said: said.count("Type: BGP") == 6)
        assert "2a09::7" not in heard

        # A file that is not understood, or says more than a host, changes nothing.
        for bad in (b"announce route 0.0.0.0/0 next-hop 192.0.2.1\n", b"\xff\n",
                    exabgp_text(plan).replace(b"20.1.2.3/32", b"20.1.2.0/24")):  # fmt: skip
            place(file, bad)
            hears.until(lambda _: "exabgp.txt: " in said.read_text())
            assert hears.heard() == heard
            said.write_text("")

        # Its time is over: withdrawn, though nobody wrote the file again.
        soon = datetime.now(UTC) + timedelta(seconds=2)
        place(file, exabgp_text(until(plan, soon, ["20.1.2.3", "20.64.0.9"])))
        heard = hears.until(lambda said: said.count("Type: BGP") == 3)
        assert datetime.now(UTC) >= soon
        assert "20.5.5.5/32" in heard
        assert "2a09:64::9" in heard

        # An empty plan takes everything back.
        place(file, exabgp_text(plan_of()))
        hears.until(is_none)
        assert "refused" not in said.read_text()


@pytest.mark.slow
def test_a_process_that_was_killed_withdraws_what_another_one_told(tmp_path: Path) -> None:
    find("bird")
    file, port = tmp_path / "exabgp.txt", free_port()
    later = datetime.now(UTC) + timedelta(hours=1)
    place(file, exabgp_text(until(routed_plan(), later)))
    with ExitStack() as stack:
        hears = stack.enter_context(listener(tmp_path / "hears", port))
        pids = tmp_path / "pids"
        command = ("sh", "-c", f'echo $$ >> {pids}; exec "$@"', "sh", *ANNOUNCE, str(file))
        stack.enter_context(exabgp(tmp_path / "says", port, hears.port, *command))
        hears.until(is_all)
        # The next process that ExaBGP starts finds a file with one route less.
        subprocess.run(["kill", f"-{signal.SIGSTOP}", pids.read_text().split()[-1]], check=True)
        plan = until(routed_plan(), later)
        plan = replace(plan, actions=tuple(a for a in plan.actions if a.target != "20.1.2.3"))
        place(file, exabgp_text(plan))
        subprocess.run(["kill", "-9", pids.read_text().split()[-1]], check=True)
        heard = hears.until(lambda said: said.count("Type: BGP") == 6)
        assert "20.1.2.3" not in heard
        assert len(pids.read_text().split()) == 2


# --- whatever records say -----------------------------------------------------------------------


def hostile_plan(name: str, texts: Iterable[str] = (), own: str = "20.0.0.0/8") -> Plan:
    proofs = (*RELAYED, Proof(witness="answers", says=name), DELEGATION, ANSWERS)
    told = [
        proposal(kind, text, network=name, reason=name, related=(name,), proofs=proofs)
        for text in ("20.1.2.3", "2a09::7", *texts)
        for kind in ADDRESS_BLOCKS
    ]
    return plan_of(*told, subscribers=protected(own, "2a09:64::/32"), limits=Limits(
        addresses=3, motherships=2, filters=2))  # fmt: skip


OWN = ["20.0.0.0/8", "30.0.0.0/8"]
ADDRESSES = st.one_of(
    st.ip_addresses().map(str), st.ip_addresses(v=4).map(lambda a: f"{a}/24"), st.text(max_size=30),
    HOSTILE_NAMES, st.integers(0, 255).map(lambda n: f"20.3.4.{n}"),
    st.sampled_from(["0.0.0.0/0", "::/0", "20.1.2.3 next-hop 1.2.3.4", "20.1.2.3/32;", "default"]),
)  # fmt: skip


@settings(max_examples=200)
@given(
    HOSTILE_NAMES, st.lists(ADDRESSES, max_size=8), st.sampled_from(["20.0.0.0/8", "30.0.0.0/8"])
)
def test_hostile_records_reach_no_more_than_single_hosts_within_the_caps(
    name: str, texts: list[str], own: str
) -> None:
    plan = hostile_plan(name, texts, own)
    for content in (bird_text(plan), exabgp_text(plan)):
        said = [line for line in content.decode("ascii").splitlines() if "#" not in line]
        routes = [line for line in said if re.match(r"(  route|announce) ", line)]
        prefixes = [ip_network(re.findall(r"[0-9a-f:.]+/\d+", line)[0]) for line in routes]
        assert all(prefix.num_addresses == 1 for prefix in prefixes)
        drops = [line for line in routes if "blackhole" in line or "next-hop" in line]
        assert len(drops) <= 3 + 2
        assert len(routes) - len(drops) <= 2 * 2
        filtered = [p for p, line in zip(prefixes, routes, strict=True) if line not in drops]
        assert all(
            p.subnet_of(ip_network(own)) if p.version == 4 else str(p).startswith("2a09:64:")  # type: ignore[arg-type]
            for p in filtered
        )
        known = re.compile(
            r"|announce (flow )?route .*|ipv[46] table \w+;|flow[46] table \w+;|"
            r"protocol static \w+ \{|  (ipv|flow)[46] \{ table \w+; \};|  route .*|\}|"
            r"filter unflux_export \{|  if net.type = NET_IP[46] then bgp_next_hop = [\d.:]+;|"
            r"  accept;"
        )
        assert [line for line in said if not known.fullmatch(line)] == []


@pytest.mark.slow
def test_bird_reads_what_hostile_records_gave(tmp_path: Path) -> None:
    from tests.act.hostile import crafted_names

    include, conf = tmp_path / "unflux.conf", tmp_path / "bird.conf"
    conf.write_text(speaker_conf(1790, 1791, include))
    proofs = (*RELAYED, ANSWERS, DELEGATION)
    told = [
        proposal("block-address", f"20.7.{n >> 8}.{n & 255}", network=name, related=(name,),
                 proofs=proofs)
        for n, name in enumerate(crafted_names())
    ]  # fmt: skip
    include.write_bytes(bird_text(plan_of(*told)))
    checked(find("bird"), "-p", "-c", conf)
