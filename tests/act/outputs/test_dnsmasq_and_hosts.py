"""dnsmasq, with its own lines and with the hosts file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.act.hostile import crafted_names
from tests.act.outputs.programs import OTHER_TYPES, Server, bind, checked, find, free_port, served
from tests.act.plans import plan_of, proposal, small_plan

from unflux.act.output import Options
from unflux.act.outputs.dnsmasq import Dnsmasq
from unflux.act.outputs.hosts import Hosts
from unflux.model.errors import UsageError

pytestmark = pytest.mark.slow

LOOPBACK = ("--no-resolv", "--no-daemon", "--listen-address=127.0.0.1", "--bind-interfaces",
            "--user=root", "--pid-file=", "--cache-size=0")  # fmt: skip


def test_dnsmasq_reads_it_hostile_names_included(tmp_path: Path) -> None:
    many = [proposal("block-domain", name) for name in crafted_names()]
    for options in (Options(), Options(answer="garden", garden="192.0.2.1")):
        (file,) = Dnsmasq().render(plan_of(*many), options)
        conf = tmp_path / "dnsmasq.conf"
        conf.write_bytes(file.content)
        assert "syntax check OK" in checked(find("dnsmasq"), "--test", f"--conf-file={conf}")
        names = [line.split("/")[1] for line in file.content.decode().splitlines() if "=/" in line]
        assert {*names, *(o.target for o in file.omissions)} == {
            a.target for a in plan_of(*many).actions
        }


@contextmanager
def dnsmasq_that_refuses(folder: Path, options: Options) -> Iterator[tuple[Server, Server]]:
    """Run dnsmasq on the small plan, once it answers, and what it asks upstream."""
    dnsmasq, port = find("dnsmasq"), free_port()
    (file,) = Dnsmasq().render(small_plan(), options)
    conf = folder / "dnsmasq.conf"
    conf.write_bytes(file.content)
    with bind(folder / "root") as upstream:
        command = (dnsmasq, *LOOPBACK, "--no-hosts", f"--conf-file={conf}", f"--port={port}",
                   f"--server=127.0.0.1#{upstream.port}")  # fmt: skip
        with served(port, folder / "dnsmasq.log", *command) as server:
            server.until("good.example", ("NOERROR", ["20.0.0.2"]))
            yield server, upstream


def test_dnsmasq_refuses_the_names_and_all_below_and_nothing_else(tmp_path: Path) -> None:
    with dnsmasq_that_refuses(tmp_path, Options()) as (server, _):
        assert server.ask("bad.example") == ("NXDOMAIN", [])
        assert server.ask("www.bad.example") == ("NXDOMAIN", [])


@pytest.mark.parametrize(("garden", "garden_type"), [("20.7.7.7", "A"), ("2a09:7::7", "AAAA")])
def test_a_walled_garden_of_dnsmasq_holds_every_type(
    tmp_path: Path, garden: str, garden_type: str
) -> None:
    options = Options(answer="garden", garden=garden)
    with dnsmasq_that_refuses(tmp_path, options) as (server, upstream):
        for rrtype in ("A", *OTHER_TYPES):
            assert upstream.ask("bad.example", rrtype)[1]
            leads = [garden] if rrtype == garden_type else []
            assert server.ask("bad.example", rrtype) == ("NOERROR", leads)
            assert server.ask("www.bad.example", rrtype) == ("NOERROR", leads)


def test_a_hosts_file_leads_nowhere(tmp_path: Path) -> None:
    dnsmasq, port = find("dnsmasq"), free_port()
    many = [proposal("block-domain", name) for name in crafted_names()]
    plan = plan_of(*[a.proposal for a in small_plan().actions], *many)
    (file,) = Hosts().render(plan, Options())
    hosts = tmp_path / "hosts"
    hosts.write_bytes(file.content)
    with bind(tmp_path / "root") as upstream:
        command = (dnsmasq, *LOOPBACK, "--no-hosts", "--conf-file=/dev/null", f"--port={port}",
                   f"--addn-hosts={hosts}", f"--server=127.0.0.1#{upstream.port}")  # fmt: skip
        with served(port, tmp_path / "dnsmasq.log", *command) as server:
            server.until("good.example", ("NOERROR", ["20.0.0.2"]))
            assert server.ask("bad.example") == ("NOERROR", ["0.0.0.0"])
            assert server.ask("www.bad.example", "AAAA") == ("NOERROR", ["::"])
            assert "bad name" not in server.said()


@pytest.mark.parametrize("output", [Dnsmasq(), Hosts()])
def test_what_they_cannot_answer_is_wrong_usage(output: Dnsmasq | Hosts) -> None:
    with pytest.raises(UsageError, match="cannot answer nodata"):
        output.render(small_plan(), Options(answer="nodata"))
    with pytest.raises(UsageError, match="as an address"):
        output.render(small_plan(), Options(answer="garden", garden="garden.example"))
    (file,) = output.render(small_plan(), Options(answer="garden", garden="192.0.2.1"))
    assert b"192.0.2.1" in file.content
