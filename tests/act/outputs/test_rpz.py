"""The policy zone: dnspython reads it, BIND and Unbound load it, refuse, and answer again."""

from pathlib import Path

import dns.name
import dns.rdatatype
import dns.zone
import pytest
from hypothesis import given, settings
from tests.act.hostile import HOSTILE_NAMES
from tests.act.outputs.programs import bind, unbound
from tests.act.plans import plan_of, proposal, small_plan, whole_plan

from unflux.act.output import Options, Trigger
from unflux.act.outputs.rpz import Rpz, reversed_address
from unflux.model.actions import Plan
from unflux.model.errors import UsageError

pytestmark = pytest.mark.slow

ALL: frozenset[Trigger] = frozenset({"nsdname", "nsip", "ip"})
ZONE = "rpz.unflux.invalid"
EMPTY = plan_of()


def zone_text(plan: Plan, **options: object) -> str:
    (file,) = Rpz().render(plan, Options(**options))  # type: ignore[arg-type]
    return file.content.decode("ascii")


def entries(text: str) -> dict[str, str]:
    """Return what dnspython finds: owner to target, but for the apex."""
    zone = dns.zone.from_text(text, dns.name.from_text(ZONE), relativize=True)
    found = {}
    for name, rdataset in zone.iterate_rdatasets():
        if name != dns.name.empty:
            assert rdataset.rdtype == dns.rdatatype.CNAME
            (rdata,) = rdataset
            found[name.to_text()] = rdata.target.to_text()
    return found


def test_names_and_all_below_them_are_refused() -> None:
    assert entries(zone_text(small_plan())) == dict.fromkeys(
        ("bad.example", "*.bad.example", "worse.example", "*.worse.example"), "."
    )


def test_triggers_are_written_when_asked_for() -> None:
    found = entries(zone_text(small_plan(), triggers=ALL))
    assert {name for name in found if "rpz-" in name} == {
        "ns1.bad.example.rpz-nsdname",
        "32.3.2.1.20.rpz-ip", "32.3.2.1.20.rpz-nsip", "32.7.8.9.20.rpz-ip",
        "32.7.8.9.20.rpz-nsip", "128.7.zz.2a09.rpz-ip", "128.7.zz.2a09.rpz-nsip",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "target"),
    [({"answer": "nodata"}, "*."), ({"answer": "garden", "garden": "walled.test"}, "walled.test.")],
)
def test_other_answers(options: dict[str, str], target: str) -> None:
    assert set(entries(zone_text(small_plan(), **options)).values()) == {target}


def test_a_garden_must_be_a_name() -> None:
    with pytest.raises(UsageError, match="as a name"):
        zone_text(small_plan(), answer="garden", garden="192.0.2.1")


def test_serial_ids_and_expiry_are_in_the_file() -> None:
    text = zone_text(small_plan(), serial=4_294_967_295)
    zone = dns.zone.from_text(text, dns.name.from_text(ZONE))
    assert zone.get_soa().serial == 4_294_967_295
    line = next(line for line in text.splitlines() if line.startswith("bad.example"))
    for word in ("v-0123456789ab", "n-1", "a-", "until 2026-12-01T11:00:00Z"):
        assert word in line
    assert "--withdraw" in text.split("$TTL")[0]


@pytest.mark.parametrize(
    ("address", "written"),
    [("20.1.2.3", "32.3.2.1.20"), ("2a09::7", "128.7.zz.2a09"), ("2a09::", "128.zz.2a09"),
     ("2a09:1:0:2:3:4:5:6", "128.6.5.4.3.2.0.1.2a09")],
)  # fmt: skip
def test_addresses_are_reversed(address: str, written: str) -> None:
    assert reversed_address(address) == written


@settings(max_examples=150)
@given(HOSTILE_NAMES)
def test_a_hostile_name_changes_nothing_but_itself(name: str) -> None:
    plan = plan_of(proposal("block-domain", name), proposal("block-domain", "bad.example"))
    (file,) = Rpz().render(plan, Options())
    left = {omission.target for omission in file.omissions}
    written = {action.target for action in plan.actions} - left
    expected = {n for target in written for n in (target, f"*.{target}")}
    found = set(entries(file.content.decode("ascii")))
    assert {dns.name.from_text(n, None) for n in found} == {
        dns.name.from_text(n, None) for n in expected
    }
    assert "bad.example" in found


def test_a_name_too_long_for_the_zone_is_left_out_and_said() -> None:
    long = ".".join(["a" * 49] * 5)
    (file,) = Rpz().render(plan_of(proposal("block-domain", long)), Options())
    assert [omission.target for omission in file.omissions] == [long]
    assert entries(file.content.decode()) == {}


def test_bind_refuses_keeps_answering_the_rest_and_answers_again_after_withdrawal(
    tmp_path: Path,
) -> None:
    plan = whole_plan()
    zone = tmp_path / "rpz.zone"
    zone.write_text(zone_text(plan, triggers=ALL, serial=7))
    with bind(tmp_path, ZONE) as server:
        for name in ("bad.example", "www.bad.example", "a.b.worse.example", "agent.example"):
            assert server.ask(name) == ("NXDOMAIN", []), name
        assert server.ask("agent6.example", "AAAA") == ("NXDOMAIN", [])
        assert server.ask("garden.example") == ("NOERROR", ["20.0.0.3"])
        said = server.said()
        assert "loaded serial 7" in said
        assert not [line for line in said.splitlines() if "rpz" in line and "error" in line], said
        assert "invalid" not in said.replace(ZONE, "")

        zone.write_text(zone_text(plan, answer="nodata", serial=8))
        server.reload()
        server.until("bad.example", ("NOERROR", []))
        zone.write_text(zone_text(plan, answer="garden", garden="garden.example", serial=9))
        server.reload()
        server.until("bad.example", ("NOERROR", ["20.0.0.3"]))
        zone.write_text(zone_text(EMPTY, serial=10))
        server.reload()
        server.until("bad.example", ("NOERROR", ["20.0.0.1"]))
        assert server.ask("agent.example") == ("NOERROR", ["20.1.2.3"])


def test_unbound_loads_it_too(tmp_path: Path) -> None:
    (tmp_path / "rpz.zone").write_text(zone_text(whole_plan(), triggers=ALL))
    with bind(tmp_path / "root") as upstream:
        policy = f'rpz:\n  name: "{ZONE}"\n  zonefile: "{tmp_path}/rpz.zone"'
        with unbound(tmp_path, upstream.port, policy, modules="respip iterator") as server:
            server.until("good.example", ("NOERROR", ["20.0.0.2"]))
            assert server.ask("bad.example") == ("NXDOMAIN", [])
            assert server.ask("www.bad.example") == ("NXDOMAIN", [])
            assert server.ask("agent.example") == ("NXDOMAIN", [])
