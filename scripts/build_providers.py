"""Build the bundled list of providers from unpacked files of three packages.

    pip download --no-deps pymispwarninglists==1.7.0 cdn-detect==0.1.0
    npm pack third-party-web@0.30.0
    (unpack each into a folder of its own)
    PYTHONPATH=src python scripts/build_providers.py --warning-lists MISP/.../lists \\
        --signatures CDN/cdn_detect/signatures.py --entities WEB/package/dist/entities.json

Needs the bundled table of routes, and with it tells whose a listed range is today. Prints what it
found wrong and what it did about it, and writes the same bytes for the same input and the same
releases of pyarrow and publicsuffixlist. Why these lists, and what is wrong
with them: docs/decisions/0015-provider-lists.md.
"""

import argparse
import ast
import json
import re
import sys
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from publicsuffixlist import PublicSuffixList

from build_routes import Ledger, build_table, write_table
from unflux.measure.provider_lists import FILE
from unflux.measure.ranges import NO_ROW, WIDTH_BYTES, BadRowError, address_keys, parse_block
from unflux.measure.routes import DATA, Layer, load_bundled

PUBLISHED: Final = {"cloudflare": "Cloudflare", "fastly": "Fastly"}
"""Warning lists that repeat what a CDN publishes of itself: taken whole.

Left out: ``akamai`` ("from BGP search": 128 of 268 prefixes are announced by NTT, Comcast, Amazon
and others), for which its AS numbers stand; ``stackpath``, a CDN that closed in 2023 and whose
prefixes Amazon, Cox and others announce now.
"""

CLOUDS: Final = {
    "amazon-aws": "Amazon Web Services",
    "google-gcp": "Google Cloud",
    "microsoft-azure": "Microsoft Azure",
    "microsoft-azure-china": "Microsoft Azure",
    "microsoft-azure-germany": "Microsoft Azure",
    "microsoft-azure-us-gov": "Microsoft Azure",
}
"""Warning lists of clouds, where anyone rents; their CDNs' edges are in them unmarked."""

HELD: Final = {"parking-domain": "parking", "sinkholes": "sinkhole"}
"""Warning lists of addresses that take what has no owner, or has lost its owner."""

SHARED_ADDRESSES: Final = {
    "13.107.0.0/16": "Azure Front Door: any customer's",
    "3.33.130.190/32": "a website builder's, of live sites too",
    "15.197.148.33/32": "a website builder's, of live sites too",
    "151.139.0.0/16": "a CDN that closed",
    "192.42.116.0/24": "given to a network of exit nodes since",
}
"""What is wrongly on the lists of parking and sinkholes, and what it is."""

FORMER_NAMES: Final = {"Imperva": "Incapsula"}
"""What the registration of an AS still calls a CDN."""

NAME_SERVICE: Final = frozenset({
    "bookmyname.com", "directnic.com", "dnsowl.com", "freenom.com", "gname.net",
    "markmonitor.com", "mijndomein.nl", "name.com", "onlydomains.com", "one.com",
    "registrar-servers.com", "rzone.de", "sav.com", "wordpress.com",
})  # fmt: skip
"""Listed as name servers of parked domains, but the ordinary ones of a registrar or a hoster."""

MORE_NAME_SERVICE: Final = frozenset({
    "akam.net", "azure-dns.com", "azure-dns.info", "azure-dns.net", "azure-dns.org",
    "dnsimple.com", "dnsmadeeasy.com", "domaincontrol.com", "gandi.net", "googledomains.com",
    "he.net", "ns.cloudflare.com", "nsone.net", "ovh.net", "ui-dns.com", "ultradns.com",
    "ultradns.net",
})  # fmt: skip
"""Zones of name servers that these companies' manuals give to customers."""

SINKHOLE_SERVERS: Final = frozenset({"microsoftinternetsafety.net"})
"""Zones of name servers that seized domains are delegated to, by court orders that name them."""

NO_CDN_ZONES: Final = frozenset({
    "akadns.net", "azurewebsites.net", "cdn.googleapis.com", "cloudflare.net", "github.io",
    "googleusercontent.com", "netlify.app", "netlify.com", "systemcdn.net", "trafficmanager.net",
    "vercel.app", "ves-io", "windows.net",
})  # fmt: skip
"""Zones that the lists call a CDN's but where anyone puts a host of his own or steers traffic to
one (Akamai's and Azure's traffic management answers with the customer's addresses), or no zone."""

CDN_ENTITIES: Final = frozenset({
    "Akamai", "Azure Web Services", "LeaseWeb", "Nexcess.Net", "Rackspace", "Verizon Digital Media "
    "CDN", "United Internet", "Yottaa",
})  # fmt: skip
"""Entities whose domains customers' names lead to; the others of the category ``cdn`` are a
company's own sites, which hold fonts and scripts for everybody."""

NO_ENTITY_ZONES: Final = frozenset({"rackspacecloud.com", "websitetestlink.com", "yottaa.com"})
"""Domains of these entities that no customer's name leads to."""

NO_SERVERS: Final = frozenset({"www.undeveloped.com----type.in"})
"""Listed as a name server of parked domains, but a slip."""

MORE_CDN_ZONES: Final = frozenset({
    "akamaiedge-staging.net", "alikunlun.com", "cachefly.net", "cdn77.org", "cdnetworks.net",
    "cdnga.net", "cdngc.net", "footprint.net", "fpbns.net", "gccdn.net", "gcdn.co", "hwcdn.net",
    "lldns.net", "llnwd.net", "lxdns.com", "wscdns.com", "wsglb0.com",
})  # fmt: skip
"""Zones that these CDNs' manuals tell customers to lead their names to, and no list has."""

Block = tuple[int, int, int]
"""(family, first address, last address)."""

HOSTNAME: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})+")

POPULAR: Final = ("tranco", "google-chrome-crux-1million", "cisco_top20k", "majestic_million")
"""Warning lists of names that somebody visits."""


def read_list(folder: Path, name: str) -> list[str]:
    """Return the entries of a warning list."""
    entries: list[str] = json.loads((folder / name / "list.json").read_bytes())["list"]
    return entries


def read_literal(path: Path, name: str) -> Any:
    """Return a constant of a Python file, which is not run."""
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name and node.value:
            return ast.literal_eval(node.value)
    raise SystemExit(f"{path}: no {name}")


class Builder:
    """Collects ranges in the order in which they hold, and zones."""

    def __init__(self, routes: Layer, ledger: Ledger) -> None:
        self.routes = routes
        self.ledger = ledger
        self.uses: list[tuple[str, str | None]] = []
        self.ranges: list[tuple[int, int, int, int]] = []
        self.zones: dict[str, str] = {}

    def add_range(self, use: str, provider: str | None, block: Block) -> None:
        """Take a range."""
        if (use, provider) not in self.uses:
            self.uses.append((use, provider))
        self.ranges.append((*block, self.uses.index((use, provider))))
        self.ledger.counts[f"{use}: ranges taken"] += 1

    def blocks_of(self, use: str) -> list[Block]:
        """Return the ranges taken so far."""
        return [
            (family, first, last)
            for family, first, last, row in self.ranges
            if self.uses[row][0] == use
        ]

    def is_announced(self, block: Block) -> bool:
        """Tell whether any AS announces the first address of a range."""
        family, first, _ = block
        ip = IPv4Address(first) if family == 4 else IPv6Address(first)
        return bool(self.routes.ranges.find(address_keys([str(ip)]))[0] != NO_ROW)

    def add_zones(self, use: str, names: Iterable[str]) -> None:
        """Take zones; the first use of a name holds."""
        for name in sorted({name.lower().strip(".") for name in names}):
            if not HOSTNAME.fullmatch(name):
                self.ledger.counts[f"{use}: no name of a zone, left out"] += 1
            elif name not in self.zones:
                self.zones[name] = use
                self.ledger.counts[f"{use}: zones taken"] += 1


def add_networks(builder: Builder, numbers: dict[str, str]) -> None:
    """Take what the AS of a CDN announces, where the holder still bears the CDN's name."""
    asns, holders = (builder.routes.facts.column(n).to_pylist() for n in ("asn", "holder"))
    row_of = {asn: row for row, asn in enumerate(asns)}
    ours: dict[int, str] = {}
    for number, provider in numbers.items():
        row = row_of.get(int(number.removeprefix("AS")))
        name = FORMER_NAMES.get(provider, provider.split()[0]).lower()
        if row is None or name not in (holders[row] or "").lower():
            builder.ledger.counts["cdn: AS number of somebody else, left out"] += 1
        else:
            ours[row] = provider
    for family, steps in builder.routes.ranges.steps.items():
        bounds = [int.from_bytes(_packed(bound, family), "big") for bound in steps.bounds]
        ends = [*bounds[1:], 1 << 8 * WIDTH_BYTES[family]]
        for first, after, row in zip(bounds, ends, steps.rows.tolist(), strict=True):
            if row in ours:
                builder.add_range("cdn", ours[row], (family, first, after - 1))


def _packed(bound: Any, family: int) -> bytes:
    width = WIDTH_BYTES[family]
    return int(bound).to_bytes(width, "big") if family == 4 else bytes(bound).ljust(width, b"\0")


def add_lists(builder: Builder, folder: Path) -> None:
    """Take what the warning lists hold of CDNs, clouds, parking and sinkholes."""
    for use, names in (("cdn", PUBLISHED), ("cloud", CLOUDS)):
        for name, provider in names.items():
            for block in blocks(builder, use, read_list(folder, name)):
                builder.add_range(use, provider, block)
    cdns, clouds = builder.blocks_of("cdn"), builder.blocks_of("cloud")
    shared = [*cdns, *map(parse_block, SHARED_ADDRESSES)]
    for name, use in HELD.items():
        for block in blocks(builder, use, read_list(folder, name)):
            if any(within(block, other) for other in shared):
                builder.ledger.counts[f"{use}: address that many customers share, out"] += 1
            elif block[1] < block[2] and any(within(block, other) for other in clouds):
                builder.ledger.counts[f"{use}: edges of a cloud, out"] += 1
            elif not builder.is_announced(block):
                builder.ledger.counts[f"{use}: announced by nobody, out"] += 1
            else:
                builder.add_range(use, None, block)


def blocks(builder: Builder, use: str, texts: list[str]) -> Iterator[Block]:
    """Yield (family, first, last) of each entry that is a range."""
    for text in texts:
        try:
            yield parse_block(text)
        except BadRowError:
            builder.ledger.counts[f"{use}: no range, left out"] += 1


def within(block: Block, other: Block) -> bool:
    """Tell whether a range lies in another."""
    return block[0] == other[0] and other[1] <= block[1] and block[2] <= other[2]


def add_zones(builder: Builder, folder: Path, signatures: Path, entities: Path) -> None:
    """Take the zones that names lead to, are delegated to, or are given out of."""
    found = set(read_literal(signatures, "CNAME_PATTERNS"))
    for entity in json.loads(entities.read_bytes()):
        if entity["name"] in CDN_ENTITIES:
            domains = (domain.removeprefix("*.") for domain in entity["domains"])
            found |= {domain for domain in domains if not domain[-1].isdigit()}
    builder.add_zones("cdn", (found | MORE_CDN_ZONES) - NO_CDN_ZONES - NO_ENTITY_ZONES)

    builder.add_zones("sinkhole", SINKHOLE_SERVERS)
    builder.add_zones("name-service", NAME_SERVICE | MORE_NAME_SERVICE)
    builder.add_zones("parking", set(read_list(folder, "parking-domain-ns")) - NO_SERVERS)

    dynamic = {name.lower().strip(".") for name in read_list(folder, "dynamic-dns")}
    seen = {name for popular in POPULAR for name in read_list(folder, popular)}
    suffixes = PublicSuffixList(accept_unknown=False)
    alive = {name for name in dynamic if name in seen or suffixes.publicsuffix(name) == name}
    builder.ledger.counts["dynamic-dns: in no list of visited sites, out"] = len(dynamic - alive)
    builder.add_zones("dynamic-dns", alive)


def compose_table(builder: Builder) -> pa.Table:
    """Return steps of the address space and zones: the rows of ``measure/provider_lists.py``."""
    ranges = build_table(builder.ranges, builder.ledger).to_table()
    rows = pa.array([None if row == 0 else row - 1 for row in ranges.column("row").to_pylist()])
    uses, providers = (pa.array(column, pa.string()) for column in zip(*builder.uses, strict=True))
    steps = ranges.drop_columns("row").append_column("use", uses.take(rows))
    steps = steps.append_column("provider", providers.take(rows))
    zones = sorted(builder.zones.items())
    named = pa.table({"zone": [zone for zone, _ in zones], "use": [use for _, use in zones]})
    return pa.concat_tables([steps, named], promote_options="default")


def main(arguments: list[str]) -> int:
    """Build the file from the command line's lists."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--warning-lists", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--signatures", type=Path, required=True, metavar="PY")
    parser.add_argument("--entities", type=Path, required=True, metavar="JSON")
    parser.add_argument("--out", type=Path, default=DATA)
    options = parser.parse_args(arguments)

    builder = Builder(load_bundled().layers[0], Ledger("providers"))
    add_networks(builder, read_literal(options.signatures, "CDN_ASNS"))
    add_lists(builder, options.warning_lists)
    add_zones(builder, options.warning_lists, options.signatures, options.entities)
    table = compose_table(builder)
    builder.ledger.write(sys.stdout)
    options.out.mkdir(parents=True, exist_ok=True)
    write_table(options.out / FILE, table, {"gap": "BYTE_STREAM_SPLIT", "low": "PLAIN"})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
