"""The steps that a plan of countermeasures takes after those of an analysis."""

from typing import Final

import pyarrow as pa

from unflux.act import uses
from unflux.engine.step import Step
from unflux.model.columns import TEXT


def _names(column: str) -> pa.Schema:
    return pa.schema([pa.field(column, TEXT)])


GIVEN: Final = {
    "acted_addresses": _names("address"),
    "acted_hosts": _names("host"),
    "acted_domains": _names("domain"),
    "domains_behind": _names("domain"),
}
"""What is put into the engine: addresses, name-server hosts and domains that may be acted upon,
and the domains behind what stood before."""

ADDRESS_USES: Final = Step(
    name="acted_address_uses", reads=("sightings", "acted_addresses"), build=uses.address_uses
)
HOST_USES: Final = Step(
    name="acted_host_uses", reads=("sightings", "acted_hosts"), build=uses.host_uses
)
HOST_ADDRESSES: Final = Step(
    name="acted_host_addresses", reads=("sightings", "acted_hosts"), build=uses.host_addresses
)
DELEGATIONS: Final = Step(
    name="acted_delegations", reads=("sightings", "acted_domains"), build=uses.delegations
)
FRONTS: Final = Step(name="acted_fronts", reads=("sightings", "acted_domains"), build=uses.fronts)
MOVES: Final = Step(
    name="acted_moves", reads=("sightings", "answer_sets", "acted_domains"), build=uses.moves
)
SERVERS: Final = Step(
    name="acted_servers", reads=("sightings", "acted_domains"), build=uses.servers
)
OUTCOMES: Final = Step(
    name="acted_outcomes", reads=("decided", "domains_behind"), build=uses.outcomes
)

ACTING_STEPS: Final = (
    ADDRESS_USES, HOST_USES, HOST_ADDRESSES, DELEGATIONS, FRONTS, MOVES, SERVERS, OUTCOMES
)  # fmt: skip
