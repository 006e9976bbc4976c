"""How many replicas each metric of an autoscaler asks for, and what is said of it. Pure.

A metric is compared with its target: the ratio times the pods that count is the number wanted, unless the
ratio is near enough to one. Pods whose usage is not known, or means nothing yet, are taken to use what keeps
the change small, and never turn a scale up into a scale down.

Amounts are thousandths. Where the numbers come from is a seam: a `MetricsClient`.

Source: k8s.io/kubernetes/pkg/controller/podautoscaler/{horizontal,replica_calculator}.go.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Protocol

import attrs

from kubelite.api import podutil
from kubelite.api.conditions import get_condition
from kubelite.apimachinery import labels
from kubelite.apimachinery.quantity import Quantity, parse
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import parse_time
from kubelite.controllers.podautoscaler.limits import STABILIZATION_S

REPLICAS_MAX: Final = 2**31 - 1
TOLERANCE: Final = 0.1
CPU_INITIALIZATION_S: Final = 300.0
"""How long after its start a pod's CPU counts only while it is ready."""
INITIAL_READINESS_S: Final = 30.0
"""A pod that became unready within this time of its start has never been ready."""


class MetricsError(Exception):
    """A metric cannot be had; the text is what the metrics API says."""


@attrs.frozen
class Sample:
    """An amount, and of which time it tells.

    Attributes:
        milli: Thousandths.
        time: When it was taken.
        window_s: How long it was looked at.
    """

    milli: int
    time: float
    window_s: float


Samples = dict[str, Sample]
"""By the names of pods."""


class MetricsClient(Protocol):
    """Where metrics come from: all raise `MetricsError`."""

    def resource(self, name: str, namespace: str, pods: Sequence[Object], container: str) -> Samples:
        """What pods use of a resource, in all containers or in one."""
        ...

    def custom(
        self, metric: str, namespace: str, pods: Sequence[Object], selector: labels.Selector
    ) -> Samples:
        """A metric of pods."""
        ...

    def object(self, metric: str, namespace: str, reference: Object, selector: labels.Selector) -> int:
        """A metric of an object."""
        ...

    def external(self, metric: str, namespace: str, selector: labels.Selector) -> Sequence[int]:
        """The values of a metric of nothing in the cluster."""
        ...


@attrs.frozen(kw_only=True)
class Settings:
    """What can be set about autoscalers.

    Attributes:
        stabilization_s: The window of scale downs where the behaviour names none.
        tolerance: How far from 1 a ratio may be without effect where the behaviour names nothing.
        cpu_initialization_s: How long after its start a pod's CPU counts only while it is ready.
        initial_readiness_s: A pod that became unready so soon after its start has never been ready.
    """

    stabilization_s: float = STABILIZATION_S
    tolerance: float = TOLERANCE
    cpu_initialization_s: float = CPU_INITIALIZATION_S
    initial_readiness_s: float = INITIAL_READINESS_S


@attrs.frozen
class Target:
    """What an autoscaler scales, as it is now.

    Attributes:
        namespace: Of the autoscaler.
        pods: Those that the scale selects.
        replicas: How many it is told to have.
        running: How many it says to have.
        now: Unix seconds.
    """

    namespace: str
    pods: Sequence[Object]
    replicas: int
    running: int
    now: float


@attrs.frozen
class Proposal:
    """How many replicas a metric asks for.

    Attributes:
        name: What the metric is called in conditions and Events.
        status: What the autoscaler's status says of it.
    """

    replicas: int
    name: str
    status: Object


class ProposalError(Exception):
    """A metric asks for nothing.

    Attributes:
        reason: Of the Event and the condition.
        cause: Their message.
    """

    def __init__(self, reason: str, cause: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.cause = cause


@attrs.frozen
class Tolerances:
    """How far below and above 1 a ratio may be without effect."""

    down: float
    up: float

    def allow(self, ratio: float) -> bool:
        """The ratio is near enough to 1."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


def tolerances_of(spec: Mapping[str, Any], default: float) -> Tolerances:
    """Those of an autoscaler's behaviour."""
    behavior = spec.get("behavior") or {}
    given = [(behavior.get(direction) or {}).get("tolerance") for direction in ("scaleDown", "scaleUp")]
    down, up = (default if each is None else parse(each).to_float() for each in given)
    return Tolerances(down, up)


def propose(
    metric: Object, target: Target, client: MetricsClient, tolerances: Tolerances, settings: Settings
) -> Proposal:
    """How many replicas one metric asks for.

    Raises:
        ProposalError: It cannot be told.
    """
    type_ = metric["type"]
    source = metric[type_[0].lower() + type_[1:]]
    calculator = _Calculator(target, client, tolerances, settings)
    if type_ in {"Resource", "ContainerResource"}:
        return _resource(type_, source, calculator)
    if type_ == "Pods":
        return _pods(source, calculator)
    if type_ == "Object":
        return _object(source, calculator)
    return _external(source, calculator)


# --- one type of metric after the other ---------------------------------------------------------------------


def _resource(type_: str, source: Object, calculator: _Calculator) -> Proposal:
    name, target, container = source["name"], source["target"], source.get("container", "")
    average, current = target.get("averageValue"), {}
    try:
        samples = calculator.resource(name, container)
        if average is not None:
            replicas, used = calculator.plain(samples, parse(average).milli(), name)
            called = f"{name} resource"
        else:
            wanted = target["averageUtilization"]
            replicas, percent, used = calculator.utilization(samples, wanted, name, container)
            kind = "container resource" if container else "resource"
            called = f"{name} {kind} utilization (percentage of request)"
            current["averageUtilization"] = percent
    except MetricsError as error:
        cause = f"failed to get {name} {'utilization' if average is None else 'usage'}: {error}"
        of = f"{container} container" if container else f"{name} resource"
        text = f"failed to get {of} metric value: {cause}"
        raise ProposalError(f"FailedGet{type_}Metric", cause, text) from error
    status = {"name": name, "current": {**current, "averageValue": _shown(used)}}
    if container:
        status["container"] = container
    return Proposal(replicas, called, _status(type_, status))


def _pods(source: Object, calculator: _Calculator) -> Proposal:
    name = source["metric"]["name"]
    try:
        samples = calculator.custom(source["metric"])
        replicas, used = calculator.plain(samples, parse(source["target"]["averageValue"]).milli(), "")
    except MetricsError as error:
        text = f"failed to get pods metric value: {error}"
        raise ProposalError("FailedGetPodsMetric", str(error), text) from error
    status = {"metric": source["metric"], "current": {"averageValue": _shown(used)}}
    return Proposal(replicas, f"pods metric {name}", _status("Pods", status))


def _object(source: Object, calculator: _Calculator) -> Proposal:
    metric, target, described = source["metric"], source["target"], source["describedObject"]
    is_value = target["type"] == "Value"
    if target.get("value" if is_value else "averageValue") is None:
        cause = "invalid object metric source: neither a value target nor an average value target was set"
        raise ProposalError("FailedGetObjectMetric", cause, f"failed to get object metric value: {cause}")
    try:
        used = calculator.object(metric, described)
        if is_value:
            replicas = calculator.of_ratio(used / parse(target["value"]).milli())
        else:
            replicas, used = calculator.per_pod(used, parse(target["averageValue"]).milli())
    except MetricsError as error:
        own = "" if is_value else f"failed to get {metric['name']} object metric: "
        text = f"failed to get object metric value: {own}{error}"
        raise ProposalError("FailedGetObjectMetric", str(error), text) from error
    if is_value:
        status = {"metric": metric, "current": {"value": _shown(used)}, "describedObject": described}
        return Proposal(replicas, f"{described['kind']} metric {metric['name']}", _status("Object", status))
    status = {
        "metric": metric,
        "current": {"averageValue": _shown(used)},
        "describedObject": {"kind": "", "name": ""},
    }
    return Proposal(replicas, _external_name(metric), _status("Object", status))


def _external(source: Object, calculator: _Calculator) -> Proposal:
    metric, target = source["metric"], source["target"]
    name, average = metric["name"], target.get("averageValue")
    try:
        used = calculator.external(metric)
        if average is not None:
            replicas, used = calculator.per_pod(used, parse(average).milli())
        else:
            replicas = calculator.of_ratio(used / parse(target["value"]).milli())
    except MetricsError as error:
        which = f"{name} external metric" if average is not None else f"external metric {name}"
        text = f"failed to get {name} external metric value: failed to get {which}: {error}"
        raise ProposalError("FailedGetExternalMetric", str(error), text) from error
    current = {"value" if average is None else "averageValue": _shown(used)}
    return Proposal(
        replicas, _external_name(metric), _status("External", {"metric": metric, "current": current})
    )


def _status(type_: str, status: Object) -> Object:
    return {"type": type_, type_[0].lower() + type_[1:]: status}


def _shown(milli: int) -> str:
    return str(Quantity(Decimal(milli).scaleb(-3)))


def _external_name(metric: Object) -> str:
    return f"external metric {metric['name']}({labels.go_text(metric.get('selector'))})"


# --- the arithmetic -----------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class _Groups:
    """The pods by what their samples are worth; those that go or have failed are in none."""

    ready: int
    unready: Collection[str]
    missing: Collection[str]
    ignored: Collection[str]


class _Calculator:
    """The arithmetic over the pods of one target."""

    def __init__(
        self, target: Target, client: MetricsClient, tolerances: Tolerances, settings: Settings
    ) -> None:
        self._target = target
        self._client = client
        self._tolerances = tolerances
        self._settings = settings

    # what there is

    def resource(self, name: str, container: str) -> Samples:
        """What the pods use of a resource."""
        target = self._target
        try:
            return self._client.resource(name, target.namespace, target.pods, container)
        except MetricsError as error:
            raise MetricsError(f"unable to get metrics for resource {name}: {error}") from error

    def custom(self, metric: Object) -> Samples:
        """A metric of the pods."""
        name, target = metric["name"], self._target
        selector = labels.from_label_selector(metric.get("selector") or {})
        try:
            return self._client.custom(name, target.namespace, target.pods, selector)
        except MetricsError as error:
            raise MetricsError(f"unable to get metric {name}: {error}") from error

    def object(self, metric: Object, described: Object) -> int:
        """A metric of an object."""
        name, namespace = metric["name"], self._target.namespace
        selector = labels.from_label_selector(metric.get("selector") or {})
        try:
            return self._client.object(name, namespace, described, selector)
        except MetricsError as error:
            kind, of = described["kind"], described["name"]
            # The words stand in this order in Kubernetes, too.
            text = f"unable to get metric {name}: {kind} on {namespace} {of}/{error}"
            raise MetricsError(text) from error

    def external(self, metric: Object) -> int:
        """The sum of the values of an external metric."""
        name, namespace = metric["name"], self._target.namespace
        selector = labels.from_label_selector(metric.get("selector") or {})
        try:
            return sum(self._client.external(name, namespace, selector))
        except MetricsError as error:
            which = f"{namespace}/{name}/{labels.go_text(metric.get('selector'))}"
            raise MetricsError(f"unable to get external metric {which}: {error}") from error

    # what it comes to

    def utilization(
        self, samples: Samples, wanted: int, resource: str, container: str
    ) -> tuple[int, int, int]:
        """Replicas, percent of the requests in use, and the average."""
        groups, used = self._used(samples, resource)
        requests = {pod["metadata"]["name"]: _request(pod, resource, container) for pod in self._target.pods}

        def ratio_of(amounts: Mapping[str, int]) -> tuple[float, int, int]:
            known = [name for name in amounts if name in requests]
            total, requested = sum(amounts[each] for each in known), sum(requests[each] for each in known)
            if requested == 0:
                raise MetricsError("no metrics returned matched known pods")
            percent = total * 100 // requested
            return percent / wanted, percent, total // len(known)

        ratio, percent, average = ratio_of(used)
        if self._counts_all(groups, ratio):
            return self._replicas(ratio, groups.ready), percent, average
        missing = {name: requests[name] * max(100, wanted) // 100 for name in groups.missing}
        amounts = _completed(used, groups, ratio, missing)
        return self._corrected(ratio, ratio_of(amounts)[0], len(amounts)), percent, average

    def plain(self, samples: Samples, wanted: int, resource: str) -> tuple[int, int]:
        """Replicas, and the average."""
        groups, used = self._used(samples, resource)
        average = sum(used.values()) // len(used)
        ratio = average / wanted
        if self._counts_all(groups, ratio):
            return self._replicas(ratio, groups.ready), average
        amounts = _completed(used, groups, ratio, dict.fromkeys(groups.missing, wanted))
        corrected = sum(amounts.values()) // len(amounts) / wanted
        return self._corrected(ratio, corrected, len(amounts)), average

    def of_ratio(self, ratio: float) -> int:
        """Replicas for a value that all pods have in common."""
        if self._target.replicas == 0:
            return math.ceil(ratio)
        if self._tolerances.allow(ratio):
            return self._target.replicas
        if not self._target.pods:
            text = "no pods returned by selector while calculating replica count"
            raise MetricsError(f"unable to calculate ready pods: {text}")
        ready = sum(podutil.phase(pod) == "Running" and podutil.is_ready(pod) for pod in self._target.pods)
        return min(math.ceil(ratio * ready), REPLICAS_MAX)

    def per_pod(self, used: int, wanted: int) -> tuple[int, int]:
        """Replicas for a value that is shared by the pods, and what each has of it."""
        running = self._target.running
        ratio = used / (wanted * running) if running else math.inf
        replicas = running if self._tolerances.allow(ratio) else math.ceil(used / wanted)
        return min(replicas, REPLICAS_MAX), math.ceil(used / running) if running else 0

    # how it is come to

    def _used(self, samples: Samples, resource: str) -> tuple[_Groups, dict[str, int]]:
        """The pods, and the samples that count."""
        if not self._target.pods:
            raise MetricsError("no pods returned by selector while calculating replica count")
        groups = self._group(samples, resource)
        without = {*groups.ignored, *groups.unready}
        used = {name: sample.milli for name, sample in samples.items() if name not in without}
        if not used:
            raise MetricsError("did not receive metrics for targeted pods (pods might be unready)")
        return groups, used

    def _group(self, samples: Samples, resource: str) -> _Groups:
        ready, unready, missing, ignored = 0, [], [], []
        for pod in self._target.pods:
            name, phase = pod["metadata"]["name"], podutil.phase(pod)
            if podutil.is_terminating(pod) or phase == "Failed":
                ignored.append(name)
            elif phase == "Pending":
                unready.append(name)
            elif name not in samples:
                missing.append(name)
            elif resource == "cpu" and self._is_unready(pod, samples[name]):
                unready.append(name)
            else:
                ready += 1
        return _Groups(ready, unready, missing, ignored)

    def _is_unready(self, pod: Object, sample: Sample) -> bool:
        """Its CPU tells of its start, or of nothing."""
        condition, started = get_condition(pod, "Ready"), (pod.get("status") or {}).get("startTime")
        if condition is None or started is None:
            return True
        start, changed = parse_time(started), parse_time(condition["lastTransitionTime"])
        is_false = condition["status"] == "False"
        if start + self._settings.cpu_initialization_s > self._target.now:
            return is_false or sample.time < changed + sample.window_s
        return is_false and start + self._settings.initial_readiness_s > changed

    @staticmethod
    def _counts_all(groups: _Groups, ratio: float) -> bool:
        return not groups.missing and not (groups.unready and ratio > 1.0)

    def _replicas(self, ratio: float, ready: int) -> int:
        return self._target.replicas if self._tolerances.allow(ratio) else math.ceil(ratio * ready)

    def _corrected(self, before: float, ratio: float, count: int) -> int:
        """Replicas by the ratio in which assumptions have entered, unless these turn the direction."""
        current = self._target.replicas
        if self._tolerances.allow(ratio) or (before < 1.0 < ratio) or (before > 1.0 > ratio):
            return current
        replicas = math.ceil(ratio * count)
        turns = (ratio < 1.0 and replicas > current) or (ratio > 1.0 and replicas < current)
        return current if turns else replicas


def _completed(
    used: Mapping[str, int], groups: _Groups, ratio: float, missing: Mapping[str, int]
) -> dict[str, int]:
    """The amounts with those assumed of the pods that were left out."""
    amounts = dict(used)
    if ratio < 1.0:
        amounts.update(missing)
    elif ratio > 1.0:
        amounts.update(dict.fromkeys(groups.missing, 0))
        amounts.update(dict.fromkeys(groups.unready, 0))
    return amounts


def _request(pod: Object, resource: str, container: str) -> int:
    """What a pod, or one container of it, asks for."""
    name, spec = pod["metadata"]["name"], pod["spec"]
    if not container and (spec.get("resources") or {}).get("requests"):
        amounts = podutil.requests(spec)
        if resource not in amounts:
            raise MetricsError(f"missing pod-level request for {resource} in Pod {name}")
        return amounts[resource] if resource == "cpu" else amounts[resource] * 1000
    total = 0
    sidecars = [each for each in spec.get("initContainers") or () if podutil.is_sidecar(each)]
    for each in (*spec["containers"], *sidecars):
        if container not in {"", each["name"]}:
            continue
        asked = ((each.get("resources") or {}).get("requests") or {}).get(resource)
        if asked is None:
            raise MetricsError(f"missing request for {resource} in container {each['name']} of Pod {name}")
        total += parse(asked).milli()
        if container:
            return total
    if container:
        raise MetricsError(f"container {container} not found in Pod {name}")
    return total
