"""What the service counts of itself, and the page in Prometheus' format that shows it to whoever operates it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the latency histogram, in seconds."""


Gauges = Callable[[], Mapping[str, float]]
Counts = Callable[[], Mapping[str, Mapping[str, float]]]


class Metrics:
    """Counts queries by outcome and how long they took. Cheap: a few additions for each query."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0
        self._gauges: list[Gauges] = []
        self._counts: list[Counts] = []

    def watch(self, gauges: Gauges, counts: Counts) -> None:
        """Show, whenever the metrics are asked for, what ``gauges`` returns: numbers by name that rise and fall;
        and ``counts``: what only rises, by name and reason (an empty one where there is but one)."""
        self._gauges.append(gauges)
        self._counts.append(counts)

    def gauges(self) -> dict[str, float]:
        """Return all that is watched, by name."""
        return {name: value for gauges in self._gauges for name, value in gauges().items()}

    def counts(self) -> dict[str, Mapping[str, float]]:
        """Return all that only rises, by name and reason."""
        return {name: by_reason for counts in self._counts for name, by_reason in counts().items()}

    def query(self, outcome: str, seconds: float) -> None:
        """Note a query that has ended. ``outcome`` is ``ok`` or the name of an error."""
        self.outcomes[outcome] += 1
        self.seconds += seconds
        self.buckets[bisect_left(BUCKETS, seconds)] += 1


def serve_metrics(metrics: Metrics, host: str, port: int) -> Callable[[], None]:
    """Serve the metrics at ``/metrics`` on an address of their own; return what ends it. Raises OSError when it is taken."""
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
    from prometheus_client.registry import Collector

    class Ours(Collector):
        def collect(self) -> Iterable[Metric]:
            counted = CounterMetricFamily("solnum_queries", "SPARQL queries by outcome", labels=["outcome"])
            for outcome, count in sorted(metrics.outcomes.items()):
                counted.add_metric([outcome], count)
            yield counted
            total, cumulative = 0, []
            for bound, count in zip((*map(str, BUCKETS), "+Inf"), metrics.buckets, strict=True):
                total += count
                cumulative.append((bound, total))
            yield HistogramMetricFamily(
                "solnum_query_seconds", "Time of SPARQL queries", buckets=cumulative, sum_value=metrics.seconds
            )
            for name, value in metrics.gauges().items():
                yield GaugeMetricFamily(f"solnum_{name}", name.replace("_", " "), value=value)
            for name, by_reason in metrics.counts().items():
                labels = [] if "" in by_reason else ["reason"]
                family = CounterMetricFamily(f"solnum_{name}", name.replace("_", " "), labels=labels)
                for reason, number in by_reason.items():
                    family.add_metric([reason] if reason else [], number)
                yield family

    registry = CollectorRegistry()
    registry.register(Ours())
    server, thread = start_http_server(port, addr=host, registry=registry)

    def stop() -> None:
        server.shutdown()
        thread.join()

    return stop
