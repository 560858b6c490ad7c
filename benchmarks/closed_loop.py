"""Measure the closed loop on loopback: flux begins, is refused by its resolver, ends, is let go.

    PYTHONPATH=src:. .venv/bin/python benchmarks/closed_loop.py [bind|unbound ...] [--window S]

A real authority turns the addresses of three domains by dynamic updates every five seconds; each
name is looked up once a second through a resolver that sends dnstap to ``unflux watch`` and takes
the policy zone from ``unflux serve``. Three names that look alike are asked for as often, and must
be answered each time. When all three are refused, the network comes to rest: one address each.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import dns.exception
import dns.query
import dns.update
from tests.act.outputs.programs import Server, free_port, unbound
from tests.cli.test_watch import FLUX, LOOK_ALIKES, authority, watching
from tests.cli.test_watch_blocks import EARLIER, ZONE, bind_resolver
from tests.serve.commands import primary

TURN_S: Final = 5.0
QUIET_S: Final = 60.0
"""Answered again for so long, a name counts as let go."""


@contextmanager
def unbound_resolver(
    folder: Path, port: int, upstream: int, tap: Path, policy: int
) -> Iterator[Server]:
    """Run Unbound as a resolver that sends dnstap, and takes the policy zone by transfer."""
    folder.mkdir()
    tapped = f"""dnstap:
  dnstap-enable: yes
  dnstap-socket-path: "{tap}"
  dnstap-log-resolver-response-messages: yes
  dnstap-log-forwarder-response-messages: yes"""
    refusing = f"""rpz:
  name: "{ZONE}"
  primary: 127.0.0.1@{policy}
  allow-notify: 127.0.0.1
  zonefile: "{folder}/policy.zone"
"""
    modules = "respip iterator"
    with unbound(folder, upstream, tapped, refusing, modules=modules, port=port) as server:
        yield server


RESOLVERS: Final = {"bind": bind_resolver, "unbound": unbound_resolver}


@dataclass(slots=True, kw_only=True)
class Loop:
    """What happens, second by second."""

    resolver: Server
    source: Server
    began_s: float = field(default_factory=time.monotonic)
    turned_s: float = -TURN_S
    turn: int = 0
    lookups: int = 0
    """Of each flux domain."""
    unanswered: int = 0
    """Lookups of look-alikes that were not answered."""

    @property
    def now_s(self) -> float:
        """Seconds since the first rotation."""
        return time.monotonic() - self.began_s

    def rotate(self, addresses: Callable[[int], list[str]]) -> None:
        """Give each flux domain other addresses."""
        for number, domain in enumerate(FLUX):
            update = dns.update.UpdateMessage(domain)
            update.delete("@", "A")
            for address in addresses(number):
                update.add("@", 1, "A", address)
            dns.query.tcp(update, "127.0.0.1", port=self.source.port, timeout=20)

    def second(self, *, is_turning: bool) -> dict[str, str]:
        """Let a second go by; return how each flux domain was answered."""
        ends_s = time.monotonic() + 1
        if is_turning and self.now_s - self.turned_s >= TURN_S:
            turn = self.turn
            self.rotate(lambda number: [
                EARLIER[(turn * 5 + number * 17 + n) % len(EARLIER)] for n in range(5)
            ])  # fmt: skip
            self.turned_s, self.turn = self.now_s, turn + 1
        told = {name: self._ask(name) for name in FLUX}
        self.lookups += 1
        self.unanswered += sum(self._ask(name) != "NOERROR" for name in LOOK_ALIKES)
        time.sleep(max(0.0, ends_s - time.monotonic()))
        return told

    def _ask(self, name: str) -> str:
        try:
            return self.resolver.ask(name)[0]
        except (dns.exception.DNSException, OSError):
            return "no answer"


def measure(kind: str, folder: Path, window_s: float, life_s: float) -> dict[str, object]:
    """Run one loop from its beginning to its end; return what was measured, seconds."""
    (folder / "policy").mkdir(parents=True)
    config = folder / "unflux.toml"
    config.write_text(
        f"[gate]\ndomain_days = {life_s / 86_400}\n"
        f'[deliver.rpz]\npath = "{folder}/policy/rpz.zone"\n'
    )
    port = free_port()
    with ExitStack() as stack:
        watch = stack.enter_context(
            watching(folder, "--block", config, "--deliver", "--window", window_s / 3600, "--json",
                     "--batch", "1", "--judge", "2")
        )  # fmt: skip
        source = stack.enter_context(authority(folder / "authority"))
        policy = stack.enter_context(
            primary(folder / "policy", "--unsigned", "--notify", f"127.0.0.1:{port}")
        )
        resolver = stack.enter_context(
            RESOLVERS[kind](folder / "resolver", port, source.port, watch.socket, policy.port)
        )
        resolver.until("still.example", ("NOERROR", ["20.2.0.1"]))
        loop = Loop(resolver=resolver, source=source)
        found: dict[str, object] = {"resolver": kind, "window_s": window_s, "life_s": life_s}
        while set(loop.second(is_turning=True).values()) != {"NXDOMAIN"}:
            if "verdict" not in found and watch.events():
                found["verdict"] = round(loop.now_s, 1)
            if loop.now_s > 1200:
                raise SystemExit(f"{kind}: not refused: {watch.said()[-3000:]}")
        found |= {"refused": round(loop.now_s, 1), "lookups": loop.lookups}
        loop.rotate(lambda number: [EARLIER[number]])
        ended_s, answered_s = loop.now_s, None
        while answered_s is None or loop.now_s - answered_s < QUIET_S:
            told = set(loop.second(is_turning=False).values())
            if told != {"NOERROR"}:
                answered_s = None
            elif answered_s is None:
                answered_s = loop.now_s
            if loop.now_s - ended_s > 2 * window_s + 600:
                raise SystemExit(f"{kind}: not let go: {watch.said()[-3000:]}")
        lines = [json.loads(line) for line in watch.said().splitlines() if line[:1] == "{"]
        found |= {
            "let_go": round(answered_s - ended_s, 1),
            "blocks": sum(told["event"] == "block" for told in lines),
            "withdrawn_by": sorted({t["rule"] for t in lines if t["event"] == "withdraw"}),
            "look_alikes_asked": (loop.lookups) * len(LOOK_ALIKES),
            "look_alikes_unanswered": loop.unanswered,
        }
        return found


def main() -> None:
    """Measure the loops that are asked for, one after the other, a line of JSON each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("resolvers", nargs="*", choices=[*RESOLVERS, []], default=[])
    parser.add_argument("--window", type=float, default=420.0, metavar="SECONDS")
    parser.add_argument("--life", type=float, default=180.0, metavar="SECONDS",
                        help="how long a name stays refused after it was last seen")  # fmt: skip
    asked = parser.parse_args()
    for kind in asked.resolvers or RESOLVERS:
        # The path of a socket may have 107 characters.
        with tempfile.TemporaryDirectory(prefix="ux") as name:
            found = measure(kind, Path(name) / kind, asked.window, asked.life)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    sys.exit(main())
