"""``unflux serve``: the policy zone of ``unflux block``, for resolvers to take and follow."""

from pathlib import Path
from typing import Annotated, Final

import typer

NAME: Final = "serve"
EPILOG: Final = """\b
Examples:
  tsig-keygen policy > policy.key; chmod 600 policy.key
  unflux serve --policy /srv/unflux --keys policy.key
  unflux serve --policy /srv/unflux --keys policy.key --notify policy@127.0.0.1:53
  unflux serve --policy /srv/unflux --keys policy.key --beyond-loopback \\
      --listen 192.0.2.1:53 --allow 192.0.2.0/28 --notify policy@192.0.2.2
"""


def run(
    *,
    policy: Annotated[
        Path,
        typer.Option(
            "--policy",
            metavar="PATH",
            help="The folder of unflux block --out, or a zone file that it wrote. A new version is "
            "noticed within a second.",
            show_default=False,
        ),
    ],
    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys",
            metavar="FILE",
            help="TSIG keys in BIND's form (tsig-keygen); nobody but owner and group may read it. "
            "The zone goes to whoever signs with one of them.",
            show_default=False,
        ),
    ] = None,
    unsigned: Annotated[
        bool,
        typer.Option(
            "--unsigned",
            help="Give the zone also to allowed addresses that sign nothing (Unbound cannot).",
        ),
    ] = False,
    listen: Annotated[
        list[str] | None,
        typer.Option(
            "--listen",
            metavar="ADDRESS:PORT",
            help="Where to answer, UDP and TCP; IPv6 as [ADDRESS]:PORT. Repeatable.  "
            "[default: 127.0.0.1:5300]",
            show_default=False,
        ),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            "--allow",
            metavar="PREFIX",
            help="Who may ask: an address or a prefix; all others are refused. Repeatable.  "
            "[default: loopback]",
            show_default=False,
        ),
    ] = None,
    notify: Annotated[
        list[str] | None,
        typer.Option(
            "--notify",
            metavar="[KEY@]ADDRESS:PORT",
            help="A secondary that is told of each new version, signed with the key if one is "
            "named; the port is 53 unless named. Repeatable.",
            show_default=False,
        ),
    ] = None,
    beyond_loopback: Annotated[
        bool,
        typer.Option(
            "--beyond-loopback", help="Let --listen and --notify name addresses of a network."
        ),
    ] = False,
    history: Annotated[
        Path | None,
        typer.Option(
            "--history",
            metavar="FILE",
            help="Where the versions that secondaries may have are remembered.  "
            "[default: rpz.history beside the zone file]",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Log JSON objects, one a line, not text.")
    ] = False,
) -> None:
    """Serve the policy zone as a primary: AXFR, IXFR, SOA and NOTIFY, signed with TSIG.

    BIND, Unbound, PowerDNS Recursor and other resolvers load the zone from here and follow its
    changes. A file that is broken, cut short or of a serial that does not rise is refused, and the
    zone before it stays, over restarts too. Nothing leaves this machine unless --beyond-loopback
    is given. Each event is a line on standard error. SIGHUP reads keys and zone again, SIGUSR1
    tells the counters, SIGTERM ends.
    """
    # Loaded here, so that --help and a wrong option answer at once.
    from unflux.cli.serving import Wishes, compose_options, run_server  # noqa: PLC0415

    wishes = Wishes(
        policy=policy,
        keys=keys,
        is_unsigned=unsigned,
        listen=tuple(listen or ()),
        allow=tuple(allow or ()),
        notify=tuple(notify or ()),
        is_beyond_loopback=beyond_loopback,
        history=history,
    )
    run_server(compose_options(wishes), as_json=as_json)
