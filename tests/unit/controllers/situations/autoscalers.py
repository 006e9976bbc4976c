"""What autoscalers have told."""

from __future__ import annotations

from kubelite.api.resources import (
    DEPLOYMENTS,
    HORIZONTALPODAUTOSCALERS,
    PODS,
)
from kubelite.apimachinery import labels
from kubelite.controllers.podautoscaler.controller import HorizontalPodAutoscalerController
from kubelite.controllers.podautoscaler.metrics import MetricsError
from kubelite.reconcile.intents import (
    UpdateObject,
    UpdateStatus,
)
from tests.unit.controllers.desk import Desk
from tests.unit.controllers.situations.parts import (
    NO_TEXT,
    named,
    pod,
    refuse,
    tells,
)


class Metrics:
    """Where an autoscaler has its numbers from: nowhere."""

    def resource(self, *_):
        raise MetricsError("none")

    custom = object = external = resource


def autoscaler(metric=None, **spec):
    resource = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}
    given = metric or {"type": "Resource", "resource": resource}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "w"}
    return named(
        "h",
        spec={"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 3, "metrics": [given], **spec},
        status={},
    )


def scale(made, *, count=2, selector="a=b", pods=(), answer=lambda _: None, prepare=lambda _: None):
    found = named("w", spec={"replicas": count}, status={"replicas": count, "selector": selector})
    desk = Desk()
    desk.put(HORIZONTALPODAUTOSCALERS, made)
    desk.put(DEPLOYMENTS, found)
    desk.put(PODS, *pods)
    controller = desk.make(HorizontalPodAutoscalerController, metrics=Metrics)
    prepare(controller)
    return desk.look(controller, "d/h", answer)


of_autoscalers = (HorizontalPodAutoscalerController, "HorizontalPodAutoscaler")


@tells(*of_autoscalers, "Warning", "FailedGetScale", 'no matches for kind "Odd" in group "apps"')
def a_target_is_of_no_kind():
    return scale(autoscaler(scaleTargetRef={"apiVersion": "apps/v1", "kind": "Odd", "name": "w"}))


@tells(
    *of_autoscalers,
    "Normal",
    "SuccessfulRescale",
    "New size: 3; reason: Current number of replicas above Spec.MaxReplicas",
)
def a_target_is_too_large():
    return scale(autoscaler(), count=4)


@tells(
    *of_autoscalers,
    "Warning",
    "FailedRescale",
    f"New size: 3; reason: Current number of replicas above Spec.MaxReplicas; error: {NO_TEXT}",
)
def a_scale_cannot_be_written():
    return scale(autoscaler(), count=4, answer=refuse(UpdateObject))


@tells(*of_autoscalers, "Warning", "FailedUpdateStatus", NO_TEXT)
def a_status_cannot_be_written():
    return scale(autoscaler(), count=4, answer=refuse(UpdateStatus))


@tells(*of_autoscalers, "Warning", "SelectorRequired", "selector is required")
def a_scale_has_no_selector():
    return scale(autoscaler(), selector="")


@tells(
    *of_autoscalers,
    "Warning",
    "InvalidSelector",
    "couldn't convert selector into a corresponding internal selector object: "
    "unable to parse requirement: found '(', expected: in, notin, =, ==, !=, gt, lt",
)
def a_scale_has_an_odd_selector():
    return scale(autoscaler(), selector="a (b)")


@tells(
    *of_autoscalers,
    "Warning",
    "AmbiguousSelector",
    "pods by selector a=b are controlled by multiple HPAs: [{h d} {i d}]",
)
def two_scale_the_same_pods():
    def prepare(controller):
        controller._selectors["d/i"] = labels.parse_selector("")

    return scale(autoscaler(), pods=(pod(),), prepare=prepare)


@tells(
    *of_autoscalers,
    "Warning",
    "FailedComputeMetricsReplicas",
    "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: failed "
    "to get cpu utilization: unable to get metrics for resource cpu: none",
)
@tells(
    *of_autoscalers,
    "Warning",
    "FailedGetResourceMetric",
    "failed to get cpu utilization: unable to get metrics for resource cpu: none",
)
def there_are_no_metrics():
    return scale(autoscaler(), pods=(pod(),))


_VALUE = {"type": "Value", "value": "1"}
_AVERAGE = {"type": "AverageValue", "averageValue": "1"}


@tells(
    *of_autoscalers,
    "Warning",
    "FailedGetContainerResourceMetric",
    "failed to get cpu usage: unable to get metrics for resource cpu: none",
)
def there_are_none_of_a_container():
    source = {"name": "cpu", "container": "c", "target": _AVERAGE}
    return scale(autoscaler({"type": "ContainerResource", "containerResource": source}), pods=(pod(),))


@tells(*of_autoscalers, "Warning", "FailedGetPodsMetric", "unable to get metric m: none")
def there_are_none_of_pods():
    source = {"metric": {"name": "m"}, "target": _AVERAGE}
    return scale(autoscaler({"type": "Pods", "pods": source}), pods=(pod(),))


@tells(
    *of_autoscalers,
    "Warning",
    "FailedGetObjectMetric",
    "unable to get metric m: Ingress on d i/none",
)
def there_are_none_of_an_object():
    described = {"kind": "Ingress", "name": "i", "apiVersion": "networking.k8s.io/v1"}
    source = {"metric": {"name": "m"}, "target": _VALUE, "describedObject": described}
    return scale(autoscaler({"type": "Object", "object": source}), pods=(pod(),))


@tells(
    *of_autoscalers,
    "Warning",
    "FailedGetExternalMetric",
    "unable to get external metric d/m/nil: none",
)
def there_are_none_from_outside():
    source = {"metric": {"name": "m"}, "target": _VALUE}
    return scale(autoscaler({"type": "External", "external": source}), pods=(pod(),))
