"""Who does what in a testbed: clients, owners of agents, and the agents' own polling."""

from collections.abc import Callable, Coroutine
from random import Random
from typing import Final

from unflux.lab.testbed.blueprint import Agent, Blueprint, Client
from unflux.lab.testbed.browsing import Browser, Host, Wanted, wanted_names
from unflux.lab.testbed.sockets import HostSockets

IDLE_RATIO: Final = 10.0
"""How much longer an owner's pauses are than a client's. Chosen: 2026-11-28; in a minute of the
default testbed a honeypot passed 46 connections on and made 16 of its owner's."""

Step = Coroutine[None, None, None]


def people(
    blueprint: Blueprint, sockets: HostSockets, rng: Random, clock: Callable[[], float]
) -> list[Step]:
    """Return what all of them do until the testbed's time is over.

    ``clock``: seconds since it started.
    """
    browser = Browser(sockets, rng)
    wanted = wanted_names(blueprint)
    update = next(name for name in wanted if name.qname == blueprint.update_site)
    flux = {domain for operation in blueprint.operations for domain in operation.domains}
    innocent = [name for name in wanted if name.port == 80 and not _is_below(name.qname, flux)]
    steps: list[Step] = []
    for client in blueprint.clients:
        steps += [
            _of_client(blueprint, browser, client, wanted, innocent),
            browser.return_to(_host(client), update, blueprint.update_s, blueprint.length_s),
        ]
    resolvers = blueprint.names.resolvers
    for operation, agent in blueprint.agents():
        host = Host(
            address=agent.address,
            segment=agent.segment,
            resolver=resolvers["north" if agent.segment == "subscribers" else "south"],
            is_on=_while_online(agent, clock),
        )
        length_s = blueprint.length_s
        steps += [
            browser.poll(host, operation.controller, operation.poll_s, length_s),
            # Whose machine it is browses too, and has it updated.
            browser.browse(host, innocent, IDLE_RATIO * blueprint.pause_s, length_s),
            browser.return_to(host, update, blueprint.update_s, length_s),
        ]
    return steps


def _of_client(
    blueprint: Blueprint,
    browser: Browser,
    client: Client,
    wanted: list[Wanted],
    innocent: list[Wanted],
) -> Step:
    pause_s = blueprint.pause_s * (IDLE_RATIO if client.is_idle else 1.0)
    names = innocent if client.is_idle else wanted
    if client.wants:
        names = [name for name in wanted if name.qname in client.wants]
    return browser.browse(_host(client), names, pause_s, blueprint.length_s)


def _host(client: Client) -> Host:
    return Host(
        address=client.address,
        segment=client.segment,
        resolver=client.resolver,
        proxy=client.proxy,
    )


def _while_online(agent: Agent, clock: Callable[[], float]) -> Callable[[], bool]:
    return lambda: agent.is_online(clock())


def _is_below(qname: str, domains: set[str]) -> bool:
    return qname in domains or qname.partition(".")[2] in domains
