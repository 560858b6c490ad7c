"""Evidence from the name-server plane, without TTL gate, and from hosts that serve both planes."""

from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.judge.piece import Piece, band
from unflux.model.plural import plural

KYE = "Honeynet Project, Know Your Enemy: Fast-Flux Service Networks, 2007"
NAZARIO = "Nazario and Holz, As the Net Churns, MALWARE 2008"


MOVING_SERVERS: Final = 3
"""Late /16 from which on name servers keep moving; one or two are a renumbering."""


def server_moves(p: ir.Table) -> ir.Value:
    """Return the /16 that came late under one host's name, or under all that kept moving."""
    return ibis.greatest(p.ns_host_late_slash16_max, p.ns_late_slash16)


SERVER_ROTATION = Piece(
    name="server-rotation",
    group="name-servers",
    source=f"{KYE}: 1,516 addresses served as name servers; 2009 records: 39 addresses under one "
    "name-server name",
    value=server_moves,
    weigh=lambda p: band(
        # Chosen: 2026-11-22; no innocent server is known that keeps moving, so eight moves convict
        # a name whose front stands still.
        server_moves(p),
        [(1, 0.0), (2, 1.5), (3, 3.0), (5, 5.0), (8, 8.0)],
        below=-0.5,
    ),
    says=lambda r: (
        f"Of its {plural(r['ns_hosts'], 'name-server name')} those that kept moving came to "
        f"{plural(r['value_server-rotation'], '/16', '/16')} in the later half of their time."
    ),
)

SERVER_WIDTH = Piece(
    name="server-width",
    group="name-servers",
    source=f"{KYE}; large hosting companies too hold ten addresses under one server's name",
    value=lambda p: p.ns_host_slash16_max,
    weigh=lambda p: band(p.ns_host_slash16_max, [(3, 0.5), (4, 1.0), (6, 1.5)], below=-0.5),
    says=lambda r: (
        f"One of its {plural(r['ns_hosts'], 'name-server name')} had "
        f"{plural(r['ns_host_addresses_max'], 'address', 'addresses')} in "
        f"{plural(r['ns_host_slash16_max'], '/16', '/16')}."
    ),
)

SERVER_SPREAD = Piece(
    name="server-spread",
    group="name-servers",
    source=f"{NAZARIO}: name servers in more than two ASNs are one of nine points; secondary "
    "services spread too",
    value=lambda p: p.ns_asns,
    weigh=lambda p: band(p.ns_asns, [(4, 0.3), (6, 1.0), (10, 2.0)], below=-0.3),
    says=lambda r: (
        f"Its name servers answer from {plural(r['ns_asns'], 'ASN')} "
        f"({plural(r['ns_addresses'], 'address', 'addresses')})."
    ),
)

BOTH_PLANES = Piece(
    name="both-planes",
    group="both-planes",
    source=f"{KYE}: 1,119 of 3,241 hosts served both; 2009 records: 68 of 140",
    value=lambda p: p.overlap_slash16,
    weigh=lambda p: ibis.ifelse(
        p.ns_addresses.notnull() & (p.addresses > 0),
        band(p.overlap_slash16, [(2, 2.5), (3, 5.0), (5, 7.0)], below=0.0),
        ibis.null("float64"),
    ),
    says=lambda r: (
        f"{plural(r['overlap'], 'host answers', 'hosts answer')} both as web front and as name "
        f"server, in {plural(r['overlap_slash16'], '/16', '/16')}."
    ),
)

PIECES = (SERVER_ROTATION, SERVER_WIDTH, SERVER_SPREAD, BOTH_PLANES)
