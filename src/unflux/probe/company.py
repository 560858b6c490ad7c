"""Company: which suspects show the same page or the same certificate."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

import numpy as np
from scipy.sparse.csgraph import connected_components

from unflux.model.addresses import prefixes
from unflux.probe.documents import ALIKE, Document, sketch
from unflux.probe.observed import Observed


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """One suspect among the others; neighbours of its own network are not counted.

    A network is an autonomous system, since one owner rents in several prefixes of one provider;
    where that is not known, a /16 (IPv6: /32).
    """

    same_page: int = 0
    """Networks besides its own that show the same page."""
    largest: int = 0
    """Networks that show the page which most show."""
    is_page_of_most: bool = False
    is_same_unnamed: bool = False
    """Whether it shows the page to whoever names nobody, too."""
    is_most_unnamed: bool = False
    """Whether so do those who show the page of most: it may be one that software comes with."""
    same_certificate: int = 0
    same_zone: int = 0
    """Networks besides its own that answer for the zone with authority."""


def compare_all(
    observed: Sequence[Observed], systems: Mapping[str, int] | None = None
) -> dict[str, Company]:
    """Compare the suspects of one name; return each one's company by its address.

    ``systems``: AS numbers by address, as far as they are known.
    """
    network_of = {one.address: _network(one.address, systems or {}) for one in observed}
    pages = [one for one in observed if _is_page(one.document)]
    groups = _group_pages(pages)
    is_unnamed = {one.address: _are_alike(one.document, one.unnamed) for one in observed}
    networks: dict[int, set[str]] = defaultdict(set)
    unnamed: dict[int, list[bool]] = defaultdict(list)
    certificates: dict[str, set[str]] = defaultdict(set)
    for one in observed:
        if one.address in groups:
            networks[groups[one.address]].add(network_of[one.address])
            unnamed[groups[one.address]].append(is_unnamed[one.address])
        if one.certificate is not None:
            certificates[one.certificate].add(network_of[one.address])
    zones = {network_of[one.address] for one in observed if one.names_s}
    largest = max((len(found) for found in networks.values()), default=0)
    of_most = [group for group, found in networks.items() if len(found) == largest]
    is_most_unnamed = bool(of_most) and all(mean(unnamed[group]) >= 0.5 for group in of_most)
    return {
        one.address: Company(
            same_page=len(networks[groups[one.address]]) - 1 if one.address in groups else 0,
            largest=largest,
            is_page_of_most=one.address in groups and len(networks[groups[one.address]]) == largest,
            is_same_unnamed=is_unnamed[one.address],
            is_most_unnamed=is_most_unnamed,
            same_certificate=len(certificates[one.certificate]) - 1 if one.certificate else 0,
            same_zone=len(zones - {network_of[one.address]}) if one.names_s else 0,
        )
        for one in observed
    }


def _network(address: str, systems: Mapping[str, int]) -> str:
    system = systems.get(address)
    return prefixes(address)[1] if system is None else f"AS{system}"


def _is_page(document: Document | None) -> bool:
    return document is not None and document.is_page and bool(document.body)


def _group_pages(pages: Sequence[Observed]) -> dict[str, int]:
    """Number the groups of pages that are alike, each joined to all it is like."""
    if not pages:
        return {}
    sketches = np.stack([sketch(one.document.body) for one in pages if one.document is not None])
    _, numbers = connected_components(sketches @ sketches.T >= ALIKE, directed=False)
    return {one.address: int(number) for one, number in zip(pages, numbers, strict=True)}


def _are_alike(first: Document | None, second: Document | None) -> bool:
    if first is None or second is None or not (_is_page(first) and _is_page(second)):
        return False
    return float(sketch(first.body) @ sketch(second.body)) >= ALIKE
