"""Knot Resolver and PowerDNS Recursor load the policy zone from its file, and let go of it."""

from pathlib import Path

import pytest
from tests.act.outputs.programs import bind, checked, find, free_port, served
from tests.act.plans import plan_of, whole_plan

from unflux.act.output import Options, Trigger
from unflux.act.outputs.rpz import Rpz
from unflux.model.actions import Plan

pytestmark = pytest.mark.slow

ALL: frozenset[Trigger] = frozenset({"nsdname", "nsip", "ip"})


def write(folder: Path, plan: Plan, **options: object) -> Path:
    (file,) = Rpz().render(plan, Options(**options))  # type: ignore[arg-type]
    path = folder / "rpz.zone"
    path.write_bytes(file.content)
    return path


def written(zone: Path) -> list[str]:
    """Return the names that the zone refuses, as its file spells them."""
    owners = [
        line.split(" CNAME ")[0] for line in zone.read_text().splitlines() if " CNAME " in line
    ]
    names = [name for name in owners if not name.startswith("*.") and ".rpz-" not in name]
    assert len(names) > 100
    return names


def test_knot_resolver_refuses_the_names_and_answers_them_after_withdrawal(tmp_path: Path) -> None:
    kresd, port = find("kresd"), free_port()
    zone = write(tmp_path, whole_plan())
    with bind(tmp_path / "root") as upstream:
        conf = tmp_path / "kresd.conf"
        conf.write_text(
            "trust_anchors.remove('.')\n"
            f"net.listen('127.0.0.1', {port}, {{ kind = 'dns' }})\n"
            f"policy.add(policy.rpz(policy.DENY, '{zone}'))\n"
            f"policy.add(policy.all(policy.STUB('127.0.0.1@{upstream.port}')))\n"
        )
        command = (kresd, "-n", "-c", conf, tmp_path)
        for answer, expected in (("nxdomain", "NXDOMAIN"), ("nodata", "NOERROR")):
            write(tmp_path, whole_plan(), answer=answer, triggers=ALL)
            with served(port, tmp_path / "kresd.log", *command) as server:
                server.until("good.example", ("NOERROR", ["20.0.0.2"]))
                for name in ("bad.example", "www.bad.example", "a.b.worse.example"):
                    assert server.ask(name) == (expected, []), name
                assert server.ask("agent.example") == ("NOERROR", ["20.1.2.3"])
                if answer == "nodata":  # whom nobody knows is NXDOMAIN anyway
                    for name in written(zone):
                        assert server.ask(name) == ("NOERROR", []), name
        write(tmp_path, plan_of())
        with served(port, tmp_path / "kresd.log", *command) as server:
            server.until("www.bad.example", ("NOERROR", ["20.0.0.1"]))


def test_powerdns_recursor_refuses_names_and_addresses_until_they_are_withdrawn(
    tmp_path: Path,
) -> None:
    recursor, port = find("pdns_recursor"), free_port()
    zone = write(tmp_path, whole_plan(), triggers=ALL)
    with bind(tmp_path / "root") as upstream:
        (tmp_path / "policy.lua").write_text(f'rpzFile("{zone}", {{policyName="unflux"}})\n')
        (tmp_path / "recursor.conf").write_text(
            f"local-address=127.0.0.1\nlocal-port={port}\nsocket-dir={tmp_path}\n"
            f"forward-zones-recurse=.=127.0.0.1:{upstream.port}\ndnssec=off\n"
            f"lua-config-file={tmp_path}/policy.lua\nsecurity-poll-suffix=\n"
            "disable-syslog=yes\ndont-query=\ndaemon=no\nwrite-pid=no\n"
            "disable-packetcache=yes\n"  # or old answers stand for their minute
        )
        control = (find("rec_control"), f"--socket-dir={tmp_path}")
        log = tmp_path / "recursor.log"
        with served(port, log, recursor, f"--config-dir={tmp_path}") as server:
            server.until("good.example", ("NOERROR", ["20.0.0.2"]))
            for name in ("bad.example", "www.bad.example", "a.b.worse.example", "agent.example"):
                assert server.ask(name) == ("NXDOMAIN", []), (name, server.said())
            assert server.ask("agent6.example", "AAAA") == ("NXDOMAIN", [])

            write(tmp_path, whole_plan(), answer="nodata", serial=2)
            checked(*control, "reload-lua-config")
            server.until("bad.example", ("NOERROR", []))
            for name in written(zone):
                assert server.ask(name) == ("NOERROR", []), name
            write(tmp_path, whole_plan(), answer="garden", garden="garden.example", serial=3)
            checked(*control, "reload-lua-config")
            server.until("bad.example", ("NOERROR", ["20.0.0.3"]))
            write(tmp_path, plan_of(), serial=4)
            checked(*control, "reload-lua-config")
            server.until("bad.example", ("NOERROR", ["20.0.0.1"]))
            assert server.ask("agent.example") == ("NOERROR", ["20.1.2.3"])
