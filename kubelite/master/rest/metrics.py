"""What the API server counts, and how `/metrics` shows it.

While requests are served, plain numbers in dictionaries go up; `prometheus_client` is imported, and its
metrics are made of them, only when somebody asks. Each cluster has a registry of its own.

Source: k8s.io/apiserver/pkg/endpoints/metrics, k8s.io/component-base/metrics (names, labels and buckets).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from kubelite.master.rest.inflight import InFlight
from kubelite.master.rest.requestinfo import RequestInfo

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
DURATION_BUCKETS_S: Final = (
    *(0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0),
    *(8.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0),
)
_COMPONENT: Final = "apiserver"
_REQUEST_LABELS: Final = (
    "component",
    "dry_run",
    "group",
    "resource",
    "scope",
    "subresource",
    "verb",
    "version",
)
_STREAM_LABELS: Final = ("component", "group", "resource", "scope", "subresource", "verb", "version")
_WATCH_LABELS: Final = ("group", "resource", "version")
_VERBS: Final = {
    "create": "POST",
    "get": "GET",
    "list": "LIST",
    "watch": "WATCH",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "deletecollection": "DELETECOLLECTION",
}
_CONNECTS: Final = frozenset({"attach", "exec", "portforward", "proxy"})
_APPLY_TYPE: Final = "application/apply-patch+yaml"
_KNOWN_PATHS: Final = ("/healthz", "/livez", "/readyz", "/metrics", "/version", "/openapi")

Labels = tuple[str, ...]
KINDS_MAX: Final = 5000
"""Kinds of requests that are counted apart; clients make up paths."""
OTHER: Final[Labels] = (_COMPONENT, "", "", "", "", "", "other", "")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"})


class Histogram:
    """How often a value was within which bound."""

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts = [0] * (len(DURATION_BUCKETS_S) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(DURATION_BUCKETS_S, value)] += 1
        self.sum += value

    def cumulative(self) -> list[tuple[str, float]]:
        """(upper bound, how many were not above it), as the text format has it."""
        total, made = 0, []
        for bound, count in zip((*map(_bound, DURATION_BUCKETS_S), "+Inf"), self.counts, strict=True):
            total += count
            made.append((bound, float(total)))
        return made


def _bound(value: float) -> str:
    """A bound as Go's client writes it."""
    return f"{value:g}"


class Metrics:
    """The counters of one API server.

    Args:
        in_flight: Counts the requests that are being served.
        version: What `kubernetes_build_info` says, as in /version.
    """

    def __init__(self, in_flight: InFlight, version: Callable[[], Mapping[str, Any]]) -> None:
        self._in_flight = in_flight
        self._version = version
        self._totals: dict[tuple[Labels, int], int] = {}
        self._durations: dict[Labels, Histogram] = {}
        self._running: dict[Labels, int] = {}
        self._watch_events: dict[Labels, int] = {}
        self._stored: Mapping[tuple[str, str], int] = {}
        self._registry: CollectorRegistry | None = None

    def __repr__(self) -> str:
        return f"<Metrics {len(self._totals)} kinds of requests, {sum(self._totals.values())} requests>"

    def labels_of(self, info: RequestInfo, content_type: str = "") -> Labels:
        """As what a request is counted."""
        labels = request_labels(info, content_type)
        if labels in self._durations or len(self._durations) < KINDS_MAX:
            return labels
        return OTHER

    def observe(self, labels: Labels, code: int, seconds: float) -> None:
        """A request was answered."""
        key = (labels, code)
        self._totals[key] = self._totals.get(key, 0) + 1
        histogram = self._durations.get(labels)
        if histogram is None:
            histogram = self._durations[labels] = Histogram()
        histogram.observe(seconds)

    def begin_long_running(self, labels: Labels) -> None:
        """A watch, a log or the like begins."""
        self._running[labels] = self._running.get(labels, 0) + 1

    def end_long_running(self, labels: Labels) -> None:
        """It has ended."""
        self._running[labels] -= 1

    def add_watch_events(self, info: RequestInfo, count: int) -> None:
        """So many events were sent by a watch that has ended."""
        key = (info.group, info.plural, info.version)
        self._watch_events[key] = self._watch_events.get(key, 0) + count

    def exposition(self, stored: Mapping[tuple[str, str], int]) -> bytes:
        """All metrics in the text format.

        Args:
            stored: How many objects there are, by group and plural.
        """
        from prometheus_client import (  # noqa: PLC0415 - rarely needed
            CollectorRegistry,
            PlatformCollector,
            ProcessCollector,
        )
        from prometheus_client.exposition import generate_latest  # noqa: PLC0415 - as above

        if self._registry is None:
            self._registry = CollectorRegistry()
            ProcessCollector(registry=self._registry)
            PlatformCollector(registry=self._registry)
            self._registry.register(self)
        self._stored = stored
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """What the registry asks before it asks for values."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The metrics, as the registry asks for them."""
        yield from self._requests()
        yield from self._gauges()

    def _requests(self) -> Iterator[Metric]:
        from prometheus_client.core import (  # noqa: PLC0415 - rarely needed
            CounterMetricFamily,
            HistogramMetricFamily,
        )

        total = CounterMetricFamily(
            "apiserver_request_total",
            "Counter of apiserver requests broken out for each verb, resource, scope and HTTP response code.",
            labels=("code", *_REQUEST_LABELS),
        )
        for (labels, code), count in sorted(self._totals.items()):
            total.add_metric((str(code), *labels), count)
        yield total
        durations = HistogramMetricFamily(
            "apiserver_request_duration_seconds",
            "Response latency distribution in seconds for each verb, resource, subresource and scope.",
            labels=_REQUEST_LABELS,
        )
        for labels, histogram in sorted(self._durations.items()):
            durations.add_metric(labels, histogram.cumulative(), histogram.sum)
        yield durations
        dropped = CounterMetricFamily(
            "apiserver_dropped_requests_total",
            "Requests that were refused because too many were being served.",
            labels=("request_kind",),
        )
        dropped.add_metric(("mutating",), self._in_flight.dropped_writes)
        dropped.add_metric(("readOnly",), self._in_flight.dropped_reads)
        yield dropped
        events = CounterMetricFamily(
            "apiserver_watch_events_total", "Events sent in watches that have ended.", labels=_WATCH_LABELS
        )
        for labels, count in sorted(self._watch_events.items()):
            events.add_metric(labels, count)
        yield events

    def _gauges(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - rarely needed

        in_flight = GaugeMetricFamily(
            "apiserver_current_inflight_requests", "Requests being served.", labels=("request_kind",)
        )
        in_flight.add_metric(("mutating",), self._in_flight.writes)
        in_flight.add_metric(("readOnly",), self._in_flight.reads)
        yield in_flight
        running = GaugeMetricFamily(
            "apiserver_longrunning_requests", "Watches, logs and the like that go on.", labels=_STREAM_LABELS
        )
        for labels, count in sorted(self._running.items()):
            running.add_metric((labels[0], *labels[2:]), count)
        yield running
        objects = GaugeMetricFamily(
            "apiserver_storage_objects", "Stored objects by resource.", labels=("resource",)
        )
        resource_objects = GaugeMetricFamily(
            "apiserver_resource_objects",
            "Stored objects by group and resource.",
            labels=("group", "resource"),
        )
        for (group, plural), count in sorted(self._stored.items()):
            objects.add_metric((f"{plural}.{group}" if group else plural,), count)
            resource_objects.add_metric((group, plural), count)
        yield objects
        yield resource_objects
        version = self._version()
        names = {
            "build_date": "buildDate",
            "compiler": "compiler",
            "git_commit": "gitCommit",
            "git_tree_state": "gitTreeState",
            "git_version": "gitVersion",
            "go_version": "goVersion",
            "major": "major",
            "minor": "minor",
            "platform": "platform",
        }
        build = GaugeMetricFamily("kubernetes_build_info", "What this server is.", labels=tuple(names))
        build.add_metric(tuple(str(version[key]) for key in names.values()), 1)
        yield build


def request_labels(info: RequestInfo, content_type: str = "") -> Labels:
    """How a request is told apart from others: the values of `apiserver_request_total` but for the code."""
    dry_run = "All" if info.query.pairs and info.query.text("dryRun") else ""
    if not info.is_resource:
        path = next((path for path in _KNOWN_PATHS if info.path.startswith(path)), "")
        return (_COMPONENT, dry_run, "", "", "", path, _known(info.method), "")
    if info.subresource in _CONNECTS:
        verb = "CONNECT"
    elif info.verb == "patch" and content_type.startswith(_APPLY_TYPE):
        verb = "APPLY"
    else:
        verb = _VERBS.get(info.verb) or _known(info.method)
    scope = "namespace" if info.namespace else "cluster"
    if info.name or info.verb == "create":
        scope = "resource"
    return (_COMPONENT, dry_run, info.group, info.plural, scope, info.subresource, verb, info.version)


def _known(method: str) -> str:
    """A method, if it is one of HTTP's own."""
    return method if method in _METHODS else "other"
