"""Privileges, given up for good once what needs them is open."""

import ctypes
import os
import pwd
import struct
from typing import Final

from unflux.model.errors import UnfluxError

# linux/prctl.h, linux/capability.h
_SET_NO_NEW_PRIVILEGES: Final = 38
_AMBIENT: Final = 47
_AMBIENT_CLEAR: Final = 4
_CAPABILITY_VERSION: Final = 0x20080522


def become(name: str) -> None:
    """Go on as a user of the system, with that user's groups, in all threads; only root can.

    Raises UnfluxError where there is no such user, or this is not root.
    """
    try:
        user = pwd.getpwnam(name)
    except (KeyError, ValueError) as error:
        raise UnfluxError(f"--user: there is no user {name!a}") from error
    if os.geteuid() != 0:
        raise UnfluxError(f"--user {name}: only root can become another user")
    if user.pw_uid == 0:
        raise UnfluxError(f"--user {name}: that is root")
    os.initgroups(user.pw_name, user.pw_gid)
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    os.environ["HOME"] = user.pw_dir
    renounce()


def renounce() -> None:
    """Keep no capability of this thread, and let no program that is started gain one.

    Does nothing where the system knows no capabilities.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "capset"):
        return
    library.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    library.prctl(_AMBIENT, _AMBIENT_CLEAR, 0, 0, 0)
    head = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    if library.capset(head, bytes(24)) != 0:
        raise UnfluxError(f"privileges cannot be dropped: {os.strerror(ctypes.get_errno())}")
