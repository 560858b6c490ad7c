"""nftables: the access policy that takes a flux network's fronts away from it."""

from collections.abc import Iterator, Sequence
from typing import Final

from unflux.act.output import Doc, Options, Rendered
from unflux.act.plain import lines
from unflux.act.protected import Network
from unflux.model.actions import Plan
from unflux.model.errors import UsageError
from unflux.model.times import format_moment

UNDO: Final = "nft delete table inet unflux_isp"

FAMILIES: Final = ((4, "ipv4_addr", "ip"), (6, "ipv6_addr", "ip6"))


class NftablesIsp:
    """Writes ``unflux-isp.nft``."""

    NAME = "nftables-isp"
    DOC = Doc(
        summary="ISP policy: no inbound TCP 80 and 443 and UDP 53 to subscriber space except to "
        "those who asked",
        references=(
            "Holz et al., NDSS 2008, section 5; Honeynet, Know Your Enemy: Fast-Flux (2007)",
            "RFC 9293 section 3.5: a connection begins with SYN and without ACK",
        ),
        limitations=(
            "It is a policy for prefixes (--own), not a verdict on anybody: it stands until it is "
            "taken back, and subscribers must be able to ask for an exception (--servers).",
            "Connections that subscribers open themselves are not touched; neither is QUIC, which "
            "no flux network is known to use.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return a file that replaces the whole table; raises UsageError without prefixes."""
        subscribers = options.subscribers.networks()
        if not subscribers:
            message = f"{self.NAME} needs the subscribers' prefixes (--own)"
            raise UsageError(message)
        head = (
            f"# unflux block, decided {format_moment(plan.decided_at)}: "
            f"{len(subscribers)} prefixes; has no end; undo: {UNDO}",
        )
        replace = ("table inet unflux_isp", "delete table inet unflux_isp")
        body: list[str] = ["table inet unflux_isp {"]
        for version, kind, _ in FAMILIES:
            body += _set(f"subscribers{version}", kind, _of(version, subscribers))
            body += _set(f"servers{version}", kind, _of(version, options.servers.networks()))
        body += ["  chain forward {",
                 "    type filter hook forward priority filter - 5; policy accept;"]  # fmt: skip
        for version, _, header in FAMILIES:
            inbound = (
                f"{header} saddr != @subscribers{version} {header} daddr @subscribers{version} "
                f"{header} daddr != @servers{version}"
            )
            body.append(
                f"    {inbound} tcp dport {{ 80, 443 }} tcp flags & (syn | ack) == syn counter drop"
            )
            body.append(f"    {inbound} udp dport 53 counter drop")
        content = lines(head, replace, body, ("  }", "}"))
        return (Rendered(name="unflux-isp.nft", content=content),)


def _of(version: int, networks: Sequence[Network]) -> list[Network]:
    return [network for network in networks if network.version == version]


def _set(name: str, kind: str, networks: Sequence[Network]) -> Iterator[str]:
    yield f"  set {name} {{"
    yield f"    type {kind}"
    yield "    flags interval"
    yield "    auto-merge"
    if networks:
        yield f"    elements = {{ {', '.join(map(str, networks))} }}"
    yield "  }"
