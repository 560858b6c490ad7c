"""Response policy zone: what resolvers load to refuse names, as a zone file."""

from collections.abc import Iterator
from typing import Final

import dns.exception
import dns.name

from unflux.act.output import (
    WITHDRAWING,
    Doc,
    Omission,
    Options,
    Rendered,
    heading,
    remark,
    require,
)
from unflux.act.plain import lines, zone_name
from unflux.model.actions import DROPS, Action, Plan
from unflux.model.addresses import canonical_address
from unflux.model.errors import UsageError
from unflux.model.policy_zone import FILE_NAME, closing_line

TTL_S: Final = 60
"""Of every record. Chosen: 2026-11-24; what is withdrawn is answered again a minute later."""

REFRESH: Final = "60 60 86400 60"
"""Refresh, retry, expire, minimum, seconds. Chosen: 2026-11-24; a secondary that hears nothing for
a day serves no policy any more, as no address may stand longer."""


class Rpz:
    """Writes ``rpz.zone``."""

    NAME = "rpz"
    DOC = Doc(
        summary="response policy zone for BIND, Unbound, Knot Resolver, PowerDNS Recursor",
        references=(
            "draft-vixie-dnsop-dns-rpz-00 (2018): QNAME, IP, NSDNAME and NSIP triggers",
            "RFC 1035 section 5: zone files; RFC 1982: serial numbers",
        ),
        limitations=(
            "A zone carries no expiry of its entries: run unflux block again before the first of "
            "them ends; the comments say when.",
            "NSDNAME and NSIP make resolvers look up name servers before they answer; they are "
            "left out unless asked for.",
            "Knot Resolver 5 follows names only and knows no walled garden: with one it refuses "
            "nothing.",
            "An entry whose name with the zone's is longer than 255 octets is left out.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return the zone file; names and all below them, then the triggers asked for."""
        require(self.NAME, options, "nxdomain", "nodata", "garden")
        if canonical_address(options.garden or "") is not None:
            message = f"{self.NAME} needs the walled garden as a name, not {options.garden!r}"
            raise UsageError(message)
        owner = _Owners(options)
        target = _target(options)
        written: list[Action] = []
        left: list[Omission] = []
        body: list[str] = []
        for action in _wanted(plan, options):
            owners = owner.of(action)
            if owners is None:
                because = "with the name of the zone it is longer than 255 octets"
                left.append(Omission(target=action.target, because=because))
                continue
            written.append(action)
            body += [f"{name} CNAME {target} ; {remark(action)}" for name in owners]
        head = (f"; {line}" for line in heading(plan, written, WITHDRAWING))
        soa = (
            f"$TTL {TTL_S}",
            f"$ORIGIN {options.zone}.",
            f"@ SOA localhost. hostmaster.localhost. {options.serial} {REFRESH}",
            "@ NS localhost.",
        )
        content = lines(head, soa, body, [closing_line(len(body) + 2)])  # the SOA and the NS
        return (Rendered(name=FILE_NAME, content=content, omissions=tuple(left)),)


def _wanted(plan: Plan, options: Options) -> Iterator[Action]:
    yield from plan.of_kind("block-domain")
    if "nsdname" in options.triggers:
        yield from plan.of_kind("block-name-server")
    if options.triggers & {"nsip", "ip"}:
        yield from plan.of_kind(*DROPS)


def _target(options: Options) -> str:
    """Return where the CNAME of an entry points, which is what it does."""
    if options.answer == "nxdomain":
        return "."
    if options.answer == "nodata":
        return "*."
    return f"{options.garden}."


class _Owners:
    """Writes the owner names of an action's entries, relative to the zone."""

    def __init__(self, options: Options) -> None:
        self._origin = dns.name.from_text(options.zone, dns.name.root)
        self._triggers = options.triggers

    def of(self, action: Action) -> list[str] | None:
        """Return the owner names; null where one is too long."""
        if action.kind == "block-domain":
            names = [zone_name(action.target), f"*.{zone_name(action.target)}"]
        elif action.kind == "block-name-server":
            names = [f"{zone_name(action.target)}.rpz-nsdname"]
        else:
            octets = reversed_address(action.target)
            wanted = [t for t in ("ip", "nsip") if t in self._triggers]
            names = [f"{octets}.rpz-{trigger}" for trigger in wanted]
        try:
            for name in names:
                dns.name.from_text(name, self._origin)
        except dns.exception.DNSException:
            return None
        return names


def reversed_address(address: str) -> str:
    """Return ``32.4.3.2.1`` for 1.2.3.4, ``128.7.zz.2a09`` for 2a09::7."""
    if ":" not in address:
        return ".".join(["32", *reversed(address.split("."))])
    groups = address.replace("::", ":zz:").strip(":").split(":")
    return ".".join(["128", *reversed(groups)])
