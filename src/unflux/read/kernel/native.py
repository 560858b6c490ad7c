"""The compiled kernel of this machine: found in the cache, or compiled once."""

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

import llvmlite

from unflux.model.memory import let_go
from unflux.read.kernel.object_code import ObjectCode, processor

Say = Callable[[str], None]
"""Told, in one line, what takes a while or goes another way than usual."""

COMPILER: Final = "unflux.read.kernel.compilation"

COMPILER_SETTINGS: Final = {"NUMBA_OPT": "1"}
"""Each function alone is optimised little: all are, together, in the end."""

MADE_OF: Final = (
    *(
        f"read/kernel/{name}.py"
        for name in (
            "address_texts", "addresses", "batches", "compilation", "dnstap_frames", "entries",
            "framing", "hashing", "jit", "layout", "merging", "messages", "names", "object_code",
            "octets", "packets", "prefetching", "ring_blocks", "rows", "texts",
        )
    ),
    *(
        f"read/kernel/scan/{name}.py"
        for name in (
            "addresses", "entries", "fields", "layout", "names", "numbers", "objects", "spans",
        )
    ),
    "model/names.py", "model/times.py", "model/ttl.py", "read/frame_streams.py",
    "read/internet_layer.py", "read/link_layer.py", "read/message.py", "read/packet.py",
    "read/packet_ring.py", "read/pcapng.py", "read/tunnels.py", "read/wire_names.py",
)  # fmt: skip
"""Modules that object code is made of: those of compiled functions and those whose numbers they
use."""

_PACKAGE: Final = Path(__file__).parents[2]
_DIGEST_BYTES: Final = 32

_COMPILE_S: Final = 600
"""How long compiling may take. Chosen: 2026-11-24; some 20 s on one core."""


class Kernel:
    """The functions of :data:`unflux.read.kernel.entries.ENTRIES`, compiled."""

    def __init__(self, object_file: bytes) -> None:
        function = ObjectCode(object_file).function
        self.frame_pcap = function("frame_pcap")
        self.frame_pcapng = function("frame_pcapng")
        self.frame_stream = function("frame_stream")
        self.copy_ring_block = function("copy_ring_block")
        self.take_packets = function("take_packets")
        self.take_frames = function("take_frames")
        self.take_messages = function("take_messages")
        self.refill_slots = function("refill_slots")
        self.absorb_tables = function("absorb_tables")
        self.intern_all = function("intern_all")
        self.read_addresses = function("read_addresses")
        self.add_responses = function("add_responses")
        self.pack_texts = function("pack_texts")
        self.write_addresses = function("write_addresses")
        self.blank_out = function("blank_out")
        self.canonical_addresses = function("canonical_addresses")
        self.encode_spans = function("encode_spans")
        self.gather_spans = function("gather_spans")
        self.lower_plain_names = function("lower_plain_names")
        self.read_moments = function("read_moments")
        self.read_whole_numbers = function("read_whole_numbers")
        self.scan_objects = function("scan_objects")
        self.split_elements = function("split_elements")
        self.split_fields = function("split_fields")
        let_go("libllvmlite")  # 30 MB, which only loading needs


def say_nothing(line: str) -> None:
    """Leave a line unsaid."""


_lock: Final = Lock()
_found: Final[list[Kernel | None]] = []


def load_kernel(say: Say = say_nothing) -> Kernel | None:
    """Return the kernel of this process, found once: see :func:`find_kernel`."""
    with _lock:
        if not _found:
            _found.append(find_kernel(say))
        return _found[0]


def find_kernel(say: Say) -> Kernel | None:
    """Return the kernel; null where it can be neither found nor compiled, with the reason said.

    Compiling takes some seconds and is done once for a user, a processor and a version of the
    code: the object file is kept in the user's cache folder. Where that cannot be written, each
    process compiles for itself.
    """
    try:
        folder = cache_folder()
    except OSError as error:
        say(f"the compiled reader cannot be kept: {error.strerror}")
        with tempfile.TemporaryDirectory(prefix="unflux-") as temporary:
            return _find_or_compile(Path(temporary), say)
    return _find_or_compile(folder, say)


def cache_folder() -> Path:
    """Return the folder of object files, which nobody but this user can write to; make it.

    Raises OSError where there can be none.
    """
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "unflux"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise PermissionError(0, f"others may write to {folder}")
    return folder


def _find_or_compile(folder: Path, say: Say) -> Kernel | None:
    kept = folder / f"kernel-{kernel_digest()[:24]}.o"
    object_file = _read_kept(kept)
    if object_file is None:
        with _alone(folder / "kernel.lock"):
            object_file = _read_kept(kept)  # another process may have been faster
            if object_file is None:
                say("compiling the reader for this machine, once (some 20 seconds)")
                object_file = _compile(folder, kept, say)
    return None if object_file is None else Kernel(object_file)


def kernel_digest() -> str:
    """Return a digest of all that object code depends on."""
    digest = hashlib.blake2b(f"{processor()} {llvmlite.__version__}".encode())
    for name in MADE_OF:
        digest.update((_PACKAGE / name).read_bytes())
    return digest.hexdigest()


def _read_kept(kept: Path) -> bytes | None:
    """Return an object file as it was written, null where there is none or it is damaged."""
    try:
        octets = kept.read_bytes()
    except OSError:
        return None
    sealed, object_file = octets[:_DIGEST_BYTES], octets[_DIGEST_BYTES:]
    return object_file if sealed == _seal(object_file) else None


def _seal(object_file: bytes) -> bytes:
    return hashlib.blake2b(object_file, digest_size=_DIGEST_BYTES).digest()


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Wait until no other process compiles."""
    with lock.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _compile(folder: Path, kept: Path, say: Say) -> bytes | None:
    with tempfile.TemporaryDirectory(dir=folder, prefix="compiling-") as temporary:
        made = Path(temporary, "kernel.o")
        command = [sys.executable, "-P", "-m", COMPILER, str(made)]
        try:
            done = subprocess.run(  # noqa: S603  our own module, by this interpreter
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_COMPILE_S,
                check=False, env=os.environ | COMPILER_SETTINGS,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            say(f"reading without compiled code, many times slower: {type(error).__name__}")
            return None
        if done.returncode or not made.exists():
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or [
                "no reason given"
            ]
            say(f"reading without compiled code, many times slower: {lines[-1][:200]}")
            return None
        object_file = made.read_bytes()
        made.write_bytes(_seal(object_file) + object_file)
        made.replace(kept)
    return object_file
