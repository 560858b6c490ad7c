"""ExaBGP: commands of its text API, which ``unflux announce`` gives it and takes back."""

from typing import Final

from unflux.act.announcements import compose_announcements
from unflux.act.output import Doc, Options, Rendered, heading
from unflux.act.plain import lines
from unflux.act.routes import blackholed, filtered
from unflux.model.actions import Plan

UNDO: Final = "unflux block --withdraw all (or an id)"


class Exabgp:
    """Writes ``exabgp.txt``."""

    NAME = "exabgp"
    DOC = Doc(
        summary="ExaBGP: remotely triggered blackhole and FlowSpec, live through unflux announce",
        references=(
            "RFC 5635: remotely triggered black hole filtering; RFC 7999: BLACKHOLE community",
            "RFC 8955 and RFC 8956: flow specifications, IPv4 and IPv6",
            "ExaBGP's text API: announce route, announce flow",
        ),
        limitations=(
            "ExaBGP does not read the file itself: unflux announce does, as its process, and "
            "withdraws each route when it expires or is taken out.",
            "Who checks flow specifications against unicast routes (RFC 8955 section 6) must be "
            "told to take them from this speaker.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return the commands, each below a comment that says when it ends."""
        blocks, filters = blackholed(plan), filtered(plan)
        head = (f"# {line}" for line in heading(plan, (*blocks, *filters), UNDO))
        body = compose_announcements(blocks, filters, options.next_hops)
        return (Rendered(name="exabgp.txt", content=lines(head, body)),)
