"""Policy zones for the tests of serving, as ``unflux block`` writes them."""

from pathlib import Path

import dns.name
import dns.zone
from tests.act.plans import plan_of, proposal

from unflux.act.output import Options
from unflux.act.outputs.rpz import Rpz
from unflux.model.policy_zone import FILE_NAME, closing_line
from unflux.serve.zone import Zone
from unflux.serve.zone_file import scan_zone

ORIGIN = "rpz.unflux.invalid"


def zone_text(*names: str, serial: int = 1, **options: object) -> str:
    """Return the file that refuses these names, and all below them."""
    plan = plan_of(*(proposal("block-domain", name) for name in names))
    chosen = Options(serial=serial, zone=ORIGIN, **options)  # type: ignore[arg-type]
    (file,) = Rpz().render(plan, chosen)
    return file.content.decode("ascii")


def zone(*names: str, serial: int = 1) -> Zone:
    return scan_zone(zone_text(*names, serial=serial))


def large_text(count: int, serial: int = 1, skipped: int = 0) -> str:
    """Return a zone of so many names, without the first few of them: the gate would take long."""
    head, _, _ = zone_text(serial=serial).rpartition(";")
    owners = [f"d{i:x}.example" for i in range(skipped, count)]
    body = "".join(f"{name} CNAME . ; a\n*.{name} CNAME . ; a\n" for name in owners)
    return f"{head}{body}{closing_line(2 + 2 * len(owners))}\n"


def large_zone(count: int, serial: int = 1, skipped: int = 0) -> Zone:
    return scan_zone(large_text(count, serial, skipped))


def replace_zone(folder: Path, text: str) -> None:
    """Replace the zone file at once, as ``unflux block`` does."""
    beside = folder / "new"
    beside.write_text(text)
    beside.replace(folder / FILE_NAME)


def records_of(zone: dns.zone.Zone) -> set[tuple[str, int, str]]:
    """Return what dnspython holds, comparable."""
    return {
        (
            name.derelativize(dns.name.from_text(ORIGIN)).to_text(),
            ttl,
            data.to_text(dns.name.from_text(ORIGIN), False),
        )
        for name, ttl, data in zone.iterate_rdatas()
    }


def oracle(text: str) -> set[tuple[str, int, str]]:
    """Return what dnspython reads of a zone file."""
    return records_of(dns.zone.from_text(text, dns.name.from_text(ORIGIN)))
