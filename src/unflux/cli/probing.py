"""What ``unflux probe`` does once its options are read."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from unflux.cli.options import compose_options
from unflux.cli.progress import say
from unflux.cli.signals import cancel_on_sigterm
from unflux.model.addresses import canonical_address
from unflux.model.errors import UsageError
from unflux.model.names import normalise_name, registrable_domain
from unflux.model.plural import plural
from unflux.model.times import format_moment
from unflux.pipeline.probing import Options, Probed, Suspects, find_suspects, probe, prospect
from unflux.present.probe_lines import render_probe
from unflux.present.probe_table import print_probe
from unflux.probe.marking import Sent

SHOWN: Final = 20
"""Addresses that are named where there may be many."""


def choose_suspects(targets: Sequence[str], name: str | None, store: Path | None) -> Suspects:
    """Return who is meant: addresses with a name, or the addresses of a domain in the store."""
    addresses = [canonical_address(target) for target in targets]
    asked = None if name is None else _name(name)
    if all(addresses):
        if asked is None:
            message = "--name says which name the addresses were answers for"
            raise UsageError(message)
        return Suspects(name=asked, addresses=tuple(dict.fromkeys(filter(None, addresses))))
    if len(targets) > 1:
        wrong = next(t for t, a in zip(targets, addresses, strict=True) if a is None)
        message = f"{wrong!r} is no address; name addresses, or one domain"
        raise UsageError(message)
    domain = registrable_domain(_name(targets[0]))
    if store is None:
        message = f"{domain}: --store says where its addresses are kept"
        raise UsageError(message)
    if not store.exists():
        message = f"{store}: there is no such store"
        raise UsageError(message)
    scanning = compose_options(
        routes=None, store=store, since=None, until=None, ports=None, utc_offset=0.0,
        engine="duckdb", workers=None, list_all=True,
    )  # fmt: skip
    found = find_suspects(domain, scanning)
    return found if asked is None else Suspects(name=asked, addresses=found.addresses)


def foretell(suspects: Suspects, options: Options) -> None:
    """Say what would be sent."""
    told = prospect(suspects, options)
    scope = options.scope
    until = format_moment(scope.until)
    say(f"nothing is sent without --send; allowed by {scope.allowed_by} until {until}")
    if not told.is_name_within:
        say(f"{suspects.name} is below no name of the scope: nothing would be sent")
        return
    addresses = plural(len(told.within), "address", "addresses")
    say(
        f"{suspects.name}: {addresses} within the scope, at most "
        f"{plural(told.most_requests, 'request')}; {told.left:,} are left of {scope.total:,}"
    )
    for address in told.within[:SHOWN]:
        print(address)
    if len(told.within) > SHOWN:
        say(f"and {len(told.within) - SHOWN:,} more")
    _say_left(told.beyond, told.later_count)


def carry_out(suspects: Suspects, options: Options, *, as_json: bool) -> bool:
    """Send, and write what came of it; return whether it went to its end."""
    probed = asyncio.run(_probe_until_terminated(suspects, options))
    if as_json:
        sys.stdout.writelines(map(render_probe, probed.results))
    else:
        print_probe(probed.results, Console())
    _say_left(probed.beyond, probed.later_count)
    if probed.unreached_count:
        say(f"{plural(probed.unreached_count, 'address', 'addresses')} not reached")
    if options.markers is not None:
        _say_markers(probed.markers, options.markers)
    for told in probed.failed[:SHOWN]:
        say(told)
    if len(probed.failed) > SHOWN:
        say(f"and {len(probed.failed) - SHOWN:,} more such")
    if probed.stopped is not None:
        say(f"stopped: {probed.stopped}")
    return probed.stopped is None and not probed.failed


async def _probe_until_terminated(suspects: Suspects, options: Options) -> Probed:
    """Probe; SIGTERM ends it as Ctrl-C does, with what was found until then."""
    cancel_on_sigterm()
    return await probe(
        suspects, options, lambda done, of: say(f"{done:,} of {of:,} addresses are decided")
    )


def _say_left(beyond: Sequence[str], later_count: int) -> None:
    """Say who is not visited, and why."""
    if beyond:
        named = ", ".join(beyond[:SHOWN])
        say(f"left alone, being outside the scope: {named}{_rest(len(beyond))}")
    if later_count:
        say(f"left for later, being too many for one run: {later_count:,}")


def _say_markers(markers: Sequence[Sent], path: Path) -> None:
    """Say which services took each; of one that none took nothing can be seen behind its agent."""
    say(f"{plural(len(markers), 'marker')} sent, written to {path}")
    for sent in markers[:SHOWN]:
        say(f"{sent.marker.agent}: its marker was taken by {', '.join(sent.taken) or 'no service'}")
    if len(markers) > SHOWN:
        untaken = sum(not sent.taken for sent in markers[SHOWN:])
        say(f"and {len(markers) - SHOWN:,} more, of which {untaken:,} were taken by no service")


def _name(text: str) -> str:
    name = normalise_name(text)
    if name is None:
        message = f"{text!r} is not a domain name"
        raise UsageError(message)
    return name


def _rest(count: int) -> str:
    return f" and {count - SHOWN:,} more" if count > SHOWN else ""
