"""`Cluster.metrics`: what autoscalers are told of pods, objects and the world outside.

Nothing is measured: as on a cluster without metrics-server all is unknown until it is said here. What is
said last counts. An amount is a quantity (`"200m"`, `1.5`), or a callable that is asked at each look; None
takes back what was said. A callable that raises is a metrics API that fails.

May be used from any thread; callables run on the cluster's loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias, TypeVar

import attrs

from kubelite.api import podutil
from kubelite.apimachinery import labels
from kubelite.apimachinery.quantity import parse
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.podautoscaler.metrics import MetricsError, Sample, Samples

Amount: TypeAlias = "str | int | float | None"
PodAmount: TypeAlias = "Amount | Callable[[Object], Amount]"
"""An amount, or what gives it for a pod."""
Labels: TypeAlias = "Mapping[str, str] | None"

K = TypeVar("K")
_NO_RESOURCE_API: Final = "the server could not find the requested resource (get pods.metrics.k8s.io)"
_NO_CUSTOM_API: Final = "no custom metrics API (custom.metrics.k8s.io) registered"
_SELECTORS: Final = frozenset("=!,() ")
"""What no name of a pod contains."""


@attrs.frozen
class _Pods:
    """Which pods something is said of."""

    namespace: str
    name: str
    selector: labels.Selector | None

    @classmethod
    def of(cls, pods: str | Mapping[str, str], namespace: str) -> _Pods:
        """A name, or what selects pods: text or labels; empty for all.

        Raises:
            ValueError: The selector does not parse.
        """
        if isinstance(pods, str) and pods and not _SELECTORS.intersection(pods):
            return cls(namespace, pods.removeprefix("pod/"), None)
        selector = labels.parse_selector(pods) if isinstance(pods, str) else labels.from_set(pods)
        return cls(namespace, "", selector)

    def include(self, pod: Object) -> bool:
        """Whether it is said of that pod."""
        metadata = pod["metadata"]
        if metadata["namespace"] != self.namespace:
            return False
        if self.selector is None:
            return bool(metadata["name"] == self.name)
        return self.selector.matches(metadata.get("labels"))


class Metrics:
    """What is known of metrics; see the module.

    Args:
        now: Tells the time, in Unix seconds.

    Attributes:
        on_change: Called when the usage of some pods becomes known, or that of all unknown.
        window_s: Over how long the usage of pods was measured, so to say. A pod's CPU counts once it has
            been ready for so long.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._usage: dict[tuple[_Pods, str, str], PodAmount] = {}
        self._pods: dict[tuple[str, _Pods, frozenset[tuple[str, str]]], PodAmount] = {}
        self._objects: dict[tuple[str, str, str, str, frozenset[tuple[str, str]]], Any] = {}
        self._externals: dict[tuple[str, str | None, frozenset[tuple[str, str]]], Any] = {}
        self.window_s = 0.0
        self.on_change: Callable[[], None] = lambda: None

    def __repr__(self) -> str:
        counts = (len(self._usage), len(self._pods), len(self._objects), len(self._externals))
        return "<Metrics {} usages, {} of pods, {} of objects, {} external>".format(*counts)

    # --- what is said ---------------------------------------------------------------------------------------

    def set_pod_usage(
        self,
        pods: str | Mapping[str, str] = "",
        *,
        namespace: str = "default",
        container: str = "",
        **usage: PodAmount,
    ) -> None:
        """Say what each of some pods uses: `set_pod_usage("app=web", cpu="200m", memory="64Mi")`.

        Args:
            pods: A name, a selector, or labels; empty for all pods.
            namespace: Theirs.
            container: Of which container that is; else it is of the first, and the others use nothing.
            usage: By resource.

        Raises:
            ValueError: An amount is no quantity, or the selector does not parse.
        """
        which, known = _Pods.of(pods, namespace), self._usage
        for resource, amount in usage.items():
            known = _with(known, (which, container, resource), amount)
        self._set_usage(known)

    def set_pod_metric(
        self,
        pods: str | Mapping[str, str],
        metric: str,
        amount: PodAmount,
        *,
        namespace: str = "default",
        labels: Labels = None,
    ) -> None:
        """Say what a metric of each of some pods is, for metrics of type Pods.

        Raises:
            ValueError: The amount is no quantity, or the selector does not parse.
        """
        self._pods = _with(self._pods, (metric, _Pods.of(pods, namespace), _series(labels)), amount)

    def set_object_metric(
        self,
        what: str,
        metric: str,
        amount: Amount | Callable[[], Amount],
        *,
        namespace: str = "default",
        labels: Labels = None,
    ) -> None:
        """Say what a metric of an object is, as `ingress/front`, for metrics of type Object.

        Raises:
            ValueError: The amount is no quantity, or `what` is no kind and name.
        """
        kind, slash, name = what.partition("/")
        if not (kind and slash and name):
            raise ValueError(f"an object is said as kind/name, not {what!r}")
        self._objects = _with(self._objects, (metric, namespace, kind.lower(), name, _series(labels)), amount)

    def set_external_metric(
        self,
        metric: str,
        amount: Amount | Callable[[], Amount],
        *,
        namespace: str | None = None,
        labels: Labels = None,
    ) -> None:
        """Say what a metric of something outside is; the values of a metric whose labels match are added up.

        Args:
            metric: Its name.
            amount: Its value.
            namespace: Whose autoscalers are told; None for all.
            labels: Of this value among others of the metric.

        Raises:
            ValueError: The amount is no quantity.
        """
        self._externals = _with(self._externals, (metric, namespace, _series(labels)), amount)

    def clear(self) -> None:
        """Take back all that was said."""
        self._pods, self._objects, self._externals = {}, {}, {}
        self._set_usage({})

    def _set_usage(self, known: dict[tuple[_Pods, str, str], PodAmount]) -> None:
        changed = bool(known) != self.is_known
        self._usage = known
        if changed:
            self.on_change()

    # --- what is asked --------------------------------------------------------------------------------------

    @property
    def is_known(self) -> bool:
        """Whether the usage of any pods is known, as on a cluster with metrics-server."""
        return bool(self._usage)

    def usage(self, pod: Object) -> dict[str, dict[str, int]]:
        """What the containers of a pod use, in thousandths; none if nothing is known of it.

        Raises:
            MetricsError: A callable failed, or what it gave is no amount.
        """
        if podutil.phase(pod) != "Running":
            return {}
        names = [each["name"] for each in podutil.containers(pod["spec"]) if _runs(pod, each)]
        found: dict[str, dict[str, int]] = {}
        for (which, container, resource), amount in self._usage.items():
            if not which.include(pod) or container not in {"", *names}:
                continue
            milli = _milli(amount, pod)
            if milli is None:
                continue
            if container:
                found.setdefault(container, {})[resource] = milli
                continue
            for index, name in enumerate(names):
                found.setdefault(name, {})[resource] = 0 if index else milli
        return found

    def resource(self, name: str, namespace: str, pods: Sequence[Object], container: str) -> Samples:
        """What pods use of a resource, in all containers or in one.

        Raises:
            MetricsError: Nothing is known of these pods, or there is no such container.
        """
        with _api("resource"):
            if not self._usage:
                raise MetricsError(_NO_RESOURCE_API)
            usages = {pod["metadata"]["name"]: self.usage(pod) for pod in pods}
        usages = {pod: usage for pod, usage in usages.items() if usage}
        if not usages:
            raise MetricsError("no metrics returned from resource metrics API")
        found: Samples = {}
        for pod, usage in usages.items():
            if container and container not in usage:
                text = f"container {container} not present in metrics for pod {namespace}/{pod}"
                raise MetricsError(f"failed to get container metrics: {text}")
            amounts = [usage[container]] if container else list(usage.values())
            if all(name in each for each in amounts):
                found[pod] = self._sample(sum(each[name] for each in amounts))
        return found

    def custom(
        self,
        metric: str,
        namespace: str,
        pods: Sequence[Object],
        selector: labels.Selector,
    ) -> Samples:
        """A metric of pods.

        Raises:
            MetricsError: It is not known of any of them.
        """
        series = [
            (which, amount)
            for (name, which, given), amount in self._pods.items()
            if name == metric and selector.matches(dict(given))
        ]
        found: Samples = {}
        with _api("custom"):
            self._check_custom(series, f"{metric} for pods")
            for pod in (each for each in pods if podutil.phase(each) == "Running"):
                for which, amount in series:
                    milli = _milli(amount, pod) if which.include(pod) else None
                    if milli is not None:
                        found[pod["metadata"]["name"]] = self._sample(milli)
        if not found:
            raise MetricsError("no metrics returned from custom metrics API")
        return found

    def object(self, metric: str, namespace: str, reference: Object, selector: labels.Selector) -> int:
        """A metric of an object.

        Raises:
            MetricsError: It is not known.
        """
        kind, of = reference["kind"].lower(), reference["name"]
        series = [
            amount
            for (name, inside, *rest, given), amount in self._objects.items()
            if (name, inside, *rest) == (metric, namespace, kind, of) and selector.matches(dict(given))
        ]
        with _api("custom"):
            self._check_custom(series, f"{metric} for {kind} {of}")
            milli = _milli(series[-1])
            if milli is None:
                raise MetricsError(_unknown(f"{metric} for {kind} {of}"))
        return milli

    def external(self, metric: str, namespace: str, selector: labels.Selector) -> list[int]:
        """The values of a metric of nothing in the cluster.

        Raises:
            MetricsError: There are none.
        """
        series = [
            amount
            for (name, inside, given), amount in self._externals.items()
            if name == metric and inside in {None, namespace} and selector.matches(dict(given))
        ]
        with _api("external"):
            if not self._externals:
                resource = f"{metric}.external.metrics.k8s.io"
                raise MetricsError(f"the server could not find the requested resource (get {resource})")
            found = [milli for milli in map(_milli, series) if milli is not None]
        if not found:
            raise MetricsError("no metrics returned from external metrics API")
        return found

    def _check_custom(self, series: Sequence[Any], what: str) -> None:
        if not self._pods and not self._objects:
            raise MetricsError(_NO_CUSTOM_API)
        if not series:
            raise MetricsError(_unknown(what))

    def _sample(self, milli: int) -> Sample:
        return Sample(milli, self._now(), self.window_s)


@contextmanager
def _api(name: str) -> Iterator[None]:
    """Problems are those of a metrics API."""
    try:
        yield
    except MetricsError as error:
        raise MetricsError(f"unable to fetch metrics from {name} metrics API: {error}") from error


def _with(known: dict[K, Any], key: K, amount: Any) -> dict[K, Any]:
    """What is known with an amount that was said last, or without it. A new dict: others may be reading."""
    if amount is not None and not callable(amount):
        parse(amount)
    rest = {each: value for each, value in known.items() if each != key}
    return rest if amount is None else {**rest, key: amount}


def _milli(amount: Any, *args: Object) -> int | None:
    """An amount in thousandths.

    Raises:
        MetricsError: The callable failed, or what it gave is no amount.
    """
    try:
        given = amount(*args) if callable(amount) else amount
        return None if given is None else parse(given).milli()
    except Exception as error:
        raise MetricsError(str(error) or type(error).__name__) from error


def _runs(pod: Object, container: Object) -> bool:
    """A container that goes on beside the others."""
    return container in (pod["spec"]["containers"]) or podutil.is_sidecar(container)


def _series(given: Labels) -> frozenset[tuple[str, str]]:
    return frozenset((given or {}).items())


def _unknown(what: str) -> str:
    return f"the server could not find the metric {what}"
