"""nginx and HAProxy in a testbed: sites, caches, reverse proxies, motherships and agents."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

from unflux.lab.testbed.blueprint import Agent, Blueprint, Operation, Segment, Site
from unflux.lab.testbed.innocents import PROXY_PORTS
from unflux.lab.testbed.namespaces import namespace_name
from unflux.lab.testbed.programs import Programs
from unflux.model.errors import UnfluxError
from unflux.model.verdicts import Kind

ASSETS: Final = 4
"""Files of a site besides its page."""
CONTROLLER_PATH: Final = "/config.json"
TIME_PORT: Final = 123
TALKERS: Final[Mapping[Kind, int]] = {"pool": TIME_PORT, "peer-seed": 8333}
"""Kinds of sites whose servers are no web servers, and the port where they serve."""

_HEAD: Final = """\
{modules}user root; worker_processes 1; worker_rlimit_nofile 16384;
pid {own}/nginx.pid; error_log {own}/error.log warn; events {{ worker_connections 8192; }}
http {{
  access_log off; server_tokens on; keepalive_timeout 15; default_type text/html;
  types {{ text/html html; text/css css; image/png png; application/json json; }}
  ssl_certificate {folder}/tls.pem; ssl_certificate_key {folder}/tls.key;
  client_body_temp_path {own}/body; proxy_temp_path {own}/proxy; fastcgi_temp_path {own}/fastcgi;
  uwsgi_temp_path {own}/uwsgi; scgi_temp_path {own}/scgi; server_names_hash_bucket_size 128;
  {cache}
"""


def start_web_servers(programs: Programs, testbed: str, blueprint: Blueprint, folder: Path) -> None:
    """Write sites and configurations below ``folder`` and start every web server and relay."""
    _make_certificate(programs, folder)
    modules = find_stream_module(programs)
    servers: dict[Segment, list[str]] = defaultdict(list)
    streams: dict[Segment, list[str]] = defaultdict(list)
    balanced: dict[Segment, list[tuple[Operation, Agent]]] = defaultdict(list)
    for site in blueprint.sites:
        if site.kind in TALKERS:
            _talk(site, blueprint, streams)
        else:
            _serve_site(site, blueprint, folder, servers)
    for operation in blueprint.operations:
        root = _write_site(Random(f"{blueprint.seed}/{operation.title}"), folder, operation.title)  # noqa: S311
        servers["origins"].append(_static(operation.mothership, ("_",), root))
        servers["origins"].append(_controller(operation, folder))
        for agent in operation.agents:
            _relay(operation, agent, servers, streams)
            if agent.software == "haproxy":
                balanced[agent.segment].append((operation, agent))
    resolver = blueprint.names.resolvers["north"]
    servers["subscribers"].append(_forwarding(blueprint.proxy, resolver))
    for segment in sorted({*servers, *streams}):
        own = folder / f"nginx-{segment}"
        own.mkdir(mode=0o700)
        keeps = segment == "fronts"
        cache = f"proxy_cache_path {own}/cache keys_zone=cdn:1m max_size=50m;" if keeps else ""
        text = _HEAD.format(modules=modules, own=own, folder=folder, cache=cache)
        text += "".join(servers[segment]) + "}\n"
        if streams[segment]:
            text += f"stream {{\n{''.join(streams[segment])}}}\n"
        configuration = own / "nginx.conf"
        configuration.write_text(text, encoding="ascii")
        programs.run(
            "ip", "netns", "exec", namespace_name(testbed, segment), programs.paths["nginx"],
            "-c", configuration, "-p", own, "-e", own / "start.log",
        )  # fmt: skip
    for segment, agents in balanced.items():
        configuration = folder / f"haproxy-{segment}.cfg"
        configuration.write_text(_haproxy(agents, folder), encoding="ascii")
        programs.run(
            "ip", "netns", "exec", namespace_name(testbed, segment), programs.paths["haproxy"],
            "-D", "-f", configuration, "-p", folder / f"haproxy-{segment}.pid",
        )  # fmt: skip


def _serve_site(
    site: Site, blueprint: Blueprint, folder: Path, servers: dict[Segment, list[str]]
) -> None:
    if not site.addresses:
        return
    root = _write_site(Random(f"{blueprint.seed}/{site.domain}"), folder, site.domain)  # noqa: S311
    names = (site.domain, f"www.{site.domain}", *site.qnames)
    for address in site.addresses:
        segment = blueprint.segment_of(address)
        if site.backend is None:
            servers[segment].append(_static(address, names, root))
        else:
            caching = "proxy_cache cdn; proxy_cache_valid 200 10s;" if site.is_cached else ""
            servers[segment].append(_proxying(address, names, site.backend, caching))
    if site.backend is not None:
        servers["origins"].append(_static(site.backend, ("_",), root))


def _talk(site: Site, blueprint: Blueprint, streams: dict[Segment, list[str]]) -> None:
    """Have servers that are no web servers say a word to whoever comes."""
    port = TALKERS[site.kind]
    for address in site.addresses:
        segment = blueprint.segment_of(address)
        udp = " udp" if port == TIME_PORT else ""
        streams[segment].append(
            f'  server {{ listen {address}:{port}{udp}; return "{site.kind} here"; }}\n'
        )


def _relay(
    operation: Operation,
    agent: Agent,
    servers: dict[Segment, list[str]],
    streams: dict[Segment, list[str]],
) -> None:
    target = operation.mothership
    if agent.software == "nginx":
        servers[agent.segment].append(_proxying(agent.address, ("_",), target, "", has_tls=False))
    relayed = {"nginx": (443,), "stream": (80, 443), "haproxy": ()}[agent.software]
    streams[agent.segment] += [_passing(agent.address, port, target) for port in relayed]
    if operation.relays_names:
        streams[agent.segment].append(_passing(agent.address, 53, target))
        streams[agent.segment].append(_passing(agent.address, 53, target, is_udp=True))


def _static(address: str, names: Sequence[str], root: Path) -> str:
    return (
        f"  server {{ listen {address}:80; listen {address}:443 ssl; "
        f"server_name {' '.join(dict.fromkeys(names))}; root {root}; }}\n"
    )


def _proxying(
    address: str, names: Sequence[str], target: str, caching: str, *, has_tls: bool = True
) -> str:
    tls = f"listen {address}:443 ssl; " if has_tls else ""
    return (
        f"  server {{ listen {address}:80; {tls}server_name {' '.join(dict.fromkeys(names))}; "
        f"location / {{ proxy_pass http://{target}:80; proxy_bind {address}; "
        f"proxy_http_version 1.1; proxy_set_header Host $host; proxy_connect_timeout 5s; "
        f'proxy_set_header Connection ""; {caching} }} }}\n'
    )


def _forwarding(address: str, resolver: str) -> str:
    """Return a forward proxy: it fetches what the client names, over plain HTTP."""
    listens = " ".join(f"listen {address}:{port};" for port in PROXY_PORTS)
    return (
        f"  server {{ {listens} resolver {resolver} ipv6=off valid=2s; resolver_timeout 5s; "
        f"location / {{ proxy_pass http://$host$request_uri; proxy_bind {address}; "
        f"proxy_http_version 1.1; proxy_connect_timeout 5s; "
        f'proxy_set_header Host $host; proxy_set_header Connection ""; }} }}\n'
    )


def _passing(address: str, port: int, target: str, *, is_udp: bool = False) -> str:
    udp = " udp" if is_udp else ""
    ends = "proxy_responses 1; proxy_timeout 3s;" if is_udp else "proxy_timeout 30s;"
    return (
        f"  server {{ listen {address}:{port}{udp}; proxy_pass {target}:{port}; "
        f"proxy_bind {address}; proxy_connect_timeout 5s; {ends} }}\n"
    )


def _controller(operation: Operation, folder: Path) -> str:
    root = folder / "www" / f"{operation.title}-controller"
    root.mkdir(parents=True)
    (root / CONTROLLER_PATH.strip("/")).write_text(
        f'{{"upstream": "{operation.mothership}", "ports": [80, 443]}}\n', encoding="ascii"
    )
    return f"  server {{ listen {operation.controller}:80; root {root}; }}\n"


def _haproxy(agents: Sequence[tuple[Operation, Agent]], folder: Path) -> str:
    lines = [
        "global",
        "  maxconn 2000",
        "defaults",
        "  timeout connect 5s",
        "  timeout client 15s",
        "  timeout server 15s",
    ]
    for number, (operation, agent) in enumerate(agents):
        for port, mode in ((80, "http"), (443, "tcp")):
            lines += [
                f"listen agent{number}-{port}",
                f"  mode {mode}",
                f"  bind {agent.address}:{port}",
                f"  server mothership {operation.mothership}:{port} source {agent.address}",
            ]
    return "\n".join((*lines, ""))


def _write_site(rng: Random, folder: Path, title: str) -> Path:
    root = folder / "www" / title
    root.mkdir(parents=True)
    links = "".join(f'<img src="/a{number}.png">' for number in range(ASSETS))
    words = " ".join(f"{rng.randrange(1 << 32):x}" for _ in range(rng.randint(100, 1500)))
    (root / "index.html").write_text(f"<html>{links}<p>{words}</p></html>\n", encoding="ascii")
    for number in range(ASSETS):
        (root / f"a{number}.png").write_bytes(rng.randbytes(rng.randint(1_000, 60_000)))
    return root


def _make_certificate(programs: Programs, folder: Path) -> None:
    programs.run(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "30", "-subj", "/CN=lab.example", "-keyout", folder / "tls.key",
        "-out", folder / "tls.pem",
    )  # fmt: skip


def find_stream_module(programs: Programs) -> str:
    """Return how to load nginx's stream module, nothing where it is built in."""
    built = programs.run("nginx", "-V")
    if "--with-stream=dynamic" not in built:
        return ""
    found = re.search(r"--modules-path=(\S+)", built)
    path = Path(found.group(1) if found else "/usr/lib/nginx/modules") / "ngx_stream_module.so"
    if not path.exists():
        message = f"not installed: nginx's stream module ({path}; Debian: libnginx-mod-stream)"
        raise UnfluxError(message)
    return f"load_module {path};\n"
