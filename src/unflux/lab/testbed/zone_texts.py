"""Zones above all others: the root and the reserved top level domains, with glue."""

from typing import Final

from unflux.lab.naming import RESERVED_TLDS
from unflux.lab.testbed.blueprint import REGISTRY_VIEW
from unflux.lab.testbed.draft import Draft

ROOT_HOST: Final = "a.root-servers.test"
REGISTRY_HOST: Final = "a.registry.example"


def add_parents(draft: Draft) -> None:
    """Add the root and top level zones; call it when every delegation is known."""
    draft.glue |= {ROOT_HOST: draft.root, REGISTRY_HOST: draft.registry}
    referrals = [f"{tld}. 172800 NS {REGISTRY_HOST}." for tld in RESERVED_TLDS]
    addresses = [f"{host}. 172800 A {draft.glue[host]}" for host in (ROOT_HOST, REGISTRY_HOST)]
    draft.serve_zone("", "root", (ROOT_HOST,), (*referrals, *addresses))
    for tld in RESERVED_TLDS:
        draft.serve_zone(tld, REGISTRY_VIEW, (REGISTRY_HOST,), _delegations(draft, tld))


def _delegations(draft: Draft, tld: str) -> list[str]:
    lines = []
    for apex, hosts in draft.delegations.items():
        if apex.endswith(f".{tld}"):
            lines += [f"{apex}. {draft.ttl(86_400)} NS {host}." for host in hosts]
    lines += [
        f"{host}. {draft.ttl(172_800)} A {address}"
        for host, address in draft.glue.items()
        if host.endswith(f".{tld}")
    ]
    return lines
