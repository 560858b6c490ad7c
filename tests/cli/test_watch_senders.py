"""Real name servers send dnstap, each by the configuration in docs/examples, to one watch."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.act.outputs.programs import Server, bind, checked, find, free_port, served, unbound
from tests.cli.test_watch import Watch, watching

from unflux.engine.store import Store
from unflux.watch.senders import BROKEN

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SOCKET = "/run/unflux/dnstap.sock"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # The path of a socket may have 107 characters; servers change to users of their own.
    with TemporaryDirectory(prefix="ux") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def watch(folder: Path) -> Iterator[Watch]:
    with watching(folder) as running:
        yield running


@pytest.fixture(scope="module")
def authority(folder: Path) -> Iterator[Server]:
    with bind(folder / "root") as server:
        yield server


def example(name: str, socket: Path) -> str:
    """Return an example as it is but for where the socket is."""
    text = (EXAMPLES / name).read_text()
    assert SOCKET in text
    return text.replace(SOCKET, str(socket))


@contextmanager
def named(folder: Path, tap: Path, upstream: int) -> Iterator[Server]:
    port, conf = free_port(), folder / "named.conf"
    (folder / "dnstap.conf").write_text(example("named-dnstap.conf", tap))
    conf.write_text(
        f"""options {{
            directory "{folder}"; pid-file none; session-keyfile "{folder}/session.key";
            listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
            dnssec-validation no; empty-zones-enable no; fstrm-set-flush-timeout 1;
            forward only; forwarders {{ 127.0.0.1 port {upstream}; }};
            include "{folder}/dnstap.conf";
        }};
        controls {{ }};
        """
    )
    checked(find("named-checkconf"), conf)
    with served(port, folder / "log", find("named"), "-g", "-n", "1", "-c", conf) as server:
        yield server


@contextmanager
def tapped_unbound(folder: Path, tap: Path, upstream: int) -> Iterator[Server]:
    with unbound(folder, upstream, example("unbound-dnstap.conf", tap)) as server:
        yield server


@contextmanager
def recursor(folder: Path, tap: Path, upstream: int) -> Iterator[Server]:
    port = free_port()
    (folder / "dnstap.lua").write_text(example("recursor-dnstap.lua", tap))
    (folder / "recursor.conf").write_text(
        f"local-address=127.0.0.1\nlocal-port={port}\nsocket-dir={folder}\n"
        f"forward-zones-recurse=.=127.0.0.1:{upstream}\ndnssec=off\nthreads=1\n"
        f"lua-config-file={folder}/dnstap.lua\nsecurity-poll-suffix=\n"
        "disable-syslog=yes\ndont-query=\ndaemon=no\nwrite-pid=no\n"
    )
    with served(
        port, folder / "log", find("pdns_recursor"), f"--config-dir={folder}"
    ) as server:  # fmt: skip
        yield server


@contextmanager
def dnsdist(folder: Path, tap: Path, upstream: int) -> Iterator[Server]:
    port, conf = free_port(), folder / "dnsdist.conf"
    conf.write_text(
        'setSecurityPollSuffix("")\n'
        f'setLocal("127.0.0.1:{port}")\n'
        f'newServer({{address="127.0.0.1:{upstream}", healthCheckMode="up"}})\n'
        + example("dnsdist-dnstap.conf", tap)
    )
    checked(find("dnsdist"), "--check-config", "-C", conf)
    with served(
        port, folder / "log", find("dnsdist"), "--supervised", "-C", conf
    ) as server:  # fmt: skip
        yield server


@contextmanager
def kresd(folder: Path, tap: Path, upstream: int) -> Iterator[Server]:
    port, conf = free_port(), folder / "kresd.conf"
    conf.write_text(
        "trust_anchors.remove('.')\n"
        f"net.listen('127.0.0.1', {port}, {{ kind = 'dns' }})\n"
        f"policy.add(policy.all(policy.STUB('127.0.0.1@{upstream}')))\n"
        + example("kresd-dnstap.conf", tap)
    )
    with served(port, folder / "log", find("kresd"), "-n", "-c", conf, folder) as server:
        yield server


def stored_addresses(folder: Path) -> set[tuple[str, str]]:
    with Store.open(folder / "store", read_only=True, wait_s=30) as store:
        sightings = store.rollup().sightings.to_pydict()
        return set(zip(sightings["qname"], sightings["rdata"], strict=True))


Run = Callable[[Path, Path, int], AbstractContextManager[Server]]
ADDRESSES = {
    "bad.example": "20.0.0.1", "www.bad.example": "20.0.0.1", "worse.example": "20.0.0.1",
    "good.example": "20.0.0.2", "agent.example": "20.1.2.3", "garden.example": "20.0.0.3",
}  # fmt: skip


@pytest.mark.parametrize(
    ("run", "name"),
    [
        (named, "bad.example"),
        (tapped_unbound, "worse.example"),
        (recursor, "agent.example"),
        (dnsdist, "garden.example"),
        (kresd, "www.bad.example"),
    ],
)
def test_a_server_sends_what_was_answered(
    folder: Path, watch: Watch, authority: Server, run: Run, name: str
) -> None:
    own = folder / name
    own.mkdir()
    sighting = name, ADDRESSES[name]
    with run(own, watch.socket, authority.port) as resolver:
        resolver.until(name, ("NOERROR", [ADDRESSES[name]]))
        watch.until(lambda: sighting in stored_addresses(folder))
    # Some leave without waiting for the answer to their STOP.
    assert set(watch.health()["drops"]) <= {BROKEN}


def test_a_server_comes_back_to_a_watch_that_was_killed(authority: Server) -> None:
    with TemporaryDirectory(prefix="ux") as name:
        folder = Path(name)
        (folder / "named").mkdir()
        with named(folder / "named", folder / "dnstap.sock", authority.port) as resolver:
            resolver.until("good.example", ("NOERROR", ["20.0.0.2"]))
            numbers = count()

            def has_come_back(watch: Watch) -> bool:
                # BIND connects when it has something to tell; what it told before is lost.
                resolver.ask(f"n{next(numbers)}.example")
                return bool(watch.health()["senders"])

            for asked in ("agent.example", "garden.example"):
                with watching(folder) as watch:
                    watch.until(partial(has_come_back, watch))
                    resolver.until(asked, ("NOERROR", [ADDRESSES[asked]]))
                    sighting = asked, ADDRESSES[asked]
                    watch.until(lambda: sighting in stored_addresses(folder))  # noqa: B023
                    assert watch.end(signal.SIGKILL) == -signal.SIGKILL
