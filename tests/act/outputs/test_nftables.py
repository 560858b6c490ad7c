"""nft reads both files, and packets in namespaces are dropped and pass as they should."""

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.act.outputs.namespaces import (
    SERVE_TCP,
    SERVE_UDP,
    TRY_TCP,
    TRY_UDP,
    join,
    namespaces,
)
from tests.act.outputs.programs import find
from tests.act.plans import NOW, plan_of, protected, small_plan

from unflux.act.output import Options
from unflux.act.outputs.nftables import Nftables
from unflux.act.outputs.nftables_isp import NftablesIsp
from unflux.model.actions import Plan
from unflux.model.errors import UsageError

pytestmark = pytest.mark.slow

ISP = Options(
    subscribers=protected("20.1.0.0/24", "20.1.1.0/24", "2a09:1::/48"),
    servers=protected("20.1.0.9", "2a09:1::9"),
)


def write(path: Path, plan: Plan) -> Path:
    (file,) = Nftables().render(plan, Options())
    path.write_bytes(file.content)
    return path


def test_nft_checks_both_and_replaces_them_whole(tmp_path: Path) -> None:
    find("nft")
    words = 'n\n}\nflush ruleset;\x00# "\\'
    odd = [replace(a.proposal, network=words, reason=words) for a in small_plan().actions]
    one = write(tmp_path / "unflux.nft", plan_of(*odd))
    none = write(tmp_path / "none.nft", plan_of())
    two = tmp_path / "isp.nft"
    two.write_bytes(NftablesIsp().render(plan_of(), ISP)[0].content)
    with namespaces("check") as (host,):
        for path in (one, two, none):
            host.run("nft", "-c", "-f", str(path))
        host.run("nft", "-f", str(one))
        host.run("nft", "-f", str(two))
        listed = host.run("nft", "list", "table", "inet", "unflux")
        for address in ("20.1.2.3", "20.9.8.7", "2a09::7"):
            assert f"{address} timeout 23h" in listed
        host.run("nft", "-f", str(none))
        assert "20.1.2.3" not in host.run("nft", "list", "table", "inet", "unflux")
        host.run("nft", "delete", "table", "inet", "unflux")  # as the file says
        host.run("nft", "delete", "table", "inet", "unflux_isp")
        assert host.run("nft", "list", "ruleset") == ""


@pytest.mark.slow
def test_traffic_of_an_agent_is_dropped_until_its_time_is_over(tmp_path: Path) -> None:
    find("nft")
    whole = small_plan()
    actions = [
        replace(action, expires_at=NOW + timedelta(seconds=6))
        if action.target == "20.1.2.3"
        else action
        for action in whole.actions
    ]
    rules = write(tmp_path / "unflux.nft", replace(whole, actions=tuple(actions)))
    with namespaces("agent", "host") as (agent, host):
        join(agent, host, "veth0")
        agent.add("veth0", "20.1.2.3/24", "20.1.2.4/24")
        host.add("veth0", "20.1.2.9/24")
        for address in ("20.1.2.3", "20.1.2.4"):
            agent.serve(SERVE_TCP, address, 80)
        assert host.attempt(TRY_TCP, "20.1.2.3", 80) == "ok"
        host.run("nft", "-f", str(rules))
        assert host.attempt(TRY_TCP, "20.1.2.3", 80) == "TimeoutError"
        assert host.attempt(TRY_TCP, "20.1.2.4", 80) == "ok"
        time.sleep(6)
        assert host.attempt(TRY_TCP, "20.1.2.3", 80) == "ok"


@pytest.mark.slow
def test_subscribers_serve_the_web_and_names_only_where_they_asked(tmp_path: Path) -> None:
    find("nft")
    rules = tmp_path / "isp.nft"
    rules.write_bytes(NftablesIsp().render(plan_of(), ISP)[0].content)
    with namespaces("out", "isp", "homes") as (outside, isp, homes):
        join(outside, isp, "wan")
        join(isp, homes, "lan")
        outside.add("wan", "20.2.0.2/24", "2a09:2::2/64")
        isp.add("wan", "20.2.0.1/24", "2a09:2::1/64")
        isp.add("lan", "20.1.0.1/24", "2a09:1::1/64")
        homes.add("lan", "20.1.0.5/24", "20.1.0.9/24", "2a09:1::5/64", "2a09:1::9/64")
        isp.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        for host, via4, via6 in ((outside, "20.2.0.1", "2a09:2::1"),
                                 (homes, "20.1.0.1", "2a09:1::1")):  # fmt: skip
            host.run("ip", "route", "add", "default", "via", via4)
            host.run("ip", "-6", "route", "add", "default", "via", via6)
        for address in ("20.1.0.5", "20.1.0.9", "2a09:1::5", "2a09:1::9"):
            homes.serve(SERVE_TCP, address, 80)
        homes.serve(SERVE_TCP, "20.1.0.5", 8443)
        for address in ("20.1.0.5", "20.1.0.9"):
            homes.serve(SERVE_UDP, address, 53)
        outside.serve(SERVE_TCP, "20.2.0.2", 80)
        outside.serve(SERVE_UDP, "20.2.0.2", 53)
        assert outside.attempt(TRY_TCP, "20.1.0.5", 80) == "ok"

        isp.run("nft", "-f", str(rules))
        for quiet in ("20.1.0.5", "2a09:1::5"):
            assert outside.attempt(TRY_TCP, quiet, 80) == "TimeoutError"
        for asked in ("20.1.0.9", "2a09:1::9"):
            assert outside.attempt(TRY_TCP, asked, 80) == "ok"
        assert outside.attempt(TRY_UDP, "20.1.0.5", 53) == "TimeoutError"
        assert outside.attempt(TRY_UDP, "20.1.0.9", 53) == "ok"
        assert outside.attempt(TRY_TCP, "20.1.0.5", 8443) == "ok"
        # What subscribers begin themselves is theirs.
        assert homes.attempt(TRY_TCP, "20.2.0.2", 80) == "ok"
        assert homes.attempt(TRY_UDP, "20.2.0.2", 53) == "ok"


def test_the_policy_needs_prefixes() -> None:
    with pytest.raises(UsageError, match="--own"):
        NftablesIsp().render(plan_of(), Options())
