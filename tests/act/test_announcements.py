"""What ExaBGP is told is read back exactly, and nothing else is."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.act.plans import plan_of, routed_plan

from unflux.act.announcements import is_host_route, parse_announcements
from unflux.act.output import Options
from unflux.act.outputs.exabgp import Exabgp
from unflux.model.actions import Plan
from unflux.model.errors import UnfluxError

ROUTE = "route 20.1.2.3/32 next-hop 192.0.2.1 community [ 65535:666 65535:65281 ]"
END = "# a-1 v-1 n-1 until 2026-11-25T00:00:00Z\n"


def text(plan: Plan) -> str:
    return Exabgp().render(plan, Options())[0].content.decode("ascii")


def test_every_route_comes_back_with_its_end() -> None:
    plan = routed_plan()
    found = parse_announcements(text(plan), 100)
    assert len(found) == 3 + 2 * 2
    assert found[ROUTE] == next(a.expires_at for a in plan.actions if a.target == "20.1.2.3")
    assert all(is_host_route(route) for route in found)
    assert parse_announcements(text(plan_of()), 0) == {}


@pytest.mark.parametrize(
    "bad",
    [
        "announce route 0.0.0.0/0 next-hop 192.0.2.1 community [ 65535:666 65535:65281 ]",
        f"announce {ROUTE.replace('/32', '/31')}",
        f"announce {ROUTE.replace('/32', '/032')}",
        f"announce {ROUTE.replace('20.1.2.3', '020.1.2.3')}",
        f"announce {ROUTE.replace('20.1.2.3/32', '2a09::7/32')}",
        f"announce {ROUTE.replace('20.1.2.3/32', '2a09:0::7/128')}",
        f"announce {ROUTE.replace('192.0.2.1', 'self')}",
        f"announce {ROUTE} as-path [ 1 ]",
        f"announce {ROUTE.replace(' 65535:65281', '')}",
        f"withdraw {ROUTE}",
        ROUTE,
        f"neighbor 192.0.2.9 announce {ROUTE}",
        "announce flow route destination 20.1.2.3/32 discard community [ 65535:65281 ]",
        "announce flow route destination 20.1.0.0/16 protocol udp destination-port [ =53 ] discard "
        "community [ 65535:65281 ]",
        "shutdown",
        "",
    ],
)
def test_a_file_that_says_anything_else_is_refused(bad: str) -> None:
    with pytest.raises(UnfluxError, match="line 3 is no route of one host with an end"):
        parse_announcements(f"{END}announce {ROUTE}\n{bad}\n", 100)


def test_a_route_without_an_end_and_too_many_are_refused() -> None:
    for head in ("", "# until\n", "# x until tomorrow\n", "# x until 2026-11-25T00:00:00\n"):
        with pytest.raises(UnfluxError, match="with an end"):
            parse_announcements(f"{head}announce {ROUTE}\n", 100)
    with pytest.raises(UnfluxError, match="it holds 7 routes, more than 6"):
        parse_announcements(text(routed_plan()), 6)


@given(st.text(max_size=80))
def test_no_text_is_taken_for_a_route(said: str) -> None:
    try:
        found = parse_announcements(END + said, 100)
    except UnfluxError:
        return
    assert found == {} or set(found) <= {ROUTE}


@given(st.sampled_from(sorted(parse_announcements(text(routed_plan()), 100))), st.data())
def test_one_changed_octet_widens_no_route(route: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(route) - 1))
    changed = route[:at] + data.draw(st.characters(codec="ascii")) + route[at + 1 :]
    if is_host_route(changed):
        assert "/32 " in changed or "/128" in changed
        assert changed.count("/") == route.count("/")


def test_ends_are_moments() -> None:
    (end,) = parse_announcements(f"{END}announce {ROUTE}\n", 1).values()
    assert end == datetime(2026, 11, 25, tzinfo=UTC)
