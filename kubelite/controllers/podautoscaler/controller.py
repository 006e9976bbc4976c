"""HorizontalPodAutoscalers: as many replicas as metrics ask for, of whatever has a scale.

Every `period_s` an autoscaler reads the scale of its target and the metrics of the pods that the scale
selects. What each metric asks for is worked out in `metrics`, how far the number may go at once in
`limits`.

Invariant: the number of replicas is changed through the scale only, in the version that was read.

Source: k8s.io/kubernetes/pkg/controller/podautoscaler/horizontal.go (reconcileAutoscaler).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from kubelite.api.conditions import set_condition
from kubelite.api.resources import CUSTOMRESOURCEDEFINITIONS, HORIZONTALPODAUTOSCALERS, PODS
from kubelite.apimachinery import labels
from kubelite.apimachinery.apierrors import NotFound
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.timestamps import format_time
from kubelite.controllers.podautoscaler.limits import STABILIZATION_S, Memory, Words, limit
from kubelite.controllers.podautoscaler.metrics import (
    TOLERANCE,
    MetricsClient,
    ProposalError,
    Settings,
    Target,
    propose,
    tolerances_of,
)
from kubelite.controllers.scales import kind_of
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import (
    Intent,
    Outcomes,
    ReadObject,
    RecordEvent,
    RequeueAfter,
    Steps,
    UpdateObject,
    UpdateStatus,
)
from kubelite.reconcile.ownership import key_of, split_key

PERIOD_S: Final = 15.0
NO_SCALE: Final = "the server could not find the requested resource"
_FIELDS: Final = ("lastScaleTime", "currentReplicas", "desiredReplicas", "currentMetrics", "conditions")
"""Of a status, as they stand in it."""
_GET_FAILED: Final = "the HPA controller was unable to get the target's current scale: "


class ScalingError(Exception):
    """No number of replicas can be worked out; the text is told by an Event."""


@attrs.define(eq=False)
class Look:
    """An autoscaler in the course of one look.

    Attributes:
        status: As it will be.
        events: Not yet recorded.
        memory: What it remembers.
    """

    autoscaler: Object
    now: float
    memory: Memory
    status: Object
    events: list[Intent] = attrs.field(factory=list)

    def event(self, reason: str, message: str, *, is_warning: bool = True) -> None:
        """An Event about it."""
        self.events.append(
            RecordEvent(self.autoscaler, "Warning" if is_warning else "Normal", reason, message)
        )

    def take_events(self) -> list[Intent]:
        """The Events noted so far, to be recorded now."""
        taken, self.events = self.events, []
        return taken

    def condition(self, type_: str, status: bool, words: Words) -> None:
        """A condition in its status."""
        condition = {
            "type": type_,
            "status": str(status),
            "lastTransitionTime": None,
            "reason": words[0],
            "message": words[1],
        }
        conditions = set_condition(self.status.get("conditions"), condition, self.now)
        self.status = {**self.status, "conditions": conditions}

    def replicas(self, current: int, desired: int, metrics: Sequence[Object] | None) -> None:
        """The numbers in its status."""
        kept: Object = {
            key: self.status[key] for key in ("lastScaleTime", "conditions") if key in self.status
        }
        self.status = {
            "currentReplicas": current,
            "desiredReplicas": desired,
            "currentMetrics": None if metrics is None else list(metrics),
            **kept,
        }


@attrs.frozen(eq=False)
class Wanted:
    """How many replicas there are to be, and why that is another number.

    Attributes:
        metrics: What the status says of each metric; None if none was asked.
    """

    replicas: int
    why: str = ""
    metrics: Sequence[Object] | None = None


def bound(look: Look, current: int) -> Wanted | None:
    """How many replicas there are to be whatever metrics say; None if these are to be asked."""
    spec = look.autoscaler["spec"]
    low, high = spec.get("minReplicas", 1), spec["maxReplicas"]
    if current == 0 and low != 0:
        words = ("ScalingDisabled", "scaling is disabled since the replica count of the target is zero")
        look.condition("ScalingActive", False, words)
        return Wanted(0)
    if current > high:
        return Wanted(high, "Current number of replicas above Spec.MaxReplicas")
    if current < low:
        return Wanted(low, "Current number of replicas below Spec.MinReplicas")
    return None


def plan(look: Look, target: Target, client: MetricsClient, settings: Settings) -> Wanted:
    """How many replicas there are to be by the metrics.

    Raises:
        ScalingError: It cannot be told.
    """
    current = target.replicas
    desired, name, metrics = _propose_all(look, target, client, settings)
    why = f"{name} above target" if desired > current else "All metrics below target"
    limited = limit(
        look.autoscaler["spec"],
        look.memory,
        current,
        desired,
        look.now,
        stabilization_s=settings.stabilization_s,
    )
    look.memory = limited.memory
    look.condition("AbleToScale", True, limited.able)
    look.condition("ScalingLimited", limited.is_limited, limited.limited)
    return Wanted(limited.replicas, "" if desired == current else why, metrics)


def _propose_all(
    look: Look, target: Target, client: MetricsClient, settings: Settings
) -> tuple[int, str, list[Object]]:
    """The most that a metric asks for; where one cannot be had, none may lower the number."""
    spec = look.autoscaler["spec"]
    metrics = spec.get("metrics") or []
    tolerances = tolerances_of(spec, settings.tolerance)
    replicas, name, statuses, failures = 0, "", [], []
    for metric in metrics:
        try:
            proposal = propose(metric, target, client, tolerances, settings)
        except ProposalError as error:
            look.event(error.reason, error.cause)
            failures.append(error)
            statuses.append({"type": ""})
            continue
        statuses.append(proposal.status)
        if replicas == 0 or proposal.replicas > replicas:
            replicas, name = proposal.replicas, proposal.name
    if len(failures) == len(metrics) or (failures and replicas < target.replicas):
        first = failures[0]
        text = f"the HPA was unable to compute the replica count: {first.cause}"
        look.condition("ScalingActive", False, (first.reason, text))
        look.replicas(target.replicas, look.status.get("desiredReplicas", 0), statuses)
        counts = f"{len(failures)} invalid out of {len(metrics)}"
        raise ScalingError(f"invalid metrics ({counts}), first error is: {first}")
    text = f"the HPA was able to successfully calculate a replica count from {name}"
    look.condition("ScalingActive", True, ("ValidMetricFound", text))
    return replicas, name, statuses


def same_status(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether two statuses say the same; what is empty says nothing."""
    return {k: v for k, v in old.items() if v} == {k: v for k, v in new.items() if v}


class HorizontalPodAutoscalerController(Reconciler):
    """Keys are autoscalers.

    Args:
        metrics: Gives where metrics come from.
        period_s: How often an autoscaler is looked at.
        stabilization_s: How long a scale down waits where the behaviour says nothing.
        tolerance: How far from 1 a ratio may be without effect where the behaviour says nothing.
    """

    name = "horizontal-pod-autoscaler-controller"
    component = "horizontal-pod-autoscaler"

    def __init__(
        self,
        environment: Environment,
        *,
        metrics: Callable[[], MetricsClient],
        period_s: float = PERIOD_S,
        stabilization_s: float = STABILIZATION_S,
        tolerance: float = TOLERANCE,
    ) -> None:
        super().__init__(environment)
        self._autoscalers = self.informer(HORIZONTALPODAUTOSCALERS)
        self._pods = self.informer(PODS)
        self._definitions = self.informer(CUSTOMRESOURCEDEFINITIONS)
        self._metrics = metrics()
        self._period_s = period_s
        self.retry_s = (period_s, period_s)
        self._settings = Settings(stabilization_s=stabilization_s, tolerance=tolerance)
        self._memories: dict[str, Memory] = {}
        self._selectors: dict[str, labels.Selector] = {}

    def watches(self) -> Sequence[Watch]:
        """Autoscalers; pods and definitions are only looked up."""
        return Watch(HORIZONTALPODAUTOSCALERS, self._keys), Watch(PODS), Watch(CUSTOMRESOURCEDEFINITIONS)

    def _keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        """New ones are looked at after a period, as all are from then on; those that are gone at once."""
        if new is None:
            assert old is not None
            return (key_of(old),)
        if old is None or old["metadata"]["uid"] != new["metadata"]["uid"]:
            self._forget(key_of(new))
            self.environment.enqueue(key_of(new), self._period_s)
        return ()

    def _forget(self, key: str) -> None:
        self._memories.pop(key, None)
        self._selectors.pop(key, None)

    # --- a look ---------------------------------------------------------------------------------------------

    def sync(self, key: str) -> Steps:
        """Read the scale, work out the number, change the scale, write the status."""
        namespace, name = split_key(key)
        assert namespace is not None
        autoscaler = self._autoscalers.get(namespace, name)
        if autoscaler is None:
            self._forget(key)
            return
        yield (RequeueAfter(self._period_s),)
        look = Look(
            autoscaler, self.clock.now(), self._memories.get(key, Memory()), autoscaler.get("status") or {}
        )
        found = yield from self._scale(look, namespace)
        if isinstance(found, str):
            look.event("FailedGetScale", found)
            look.condition("AbleToScale", False, ("FailedGetScale", _GET_FAILED + found))
            yield from self._write(look)
            yield look.take_events()
        else:
            yield from self._follow(key, look, *found)

    def _scale(
        self, look: Look, namespace: str
    ) -> Generator[Sequence[Intent], Outcomes, tuple[Resource, Object] | str]:
        """What is scaled, and its scale; a text says why that cannot be had."""
        reference = look.autoscaler["spec"]["scaleTargetRef"]
        group, slash, version = (reference.get("apiVersion") or "").rpartition("/")
        if "/" in group:
            return f"unexpected GroupVersion string: {group}{slash}{version}"
        resource = kind_of(self._definitions, group, reference["kind"])
        if resource is None:
            return f'no matches for kind "{reference["kind"]}" in group "{group}"'
        if "scale" not in resource.subresources:
            return NO_SCALE
        (outcome,) = yield (ReadObject(resource, namespace, reference["name"], subresource="scale"),)
        if outcome.object is not None:
            return resource, outcome.object
        return (outcome.error or NotFound(resource, reference["name"])).message

    def _follow(self, key: str, look: Look, resource: Resource, scale: Object) -> Steps:
        """What is to be done with a scale that was read."""
        words = "the HPA controller was able to get the target's current scale"
        look.condition("AbleToScale", True, ("SucceededGetScale", words))
        current = (scale.get("spec") or {}).get("replicas") or 0
        if key not in self._memories:
            look.memory = look.memory.recommended(current, look.now)
        try:
            wanted = bound(look, current) or plan(
                look, self._target(key, look, scale), self._metrics, self._settings
            )
        except ScalingError as error:
            self._memories[key] = look.memory
            yield from self._write(look)
            look.event("FailedComputeMetricsReplicas", str(error))
        else:
            if wanted.replicas != current:
                yield from self._rescale(look, resource, scale, wanted)
            else:
                look.replicas(current, current, wanted.metrics)
            self._memories[key] = look.memory
            yield from self._write(look)
        yield look.take_events()

    def _target(self, key: str, look: Look, scale: Object) -> Target:
        """The target and its pods.

        Raises:
            ScalingError: The scale selects none, or those of another autoscaler, too.
        """
        namespace = look.autoscaler["metadata"]["namespace"]
        status = scale.get("status") or {}
        current, text = (scale.get("spec") or {}).get("replicas") or 0, status.get("selector") or ""
        if not text:
            look.event("SelectorRequired", "selector is required")
            self._refuse(look, current, "InvalidSelector", "the HPA target's scale is missing a selector")
            raise ScalingError("selector is required")
        try:
            selector = labels.parse_selector(text)
        except labels.SelectorError as error:
            message = f"couldn't convert selector into a corresponding internal selector object: {error}"
            look.event("InvalidSelector", message)
            self._refuse(look, current, "InvalidSelector", message)
            raise ScalingError(message) from error
        self._selectors[key] = selector
        pods = self._pods.list(namespace, selector)
        rivals = self._selecting(namespace, pods)
        if len(rivals) > 1:
            shown = " ".join(f"{{{name} {namespace}}}" for name in rivals)
            message = f"pods by selector {text} are controlled by multiple HPAs: [{shown}]"
            look.event("AmbiguousSelector", message)
            self._refuse(look, current, "AmbiguousSelector", message)
            raise ScalingError(message)
        return Target(namespace, pods, current, status.get("replicas") or 0, look.now)

    def _selecting(self, namespace: str, pods: Sequence[Object]) -> list[str]:
        """The names of the autoscalers whose targets have some of these pods."""
        found = []
        for key, selector in sorted(self._selectors.items()):
            inside, name = split_key(key)
            if inside == namespace and any(selector.matches(pod["metadata"].get("labels")) for pod in pods):
                found.append(name)
        return found

    @staticmethod
    def _refuse(look: Look, current: int, reason: str, message: str) -> None:
        look.condition("ScalingActive", False, (reason, message))
        look.replicas(current, look.status.get("desiredReplicas", 0), None)

    def _rescale(self, look: Look, resource: Resource, scale: Object, wanted: Wanted) -> Steps:
        """Change the scale."""
        current, size = (scale.get("spec") or {}).get("replicas") or 0, wanted.replicas
        changed = {**scale, "spec": {"replicas": size}}
        (outcome,) = yield (UpdateObject(resource, changed, subresource="scale"),)
        if outcome.error is not None:
            problem = outcome.error.message
            look.event("FailedRescale", f"New size: {size}; reason: {wanted.why}; error: {problem}")
            words = f"the HPA controller was unable to update the target scale: {problem}"
            look.condition("AbleToScale", False, ("FailedUpdateScale", words))
            look.replicas(current, look.status.get("desiredReplicas", 0), wanted.metrics)
            return
        words = f"the HPA controller was able to update the target scale to {size}"
        look.condition("AbleToScale", True, ("SucceededRescale", words))
        text = f"New size: {size}; reason: {wanted.why}"
        look.event("SuccessfulRescale", text, is_warning=False)
        if look.autoscaler["spec"].get("behavior") is not None:
            look.memory = look.memory.scaled(current, size, look.now)
        look.replicas(current, size, wanted.metrics)
        look.status = {**look.status, "lastScaleTime": format_time(look.now)}

    @staticmethod
    def _write(look: Look) -> Steps:
        """Record what was noted, and write the status if it says something new."""
        yield look.take_events()
        if same_status(look.autoscaler.get("status") or {}, look.status):
            return
        said = {"desiredReplicas": 0, **look.status}
        status = {field: said.get(field) for field in _FIELDS if field == "currentMetrics" or field in said}
        changed = {**look.autoscaler, "status": status}
        (outcome,) = yield (UpdateStatus(HORIZONTALPODAUTOSCALERS, changed),)
        if outcome.error is not None and not outcome.ignored:
            look.event("FailedUpdateStatus", outcome.error.message)
