"""Announcements: what ExaBGP is told, composed from actions and read back with the same care.

A file holds comments and commands. A comment that ends in ``until MOMENT`` gives the end of the
commands below it. What is read back is believed only where this module could have written it:
whatever else a file holds, no prefix shorter than one host reaches a router.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from unflux.act.output import remark
from unflux.act.routes import BLACKHOLE, NO_EXPORT, SERVICES, TCP, Family, family, host_prefix
from unflux.model.actions import Action
from unflux.model.addresses import canonical_address
from unflux.model.errors import UnfluxError


def _list(values: Iterable[str]) -> str:
    return f"[ {' '.join(values)} ]"


def _text(community: tuple[int, int]) -> str:
    return f"{community[0]}:{community[1]}"


_DROPPED: Final = _list(map(_text, (BLACKHOLE, NO_EXPORT)))
_KEPT_HERE: Final = _list([_text(NO_EXPORT)])
_HEADERS: Final[tuple[tuple[Family, str], ...]] = ((4, "protocol"), (6, "next-header"))
_MATCHES: Final[Mapping[Family, tuple[str, ...]]] = {
    version: tuple(
        f"{header} {'tcp' if protocol == TCP else 'udp'} "
        f"destination-port {_list(f'={port}' for port in ports)}"
        for protocol, ports in SERVICES
    )
    for version, header in _HEADERS
}
_ROUTE: Final = re.compile(
    rf"route (?P<host>\S+)/(?P<length>\d+) next-hop (?P<hop>\S+) community {re.escape(_DROPPED)}"
)
_FLOW: Final = re.compile(
    r"flow route destination (?P<host>\S+?)/(?P<length>\d+)(?:/0)? "
    rf"(?:{'|'.join(re.escape(m) for ms in _MATCHES.values() for m in ms)}) "
    rf"discard community {re.escape(_KEPT_HERE)}"
)
_UNTIL: Final = re.compile(r"# .* until (?P<moment>\S+)")
_ANNOUNCE: Final = "announce "


def compose_announcements(
    blocks: Iterable[Action], filters: Iterable[Action], next_hops: Mapping[Family, str]
) -> Iterator[str]:
    """Yield the lines of a file: a comment an action, and its commands."""
    for action in blocks:
        yield f"# {remark(action)}"
        hop = next_hops[family(action)]
        yield f"{_ANNOUNCE}route {host_prefix(action)} next-hop {hop} community {_DROPPED}"
    for action in filters:
        yield f"# {remark(action)}"
        version = family(action)
        # RFC 8956 gives IPv6 prefixes an offset.
        offset = "/0" if version == 6 else ""
        for match in _MATCHES[version]:
            flow = f"flow route destination {host_prefix(action)}{offset} {match}"
            yield f"{_ANNOUNCE}{flow} discard community {_KEPT_HERE}"


def parse_announcements(text: str, most: int) -> dict[str, datetime]:
    """Return each route, as it is announced and withdrawn, and when it ends.

    Raises UnfluxError for a file that holds anything that is not composed here, a route without
    an end, or more than ``most`` routes: a file that is not understood is followed in nothing.
    """
    found: dict[str, datetime] = {}
    until: datetime | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            until = _end(line) or until
            continue
        route = line.removeprefix(_ANNOUNCE)
        if route == line or until is None or not is_host_route(route):
            message = f"line {number} is no route of one host with an end: {line!r}"
            raise UnfluxError(message)
        found[route] = until
    if len(found) > most:
        message = f"it holds {len(found):,} routes, more than {most:,}"
        raise UnfluxError(message)
    return found


def is_host_route(route: str) -> bool:
    """Tell whether a route is one that is composed here, for a single host."""
    match = _ROUTE.fullmatch(route) or _FLOW.fullmatch(route)
    if match is None:
        return False
    host, length = match["host"], match["length"]
    hop = match.groupdict().get("hop")
    is_host = canonical_address(host) == host and length == ("128" if ":" in host else "32")
    return is_host and (hop is None or canonical_address(hop) == hop)


def _end(comment: str) -> datetime | None:
    """Return the moment that a comment gives; null for one that gives none."""
    match = _UNTIL.fullmatch(comment)
    try:
        moment = None if match is None else datetime.fromisoformat(match["moment"])
    except ValueError:
        return None
    return None if moment is None or moment.tzinfo is None else moment
