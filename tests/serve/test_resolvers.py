"""BIND, Unbound and PowerDNS Recursor load the zone from us, refuse, and answer again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.act.hostile import crafted_names
from tests.act.outputs.programs import Server, bind, find, free_port, served, unbound
from tests.serve.commands import make_key, primary
from tests.serve.zones import ORIGIN, replace_zone, zone_text

pytestmark = pytest.mark.slow

REFUSED: tuple[str, list[str]] = ("NXDOMAIN", [])
FREE = ("NOERROR", ["20.0.0.1"])
REST = ("NOERROR", ["20.0.0.2"])


@contextmanager
def bind_secondary(folder: Path, upstream: int, source: int, key: Path) -> Iterator[Server]:
    """Run BIND as a resolver that takes its policy from us, signed."""
    named, port = find("named"), free_port()
    folder.mkdir()
    (folder / "named.conf").write_text(
        f"""include "{key}";
        options {{
            directory "{folder}"; pid-file none; session-keyfile "{folder}/session.key";
            listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
            allow-query {{ 127.0.0.1; }}; allow-recursion {{ 127.0.0.1; }}; recursion yes;
            forward only; forwarders {{ 127.0.0.1 port {upstream}; }};
            dnssec-validation no; empty-zones-enable no;
            response-policy {{ zone "{ORIGIN}"; }} qname-wait-recurse no min-update-interval 0;
            min-refresh-time 1; max-refresh-time 3; min-retry-time 1; max-retry-time 2;
        }};
        controls {{ }};
        zone "{ORIGIN}" {{
            type secondary; file "policy.db"; masterfile-format text;
            primaries {{ 127.0.0.1 port {source} key policy; }};
            allow-notify {{ 127.0.0.1; }};
        }};
        """
    )
    conf, log = folder / "named.conf", folder / "named.log"
    with served(port, log, named, "-g", "-n", "1", "-c", conf) as server:
        yield server


@contextmanager
def unbound_secondary(folder: Path, upstream: int, source: int, key: Path) -> Iterator[Server]:
    """Run Unbound, which knows no TSIG."""
    folder.mkdir()
    policy = f"""rpz:
  name: "{ORIGIN}"
  primary: 127.0.0.1@{source}
  allow-notify: 127.0.0.1
  zonefile: "{folder}/policy.zone"
"""
    said = "server:\n  verbosity: 2"
    with unbound(folder, upstream, said, policy, modules="respip iterator") as server:
        yield server


@contextmanager
def recursor_secondary(folder: Path, upstream: int, source: int, key: Path) -> Iterator[Server]:
    """Run PowerDNS Recursor, which polls: it is told of nothing here."""
    recursor, port = find("pdns_recursor"), free_port()
    folder.mkdir()
    secret = key.read_text().split('"')[3]
    (folder / "policy.lua").write_text(
        f"""rpzPrimary({{"127.0.0.1:{source}"}}, "{ORIGIN}", {{
            tsigname="policy", tsigalgo="hmac-sha256", tsigsecret="{secret}", refresh=1}})
        """
    )
    # The path of a socket may have 107 characters, and those of test folders are long.
    with TemporaryDirectory(prefix="ux") as sockets:
        (folder / "recursor.conf").write_text(
            f"""local-address=127.0.0.1
local-port={port}
socket-dir={sockets}
lua-config-file={folder}/policy.lua
forward-zones-recurse=.=127.0.0.1:{upstream}
dont-query=
dnssec=off
daemon=no
disable-syslog=yes
threads=1
hint-file=no
packetcache-ttl=0
max-cache-ttl=1
security-poll-suffix=
write-pid=no
"""
        )
        with served(
            port, folder / "recursor.log", recursor, f"--config-dir={folder}", "--loglevel=6"
        ) as server:
            yield server


SECONDARIES = {
    "bind": (bind_secondary, True),
    "unbound": (unbound_secondary, False),
    "recursor": (recursor_secondary, True),
}


@pytest.mark.parametrize("kind", list(SECONDARIES))
def test_a_resolver_loads_it_refuses_and_answers_again(tmp_path: Path, kind: str) -> None:
    secondary, is_signed = SECONDARIES[kind]
    key = make_key(tmp_path / "policy.key")
    transfer = {"key": "policy." if is_signed else None}
    options = ["--keys", key, *([] if is_signed else ["--unsigned"])]
    hostile = crafted_names()
    replace_zone(tmp_path, zone_text("bad.example", "worse.example", *hostile, serial=7))
    port = free_port()
    with (
        bind(tmp_path / "root") as upstream,
        secondary(tmp_path / kind, upstream.port, port, key) as resolver,
    ):
        if kind != "recursor":
            signer = "policy@" if is_signed else ""
            options += ["--notify", f"{signer}127.0.0.1:{resolver.port}"]
        with primary(tmp_path, *options, port=port) as served:
            resolver.until("bad.example", REFUSED)
            assert resolver.ask("www.bad.example") == REFUSED
            assert resolver.ask("worse.example") == REFUSED
            assert resolver.ask("good.example") == REST
            served.until("transfer", serial=7, **transfer)

            # Withdrawn: by IXFR, and by nothing else.
            replace_zone(tmp_path, zone_text("worse.example", *hostile[::2], serial=8))
            resolver.until("bad.example", FREE)
            assert resolver.ask("worse.example") == REFUSED
            served.until("transfer", kind="ixfr", since=7, serial=8, **transfer)
            if kind != "recursor":
                served.until("notified", serial=8, answer="NOERROR")
            assert served.told("transfer", kind="axfr", serial=8) == []
            assert served.told("transfer", kind="ixfr-whole", serial=8) == []
            assert served.end() == 0

        # While we are away, one version is missed; the history knows the way from the one before.
        assert resolver.ask("worse.example") == REFUSED
        replace_zone(tmp_path, zone_text("worse.example", "bad.example", *hostile[1::2], serial=9))
        with primary(tmp_path, *options, port=port) as served:
            resolver.until("bad.example", REFUSED)
            served.until("transfer", kind="ixfr", since=8, serial=9, **transfer)
            replace_zone(tmp_path, zone_text(serial=10))
            resolver.until("bad.example", FREE)
            assert resolver.ask("worse.example") == FREE
            served.until("transfer", kind="ixfr", since=9, serial=10, **transfer)
            assert served.told("transfer", kind="axfr") == []
            assert served.told("transfer", kind="ixfr-whole") == []
