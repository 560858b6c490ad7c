"""Measure groups of domains as if each group were one domain."""

import ibis
import ibis.expr.types as ir

from unflux.measure.name_servers import delegations
from unflux.measure.records import Records


def as_groups(records: Records, observed: ir.Table, members: ir.Table) -> tuple[Records, ir.Table]:
    """Rename every member domain to its group and leave out the rest.

    ``members``: domain, network. What is measured of the result is measured of the groups: the
    pool of all members, its newcomers, the name servers of all. Addresses of name-server hosts
    stay whoever owns the host's name.
    """
    grouped = group_records(records, members)
    return grouped, group_observed(delegations(grouped), observed, members)


def group_records(records: Records, members: ir.Table) -> Records:
    """Return the records of :func:`as_groups`."""
    grouped = members.select(member="domain", group="network")
    sightings = _regroup(records.sightings, grouped, "owner_domain")
    queries = _renamed(sightings, grouped, "domain")
    return Records(
        sightings=queries,
        lookups=_regroup(records.lookups, grouped, "domain"),
        answer_sets=records.answer_sets,
        routes=records.routes,
        zones=records.zones,
    )


def group_observed(delegated: ir.Table, observed: ir.Table, members: ir.Table) -> ir.Table:
    """Return what was observed, as :func:`as_groups` does; ``delegated``: of the groups."""
    grouped = members.select(member="domain", group="network")
    glue = observed.filter(observed.role == "glue")
    answered = observed.filter(observed.role == "answer")
    answers = _regroup(answered, grouped, "domain")
    # Servers whose own domain is no member still serve the group where an answer showed them.
    hosts = delegated.select("ns_host").distinct()
    others = answered.anti_join(grouped, answered.domain == grouped.member)
    servers = others.semi_join(hosts, others.host == hosts.ns_host).mutate(
        role=ibis.literal("glue")
    )
    columns = answers.columns
    return answers.union(glue.select(*columns), servers.select(*columns))


def _renamed(table: ir.Table, grouped: ir.Table, column: str) -> ir.Table:
    grouped = grouped.view()  # the table may come from a join with the same groups
    joined = table.left_join(grouped, table[column] == grouped.member)
    return joined.select(
        **{
            name: ibis.coalesce(joined.group, joined[name]) if name == column else joined[name]
            for name in table.columns
        }
    )


def _regroup(table: ir.Table, grouped: ir.Table, column: str) -> ir.Table:
    joined = table.inner_join(grouped, table[column] == grouped.member)
    return joined.select(
        **{name: joined["group" if name == column else name] for name in table.columns}
    )
