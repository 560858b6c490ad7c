"""A testbed lives as its blueprint says, leads nowhere else, and is gone without trace."""

import asyncio
import csv
import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from tests.act.outputs.programs import find
from tests.lab.testbed.beds import Bed, raised

from unflux.lab.testbed.blueprint import SEGMENTS, Agent, Operation, Segment, Software
from unflux.lab.testbed.clearing import take_down
from unflux.lab.testbed.namespaces import (
    entered,
    identify,
    namespace_name,
    namespaces_of,
    processes_in,
)
from unflux.lab.testbed.programs import PACKAGES, find_programs
from unflux.lab.testbed.rotating import Pool, Work, rotate_name_servers
from unflux.lab.testbed.sockets import HostSockets
from unflux.lab.testbed.status import look
from unflux.lab.testbed.truth import Chronicle, count_refused
from unflux.lab.testbed.updating import Updater
from unflux.lab.testbed.wiring import OUTSIDE, ROUTER_OF, set_reachable
from unflux.model.errors import UnfluxError

pytestmark = pytest.mark.slow
DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    folder = tmp_path_factory.mktemp("testbed") / "state"
    with raised(folder) as there:
        yield there
    assert namespaces_of(there.record.testbed) == ()
    assert not folder.exists()


def ask(bed: Bed, name: str, vantage: str = "north", segment: str = "subscribers") -> list[str]:
    server = bed.blueprint.names.resolvers[vantage]  # type: ignore[index]
    said = bed.run(segment, find("dig"), "+short", "+tries=3", f"@{server}", name)  # type: ignore[arg-type]
    return [line for line in said.split() if line[-1].isdigit()]


def wait_for_agent(bed: Bed, operation: Operation, software: Software) -> Agent:
    """Wait until an agent of the software is on line, and stays so for what a test does."""
    ends = time.monotonic() + 3 * DEADLINE_S
    while time.monotonic() < ends:
        moment_s = time.time() - bed.record.started_at_s
        for agent in operation.agents:
            lasts = any(start + 1 <= moment_s < end - 20 for start, end in agent.online_s)
            if agent.software == software and lasts:
                return agent
        time.sleep(0.5)
    pytest.fail(f"no agent of {operation.title} with {software} stays on line")


def test_it_is_whole(bed: Bed) -> None:
    seen = look(bed.state)
    assert (seen.standing, seen.missing) == ("up", ())
    assert set(seen.namespaces) == set(SEGMENTS)
    assert seen.processes["named"] == 4
    with pytest.raises(UnfluxError, match="a testbed is there already"):
        bed.state.claim()


def test_flux_names_lead_to_agents_and_move(bed: Bed) -> None:
    for operation in bed.blueprint.operations[:2]:
        agents = {agent.address for agent in operation.agents}
        seen: set[str] = set()
        ends = time.monotonic() + DEADLINE_S
        while len(seen) <= operation.set_size:
            assert time.monotonic() < ends, (operation.title, seen)
            answer = ask(bed, operation.domains[0])
            assert set(answer) <= agents
            seen |= set(answer)
            time.sleep(0.5)


def test_agents_give_what_the_mothership_has(bed: Bed) -> None:
    """By each kind of relay; the mothership sees the agent's address, not the client's."""
    curl = find("curl")
    for operation in bed.blueprint.operations:
        page = bed.state.folder / "www" / operation.title / "index.html"
        for software in sorted({agent.software for agent in operation.agents}):
            for scheme in ("http", "https"):
                agent = wait_for_agent(bed, operation, software)
                url = f"{scheme}://{agent.address}/"
                got = bed.run("subscribers", curl, "-sk", "--max-time", "20", url)
                assert got == page.read_text(), (agent, scheme)


def test_double_flux_agents_relay_names(bed: Bed) -> None:
    operation = bed.blueprint.operations[1]
    honeypot = bed.blueprint.hosts["honeypot"][0]
    for transport in ("+notcp", "+tcp"):
        said = bed.run(
            "subscribers", find("dig"), "+norecurse", transport, f"@{honeypot}",
            operation.domains[0],
        )  # fmt: skip
        assert "aa" in said.split("flags:")[1].split(";")[0].split()
    single = bed.blueprint.operations[0]
    agent = next(a for a in single.agents if a.is_online(0) and a.is_online(300))
    refused = bed.run(
        "subscribers", find("sh"), "-c",
        f"{find('dig')} +tries=1 +time=1 @{agent.address} {single.domains[0]} || true",
    )  # fmt: skip
    assert "ANSWER: " not in refused


def test_random_hosts_of_double_flux_lead_to_agents(bed: Bed) -> None:
    operation = bed.blueprint.operations[1]
    agents = {agent.address for agent in operation.agents}
    assert set(ask(bed, f"x7.{operation.domains[0]}")) & agents
    assert ask(bed, f"x7.{bed.blueprint.operations[0].domains[0]}") == []


def test_what_a_server_refuses_is_no_rotation(bed: Bed, tmp_path: Path) -> None:
    """Name servers move at the registry; the mothership named here has no such zone."""
    operation = bed.blueprint.operations[1]
    mistaken = replace(operation, mothership=bed.blueprint.names.hosters[0])
    moments = iter((0.0, 0.0))
    chance = Random(1)
    work = Work(
        updater=Updater(
            HostSockets(bed.record.testbed), "origins", operation.controller, bed.state.folder
        ),
        chronicle=(chronicle := Chronicle(tmp_path)),
        clock=lambda: next(moments, 1.0),
        rng=chance,
        length_s=0.5,
    )
    asyncio.run(
        rotate_name_servers(replace(mistaken, ns_rotation_s=0.0), Pool(mistaken, chance), work)
    )
    chronicle.close()
    hosts = {host for domain in operation.domains for host in operation.name_hosts(domain)}
    took, refused = (
        list(csv.DictReader((tmp_path / name).read_text().splitlines()))
        for name in ("rotations.csv", "refused.csv")
    )
    assert {(row["owner"], row["server"], row["view"]) for row in took} == {
        (host, operation.name_server, "registry") for host in hosts
    }
    assert {(row["owner"], row["server"], row["view"], row["reason"]) for row in refused} == {
        (host, mistaken.mothership, "mothership-double", "NOTAUTH") for host in hosts
    }
    assert count_refused(tmp_path) == len(refused) == len(hosts)
    before = look(bed.state).updates_refused
    with (bed.state.folder / "refused.csv").open("a") as stream:
        stream.write("1.0,a.example,A,192.0.2.1,192.0.2.2,hosters,REFUSED\n")
    assert look(bed.state).updates_refused > before


def test_the_forward_proxy_fetches_what_is_asked(bed: Bed) -> None:
    site = next(site for site in bed.blueprint.sites if site.kind == "round-robin")
    page = bed.state.folder / "www" / site.domain / "index.html"
    for port in (80, 3128):
        proxy = f"http://{bed.blueprint.proxy}:{port}"
        got = bed.run("abroad", find("curl"), "-s", "-x", proxy, f"http://{site.domain}/")
        assert got == page.read_text()


def test_caches_answer_from_what_they_fetched(bed: Bed) -> None:
    site = next(site for site in bed.blueprint.sites if site.is_cached)
    page = bed.state.folder / "www" / site.domain / "index.html"
    got = bed.run(
        "subscribers", find("curl"), "-s", "-H", f"Host: {site.qnames[0]}",
        f"http://{site.addresses[0]}/",
    )  # fmt: skip
    assert got == page.read_text()
    assert list((bed.state.folder / "nginx-fronts" / "cache").rglob("?" * 32))


def test_each_resolver_has_its_own_caches_of_the_delivery_network(bed: Bed) -> None:
    site = next(site for site in bed.blueprint.sites if site.is_cached)
    answers = {}
    for vantage in ("north", "south"):
        answers[vantage] = set(ask(bed, site.qnames[0], vantage))
        candidates = {
            address
            for rotation in bed.blueprint.rotations
            if rotation.view == f"delivery-{vantage}"
            for address in rotation.candidates
        }
        assert answers[vantage] and answers[vantage] <= candidates


def test_nothing_leads_out(bed: Bed) -> None:
    attempt = (
        "import socket; s = socket.socket(); s.settimeout(3)\n"
        f"try: s.connect(('{OUTSIDE}', 80)); print('out')\n"
        "except OSError as error: print(error.errno)"
    )
    for segment in SEGMENTS:
        said = bed.run(segment, find("python3"), "-c", attempt).strip()
        # ENETUNREACH, EHOSTUNREACH as a router tells
        assert said in ("101", "113"), segment
        links = bed.run(segment, find("ip"), "-o", "link").splitlines()
        devices = {line.split(": ")[1].split("@")[0] for line in links}
        assert devices <= {"lo", "up", *SEGMENTS}, segment


def test_what_runs_there_is_ended_whoever_started_it(tmp_path: Path) -> None:
    with raised(tmp_path / "state") as bed:
        for part in ("line", "driver"):
            assert bed.state.log(part).read_text() == ""
        networks = identify(namespaces_of(bed.record.testbed))
        for process in processes_in(networks):
            if b"testbed.driver" in Path(f"/proc/{process}/cmdline").read_bytes():
                os.kill(process, signal.SIGKILL)
        ends = time.monotonic() + DEADLINE_S
        while look(bed.state).standing == "up":
            assert time.monotonic() < ends
            time.sleep(0.1)
        assert look(bed.state).missing == ("python",)
        assert len(processes_in(networks)) > 8
        assert take_down(bed.state)
        assert namespaces_of(bed.record.testbed) == ()
        assert processes_in(networks) == ()
        assert not bed.state.folder.exists()
        assert not take_down(bed.state)


def test_who_is_off_line_sends_and_gets_nothing_and_neighbours_are_far_apart(bed: Bed) -> None:
    """Of what is sent before and after its line is up again, the second alone arrives."""
    operation = bed.blueprint.operations[0]
    agent = wait_for_agent(bed, operation, "nginx")
    client = next(c.address for c in bed.blueprint.clients if c.segment == agent.segment)
    far_s = sum(bed.blueprint.lines[host].delay_ms for host in (client, agent.address)) / 1000

    def switch(*, is_online: bool) -> None:
        changes = {agent.address: (agent.segment, is_online)}
        set_reachable(find_programs(PACKAGES), bed.record.testbed, changes)

    with (
        opened_at(bed, agent.segment, agent.address) as at_agent,
        opened_at(bed, agent.segment, client) as at_client,
        opened_at(bed, "origins", operation.mothership) as at_mothership,
        tapped_above(bed, agent.segment) as tap,
    ):
        ways = ((at_client, at_agent), (at_agent, at_client), (at_agent, at_mothership))
        switch(is_online=False)
        try:
            for sender, receiver in ways:
                sender.sendto(b"off", receiver.getsockname())
            left = {receiver.getsockname()[1] for _, receiver in ways}
            while left:
                packet, (*_, kind, _, _) = tap.recvfrom(1 << 16)
                if kind != socket.PACKET_OUTGOING and packet.endswith(b"off"):
                    left.discard(int.from_bytes(packet[22:24]))
        finally:
            switch(is_online=True)
        for sender, receiver in ways:
            began = time.monotonic()
            sender.sendto(b"on", receiver.getsockname())
            assert receiver.recv(16) == b"on"
            # Jitter is an eighth of the delay.
            assert time.monotonic() - began > far_s / 2 or receiver is at_mothership


def tapped_above(bed: Bed, segment: Segment) -> socket.socket:
    """Return a socket that shows what the router gets of a namespace (packet(7))."""
    with entered(namespace_name(bed.record.testbed, ROUTER_OF[segment])):
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    opened.settimeout(DEADLINE_S)
    opened.bind((segment, 0))
    return opened


def opened_at(bed: Bed, segment: Segment, address: str) -> socket.socket:
    """Return a socket of datagrams at a port of a host."""
    with entered(namespace_name(bed.record.testbed, segment)):
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.settimeout(DEADLINE_S)
    opened.bind((address, 0))
    return opened
