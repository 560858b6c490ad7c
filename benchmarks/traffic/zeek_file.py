"""Responses as Zeek's ``dns.log``: one row each, tab-separated or JSON."""

from typing import BinaryIO, Final

from traffic.hosts import resolver_text
from traffic.log_rows import LogRow, log_rows
from traffic.message_octets import Messages
from traffic.message_template import RCODES, RRTYPES
from traffic.response_stream import Chunk

FIELDS: Final = (
    ("ts", "time"), ("uid", "string"), ("id.orig_h", "addr"), ("id.orig_p", "port"),
    ("id.resp_h", "addr"), ("id.resp_p", "port"), ("proto", "enum"), ("trans_id", "count"),
    ("rtt", "interval"), ("query", "string"), ("qclass", "count"), ("qclass_name", "string"),
    ("qtype", "count"), ("qtype_name", "string"), ("rcode", "count"), ("rcode_name", "string"),
    ("AA", "bool"), ("TC", "bool"), ("RD", "bool"), ("RA", "bool"), ("Z", "count"),
    ("answers", "vector[string]"), ("TTLs", "vector[interval]"), ("rejected", "bool"),
)  # fmt: skip
"""Columns of dns.log in Zeek 4 to 7, and their types."""


class ZeekTsvFile:
    """Writes chunks as Zeek's ASCII writer does."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        lines = [
            "#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-",
            "#path\tdns", "#open\t2024-05-01-00-00-00",
            "\t".join(("#fields", *(name for name, _ in FIELDS))),
            "\t".join(("#types", *(kind for _, kind in FIELDS))),
        ]  # fmt: skip
        stream.write("".join(f"{line}\n" for line in lines).encode())

    def write(self, chunk: Chunk, _messages: Messages) -> None:
        """Append the rows of a chunk."""
        self._stream.write("".join(map(_tsv_row, log_rows(chunk))).encode())

    def finish(self) -> None:
        """Write the line that ends a log."""
        self._stream.write(b"#close\t2024-05-01-01-00-00\n")


class ZeekJsonFile:
    """Writes chunks as Zeek does with ``LogAscii::use_json``."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, chunk: Chunk, _messages: Messages) -> None:
        """Append the rows of a chunk."""
        self._stream.write("".join(map(_json_row, log_rows(chunk))).encode())

    def finish(self) -> None:
        """Nothing ends it."""


def _tsv_row(row: LogRow) -> str:
    reply, answer, age_s = row.template.reply, row.answer, row.age_s
    answers = ",".join([record.rdata for record in answer]) or "-"
    ttls = ",".join([f"{r.ttl_s - age_s % r.ttl_s}.000000" for r in answer]) or "-"
    return (
        f"{_seconds(row.moment_us)}\t{_uid(row.number)}\t{row.client}\t{row.port}\t"
        f"{resolver_text(is_ipv6=row.is_ipv6)}\t53\tudp\t{row.message_id}\t"
        f"{row.delay_us / 1e6:.6f}\t{reply.query}\t1\tC_INTERNET\t{RRTYPES[reply.qtype]}\t"
        f"{reply.qtype}\t{RCODES[reply.rcode]}\t{reply.rcode}\tF\tF\tT\tT\t0\t"
        f"{answers}\t{ttls}\tF\n"
    )


def _json_row(row: LogRow) -> str:
    reply, answer, age_s = row.template.reply, row.answer, row.age_s
    lists = ""
    if answer:
        answers = '","'.join([record.rdata for record in answer])
        ttls = ",".join([f"{r.ttl_s - age_s % r.ttl_s}.0" for r in answer])
        lists = f',"answers":["{answers}"],"TTLs":[{ttls}]'
    return (
        f'{{"ts":{_seconds(row.moment_us)},"uid":"{_uid(row.number)}",'
        f'"id.orig_h":"{row.client}","id.orig_p":{row.port},'
        f'"id.resp_h":"{resolver_text(is_ipv6=row.is_ipv6)}","id.resp_p":53,"proto":"udp",'
        f'"trans_id":{row.message_id},"rtt":{row.delay_us / 1e6!r},"query":"{reply.query}",'
        f'"qclass":1,"qclass_name":"C_INTERNET","qtype":{RRTYPES[reply.qtype]},'
        f'"qtype_name":"{reply.qtype}","rcode":{RCODES[reply.rcode]},'
        f'"rcode_name":"{reply.rcode}","AA":false,"TC":false,"RD":true,"RA":true,"Z":0'
        f'{lists},"rejected":false}}\n'
    )


def _seconds(moment_us: int) -> str:
    return f"{moment_us // 1_000_000}.{moment_us % 1_000_000:06d}"


def _uid(number: int) -> str:
    """Return a connection's name of 18 signs, as scattered as Zeek's."""
    return f"C{(number + 1) * 0x9E37_79B9_7F4A_7C15 % 2**68:017x}"
