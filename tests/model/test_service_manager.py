"""What the service manager is told, by sockets as it makes them."""

import socket
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from unflux.model.service_manager import ServiceManager


@pytest.mark.parametrize("is_abstract", [False, True])
def test_it_takes_states_on_sockets_of_both_kinds(is_abstract: bool) -> None:
    with (
        TemporaryDirectory(prefix="ux") as name,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as taking,
    ):
        path = f"{name}/notify"
        taking.bind("\0" + path if is_abstract else path)
        taking.settimeout(20)
        address = f"@{path}" if is_abstract else path
        manager = ServiceManager.of({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "2500000"}, 7)
        manager.tell("READY=1")
        assert taking.recv(100) == b"READY=1"
        assert manager.watchdog_s == 2.5


@pytest.mark.parametrize(
    "environment",
    [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "relative"}, {"NOTIFY_SOCKET": "/none/here"},
     {"NOTIFY_SOCKET": "/" + "x" * 300}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "0"},
     {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "8"}],
)  # fmt: skip
def test_without_one_nothing_happens(environment: dict[str, str], tmp_path: Path) -> None:
    manager = ServiceManager.of(environment, 7)
    manager.tell("READY=1")
    assert manager.watchdog_s is None
