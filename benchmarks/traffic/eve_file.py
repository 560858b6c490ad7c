"""Responses as Suricata's ``eve.json``: one DNS event of version 2 each.

Keys, their order and the long form of IPv6 addresses are those of Suricata 7.0.10, as it is set up
by default: every answer in full, and grouped by type; authorities too, additionals never.
"""

from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import BinaryIO, Final

from traffic.hosts import resolver_text
from traffic.log_rows import LogRow, log_rows
from traffic.message_octets import Messages
from traffic.message_template import FLAGS, RCODES
from traffic.population import Record
from traffic.response_stream import Chunk

_SEPARATOR: Final = '","'


class EveFile:
    """Writes chunks of responses as events."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, chunk: Chunk, _messages: Messages) -> None:
        """Append the events of a chunk."""
        self._stream.write("".join(map(_event, log_rows(chunk))).encode())

    def finish(self) -> None:
        """Nothing ends it."""


def _event(row: LogRow) -> str:
    reply, age_s = row.template.reply, row.age_s
    answers = ""
    if row.answer:
        answers = f',"answers":[{_records(row.answer, age_s)}],"grouped":{{{_grouped(row.answer)}}}'
    if reply.authority:
        answers += f',"authorities":[{_records(reply.authority, age_s)}]'
    second, microsecond = divmod(row.moment_us, 1_000_000)
    return (
        f'{{"timestamp":"{_second_text(second)}.{microsecond:06d}+0000",'
        f'"flow_id":{(row.number + 1) * 0x9E37_79B9_7F4A_7C15 % 2**51},"in_iface":"tap0",'
        f'"event_type":"dns","src_ip":"{_long_form(row.client)}","src_port":{row.port},'
        f'"dest_ip":"{_long_form(resolver_text(is_ipv6=row.is_ipv6))}","dest_port":53,'
        f'"proto":"UDP","pkt_src":"wire/pcap","dns":{{"version":2,"type":"answer",'
        f'"id":{row.message_id},"flags":"{FLAGS | RCODES[reply.rcode]:x}","qr":true,"rd":true,'
        f'"ra":true,"opcode":0,"rrname":"{reply.query}","rrtype":"{reply.qtype}",'
        f'"rcode":"{reply.rcode}"{answers}}}}}\n'
    )


def _records(records: tuple[Record, ...], age_s: int) -> str:
    parts = []
    for record in records:
        head, tail = _around_ttl(record)
        parts.append(f"{head}{record.ttl_s - age_s % record.ttl_s}{tail}")
    return ",".join(parts)


@lru_cache(maxsize=1 << 18)
def _around_ttl(record: Record) -> tuple[str, str]:
    """Return a record's object up to the TTL, and what follows it."""
    head = f'{{"rrname":"{record.owner}","rrtype":"{record.rrtype}","ttl":'
    if record.rrtype == "SOA":
        mname, rname, *numbers = record.rdata.split()
        fields = ("serial", "refresh", "retry", "expire", "minimum")
        rest = ",".join(f'"{f}":{n}' for f, n in zip(fields, numbers, strict=True))
        return head, f',"soa":{{"mname":"{mname}","rname":"{rname}",{rest}}}}}'
    return head, f',"rdata":"{_long_form(record.rdata)}"}}'


def _grouped(answer: tuple[Record, ...]) -> str:
    by_type: dict[str, list[str]] = {}
    for record in answer:
        by_type.setdefault(record.rrtype, []).append(_long_form(record.rdata))
    lists = (f'"{rrtype}":["{_SEPARATOR.join(texts)}"]' for rrtype, texts in by_type.items())
    return ",".join(lists)


@lru_cache(maxsize=1 << 18)
def _long_form(text: str) -> str:
    """Return an IPv6 address without any zero left out, and any other text as it is."""
    return ip_address(text).exploded if ":" in text else text


@lru_cache(maxsize=64)
def _second_text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
