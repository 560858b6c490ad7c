"""BIRD: an include file with blackhole routes and flow specifications, in tables of their own."""

from collections.abc import Iterator, Sequence
from typing import Final

from unflux.act.output import WITHDRAWING, Doc, Options, Rendered, heading, remark
from unflux.act.plain import lines
from unflux.act.routes import (
    BLACKHOLE,
    NO_EXPORT,
    SERVICES,
    Family,
    blackholed,
    filtered,
    host_prefix,
    of_family,
)
from unflux.model.actions import Action, Plan

FAMILIES: Final[tuple[Family, ...]] = (4, 6)
DISCARD: Final = "bgp_ext_community.add((generic, 0x80060000, 0x0));"
"""Traffic rate 0 (RFC 8955 section 7.3)."""


class Bird:
    """Writes ``bird.conf``."""

    NAME = "bird"
    DOC = Doc(
        summary="BIRD 2: remotely triggered blackhole and FlowSpec, loaded by birdc configure",
        references=(
            "RFC 5635: remotely triggered black hole filtering; RFC 7999: BLACKHOLE community",
            "RFC 8955 and RFC 8956: flow specifications, IPv4 and IPv6",
            "RFC 6666: a discard prefix for IPv6",
        ),
        limitations=(
            "A configuration carries no expiry of its routes: run unflux block again before the "
            "first ends; the comments say when.",
            "Routes lie in tables of their own (unflux4, unflux6, unflux_flow4, unflux_flow6): "
            "nothing leaves before a BGP channel names one, with export filter unflux_export.",
            "Who checks flow specifications against unicast routes (RFC 8955 section 6) must be "
            "told to take them from this speaker.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return the include file; without actions its protocols are empty."""
        blocks, filters = blackholed(plan), filtered(plan)
        head = (f"# {line}" for line in heading(plan, (*blocks, *filters), WITHDRAWING))
        parts = [_export_filter(options)]
        for family in FAMILIES:
            parts.append(_blackholes(family, of_family(blocks, family)))
            parts.append(_flows(family, of_family(filters, family)))
        return (Rendered(name="bird.conf", content=lines(head, *parts)),)


def _export_filter(options: Options) -> Iterator[str]:
    yield "filter unflux_export {"
    yield f"  if net.type = NET_IP4 then bgp_next_hop = {options.next_hops[4]};"
    yield f"  if net.type = NET_IP6 then bgp_next_hop = {options.next_hops[6]};"
    yield "  accept;"
    yield "}"


def _blackholes(family: Family, actions: Sequence[Action]) -> Iterator[str]:
    yield f"ipv{family} table unflux{family};"
    yield f"protocol static unflux_blackhole{family} {{"
    yield f"  ipv{family} {{ table unflux{family}; }};"
    communities = f"{_community(BLACKHOLE)} {_community(NO_EXPORT)}"
    for action in actions:
        yield f"  # {remark(action)}"
        yield f"  route {host_prefix(action)} blackhole {{ {communities} }};"
    yield "}"


def _flows(family: Family, actions: Sequence[Action]) -> Iterator[str]:
    yield f"flow{family} table unflux_flow{family};"
    yield f"protocol static unflux_filter{family} {{"
    yield f"  flow{family} {{ table unflux_flow{family}; }};"
    header = "proto" if family == 4 else "next header"
    for action in actions:
        yield f"  # {remark(action)}"
        for protocol, ports in SERVICES:
            wanted = ", ".join(map(str, ports))
            match = f"dst {host_prefix(action)}; {header} {protocol}; dport {wanted};"
            yield f"  route flow{family} {{ {match} }} {{ {_community(NO_EXPORT)} {DISCARD} }};"
    yield "}"


def _community(community: tuple[int, int]) -> str:
    return f"bgp_community.add(({community[0]}, {community[1]}));"
