"""Flux networks: who the agents are, when each was seen, what each served."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from unflux.link.candidates import rotating_hosts
from unflux.model.verdicts import ROTATION, SERVICE, Agent, FluxNetwork, Kind, Role


def served(
    observed: ir.Table, delegations: ir.Table, rotation: ir.Table, members: ir.Table
) -> ir.Table:
    """Return what the agents of convicted networks served, answers bucket by bucket.

    ``members``: domain, network. ``rotation``: ns_host, late_slash16. Columns: network, domain,
    address, role (``answer`` or ``name-server``), asn, holder, country, bucket (null for name
    servers), count, first_at, last_at. Addresses of name-server hosts are agents only where the
    host rotates; a hosting company's are not.
    """
    columns = (
        "address", "asn", "holder", "country", "bucket", "count", "first_at", "last_at",
    )  # fmt: skip
    reachable = observed.filter(~observed.is_special_use)
    answers = reachable.filter(reachable.role == "answer").inner_join(members, "domain")
    fronts = answers.select("network", "domain", *columns, role=ibis.literal("answer"))
    theirs = delegations.inner_join(members, "domain")
    theirs = theirs.inner_join(rotating_hosts(rotation), "ns_host")
    theirs = theirs.select("network", "ns_host", served_domain="domain")
    # Every domain times every host times every bucket would be too many; no picture needs these.
    hosts = theirs.select("ns_host").distinct()
    serving = reachable.semi_join(hosts, reachable.host == hosts.ns_host)
    whole = serving.group_by(["host", "address", "asn", "holder", "country"]).agg(
        count=serving["count"].sum(),
        first_at=serving.first_at.min(),
        last_at=serving.last_at.max(),
    )
    whole = whole.mutate(bucket=ibis.null("int64"))
    named = whole.inner_join(theirs, whole.host == theirs.ns_host)
    servers = named.select(
        "network", *columns, domain=named.served_domain, role=ibis.literal("name-server")
    )
    return fronts.union(servers.select(*fronts.columns))


def agents_of(served_rows: ir.Table) -> ir.Table:
    """Collapse to one row per network and agent, with what it did and for how many domains."""
    per_domain = served_rows.group_by(["network", "address", "domain"]).agg(
        is_front=(served_rows.role == "answer").cast("int64").max(),
        is_server=(served_rows.role == "name-server").cast("int64").max(),
        asn=served_rows.asn.max(),
        holder=served_rows.holder.max(),
        country=served_rows.country.max(),
        first_at=served_rows.first_at.min(),
        last_at=served_rows.last_at.max(),
    )
    return per_domain.group_by(["network", "address"]).agg(
        domains=per_domain.count(),
        is_front=per_domain.is_front.max(),
        is_server=per_domain.is_server.max(),
        asn=per_domain.asn.max(),
        holder=per_domain.holder.max(),
        country=per_domain.country.max(),
        first_at=per_domain.first_at.min(),
        last_at=per_domain.last_at.max(),
    )


def rotation_of(served_rows: ir.Table) -> ir.Table:
    """Return when each agent was seen in answers: the columns of ``ROTATION``."""
    fronts = served_rows.filter(served_rows.role == "answer")
    summed = fronts.group_by(["network", "address", "bucket"]).agg(count=fronts["count"].sum())
    return summed.mutate(
        bucket_at=ibis.ifelse(
            summed.bucket >= 0, summed.bucket.as_timestamp("s"), ibis.null("timestamp")
        )
    ).select("network", "address", "bucket_at", "count")


def service_of(served_rows: ir.Table) -> ir.Table:
    """Return which agent served which domain in which role, of shape ``SERVICE``."""
    return served_rows.group_by(["network", "domain", "address", "role"]).agg(
        count=served_rows["count"].sum()
    )


def name_servers_of(delegations: ir.Table, members: ir.Table) -> ir.Table:
    """Return (network, ns_host, domains): the name-server hosts of each network."""
    joined = delegations.inner_join(members, "domain")
    return joined.group_by(["network", "ns_host"]).agg(domains=joined.count())


def conform_rotation(rows: pa.Table) -> pa.Table:
    """Order and type the rotation rows."""
    return rows.cast(ROTATION).sort_by(
        [("network", "ascending"), ("bucket_at", "ascending"), ("address", "ascending")]
    )


def conform_service(rows: pa.Table) -> pa.Table:
    """Order and type the service rows."""
    return rows.cast(SERVICE).sort_by([(name, "ascending") for name in SERVICE.names[:4]])


def compose_network(
    network: str,
    *,
    kind: Kind,
    score: float,
    domains: Sequence[str],
    agents: Sequence[Mapping[str, Any]],
    name_servers: Sequence[str],
) -> FluxNetwork:
    """Write one network; ``agents`` are rows of :func:`agents_of`."""
    composed = tuple(_compose_agent(row) for row in agents)
    first = [a.first_seen for a in composed if a.first_seen is not None]
    last = [a.last_seen for a in composed if a.last_seen is not None]
    return FluxNetwork(
        id=network,
        kind=kind,
        score=score,
        domains=tuple(sorted(domains)),
        agents=tuple(sorted(composed, key=_by_first_seen)),
        name_servers=tuple(sorted(name_servers)),
        motherships=(),
        first_seen=min(first, default=None),
        last_seen=max(last, default=None),
    )


def _compose_agent(row: Mapping[str, Any]) -> Agent:
    roles: list[Role] = []
    if row["is_front"]:
        roles.append("answer")
    if row["is_server"]:
        roles.append("name-server")
    return Agent(
        address=row["address"],
        asn=row["asn"],
        holder=row["holder"],
        country=row["country"],
        first_seen=row["first_at"],
        last_seen=row["last_at"],
        roles=tuple(roles),
        domains=row["domains"],
    )


def _by_first_seen(agent: Agent) -> tuple[bool, datetime | str, str]:
    return agent.first_seen is None, agent.first_seen or "", agent.address
