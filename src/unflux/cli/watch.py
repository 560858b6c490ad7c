"""``unflux watch``: events as domains begin and cease to flux, beside name servers that run."""

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from unflux.cli.arguments import RouteTables, Workers
from unflux.model.ports import DNS_PORTS
from unflux.watch.packet_socket import Limits, open_interfaces
from unflux.watch.privileges import renounce

NAME: Final = "watch"
EPILOG: Final = """\b
Examples:
  unflux watch --store dns.unflux --dnstap /run/unflux/dnstap.sock
  unflux watch --store dns.unflux --dnstap-tcp 127.0.0.1:6000 --events flux.jsonl --keep 14
  unflux watch --store dns.unflux --interface eth1 --user unflux
  unflux watch --store dns.unflux --dnstap dnstap.sock --memory 4G --max-disk 20G
  unflux watch --store dns.unflux --follow /opt/zeek/logs/current/dns.log
  unflux watch --store dns.unflux --dnstap dnstap.sock --metrics 127.0.0.1:9153 --window 6
  unflux watch --store dns.unflux --dnstap dnstap.sock --block unflux.toml --deliver
"""


def run(
    *,
    store: Annotated[
        Path,
        typer.Option(
            "--store",
            metavar="PATH",
            help="The store that records go into. scan, explain and block may use it meanwhile.",
            show_default=False,
        ),
    ],
    dnstap: Annotated[
        list[Path] | None,
        typer.Option(
            "--dnstap",
            metavar="SOCKET",
            help="A Unix socket to make, which name servers send dnstap to. Repeatable.",
            show_default=False,
        ),
    ] = None,
    dnstap_tcp: Annotated[
        list[str] | None,
        typer.Option(
            "--dnstap-tcp",
            metavar="ADDRESS:PORT",
            help="An address of loopback that takes dnstap by TCP; IPv6 as [ADDRESS]:PORT. "
            "Repeatable.",
            show_default=False,
        ),
    ] = None,
    interface: Annotated[
        list[str] | None,
        typer.Option(
            "--interface",
            metavar="NAME",
            help="A network interface of Linux: DNS responses that pass there. Needs CAP_NET_RAW "
            "to begin with. Repeatable.",
            show_default=False,
        ),
    ] = None,
    follow: Annotated[
        list[Path] | None,
        typer.Option(
            "--follow",
            metavar="LOG",
            help="A log that grows, Zeek's dns.log or Suricata's eve.json, from its start or where "
            "the store says; followed when it is rotated, truncated or replaced. Repeatable.",
            show_default=False,
        ),
    ] = None,
    kafka: Annotated[
        list[str] | None,
        typer.Option(
            "--kafka",
            metavar="BROKERS/TOPIC",
            help="A topic of Kafka with raw dnstap frames, or JSON as in logs; BROKERS as "
            "HOST:PORT, commas between several. Repeatable. Needs 'unflux[kafka]'.",
            show_default=False,
        ),
    ] = None,
    kafka_config: Annotated[
        Path | None,
        typer.Option(
            "--kafka-config",
            metavar="FILE",
            help="Settings of librdkafka for it, name=value a line: TLS, SASL.",
            show_default=False,
        ),
    ] = None,
    events: Annotated[
        Path | None,
        typer.Option(
            "--events",
            metavar="FILE",
            help="Add events to this file; SIGHUP opens it again.  [default: standard output]",
            show_default=False,
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            "--metrics",
            metavar="ADDRESS:PORT",
            help="An address of loopback that answers /metrics (Prometheus) and /health.",
            show_default=False,
        ),
    ] = None,
    window_h: Annotated[
        float,
        typer.Option(
            "--window", metavar="HOURS", min=0.01, max=8760, help="Judge the last so many hours."
        ),
    ] = 24.0,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep",
            metavar="[TABLE=]DAYS",
            help="Delete records from the store, or from one of its tables, that were seen last "
            "before so many days. Repeatable.  [default: none]",
            show_default=False,
        ),
    ] = None,
    batch_s: Annotated[
        float,
        typer.Option(
            "--batch", metavar="SECONDS", min=0.1, max=3600, help="Store what came, so often."
        ),
    ] = 5.0,
    judge_s: Annotated[
        float,
        typer.Option(
            "--judge",
            metavar="SECONDS",
            min=0.1,
            max=86400,
            help="Judge so long after the last judgement, if records came or left.",
        ),
    ] = 10.0,
    memory: Annotated[
        str | None,
        typer.Option(
            "--memory",
            metavar="SIZE",
            help="What the watch may take, such as 4G; batches and rows are bounded by it.  "
            "[default: 2G]",
            show_default=False,
        ),
    ] = None,
    max_rows: Annotated[
        int | None,
        typer.Option(
            "--max-rows",
            metavar="N",
            min=1000,
            help="Rows that the window may have in the store. Above it names that were answered "
            "least are let go, of convicted domains nothing that half of it has room for.  "
            "[default: 750,000 per GiB of --memory]",
            show_default=False,
        ),
    ] = None,
    max_disk: Annotated[
        str | None,
        typer.Option(
            "--max-disk",
            metavar="SIZE",
            help="What the store's file may take, such as 20G. Before it is full the oldest "
            "records are let go, those of convicted domains last.  [default: no limit]",
            show_default=False,
        ),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(
            "--user",
            metavar="NAME",
            help="Started as root: go on as this user once interfaces are open.",
            show_default=False,
        ),
    ] = None,
    block: Annotated[
        Path | None,
        typer.Option(
            "--block",
            metavar="FILE",
            help="After each judgement, decide as unflux block does with this configuration, and "
            "tell what would be done; what stands is kept in the --store.",
            show_default=False,
        ),
    ] = None,
    deliver: Annotated[
        bool,
        typer.Option(
            "--deliver", help="Write the outputs of --block and run their reloads, as they change."
        ),
    ] = False,
    syslog: Annotated[
        list[str] | None,
        typer.Option(
            "--syslog",
            metavar="COLLECTOR",
            help="Send events to unix:PATH, udp:ADDRESS:PORT or tcp:ADDRESS:PORT by RFC 5424. "
            "Repeatable.",
            show_default=False,
        ),
    ] = None,
    webhooks: Annotated[
        list[str] | None,
        typer.Option(
            "--webhook",
            metavar="URL",
            help="Post events to this URL of https, or of http on loopback. Repeatable.",
            show_default=False,
        ),
    ] = None,
    webhook_secret: Annotated[
        Path | None,
        typer.Option(
            "--webhook-secret",
            metavar="FILE",
            help="Holds what events are signed with for webhooks: HMAC-SHA256 of the body.",
            show_default=False,
        ),
    ] = None,
    webhook_ca: Annotated[
        Path | None,
        typer.Option(
            "--webhook-ca",
            metavar="FILE",
            help="Certificates that those of webhooks are checked by.  [default: the system's]",
            show_default=False,
        ),
    ] = None,
    routes: RouteTables = None,
    workers: Workers = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Log JSON objects, one a line, not text.")
    ] = False,
) -> None:
    """Take what name servers are answered, and tell when a domain begins or ceases to flux.

    It comes as dnstap from name servers, from interfaces, from logs that grow, and from Kafka.

    Each event is a line of JSON (unflux/event/1): new, changed or cleared, with the evidence. What
    happens to the watch itself is a line on standard error. SIGTERM ends it with the last batch
    stored and judged, SIGHUP opens the event file and reads the configuration of --block again,
    SIGUSR1 tells the counters. A kill loses what came in the last seconds, and nothing else.
    """
    with open_interfaces(interface or (), DNS_PORTS, Limits()) as interfaces:
        if interfaces and os.geteuid() != 0:
            renounce()  # before libraries start threads, which would keep what this one had
        # Loaded here, so that --help and a wrong option answer at once.
        from unflux.cli.watching import Wishes, compose_options, run_watch  # noqa: PLC0415

        wishes = Wishes(
            store=store,
            dnstap=tuple(dnstap or ()),
            dnstap_tcp=tuple(dnstap_tcp or ()),
            follow=tuple(follow or ()),
            has_interfaces=bool(interfaces),
            kafka=tuple(kafka or ()),
            kafka_config=kafka_config,
            metrics=metrics,
            window_h=window_h,
            keep=tuple(keep or ()),
            batch_s=batch_s,
            judge_s=judge_s,
            memory=memory,
            max_rows=max_rows,
            max_disk=max_disk,
            routes=tuple(routes or ()),
            workers=workers,
            block=block,
            is_delivering=deliver,
            syslog=tuple(syslog or ()),
            webhooks=tuple(webhooks or ()),
            webhook_secret=webhook_secret,
            webhook_ca=webhook_ca,
        )
        options = compose_options(wishes)
        run_watch(wishes, options, interfaces, events=events, as_json=as_json, user=user)
