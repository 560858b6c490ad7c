"""An internet under construction: its zones, what is asked of them, and the truth about them."""

from collections.abc import Sequence
from random import Random

from unflux.lab.address_plan import AddressPlan, Network
from unflux.lab.demand import Demand
from unflux.lab.naming import Namer
from unflux.lab.zones import Delegation, FixedRecords, Host, Zone
from unflux.model.verdicts import Kind, Outcome

NS_TTL_S = 86_400
GLUE_TTL_S = 172_800
"""As the parents of most zones give it."""


class Draft:
    """What the populations put in; every part draws from a random stream of its own."""

    def __init__(self, seed: int, plan: AddressPlan, demand: Demand) -> None:
        self.plan, self.demand = plan, demand
        self.zones: dict[str, Zone] = {}
        self.truth: dict[str, tuple[Outcome, Kind]] = {}
        self._seed = seed
        self.namer = Namer(self.stream("names"))
        self._hosters: dict[int, Delegation] = {}

    def stream(self, part: str) -> Random:
        """Return the random stream of a part; it depends on nothing else drawn."""
        return Random(f"{self._seed}/{part}")  # noqa: S311 - a simulation, not a secret

    def add(self, zone: Zone, outcome: Outcome, kind: Kind) -> None:
        """Add a zone that clients ask for."""
        self.add_unasked(zone)
        self.truth[zone.apex] = (outcome, kind)

    def add_unasked(self, zone: Zone) -> None:
        """Add a zone that only resolvers come to, such as a provider's."""
        if zone.apex in self.zones:
            raise ValueError(f"zone {zone.apex} is there already")
        self.zones[zone.apex] = zone

    def hosted_by(self, network: Network) -> Delegation:
        """Return the delegation of a hosting company's customers: two stable name servers."""
        if network.asn not in self._hosters:
            domain = f"{network.name.lower().removeprefix('example ').replace(' ', '-')}.example"
            rng = self.stream(f"name servers of {network.asn}")
            self._hosters[network.asn] = self.stable_delegation(rng, domain, (network,), 2)
        return self._hosters[network.asn]

    def stable_delegation(
        self, rng: Random, domain: str, networks: Sequence[Network], count: int
    ) -> Delegation:
        """Return ``count`` name servers below ``domain`` whose addresses never change."""
        glue: dict[str, Host] = {}
        for number in range(count):
            network = networks[number % len(networks)]
            host: dict[str, FixedRecords] = {
                "A": FixedRecords(GLUE_TTL_S, (self.plan.allocate(rng, network),))
            }
            if network.prefix6 is not None and number == 0:
                host["AAAA"] = FixedRecords(GLUE_TTL_S, (self.plan.allocate6(rng, network),))
            glue[f"ns{number + 1}.{domain}"] = host
        return Delegation(hosts=tuple(glue), ns_ttl_s=NS_TTL_S, glue=glue)
