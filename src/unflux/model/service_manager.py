"""The service manager: told that a command is ready, lives and ends, as sd_notify(3) does."""

import socket
from collections.abc import Mapping
from typing import Self

from unflux.model.times import MICROSECONDS_PER_S


class ServiceManager:
    """Takes notice by datagrams, where one started this process; else nothing is sent."""

    def __init__(self, address: str | None = None, watchdog_s: float | None = None) -> None:
        self._address = address
        self.watchdog_s = watchdog_s
        """It ends who is not heard of for so long; null: it waits for nobody."""

    @classmethod
    def of(cls, environment: Mapping[str, str], process: int) -> Self:
        """Return the one that an environment names to a process; what is malformed names none."""
        address = environment.get("NOTIFY_SOCKET") or None
        if address is not None and address[0] not in "/@":
            address = None
        asked = environment.get("WATCHDOG_USEC", "")
        is_ours = environment.get("WATCHDOG_PID", str(process)) == str(process)
        is_asked = asked.isascii() and asked.isdecimal() and int(asked) > 0
        return cls(address, int(asked) / MICROSECONDS_PER_S if is_asked and is_ours else None)

    def tell(self, state: str) -> None:
        """Tell a state, such as ``READY=1``; nobody who takes it is no mistake of ours."""
        if self._address is None:
            return
        # An @ stands for the octet 0 of an abstract socket (unix(7)).
        where = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as taking:
            taking.setblocking(False)
            try:
                taking.sendto(state.encode(), where)
            except OSError:
                return
