"""Network namespaces of a testbed: their names, who runs in them, and stepping into one."""

import ctypes
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from unflux.lab.testbed.blueprint import Segment
from unflux.lab.testbed.programs import Programs
from unflux.model.errors import UnfluxError

NAMED: Final = Path("/run/netns")
"""Where ``ip netns`` keeps namespaces that have names."""
PREFIX: Final = "unflux-lab-"
_OF_A_TESTBED: Final = re.compile(f"{PREFIX}([0-9a-f]{{6}})-[a-z]+")
Identity = tuple[int, int]
"""Device and inode of a namespace."""
_CLONE_NEWNET: Final = 0x40000000
_STARTED: Final = re.compile(rb"unflux\.lab\.testbed\.\w+")
"""What a process of ours runs that lives in a namespace."""


def namespace_name(testbed: str, segment: Segment) -> str:
    """Return the name of a testbed's namespace."""
    return f"{PREFIX}{testbed}-{segment}"


def namespaces_of(testbed: str) -> tuple[str, ...]:
    """Return the names of all namespaces that a testbed has now."""
    if not NAMED.is_dir():
        return ()
    return tuple(sorted(path.name for path in NAMED.glob(f"{PREFIX}{testbed}-*")))


def testbeds_named() -> tuple[str, ...]:
    """Return the testbeds that have namespaces now."""
    if not NAMED.is_dir():
        return ()
    found = (_OF_A_TESTBED.fullmatch(path.name) for path in NAMED.iterdir())
    return tuple(sorted({name.group(1) for name in found if name}))


def folder_of(programs: Programs, testbed: str) -> Path | None:
    """Return where the files of a testbed were put, as its namespaces have it; null: unknown."""
    for name in namespaces_of(testbed):
        # One may be gone meanwhile.
        with suppress(UnfluxError):
            (told,) = json.loads(programs.run("ip", "-n", name, "-j", "link", "show", "dev", "lo"))
            if "ifalias" in told:
                return Path(told["ifalias"])
    return None


def add_namespace(programs: Programs, name: str, folder: Path) -> None:
    """Make a namespace that tells by the alias of its loopback where its testbed's files are.

    Raises UnfluxError where it is there already or may not be made.
    """
    if (NAMED / name).exists():
        message = f"a network namespace {name} is there already, and not ours"
        raise UnfluxError(message)
    try:
        programs.run("ip", "netns", "add", name)
    except UnfluxError as error:
        message = f"no network namespace can be made, which needs root: {error}"
        raise UnfluxError(message) from error
    programs.run("ip", "-n", name, "link", "set", "dev", "lo", "alias", folder)


def identify(names: Iterable[str]) -> frozenset[Identity]:
    """Return what tells these namespaces from others, also when they have no names any more."""
    networks = set()
    for name in names:
        with suppress(OSError):
            networks.add(_identity(NAMED / name))
    return frozenset(networks)


def processes_in(networks: frozenset[Identity]) -> tuple[int, ...]:
    """Return the processes, less this one, whose network is one of these namespaces."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if _identity(entry / "ns" / "net") in networks:
                    found.append(int(entry.name))
    return tuple(found)


def commands_about(testbed: str) -> tuple[int, ...]:
    """Return the commands at work that will make or enter a namespace of a testbed.

    One whose starter was killed may do so yet: ``ip`` itself, and what starts it for a process of
    ours that outlives its starter.
    """
    told = f"{PREFIX}{testbed}-".encode("ascii")
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                program, *words = (entry / "cmdline").read_bytes().split(b"\0")
                is_ours = program.endswith(b"/ip") or any(map(_STARTED.match, words))
                if is_ours and any(word.startswith(told) for word in words):
                    found.append(int(entry.name))
    return tuple(found)


@contextmanager
def entered(name: str) -> Iterator[None]:
    """Have this thread's sockets and devices in a namespace while the block runs.

    A socket stays in the namespace where it was opened.
    """
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        there = os.open(NAMED / name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _set_namespace(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            _set_namespace(home)
    finally:
        os.close(home)


def _identity(path: Path) -> Identity:
    status = path.stat()
    return status.st_dev, status.st_ino


def _set_namespace(descriptor: int) -> None:
    # os.setns came with Python 3.12.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
