"""Connected components of domains and rotating name-server hosts."""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MEMBERS = pa.schema([pa.field("domain", pa.string()), pa.field("network", pa.string())])


def network_id(domain: str) -> str:
    """Name a network after its first domain; a digest, so that no hostile name is the id."""
    return "ffn-" + hashlib.blake2b(domain.encode(), digest_size=5).hexdigest()


def join_components(edges: pa.Table, first_seen: pa.Table) -> pa.Table:
    """Join domains into candidate networks; return (domain, network) for groups of two and more.

    ``edges``: left, right (names; ``@host`` nodes join but are no members). ``first_seen``:
    domain, first_at. The id comes from the member seen first (then by name), so that it stays
    when later records add members.
    """
    if not edges.num_rows:
        return MEMBERS.empty_table()
    # Half of the program's start, and needed only here.
    from scipy.sparse import coo_matrix  # noqa: PLC0415
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    nodes = pc.unique(pa.concat_arrays(
        [edges["left"].combine_chunks(), edges["right"].combine_chunks()]
    ))  # fmt: skip
    left = pc.index_in(edges["left"].combine_chunks(), value_set=nodes).to_numpy()
    right = pc.index_in(edges["right"].combine_chunks(), value_set=nodes).to_numpy()
    size = len(nodes)
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    members = pa.table({"domain": nodes, "label": pa.array(labels, pa.int64())})
    members = members.filter(pc.invert(pc.starts_with(members["domain"], "@")))
    members = members.join(first_seen, "domain", join_type="left outer")
    members = members.sort_by([("label", "ascending"), ("first_at", "ascending"),
                               ("domain", "ascending")])  # fmt: skip
    label = members["label"].to_numpy()
    starts = np.flatnonzero(np.r_[True, label[1:] != label[:-1]])
    sizes = np.diff(np.r_[starts, len(label)])
    ids = [network_id(members["domain"][int(i)].as_py()) for i in starts]
    named = pa.table(
        {"domain": members["domain"], "network": pa.array(np.repeat(ids, sizes), pa.string())},
        schema=MEMBERS,
    )
    return named.filter(pa.array(np.repeat(sizes >= 2, sizes)))
