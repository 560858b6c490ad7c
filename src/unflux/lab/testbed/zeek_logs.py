"""conn.log, dns.log and http.log of a capture, in the TSV form of Zeek."""

import hashlib
from bisect import bisect
from collections.abc import Iterable, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Final

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from unflux.lab.testbed.connections import DNS_PORT, HTTP_PORTS, Connection
from unflux.lab.testbed.dns_octets import parse_message
from unflux.lab.testbed.http_exchanges import read_exchanges

Value = str | int | float | bool | None | Sequence[object]

_IDS: Final = (
    ("ts", "time"), ("uid", "string"), ("id.orig_h", "addr"), ("id.orig_p", "port"),
    ("id.resp_h", "addr"), ("id.resp_p", "port"),
)  # fmt: skip
CONN_FIELDS: Final = (
    *_IDS, ("proto", "enum"), ("service", "string"), ("duration", "interval"),
    ("orig_bytes", "count"), ("resp_bytes", "count"), ("conn_state", "string"),
    ("missed_bytes", "count"), ("history", "string"), ("orig_pkts", "count"),
    ("orig_ip_bytes", "count"), ("resp_pkts", "count"), ("resp_ip_bytes", "count"),
)  # fmt: skip
DNS_FIELDS: Final = (
    *_IDS, ("proto", "enum"), ("trans_id", "count"), ("rtt", "interval"), ("query", "string"),
    ("qclass", "count"), ("qclass_name", "string"), ("qtype", "count"), ("qtype_name", "string"),
    ("rcode", "count"), ("rcode_name", "string"), ("AA", "bool"), ("TC", "bool"), ("RD", "bool"),
    ("RA", "bool"), ("Z", "count"), ("answers", "vector[string]"), ("TTLs", "vector[interval]"),
    ("rejected", "bool"),
)  # fmt: skip
HTTP_FIELDS: Final = (
    *_IDS, ("trans_depth", "count"), ("method", "string"), ("host", "string"), ("uri", "string"),
    ("version", "string"), ("user_agent", "string"), ("request_body_len", "count"),
    ("response_body_len", "count"), ("status_code", "count"), ("status_msg", "string"),
)  # fmt: skip
SERVICES: Final = {DNS_PORT: "dns", 443: "ssl", 123: "ntp"} | dict.fromkeys(HTTP_PORTS, "http")


def write_logs(connections: Sequence[Connection], folder: Path) -> None:
    """Write the three logs of a capture's connections into a folder."""
    _write(folder / "conn.log", "conn", CONN_FIELDS, map(_conn_row, connections))
    dns_rows = (row for c in connections if c.key[4] == DNS_PORT for row in _dns_rows(c))
    _write(folder / "dns.log", "dns", DNS_FIELDS, dns_rows)
    http_rows = (row for c in connections if c.key[4] in HTTP_PORTS for row in _http_rows(c))
    _write(folder / "http.log", "http", HTTP_FIELDS, http_rows)


def uid_of(connection: Connection) -> str:
    """Return an id of a connection, the same in all logs of a capture."""
    told = repr((connection.key, connection.first_us)).encode()
    return "C" + hashlib.blake2b(told, digest_size=8).hexdigest()


def _ids(connection: Connection, ts_us: int) -> tuple[Value, ...]:
    _, *ends = connection.key
    return _seconds(ts_us), uid_of(connection), *map(str, ends)


def _conn_row(connection: Connection) -> tuple[Value, ...]:
    sent, returned = connection.sent, connection.returned
    span_us = connection.last_us - connection.first_us
    has_spoken = sent.octets or returned.octets
    return (
        *_ids(connection, connection.first_us),
        connection.key[0],
        SERVICES.get(connection.key[4]) if has_spoken else None,
        _seconds(span_us) if span_us else None,
        sent.octets if span_us else None,
        returned.octets if span_us else None,
        connection.state(),
        0,
        connection.history,
        sent.packets,
        sent.ip_octets,
        returned.packets,
        returned.ip_octets,
    )


def _dns_rows(connection: Connection) -> Iterable[tuple[Value, ...]]:
    """Yield one row for each question over UDP, with its answer if there was one."""
    replies: dict[int, list[tuple[int, dns.message.Message, bool]]] = {}
    for ts_us, octets in connection.returned.datagrams():
        message = parse_message(octets)
        if message is not None:
            # Rejected, for Zeek: of no section of the answer is there a record (RFC 1035, 4.1.1).
            is_empty = not any(octets[6:12])
            replies.setdefault(message.id, []).append((ts_us, message, is_empty))
    for ts_us, octets in connection.sent.datagrams():
        asked = parse_message(octets)
        if asked is None or not asked.question or asked.opcode() != dns.opcode.QUERY:
            continue
        waiting = replies.get(asked.id)
        replied_us, reply, is_rejected = waiting.pop(0) if waiting else (ts_us, None, False)
        question = asked.question[0]
        records = [(rrset.ttl, r) for rrset in reply.answer for r in rrset] if reply else []
        flags = (reply or asked).flags
        yield (
            *_ids(connection, ts_us),
            connection.key[0],
            asked.id,
            _seconds(replied_us - ts_us) if reply else None,
            question.name.to_text(omit_final_dot=True).lower(),
            int(question.rdclass),
            f"C_{'INTERNET' if question.rdclass == dns.rdataclass.IN else question.rdclass}",
            int(question.rdtype),
            dns.rdatatype.to_text(question.rdtype),
            int(reply.rcode()) if reply else None,
            dns.rcode.to_text(reply.rcode()) if reply else None,
            bool(flags & dns.flags.AA),
            bool(flags & dns.flags.TC),
            bool(flags & dns.flags.RD),
            bool(flags & dns.flags.RA),
            0,
            [record.to_text().rstrip(".") for _, record in records] or None,
            [f"{ttl}.000000" for ttl, _ in records] or None,
            is_rejected,
        )


def _http_rows(connection: Connection) -> Iterable[tuple[Value, ...]]:
    if not connection.began:
        return
    arrivals = connection.sent.arrivals()
    exchanges = read_exchanges(connection.sent.stream(), connection.returned.stream())
    for depth, exchange in enumerate(exchanges, 1):
        _, began_us = arrivals[bisect(arrivals, exchange.place, key=itemgetter(0)) - 1]
        yield (
            *_ids(connection, began_us),
            depth,
            exchange.method,
            exchange.host,
            exchange.uri,
            exchange.version,
            exchange.user_agent,
            exchange.request_octets,
            exchange.response_octets,
            exchange.status,
            exchange.status_text,
        )


def _seconds(micros: int) -> str:
    return f"{micros // 1_000_000}.{micros % 1_000_000:06}"


def _write(
    path: Path,
    title: str,
    fields: Sequence[tuple[str, str]],
    rows: Iterable[tuple[Value, ...]],
) -> None:
    with path.open("w", encoding="ascii", errors="backslashreplace") as stream:
        stream.write(
            "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"
            f"#path\t{title}\n"
        )
        stream.write("\t".join(("#fields", *(name for name, _ in fields))) + "\n")
        stream.write("\t".join(("#types", *(kind for _, kind in fields))) + "\n")
        for row in rows:
            stream.write("\t".join(map(_spell, row)) + "\n")


def _spell(value: Value) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(_escape(str(item)).replace(",", "\\x2c") for item in value)
    return _escape(str(value)) or "(empty)"


def _escape(text: str) -> str:
    return "".join(
        sign if " " <= sign <= "~" and sign != "\\" else f"\\x{ord(sign):02x}" for sign in text
    )
