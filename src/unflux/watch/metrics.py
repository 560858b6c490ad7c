"""Metrics: a status in the exposition format of Prometheus."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from unflux.watch.status import Status

COUNTERS: Final = {
    "connections": "Connections of senders.",
    "frames": "Frames that senders sent.",
    "responses": "Responses decoded and stored.",
    "batches": "Batches stored.",
    "stalls": "Times that an input had to wait for room.",
}
GAUGES: Final = {
    "senders": ("senders", "Senders connected now."),
    "held_octets": ("held_bytes", "Octets that wait for a batch."),
    "lag_s": ("batch_lag_seconds", "From the first record of the last batch until it was stored."),
    "judge_s": ("judge_seconds", "What the last judgement took."),
    "store_octets": ("store_bytes", "Octets of the store's file."),
    "standing": ("convicted_domains", "Domains that stand convicted."),
}
LABELLED_GAUGES: Final = {
    "domains": ("domains", "verdict", "Domains of the window by verdict."),
    "actions": ("actions", "kind", "Actions that stand."),
    "waiting": ("waiting_events", "receiver", "Events not sent yet."),
}
LABELLED_COUNTERS: Final = {
    "records": ("records", "input", "Frames, packets, lines and messages that arrived, by input."),
    "events": ("events", "change", "Events written."),
    "drops": ("drops", "reason", "Input skipped and connections that went wrong."),
    "shed": ("shed_rows", "reason", "Rows of the store that were let go."),
    "sent": ("sent_events", "receiver", "Events that a receiver took."),
    "lost": ("lost_events", "receiver", "Events refused, given up, or above what may wait."),
    "begun": ("actions_begun", "kind", "Actions that began to stand."),
    "withdrawn": ("actions_withdrawn", "rule", "Actions that ended, by what ended them."),
    "refused": ("actions_refused", "rule", "Targets that the gate refused, once while it does."),
    "delivered": ("deliveries", "output", "Outputs written and loaded."),
    "delivery_failures": ("delivery_failures", "output", "Outputs not written or not loaded."),
}


class Metrics:
    """Writes the page from a fresh look at each scrape."""

    def __init__(self, look: Callable[[], Status]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Collector(look))
        ProcessCollector(registry=self._registry)

    def compose(self) -> bytes:
        """Return the page."""
        return generate_latest(self._registry)


class _Collector(Collector):
    def __init__(self, look: Callable[[], Status]) -> None:
        self._look = look

    def collect(self) -> Iterator[Metric]:
        status = self._look()
        for field, says in COUNTERS.items():
            yield CounterMetricFamily(f"unflux_{field}", says, value=getattr(status, field))
        for field, (name, says) in GAUGES.items():
            yield GaugeMetricFamily(f"unflux_{name}", says, value=getattr(status, field))
        yield GaugeMetricFamily(
            "unflux_healthy",
            "1 while all is well, else 0: /health tells what is not.",
            value=float(status.failure is None),
        )  # fmt: skip
        for field, (name, label, says) in LABELLED_GAUGES.items():
            gauge = GaugeMetricFamily(f"unflux_{name}", says, labels=[label])
            _fill(gauge, getattr(status, field))
            yield gauge
        for field, (name, label, says) in LABELLED_COUNTERS.items():
            counter = CounterMetricFamily(f"unflux_{name}", says, labels=[label])
            _fill(counter, getattr(status, field))
            yield counter


def _fill(family: CounterMetricFamily | GaugeMetricFamily, counts: Mapping[str, int]) -> None:
    for value, count in sorted(counts.items()):
        family.add_metric([value], count)
