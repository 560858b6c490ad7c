"""Routes: what a plan says in BGP, as prefixes of one host and communities."""

from collections.abc import Sequence
from typing import Final, Literal

from unflux.model.actions import DROPS, Action, Plan

BLACKHOLE: Final = (65535, 666)
"""RFC 7999: whoever takes the route drops what is sent there."""
NO_EXPORT: Final = (65535, 65281)
"""RFC 1997: no neighbour of whoever takes the route hears of it; RFC 7999 section 3.2 asks for it
beside the community above."""

TCP, UDP = 6, 17
SERVICES: Final[tuple[tuple[int, tuple[int, ...]], ...]] = ((TCP, (80, 443)), (UDP, (53,)))
"""Protocol and ports of what agents serve: the web, and names (Holz et al., NDSS 2008)."""

Family = Literal[4, 6]


def blackholed(plan: Plan) -> tuple[Action, ...]:
    """Return the actions whose targets all traffic is dropped to."""
    return plan.of_kind(*DROPS)


def filtered(plan: Plan) -> tuple[Action, ...]:
    """Return the actions to whose targets only :data:`SERVICES` are dropped."""
    return plan.of_kind("filter-address")


def family(action: Action) -> Family:
    """Return the family of an action's address."""
    return 6 if ":" in action.target else 4


def of_family(actions: Sequence[Action], wanted: Family) -> tuple[Action, ...]:
    """Return the actions of one family, in their order."""
    return tuple(action for action in actions if family(action) == wanted)


def host_prefix(action: Action) -> str:
    """Return the target as a prefix: /32 or /128, nothing shorter."""
    return f"{action.target}/{128 if family(action) == 6 else 32}"
