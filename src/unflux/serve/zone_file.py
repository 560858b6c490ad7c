"""The zone file that ``unflux block`` writes, read strictly: any other form is refused.

dnspython's reader of zone files takes 17 s for 100,000 names, and skips a name that lies outside
the zone without a word. This one knows only the lines of that file and takes 1 s; data, and names
that are not plain, are still dnspython's to parse, and its reader is the oracle of the tests.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn, cast

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.SOA
from dns.rdatatype import CNAME, NS, SOA, RdataType

from unflux.model.policy_zone import closing_line
from unflux.serve.errors import UnreadableError, ZoneError
from unflux.serve.zone import APEX, Zone, compose_owner, compose_record, room_below

MAX_FILE_OCTETS: Final = 512 << 20
"""Larger files are not read. Chosen: 2026-11-24; 100,000 names with their remarks take 19 MB."""

_TYPES: Final = {"SOA": SOA, "NS": NS, "CNAME": CNAME}
_TTL: Final = re.compile(r"\$TTL ([0-9]{1,9})")
_ORIGIN: Final = re.compile(r"\$ORIGIN (\S+\.)")
_PLAIN: Final = re.compile(r"(?:[a-z0-9_*-]{1,63}\.)*[a-z0-9_*-]{1,63}")
"""Nearly all owners: these need no parser."""
_SPELLING: Final = re.compile(r"@|(?:[a-z0-9_*.-]|\\[0-9]{3})+")
"""All owners. Others may mean something else to other readers: brackets, quotes, other escapes."""
_HEAD_LINES: Final = 4
"""``$TTL``, ``$ORIGIN``, SOA and NS."""


def read_zone(path: Path) -> Zone:
    """Read a version of the zone.

    Raises UnreadableError where it cannot be read, ZoneError where it is not whole and of this
    form.
    """
    try:
        with path.open("rb") as source:
            octets = source.read(MAX_FILE_OCTETS + 1)
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror})"
        raise UnreadableError(message) from error
    if len(octets) > MAX_FILE_OCTETS:
        message = f"{path}: larger than {MAX_FILE_OCTETS:,} octets"
        raise ZoneError(message)
    try:
        return scan_zone(octets.decode("ascii"))
    except UnicodeDecodeError as error:
        message = f"{path}: octet {error.start} is not ASCII"
        raise ZoneError(message) from error
    except ZoneError as error:
        message = f"{path}: {error}"
        raise ZoneError(message) from error


def scan_zone(text: str) -> Zone:
    """Return the zone that a file's text holds; raises ZoneError with the number of the line."""
    lines = _numbered_records(text)
    if len(lines) < _HEAD_LINES:
        message = "it has no $TTL, $ORIGIN, SOA and NS in its first lines"
        raise ZoneError(message)
    (_, ttl_line), (_, origin_line), soa_line, *others = lines
    ttl, origin = _scan_ttl(ttl_line), _scan_origin(origin_line)
    scan = _RecordScan(origin, ttl)
    serial, soa = scan.read_soa(*soa_line)
    records = dict.fromkeys(scan.read_all(others))
    return Zone(origin=origin, serial=serial, soa=soa, records=tuple(records))


def _numbered_records(text: str) -> list[tuple[int, str]]:
    """Return the lines that are no remark, with their numbers, of a text that is whole."""
    lines = text.split("\n")
    found = [(i, line) for i, line in enumerate(lines, 1) if line and not line.startswith(";")]
    # What ends in a newline splits into one empty line more.
    if len(lines) < 2 or lines[-1] or lines[-2] != closing_line(len(found) - 2):
        message = (
            f"its last line is not '{closing_line(max(len(found) - 2, 0))}': it was cut short or "
            "changed, or an older unflux wrote it"
        )
        raise ZoneError(message)
    return found


def _scan_ttl(line: str) -> int:
    found = _TTL.fullmatch(line)
    if found is None or int(found[1]) >= 1 << 31:
        message = "its first line is not $TTL and seconds"
        raise ZoneError(message)
    return int(found[1])


def _scan_origin(line: str) -> dns.name.Name:
    found = _ORIGIN.fullmatch(line)
    try:
        if found is not None:
            origin = dns.name.from_text(found[1])
            if origin != dns.name.root:
                return origin
    except dns.exception.DNSException:
        pass
    message = "its second line is not $ORIGIN and an absolute name"
    raise ZoneError(message)


class _RecordScan:
    """Reads lines of ``OWNER TYPE DATA ; remark``."""

    def __init__(self, origin: dns.name.Name, ttl: int) -> None:
        self._room = room_below(origin)
        self._ttl = ttl
        self._data: dict[str, bytes] = {}
        """What was parsed before: all entries of a zone lead to the same target."""
        self._targets: dict[bytes, str] = {}

    def read_soa(self, number: int, line: str) -> tuple[int, bytes]:
        """Return the serial and the SOA from the line that must hold it."""
        owner, word, data = _split(number, line)
        if (owner, word) != ("@", "SOA"):
            _refuse(number, "the SOA of the zone must stand here")
        rdata = cast(dns.rdtypes.ANY.SOA.SOA, _parse(number, SOA, data))
        return rdata.serial, compose_record(APEX, SOA, self._ttl, rdata.to_digestable())

    def read_all(self, lines: list[tuple[int, str]]) -> Iterator[bytes]:
        """Yield the records after the SOA; name servers stand at the apex, CNAMEs below it."""
        yield from (self._read(number, line, is_first=i == 0)
                    for i, (number, line) in enumerate(lines))  # fmt: skip

    def _read(self, number: int, line: str, *, is_first: bool) -> bytes:
        owner_text, word, data = _split(number, line)
        rdtype = _TYPES.get(word)
        owner = self._owner(number, owner_text)
        is_apex = owner == APEX
        if rdtype is None or rdtype == SOA or is_apex != (rdtype == NS) or is_first > is_apex:
            _refuse(number, "an NS of the zone, or below it a CNAME, must stand here")
        if not is_apex and self._targets.setdefault(owner, data) != data:
            _refuse(number, "its owner has another CNAME already")
        wire = self._data.get(data)
        if wire is None:
            wire = self._data[data] = _parse(number, rdtype, data).to_digestable()
        return compose_record(owner, rdtype, self._ttl, wire)

    def _owner(self, number: int, text: str) -> bytes:
        if _PLAIN.fullmatch(text):
            owner = compose_owner(text.encode().split(b"."), self._room)
        else:
            owner = compose_owner(_parse_labels(number, text), self._room)
        if owner is None:
            _refuse(number, "its owner is longer than 255 octets")
        return owner


def _split(number: int, line: str) -> tuple[str, str, str]:
    owner, _, rest = line.partition(" ")
    word, _, rest = rest.partition(" ")
    data, _, _ = rest.partition(" ;")
    if not (owner and word and data):
        _refuse(number, "it is not owner, type and data")
    return owner, word, data


def _parse_labels(number: int, text: str) -> tuple[bytes, ...]:
    if not _SPELLING.fullmatch(text):
        _refuse(number, "its owner is not spelt as unflux block spells it")
    try:
        name = dns.name.from_text(text, None)
    except (dns.exception.DNSException, UnicodeError):
        _refuse(number, "its owner is not a name")
    if name.is_absolute():
        _refuse(number, "its owner is not relative to the zone")
    return name.canonicalize().labels


def _parse(number: int, rdtype: RdataType, data: str) -> dns.rdata.Rdata:
    try:
        return dns.rdata.from_text(dns.rdataclass.IN, rdtype, data, relativize=False)
    except (dns.exception.DNSException, ValueError):
        _refuse(number, "its data cannot be parsed")


def _refuse(number: int, because: str) -> NoReturn:
    message = f"line {number}: {because}"
    raise ZoneError(message)
