"""A neighbourhood in namespaces: agents, a mothership, web servers and caches, all stock."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.act.outputs.programs import START_S, checked, find

SWITCH = Path(__file__).with_name("switch.py")
NAME = "www.bad.example"
BEYOND = "10.66.0.1"
"""Within the neighbourhood, outside the scope."""
ZONE = "bad.example"
FIRST = ("nice", "-n", "-15")
"""Delays are what is looked at: other tests must not cause them."""
PROBER = "10.0.0.1"
STREAMS = "/usr/lib/nginx/modules/ngx_stream_module.so"
PAGE = '<html><title>pills</title><link rel=stylesheet href="/style.css">' + "".join(
    f"<p>offer {n} of today</p>" for n in range(200)
)
OTHER = "<html><title>club</title>" + "".join(f"<li>member {n}, row {n * 7}" for n in range(150))


@dataclass(frozen=True, kw_only=True)
class Host:
    """One host of its own namespace; delays in milliseconds, added to what it sends."""

    kind: str
    address: str
    delay_ms: float = 5.0
    jitter_ms: float = 0.3
    behind: str | None = None
    """Whom it relays to, or fetches from."""


@dataclass
class Neighbourhood:
    """What stands."""

    prefix: str
    folder: Path
    hosts: tuple[Host, ...]
    namespaces: list[str] = field(default_factory=list)

    def run(self, *command: str | Path, address: str = PROBER) -> "subprocess.Popen[str]":
        """Start a program at an address."""
        return subprocess.Popen(
            [*FIRST, "ip", "netns", "exec", self.namespace(address), *map(str, command)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def namespace(self, address: str) -> str:
        return f"{self.prefix}-{address.replace('.', '-')}"


@contextmanager
def neighbourhood(folder: Path, hosts: tuple[Host, ...]) -> Iterator[Neighbourhood]:
    """Have the hosts stand on one bridge while the block runs; nothing leads out of it."""
    for program in ("ip", "ethtool", "nginx", "haproxy", "named", "openssl"):
        find(program)
    if not Path(STREAMS).exists():
        pytest.skip("nginx has no module for streams here")
    stands = Neighbourhood(prefix=f"uxp{os.getpid()}", folder=folder, hosts=hosts)
    with ExitStack() as until_end:
        middle = _namespace(stands, f"{stands.prefix}-net", until_end)
        everybody = (Host(kind="prober", address=PROBER, delay_ms=0, jitter_ms=0), *hosts)
        for host in everybody:
            _connect(stands, host, middle, until_end)
        _switch(middle, everybody, until_end)
        _certify(folder)
        for host in hosts:
            _start(stands, host, until_end)
        yield stands


def _namespace(stands: Neighbourhood, name: str, until_end: ExitStack) -> str:
    checked("ip", "netns", "add", name)
    until_end.callback(subprocess.run, ["ip", "netns", "del", name], check=False)
    stands.namespaces.append(name)
    return name


def _connect(stands: Neighbourhood, host: Host, middle: str, until_end: ExitStack) -> None:
    """Lead a line from a host's own namespace to the middle."""
    inside, port = _namespace(stands, stands.namespace(host.address), until_end), _port(host)
    checked(
        "ip", "-n", middle, "link", "add", port, "type", "veth", "peer", "eth0", "netns", inside
    )
    checked("ip", "-n", middle, "link", "set", port, "up")
    checked("ip", "-n", inside, "address", "add", f"{host.address}/8", "dev", "eth0")
    checked("ip", "-n", inside, "link", "set", "lo", "up")
    checked("ip", "-n", inside, "link", "set", "eth0", "up")
    # Frames are whole when the switch has them.
    whole = ("tx", "off", "tso", "off", "gso", "off", "gro", "off")
    checked("ip", "netns", "exec", inside, find("ethtool"), "-K", "eth0", *whole)


def _port(host: Host) -> str:
    return "v" + host.address.replace(".", "")


def _switch(middle: str, hosts: tuple[Host, ...], until_end: ExitStack) -> None:
    """Join the lines."""
    lines = [f"{_port(host)}={host.delay_ms},{host.jitter_ms}" for host in hosts]
    process = subprocess.Popen(
        [*FIRST, "ip", "netns", "exec", middle, sys.executable, SWITCH, *lines],
        stdout=subprocess.PIPE,
    )
    until_end.callback(_end, process)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"


def _start(stands: Neighbourhood, host: Host, until_end: ExitStack) -> None:
    """Start the servers of a host and wait until they listen."""
    folder = stands.folder / host.address
    folder.mkdir()
    commands, ports = [], ["tcp/80"]
    if host.kind == "haproxy":
        (folder / "haproxy.cfg").write_text(_haproxy(host))
        commands.append([find("haproxy"), "-db", "-f", folder / "haproxy.cfg"])
    elif host.kind in {"names", "mothership"}:
        (folder / "named.conf").write_text(_named(folder))
        commands.append([find("named"), "-g", "-n", "1", "-c", folder / "named.conf"])
        ports = ["udp/53"]
    if host.kind in SITES:
        _write_files(folder)
        (folder / "nginx.conf").write_text(_nginx(folder, host))
        commands.append([find("nginx"), "-p", folder, "-c", folder / "nginx.conf"])
        ports = ["udp/53"] if host.kind == "names-agent" else [*ports, "tcp/80"]
    if host.kind in PROGRAMS:
        commands.append([find("python3"), "-c", PROGRAMS[host.kind]])
    elif host.kind == "slow-names":
        commands.append([sys.executable, "-c", SLOW_NAMES])
        ports = ["udp/53"]
    for command in commands:
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*FIRST, "ip", "netns", "exec", stands.namespace(host.address), *map(str, command)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        until_end.callback(_end, process)
    if commands:
        _await(stands, host, ports, folder / "log")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _await(stands: Neighbourhood, host: Host, ports: list[str], log: Path) -> None:
    ends = time.monotonic() + START_S
    while time.monotonic() < ends:
        listening = checked("ip", "netns", "exec", stands.namespace(host.address), "ss", "-Hltun")
        if all(f":{port.split('/')[1]} " in listening for port in ports):
            return
        time.sleep(0.05)
    raise AssertionError((host, log.read_text(errors="replace")))


def _write_files(folder: Path) -> None:
    for site, page in (("bad", PAGE), ("other", OTHER)):
        (folder / site).mkdir()
        (folder / site / "index.html").write_text(page)
        (folder / site / "style.css").write_text("body { color: black }\n")
        (folder / site / "robots.txt").write_text("User-agent: *\n")


def _certify(folder: Path) -> None:
    """Make the certificate that all show: a site has one, whoever serves it."""
    checked(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "2", "-subj", f"/CN={NAME}", "-keyout", folder / "key.pem",
        "-out", folder / "cert.pem",
    )  # fmt: skip


def _nginx(folder: Path, host: Host) -> str:
    stream, site = SITES[host.kind]
    filled = {"folder": str(folder), "behind": host.behind or "", "name": NAME}
    http = f"""http {{
        access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
        fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
        {site}
    }}""" if site else ""  # fmt: skip
    text = f"""load_module {STREAMS}; user root; daemon off; worker_processes 1;
        error_log {folder}/log; pid {folder}/pid; events {{ worker_connections 512; }}
        {http}
        {"stream { " + stream + " }" if stream else ""}"""
    for key, value in filled.items():
        text = text.replace(f"@{key}@", value)
    return text


_TLS = (
    "listen 443 ssl; ssl_certificate @folder@/../cert.pem;ssl_certificate_key @folder@/../key.pem;"
)
_RELAY_TLS = "server { listen 443; proxy_pass @behind@:443; }"
_RELAY_NAMES = "server { listen 53 udp; proxy_pass @behind@:53; proxy_responses 1; }"
_PASS = "proxy_pass http://@behind@; proxy_set_header Host $host;"
_CACHE = "proxy_cache_path @folder@/cache keys_zone=c:1m;"
SITES = {
    "mothership": (
        "",
        f"server {{ listen 80; {_TLS} server_name @name@; root @folder@/bad; }}"
        "server { listen 80 default_server; return 404; }",
    ),
    "agent": (
        _RELAY_TLS + _RELAY_NAMES,
        f"server {{ listen 80; location / {{ {_PASS} }} }}",
    ),
    "maker-agent": ("", f"server {{ listen 80; location / {{ {_PASS} }} }}"),
    "web-agent": ("", f"server {{ listen 80; location / {{ {_PASS} }} }}"),
    "names-agent": (_RELAY_NAMES, ""),
    "stream": (
        _RELAY_TLS + _RELAY_NAMES + "server { listen 80; proxy_pass @behind@:80; }",
        "",
    ),
    "server": ("", f"server {{ listen 80; {_TLS} root @folder@/bad; }}"),
    "planted": ("", f"server {{ listen 80; {_TLS} root @folder@/other; }}"),
    "dynamic": (
        "",
        f"server {{ listen 80; {_TLS} root @folder@/bad; location = / "
        "{ proxy_pass http://127.0.0.1:8080; } }",
    ),
    "slow": (
        "",
        f"server {{ listen 80; {_TLS} location / {{ proxy_pass http://127.0.0.1:8080; }} }}",
    ),
    "slow-all": (
        "",
        f"server {{ listen 80; {_TLS} location / {{ proxy_pass http://127.0.0.1:8080; }} }}",
    ),
    "slow-stamped": (
        "",
        f"server {{ listen 80; {_TLS} location / {{ proxy_pass http://127.0.0.1:8080; }} }}",
    ),
    "cache": (
        "",
        f"{_CACHE} server {{ listen 80; {_TLS} location / "
        f"{{ {_PASS} proxy_cache c; proxy_cache_valid any 10m; add_header X-Cache "
        "$upstream_cache_status; } }",
    ),
    "mute-cache": (
        "",
        f"{_CACHE} server {{ listen 80; {_TLS} location / "
        f"{{ {_PASS} proxy_cache c; proxy_cache_valid any 10m; }} }}",
    ),
}  # fmt: skip
"""By kind of host: what nginx relays as a stream, and as a web server."""


def _program(listens: str, *, stamped: bool = False, sleeps_always: bool = False) -> str:
    """Return a server whose program makes every document, style sheets too."""
    return f"""
import http.server, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.06)
        page = {PAGE!r}.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(page)))
        if {stamped}:
            self.send_header("Last-Modified", "Sat, 28 Nov 2026 08:00:00 GMT")
            self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        self.wfile.write(page)
    if {sleeps_always}:
        do_OPTIONS = do_GET
http.server.ThreadingHTTPServer({listens}, Handler).serve_forever()
"""


HOSTILE = f"""
import gzip, itertools, socket, socketserver, threading, time
PAGE = {PAGE!r}.encode()
ELSE = "{BEYOND}"
away = (f'<link href="//{{ELSE}}/a.css"><img src="http://{{ELSE}}/a.png"><a href="/x">').encode()
turns = itertools.count()
def answer(peer):
    turn = next(turns)
    if peer.recv(4096) != b"HI\\r\\n\\r\\n":
        time.sleep(0.06)
    if turn == 0:
        peer.sendall(b"HTTP/1.1 302 Found\\r\\nLocation: http://%s/\\r\\nRefresh: 0; url=http://%s/"
            b"\\r\\nConnection: keep-alive\\r\\n\\r\\n" % (ELSE.encode(), ELSE.encode()) + away)
    elif turn == 1:
        peer.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Encoding: gzip\\r\\n\\r\\n"
            + gzip.compress(bytes(100_000_000), 1))
    elif turn == 2:
        while True:
            peer.sendall(b"HTTP/1.1 100 Continue\\r\\n\\r\\n" * 99)
    elif turn == 3:
        peer.sendall(b"HTTP/1.1 200 OK\\r\\n" + b"X-A: b\\r\\n" * 200_000)
    elif turn == 4:
        while True:
            peer.sendall(b"HTTP/1.1 200 OK\\r\\n")
            time.sleep(0.1)
    elif turn == 5:
        peer.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
        while True:
            peer.sendall(away * 999)
    elif turn == 6:
        peer.sendall(b"HTTP/1.1 200 OK\\r\\n"
            b"Content-Type: multipart/mixed; boundary*=a; boundary*0=b\\r\\n\\r\\n" + away)
    else:
        peer.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\n" + away + PAGE)
class Web(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            answer(self.request)
        except OSError:
            pass
class Tls(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            self.request.recv(4096)
            while True:
                self.request.sendall(bytes([22, 3, 3, 64, 0]) + bytes([2, 255, 255, 255]) * 4096)
        except OSError:
            pass
class Names(socketserver.BaseRequestHandler):
    def handle(self):
        query, port = self.request
        place = bytes(map(int, ELSE.split(".")))
        record = b"\\xc0\\x0c\\x00\\x01\\x00\\x01\\x00\\x00\\x00\\x3c\\x00\\x04" + place
        counts = b"\\x00\\x01\\x00\\x01\\x00\\x00\\x00\\x01"
        head = query[:2] + b"\\x86\\x00" + counts
        port.sendto(head + query[12:] + record * 2, self.client_address)
class Threads(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
for served in (Threads(("0.0.0.0", 443), Tls), socketserver.UDPServer(("0.0.0.0", 53), Names)):
    threading.Thread(target=served.serve_forever).start()
Threads(("0.0.0.0", 80), Web).serve_forever()
"""
"""Does to a visitor what it can, and points away to whom nobody may speak."""

_BEHIND = '("127.0.0.1", 8080)'
PROGRAMS = {
    "dynamic": _program(_BEHIND),
    "slow": _program(_BEHIND),
    "slow-all": _program(_BEHIND, sleeps_always=True),
    "slow-bare": _program('("0.0.0.0", 80)', sleeps_always=True),
    "slow-stamped": _program(_BEHIND, sleeps_always=True, stamped=True),
    "hostile": HOSTILE,
    "maker": _program('("0.0.0.0", 80)'),
}
"""``slow-all`` takes its time for every method, ``slow-stamped`` says of what it makes that it is a
file, ``maker`` is a mothership that makes its documents."""

SLOW_NAMES = f"""
import socket, time
import dns.flags, dns.message, dns.opcode, dns.rcode, dns.rrset
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as served:
    served.bind(("0.0.0.0", 53))
    while True:
        octets, peer = served.recvfrom(4096)
        query = dns.message.from_wire(octets)
        reply = dns.message.make_response(query)
        if query.opcode() != dns.opcode.QUERY:
            reply.set_rcode(dns.rcode.NOTIMP)
        else:
            time.sleep(0.06)
            reply.flags |= dns.flags.AA
            reply.answer.append(dns.rrset.from_text(
                "{ZONE}.", 60, "IN", "SOA", "ns.{ZONE}. root.{ZONE}. 1 60 60 60 60"))
        served.sendto(reply.to_wire(), peer)
"""
"""A name server that looks up every answer in a far database."""


def _haproxy(host: Host) -> str:
    return f"""
defaults
    mode tcp
    timeout connect 5s
    timeout client 5s
    timeout server 5s
listen web
    bind :80
    server behind {host.behind}:80
listen tls
    bind :443
    server behind {host.behind}:443
"""


def _named(folder: Path) -> str:
    (folder / "zone").write_text(
        f"$TTL 60\n@ SOA ns.{ZONE}. root.{ZONE}. 1 60 60 60 60\n@ NS ns.{ZONE}.\n"
        f"ns A 10.9.9.9\nwww A 10.9.9.9\n"
    )
    return f"""options {{
            directory "{folder}"; pid-file none; session-keyfile "{folder}/session.key";
            listen-on port 53 {{ any; }}; listen-on-v6 {{ none; }}; recursion no;
            allow-query {{ any; }};
        }};
        controls {{ }};
        zone "{ZONE}" {{ type primary; file "zone"; }};
    """
