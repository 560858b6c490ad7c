"""BIND in a testbed: root, registry and hosted zones, the motherships' zones, the resolvers."""

import base64
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from unflux.lab.testbed.blueprint import (
    HOSTER_VIEW,
    REGISTRY_VIEW,
    Blueprint,
    Operation,
    Segment,
    ServedZone,
)
from unflux.lab.testbed.dnstap_parts import compose_output
from unflux.lab.testbed.namespaces import namespace_name
from unflux.lab.testbed.programs import Programs

KEY_ALGORITHM: Final = "hmac-sha256"
KEY_NAMES: Final = ("lab", "south")
"""The second selects the answers that the southern resolver gets."""

_OPTIONS: Final = """\
directory "{folder}"; pid-file "{folder}/named.pid"; session-keyfile none; lock-file none;
listen-on {{ {addresses} }}; listen-on-v6 {{ none; }}; empty-zones-enable no;
dnssec-validation no; minimal-responses no; notify no; transfers-out 10;
{extra}"""
_LOGGING: Final = """\
logging { channel file { file "named.log.txt"; severity info; print-time yes; };
  category default { file; }; category lame-servers { null; }; category update { null; };
  category update-security { file; }; };
"""


def read_key(folder: Path, name: str) -> str:
    """Return the secret of a TSIG key of the testbed, base64."""
    return (folder / f"{name}.key").read_text(encoding="ascii").strip()


def start_name_servers(
    programs: Programs, testbed: str, blueprint: Blueprint, folder: Path
) -> None:
    """Write zones and configurations below ``folder`` and start every name server."""
    for name in KEY_NAMES:
        path = folder / f"{name}.key"
        path.touch(mode=0o600)
        path.write_text(base64.b64encode(secrets.token_bytes(32)).decode(), encoding="ascii")
    _start(programs, testbed, "names", _prepare_names(blueprint, folder))
    for operation in blueprint.operations:
        if operation.relays_names:
            _start(programs, testbed, "origins", _prepare_mothership(blueprint, operation, folder))
    for segment in ("north", "south"):
        _start(programs, testbed, segment, _prepare_resolver(blueprint, segment, folder))


def _start(programs: Programs, testbed: str, segment: Segment, configuration: Path) -> None:
    programs.run(
        "ip", "netns", "exec", namespace_name(testbed, segment), programs.paths["named"],
        "-4", "-n", "1", "-c", configuration,
    )  # fmt: skip


def _prepare_names(blueprint: Blueprint, folder: Path) -> Path:
    own = _server_folder(folder, "names")
    names = blueprint.names
    south = names.resolvers["south"]
    views = (
        ("root", (names.root,), "any;"),
        (REGISTRY_VIEW, (names.registry,), "any;"),
        ("delivery-south", (names.delivery,), f"key south; {south};"),
        ("delivery-north", (names.delivery,), "any;"),
        (HOSTER_VIEW, names.hosters, "any;"),
    )
    blocks = []
    for view, addresses, clients in views:
        zones = [zone for zone in names.zones if zone.view == view]
        blocks.append(
            f'view "{view}" {{ match-destinations {{ {_listed(addresses)} }}; '
            f"match-clients {{ {clients} }};\n{_zone_blocks(zones, own)}}};\n"
        )
    addresses = blueprint.hosts["names"]
    return _write(own, addresses, "recursion no;", _keys(folder) + "".join(blocks))


def _prepare_mothership(blueprint: Blueprint, operation: Operation, folder: Path) -> Path:
    view = operation.own_view
    own = _server_folder(folder, view)
    zones = [zone for zone in blueprint.names.zones if zone.view == view]
    blocks = _keys(folder) + _zone_blocks(zones, own)
    return _write(own, (operation.mothership,), "recursion no;", blocks)


def _prepare_resolver(blueprint: Blueprint, segment: Segment, folder: Path) -> Path:
    own = _server_folder(folder, segment)
    address = blueprint.names.resolvers[segment]
    root = next(zone for zone in blueprint.names.zones if zone.view == "root")
    host = root.records[1].split()[-1]
    (own / "root.hints").write_text(
        f". 3600000 NS {host}\n{host} 3600000 A {blueprint.names.root}\n", encoding="ascii"
    )
    (own / "rndc.key").write_text(
        f'key "rndc" {{ algorithm {KEY_ALGORITHM}; secret "{read_key(folder, "lab")}"; }};\n',
        encoding="ascii",
    )
    extra = (
        f"query-source address {address}; recursion yes; allow-recursion {{ any; }}; "
        "allow-query-cache { any; }; servfail-ttl 1; lame-ttl 0; prefetch 0; "
    )
    if segment == "north":
        extra += f"dnstap {{ client response; resolver response; }}; {compose_output(own)} "
    blocks = (
        f'include "{own}/rndc.key";\n'
        'controls { inet 127.0.0.1 port 953 allow { 127.0.0.1; } keys { "rndc"; }; };\n'
        'zone "." { type hint; file "root.hints"; };\n'
    )
    return _write(own, (address,), extra, blocks, has_controls=True)


def _write(
    own: Path, addresses: Sequence[str], extra: str, blocks: str, *, has_controls: bool = False
) -> Path:
    path = own / "named.conf"
    options = _OPTIONS.format(folder=own, addresses=_listed(addresses), extra=extra)
    controls = "" if has_controls else "controls { };\n"
    path.write_text(f"options {{\n{options}\n}};\n{_LOGGING}{controls}{blocks}", encoding="ascii")
    return path


def _keys(folder: Path) -> str:
    return "".join(
        f'key "{name}" {{ algorithm {KEY_ALGORITHM}; secret "{read_key(folder, name)}"; }};\n'
        for name in KEY_NAMES
    )


def _zone_blocks(zones: Sequence[ServedZone], own: Path) -> str:
    blocks = []
    for zone in zones:
        path = own / f"{zone.view}.{zone.apex or 'root'}.zone"
        path.write_text("\n".join((*zone.records, "")), encoding="ascii")
        blocks.append(
            f'zone "{zone.apex or "."}" {{ type primary; file "{path}"; '
            "allow-update { key lab; key south; }; };\n"
        )
    return "".join(blocks)


def _server_folder(folder: Path, title: str) -> Path:
    own = folder / title
    own.mkdir(mode=0o700)
    return own


def _listed(addresses: Sequence[str]) -> str:
    return " ".join(f"{address};" for address in addresses)
