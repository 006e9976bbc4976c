"""metrics.k8s.io: what `Cluster.metrics` says that pods use, for `kubectl top` and others.

As where there is no metrics-server the group is not there until something is said.

Source: k8s.io/metrics/pkg/apis/metrics/v1beta1; https://github.com/kubernetes-sigs/metrics-server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from kubelite.api.columns.text import NAME, Column
from kubelite.api.customresources.kind import Kind, compile_kind
from kubelite.api.customresources.strategy import CustomResourceStrategy
from kubelite.api.resources import NODES, PODS
from kubelite.apimachinery.apierrors import ServiceUnavailable
from kubelite.apimachinery.quantity import Quantity, parse
from kubelite.apimachinery.scheme import Object, Resource, Scheme
from kubelite.apimachinery.timestamps import format_time
from kubelite.controllers.podautoscaler.metrics import MetricsError

if TYPE_CHECKING:
    from kubelite.client.informer import InformerFactory
    from kubelite.cluster.metrics import Metrics
    from kubelite.master.apiserver.computed import Objects
    from kubelite.runtime import Clock

GROUP: Final = "metrics.k8s.io"
VERSION: Final = "v1beta1"
VERBS: Final = ("get", "list")
POD_METRICS: Final = Resource(GROUP, VERSION, "pods", "PodMetrics", namespaced=True, verbs=VERBS)
NODE_METRICS: Final = Resource(GROUP, VERSION, "nodes", "NodeMetrics", namespaced=False, verbs=VERBS)
_QUANTITIES: Final = {"type": "object", "additionalProperties": {"type": "string"}}
_FIELDS: Final = {"timestamp": {"type": "string"}, "window": {"type": "string"}}
_CONTAINER: Final = {"type": "object", "properties": {"name": {"type": "string"}, "usage": _QUANTITIES}}


class MetricsStrategy(CustomResourceStrategy):
    """How its objects are shown: the sum of what the containers use."""

    def __init__(self, kind: Kind, resource: Resource) -> None:
        super().__init__(kind, VERSION, converts=False)
        self.resource = self.storage = resource

    def columns(self, subresource: str = "") -> Sequence[Column]:
        """The columns of a Table."""
        return COLUMNS


def _total(metrics: Object, resource: str) -> str:
    usages = [metrics, *metrics.get("containers", ())]
    amounts = [each["usage"][resource] for each in usages if resource in each.get("usage", {})]
    total = Quantity(Decimal(0), "binary" if resource == "memory" else "decimal")
    for amount in amounts:
        total += parse(amount)
    return str(total)


COLUMNS: Final = (
    NAME,
    Column("CPU", lambda metrics, _: _total(metrics, "cpu"), "What it uses."),
    Column("Memory", lambda metrics, _: _total(metrics, "memory"), "What it uses."),
    Column("Window", lambda metrics, _: metrics["window"], "How long it was looked at."),
)


def _strategy(resource: Resource, properties: Mapping[str, Any]) -> MetricsStrategy:
    names = {"plural": resource.plural, "kind": resource.kind, "listKind": resource.list_kind}
    schema = {"type": "object", "properties": {**_FIELDS, **properties}}
    version = {"name": VERSION, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    definition = {
        "metadata": {"name": resource.group_resource},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced" if resource.namespaced else "Cluster",
            "names": names,
            "versions": [version],
        },
        "status": {"acceptedNames": names},
    }
    return MetricsStrategy(compile_kind(definition), resource)


class MetricsAPI:
    """Serves the group while the usage of pods is known.

    Args:
        metrics: What is known.
        informers: Where pods and nodes are found.
        scheme: What is served.
        computed: The API server's resources that are not stored.
        clock: Tells the time.
    """

    def __init__(
        self,
        metrics: Metrics,
        informers: InformerFactory,
        scheme: Scheme,
        computed: dict[Resource, Objects],
        clock: Clock,
    ) -> None:
        self._metrics = metrics
        self._pods, self._nodes = informers.informer(PODS), informers.informer(NODES)
        self._scheme = scheme
        self._computed = computed
        self._clock = clock

    def update(self) -> None:
        """Serve the group, or no longer."""
        is_served = POD_METRICS in self._computed
        if self._metrics.is_known and not is_served:
            self._computed[NODE_METRICS], self._computed[POD_METRICS] = self.nodes, self.pods
            self._scheme.register(NODE_METRICS, _strategy(NODE_METRICS, {"usage": _QUANTITIES}))
            containers = {"type": "array", "items": _CONTAINER}
            self._scheme.register(POD_METRICS, _strategy(POD_METRICS, {"containers": containers}))
        elif is_served and not self._metrics.is_known:
            for resource in (POD_METRICS, NODE_METRICS):
                self._scheme.unregister(resource)
                del self._computed[resource]

    def pods(self, namespace: str) -> list[Object]:
        """What the pods of a namespace use, as far as it is known."""
        found = []
        for pod in self._pods.list(namespace or None):
            usage = self._usage(pod)
            if usage:
                containers = [{"name": name, "usage": _shown(amounts)} for name, amounts in usage.items()]
                found.append({**self._head(POD_METRICS, pod), "containers": containers})
        return found

    def nodes(self, _: str) -> list[Object]:
        """What the pods of each node use together."""
        totals: dict[str, dict[str, int]] = {}
        for pod in self._pods.list():
            total = totals.setdefault(pod["spec"].get("nodeName", ""), {})
            for resource, milli in _amounts(self._usage(pod)):
                total[resource] = total.get(resource, 0) + milli
        nothing = {"cpu": 0, "memory": 0}
        return [
            {
                **self._head(NODE_METRICS, node),
                "usage": _shown(nothing | totals.get(node["metadata"]["name"], {})),
            }
            for node in self._nodes.list()
        ]

    def _usage(self, pod: Object) -> dict[str, dict[str, int]]:
        """What the containers of a pod use.

        Raises:
            ServiceUnavailable: What was to tell it failed.
        """
        try:
            return self._metrics.usage(pod)
        except MetricsError as error:
            raise ServiceUnavailable(str(error)) from error

    def _head(self, resource: Resource, of: Object) -> Object:
        """What all metrics begin with."""
        now = format_time(self._clock.now())
        kept = {key: of["metadata"][key] for key in ("name", "namespace", "labels") if key in of["metadata"]}
        return {
            "kind": resource.kind,
            "apiVersion": resource.api_version,
            "metadata": {**kept, "creationTimestamp": now},
            "timestamp": now,
            "window": f"{self._metrics.window_s:g}s",
        }


def _amounts(usage: Mapping[str, Mapping[str, int]]) -> Iterable[tuple[str, int]]:
    return (item for amounts in usage.values() for item in amounts.items())


def _shown(amounts: Mapping[str, int]) -> dict[str, str]:
    return {
        resource: str(Quantity(Decimal(milli).scaleb(-3), "binary" if resource == "memory" else "decimal"))
        for resource, milli in amounts.items()
    }
