"""Namespaces joined to a small internet: links, addresses and routes, and no way out of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from unflux.lab.testbed.blueprint import SEGMENTS, Blueprint, Segment
from unflux.lab.testbed.namespaces import add_namespace, entered, namespace_name
from unflux.lab.testbed.programs import Programs
from unflux.model.errors import UnfluxError

UPLINK: Final = "up"
"""The device by which a namespace reaches its router; at the router it has the segment's name."""
ROUTER_OF: Final[dict[Segment, Segment]] = {
    segment: "isp" if segment in ("subscribers", "north") else "core"
    for segment in SEGMENTS
    if segment != "core"
}
LONG_LINES: Final[tuple[Segment, ...]] = ("subscribers", "abroad", "origins")
"""Segments whose hosts are far away: joined by a pair of tun devices that a process of ours reads
and writes later. The others have a veth pair."""
MAY_BE_DOWN: Final[tuple[Segment, ...]] = ("subscribers", "abroad", "honeypot")
"""Segments of agents, whose lines go up and down."""
_TABLE: Final = 10
OUTSIDE: Final = "192.88.99.1"
"""An address outside the lab (RFC 7526) whose route is looked up, and never used."""

_SETTINGS: Final = {
    "ipv4/ip_forward": "1",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    # Hosts of one namespace reach each other by way of their router.
    "ipv4/conf/all/accept_local": "1",
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/conf/default/send_redirects": "0",
    "ipv6/conf/all/disable_ipv6": "1",
    "ipv6/conf/default/disable_ipv6": "1",
}


def wire(programs: Programs, testbed: str, blueprint: Blueprint, folder: Path) -> None:
    """Make the namespaces of a testbed, whose files are in a folder, and join them."""
    for segment in SEGMENTS:
        name = namespace_name(testbed, segment)
        add_namespace(programs, name, folder)
        with entered(name):
            for setting, value in _SETTINGS.items():
                path = Path("/proc/sys/net", setting)
                if path.exists():
                    path.write_text(value, encoding="ascii")
    for number, (segment, router) in enumerate(ROUTER_OF.items()):
        _join(programs, testbed, segment, router)
        _configure_leaf(programs, testbed, blueprint, segment, number)
        _configure_router(programs, testbed, blueprint, segment, number)
    _refuse_way_out(programs, namespace_name(testbed, "core"))


def beyond(segment: Segment) -> tuple[Segment, ...]:
    """Return the segments that lie behind one, seen from its router, itself first."""
    return (segment, *(leaf for leaf, router in ROUTER_OF.items() if router == segment))


def set_reachable(
    programs: Programs, testbed: str, changes: dict[str, tuple[Segment, bool]]
) -> None:
    """Let the routers of hosts deliver for them, or drop what is for or of them: lines are down.

    ``changes``: address to its segment and whether it is on line.
    """
    batches: dict[Segment, list[str]] = {}
    for address, (segment, is_online) in changes.items():
        way = f"{address}/32 dev {segment}" if is_online else f"blackhole {address}/32"
        line = f"route replace {way}"
        batches.setdefault(ROUTER_OF[segment], []).append(line)
    for router, lines in batches.items():
        _batch(programs, namespace_name(testbed, router), lines)


def _join(programs: Programs, testbed: str, segment: Segment, router: Segment) -> None:
    above, below = namespace_name(testbed, router), namespace_name(testbed, segment)
    if segment in LONG_LINES:
        programs.run("ip", "-n", above, "tuntap", "add", segment, "mode", "tun")
        programs.run("ip", "-n", below, "tuntap", "add", UPLINK, "mode", "tun")
        return
    programs.run(
        "ip", "-n", above, "link", "add", segment, "type", "veth", "peer", "name", UPLINK,
        "netns", below,
    )  # fmt: skip
    # Checksums and segments as on a wire: captures show what a card would have sent.
    for namespace, device in ((above, segment), (below, UPLINK)):
        programs.run(
            "ip", "netns", "exec", namespace, programs.paths["ethtool"], "-K", device, "tx", "off",
            "tso", "off", "gso", "off", "gro", "off",
        )  # fmt: skip


def _configure_leaf(
    programs: Programs, testbed: str, blueprint: Blueprint, segment: Segment, number: int
) -> None:
    above, below = _link_addresses(number)
    held = blueprint.hosts.get(segment, ())
    lines = [
        "link set dev lo up",
        f"addr add {below}/31 dev {UPLINK}",
        f"link set dev {UPLINK} up",
        *(f"addr add {address}/32 dev lo" for address in held),
        # What does not name its address comes from a home that is always on line, a client.
        f"route add default via {above}" + (f" src {held[-1]}" if held else ""),
        *(_by_the_router(held) if segment in LONG_LINES and held else ()),
    ]
    _batch(programs, namespace_name(testbed, segment), lines)


def _by_the_router(held: Sequence[str]) -> list[str]:
    """Return how a namespace sends also to its own hosts by its way up, and takes it from there.

    What is sent asks another table before that of local addresses, which is asked later than usual
    (ip-rule(8)).
    """
    return [
        *(f"route add {address}/32 dev {UPLINK} src {held[-1]} table {_TABLE}" for address in held),
        f"rule add pref 10 iif lo lookup {_TABLE}",
        "rule add pref 100 lookup local",
        "rule del pref 0",
    ]


def _configure_router(
    programs: Programs, testbed: str, blueprint: Blueprint, segment: Segment, number: int
) -> None:
    above, below = _link_addresses(number)
    held = blueprint.hosts.get(segment, ())
    lines = [
        "link set dev lo up",
        f"addr add {above}/31 dev {segment}",
        f"link set dev {segment} up",
    ]
    for behind in beyond(segment):
        via = f"via {below}" if behind != segment or segment not in LONG_LINES else ""
        held = blueprint.hosts.get(behind, ())
        lines += [f"route add {address}/32 {via} dev {segment}" for address in held]
    router = namespace_name(testbed, ROUTER_OF[segment])
    _batch(programs, router, lines)
    if segment in MAY_BE_DOWN:
        with entered(router):
            # Whom it cannot reach, it takes nothing from (RFC 3704 section 2.4).
            path = Path("/proc/sys/net/ipv4/conf", segment, "rp_filter")
            path.write_text("2", encoding="ascii")


def _link_addresses(number: int) -> tuple[str, str]:
    """Return the two ends of a link, of a documentation range (RFC 5737)."""
    return f"192.0.2.{2 * number}", f"192.0.2.{2 * number + 1}"


def _refuse_way_out(programs: Programs, core: str) -> None:
    """Raise UnfluxError where the core, to which all others send, has a way out."""
    try:
        way = programs.run("ip", "-n", core, "route", "get", OUTSIDE)
    except UnfluxError:
        return
    message = f"{core} has a route to {OUTSIDE}: {way.strip()}"
    raise UnfluxError(message)


def _batch(programs: Programs, namespace: str, lines: list[str]) -> None:
    programs.run("ip", "-n", namespace, "-batch", "-", given="".join(f"{line}\n" for line in lines))
