"""Flows as sensors of several kinds log them, from the flows of a capture."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HEADERS_BYTES = 66
"""Of Ethernet, IPv4 and TCP with timestamps."""
PACKETS = 40
CSV = "firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,bpp,bps,flows"

Row = dict[str, Any]


def write_zeek(
    folder: Path, rows: list[Row], *, uid: str = "C", with_host: bool = True, late_us: int = 0
) -> tuple[Path, Path]:
    """Write ``conn.log`` and ``http.log`` as JSON, their names and ids beginning with ``uid``."""
    conn, http = [], []
    late = timedelta(microseconds=late_us)
    for number, row in enumerate(rows):
        same = {
            "ts": (row["first_at"] + late).timestamp(), "uid": f"{uid}{number}",
            "id.orig_h": row["client"], "id.orig_p": row["client_port"],
            "id.resp_h": row["server"], "id.resp_p": row["server_port"],
        }  # fmt: skip
        conn.append({
            **same, "proto": "tcp", "duration": (row["last_at"] - row["first_at"]).total_seconds(),
            "orig_bytes": row["sent_bytes"], "resp_bytes": row["received_bytes"],
            "conn_state": "SF",
        })  # fmt: skip
        if row["http_method"]:
            http.append({
                **same, "ts": same["ts"] + 0.002, "method": row["http_method"],
                "uri": row["http_target"], "request_body_len": 0,
                "response_body_len": row["received_bytes"] - 19,
                "status_code": row["http_status"],
                **({"host": row["http_host"]} if with_host else {}),
            })  # fmt: skip
    return _lines(folder / f"{uid}-conn.log", conn), _lines(folder / f"{uid}-http.log", http)


def write_eve(folder: Path, rows: list[Row]) -> Path:
    """Write ``eve.json``: what was asked for first, then the flows."""
    http, flows = [], []
    for number, row in enumerate(rows):
        same = {
            "timestamp": row["last_at"].isoformat(), "flow_id": number, "proto": "TCP",
            "src_ip": row["client"], "src_port": row["client_port"],
            "dest_ip": row["server"], "dest_port": row["server_port"],
        }  # fmt: skip
        if row["http_method"]:
            asked = {
                "http_method": row["http_method"], "hostname": row["http_host"],
                "url": row["http_target"], "status": row["http_status"],
                "length": row["received_bytes"] - 19,
            }  # fmt: skip
            http.append({"event_type": "http", **same, "http": asked})
        flow = {
            "pkts_toserver": PACKETS, "bytes_toserver": row["sent_bytes"] + PACKETS * HEADERS_BYTES,
            "pkts_toclient": PACKETS,
            "bytes_toclient": row["received_bytes"] + PACKETS * HEADERS_BYTES,
            "start": row["first_at"].isoformat(), "end": row["last_at"].isoformat(),
        }  # fmt: skip
        flows.append({"event_type": "flow", **same, "flow": flow})
    return _lines(folder / "eve.json", [*http, *flows])


def write_csv(path: Path, rows: Iterable[Row], *ways: str) -> Path:
    """Write one record for each flow and way (``up`` or ``down``), as nfdump does."""
    lines = [CSV]
    for row in rows:
        client, server = (f"{row[end]},{row[f'{end}_port']}" for end in ("client", "server"))
        lasted_s = (row["last_at"] - row["first_at"]).total_seconds()
        for way in ways:
            ends = (client, server) if way == "up" else (server, client)
            payload = row["sent_bytes" if way == "up" else "received_bytes"]
            at = row["first_at"] + timedelta(milliseconds=0 if way == "up" else 2)
            lines.append(
                f"{_local(at)},{lasted_s:.3f},TCP,{ends[0]},{ends[1]},{PACKETS},"
                f"{payload + PACKETS * 52},0,0,1"
            )
    path.write_text("\n".join(lines) + "\n")
    return path


def _local(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _lines(path: Path, objects: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in objects))
    return path
