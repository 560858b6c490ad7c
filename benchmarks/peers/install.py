"""Install the peers: programs by apt-get as root, modules into an environment of their own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

PACKAGES: Final = ("tcpdump", "tshark", "dnscap", "suricata")
PYTHON_PACKAGES: Final = ("dpkt", "dnspython")
SOURCES: Final = Path("/etc/apt")
ADDED: Final = SOURCES / "sources.list.d" / "unflux-backports.list"


def install_peers(folder: Path) -> None:
    """Install what is missing and can be had; say what cannot."""
    missing = [package for package in PACKAGES if not shutil.which(package)]
    if missing and (os.geteuid() != 0 or not shutil.which("apt-get")):
        print(f"not installed: {', '.join(missing)} (apt-get as root would do)", file=sys.stderr)
    elif missing:
        _install_packages(missing)
    environment = folder / "peers"
    if not environment.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        pip = (environment / "bin" / "python", "-m", "pip", "install", "--quiet")
        subprocess.run([*pip, *PYTHON_PACKAGES], check=True)


def _install_packages(packages: list[str]) -> None:
    _apt_get("update")
    if "suricata" in packages and not _is_offered("suricata"):
        _add_backports()  # Debian 12 has it there only
        _apt_get("update")
    for package in packages:
        for release in ((), ("--target-release", _backports())):
            try:
                _apt_get("install", "--yes", "--no-install-recommends", *release, package)
                break
            except subprocess.CalledProcessError:
                print(f"not installed: {package} {' '.join(release)}", file=sys.stderr)


def _apt_get(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(
        ["apt-get", "--quiet=2", *arguments], check=True, env=environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=900,
    )  # fmt: skip


def _is_offered(package: str) -> bool:
    done = subprocess.run(
        ["apt-cache", "policy", package], capture_output=True, text=True, check=False,
        env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    return bool(re.search(r"Candidate: (?!\(none\))", done.stdout))


def _backports() -> str:
    found = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.MULTILINE)
    return f"{found[1]}-backports" if found else "stable-backports"


def _add_backports() -> None:
    """Name the release's backports, at the place that the other packages come from."""
    files = [SOURCES / "sources.list", *sorted((SOURCES / "sources.list.d").glob("debian*"))]
    text = "\n".join(path.read_text() for path in files if path.exists())
    found = re.search(
        r"^(?:URIs:|deb)\s+(?:\[[^]]*\]\s+)?(\S+/debian/?)(?=\s|$)", text, re.MULTILINE
    )
    if found:
        ADDED.write_text(f"deb {found[1]} {_backports()} main\n")
