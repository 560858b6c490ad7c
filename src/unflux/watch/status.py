"""The status: what a watch counted since it began, and how it stands now."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One look at a watch."""

    senders: int = 0
    """Connected now."""
    connections: int = 0
    frames: int = 0
    """Of dnstap."""
    records: Mapping[str, int] = field(default_factory=dict)
    """Frames, packets, lines and messages that arrived, by input."""
    responses: int = 0
    batches: int = 0
    """Stored."""
    stalls: int = 0
    """How often an input had to wait, because as much was held as may be."""
    held_octets: int = 0
    """Waiting for a batch."""
    lag_s: float = 0.0
    """From the first record of the last batch until it was stored."""
    judge_s: float = 0.0
    """What the last judgement took."""
    store_octets: int = 0
    standing: int = 0
    """Domains that stand convicted."""
    domains: Mapping[str, int] = field(default_factory=dict)
    """By verdict, at the last judgement."""
    events: Mapping[str, int] = field(default_factory=dict)
    """Written, by change."""
    drops: Mapping[str, int] = field(default_factory=dict)
    """Input that was skipped, and connections that went wrong, by reason."""
    shed: Mapping[str, int] = field(default_factory=dict)
    """Rows of the store, by reason."""
    waiting: Mapping[str, int] = field(default_factory=dict)
    """Events not sent yet, by receiver."""
    sent: Mapping[str, int] = field(default_factory=dict)
    """Events, by receiver."""
    lost: Mapping[str, int] = field(default_factory=dict)
    """Events refused, given up, or above what may wait, by receiver."""
    receiver_failures: Mapping[str, str] = field(default_factory=dict)
    """Why events wait, by receiver; none of it is a failure of the watch."""
    actions: Mapping[str, int] = field(default_factory=dict)
    """That stand, by kind; in a dry run, that would."""
    begun: Mapping[str, int] = field(default_factory=dict)
    """Actions that began to stand, by kind."""
    withdrawn: Mapping[str, int] = field(default_factory=dict)
    """Actions, by the rule that ended them."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """What the gate refused, by rule: once for each target while it goes on to."""
    delivered: Mapping[str, int] = field(default_factory=dict)
    """By output."""
    delivery_failures: Mapping[str, int] = field(default_factory=dict)
    """By output."""
    failure: str | None = None
    """Why the store takes no batch, events are not written, an input gives nothing or what is
    decided is not delivered; null while all is well."""
