"""Draw the blueprint of a testbed from its options."""

from typing import Final

from unflux.lab.testbed.blueprint import Blueprint, Client, NamePlane
from unflux.lab.testbed.draft import Draft
from unflux.lab.testbed.innocents import POPULATIONS, PROXY_PORTS
from unflux.lab.testbed.operations import draw_double_flux, draw_single_flux, draw_slow_flux
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.zone_texts import add_parents

PAUSE_S: Final = 1.0
"""Mean pause of a client between two visits. Chosen: 2026-11-28; with 24 clients the northern
resolver answers some 15 questions a second, and our own processes take a sixth of a core."""

UPDATE_S: Final = 1200.0
"""How often a home asks for updates. Chosen: 2026-11-28; twenty seconds when compressed by 60, half
as often as an agent polls its controller."""


def draw_blueprint(options: Options) -> Blueprint:
    """Return the testbed of these options; the same options give the same blueprint."""
    draft = Draft(options)
    operations = (draw_single_flux(draft), draw_double_flux(draft), draw_slow_flux(draft))
    for add_population in POPULATIONS:
        add_population(draft)
    proxy = draft.home(draft.stream("proxy"), (draft.isp,))
    draft.clients += _draw_clients(draft, proxy)
    add_parents(draft)
    return Blueprint(
        seed=options.seed,
        compress=options.compress,
        length_s=options.minutes * 60,
        plan=draft.plan,
        names=NamePlane(
            root=draft.root,
            registry=draft.registry,
            delivery=draft.delivery,
            hosters=draft.hosters,
            resolvers=draft.resolvers,
            zones=tuple(draft.zones),
        ),
        operations=operations,
        sites=tuple(draft.sites),
        rotations=tuple(draft.rotations),
        clients=tuple(draft.clients),
        proxy=proxy,
        update_site=draft.update_site,
        update_s=draft.span(UPDATE_S),
        hosts={segment: tuple(held) for segment, held in draft.hosts.items()},
        lines=draft.lines,
        pause_s=PAUSE_S,
    )


def _draw_clients(draft: Draft, proxy: str) -> list[Client]:
    """Place two of three clients in the tapped network; they ask its resolver.

    One in four of the others works for the office and goes through its proxy.
    """
    rng = draft.stream("clients")
    clients: list[Client] = []
    for number in range(draft.options.clients):
        is_near = number % 3 != 2
        address = draft.home(rng, (draft.isp,) if is_near else draft.abroad)
        clients.append(
            Client(
                address=address,
                segment=draft.segment_of(address),
                resolver=draft.resolvers["north" if is_near else "south"],
                proxy=(proxy, rng.choice(PROXY_PORTS)) if number % 12 == 2 else None,
            )
        )
    return clients
