"""What HorizontalPodAutoscalers must be.

Source: k8s.io/kubernetes/pkg/apis/autoscaling/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from kubelite.api import resources as r
from kubelite.api.conversion.autoscaling import to_v2
from kubelite.api.validation import names
from kubelite.api.validation.problems import (
    Errors,
    checked,
    forbidden,
    invalid,
    invalid_each,
    not_negative,
    not_supported,
    required,
)
from kubelite.api.validation.resourcenames import validate_container_resource_name
from kubelite.api.validation.rules import KindRules
from kubelite.apimachinery.quantity import parse
from kubelite.apimachinery.scheme import Object

PERIOD_MAX_S: Final = 1800
STABILIZATION_MAX_S: Final = 3600
_SELECT_POLICIES: Final = ("Disabled", "Max", "Min")
_POLICY_TYPES: Final = ("Percent", "Pods")
_METRIC_TYPES: Final = ("ContainerResource", "External", "Object", "Pods", "Resource")
_TARGET_TYPES: Final = ("Utilization", "Value", "AverageValue")
_SOURCES: Final = {
    "Object": "object",
    "External": "external",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}
"""Which field a type of metric fills, in the order in which they are judged."""


def validate_autoscaler(autoscaler: Object) -> Errors:
    """Bounds, a target, metrics of which each has one source, and rules of behaviour within limits."""
    return _validate_spec(autoscaler["spec"], replicas_min=1)


def validate_autoscaler_update(new: Object, old: Object) -> Errors:
    """As a new one; one that may go down to nothing may stay so."""
    return _validate_spec(new["spec"], replicas_min=0 if old["spec"].get("minReplicas") == 0 else 1)


def validate_autoscaler_status(new: Object, _: Object) -> Errors:
    """No count below zero."""
    status = new.get("status") or {}
    errors = not_negative("status.currentReplicas", status.get("currentReplicas"))
    return errors + not_negative("status.desiredReplicas", status.get("desiredReplicas"))


def _validate_spec(spec: Object, *, replicas_min: int) -> Errors:
    low, high = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    errors: Errors = []
    if low is not None and low < replicas_min:
        detail = f"must be greater than or equal to {replicas_min}"
        errors.append(invalid("spec.minReplicas", low, detail))
    if high < 1:
        errors.append(invalid("spec.maxReplicas", high, "must be greater than 0"))
    if low is not None and high < low:
        detail = "must be greater than or equal to `minReplicas`"
        errors.append(invalid("spec.maxReplicas", high, detail))
    errors += _validate_reference(spec.get("scaleTargetRef") or {}, "spec.scaleTargetRef")
    metrics = spec.get("metrics") or []
    for index, metric in enumerate(metrics):
        errors += _validate_metric(metric, f"spec.metrics[{index}]")
    if low == 0 and not any(metric.get("type") in {"Object", "External"} for metric in metrics):
        detail = "must specify at least one Object or External metric to support scaling to zero replicas"
        errors.append(forbidden("spec.metrics", detail))
    for direction in ("scaleUp", "scaleDown"):
        rules = (spec.get("behavior") or {}).get(direction)
        if rules is not None:
            errors += _validate_rules(rules, f"spec.behavior.{direction}")
    return errors


def _validate_reference(reference: Object, path: str) -> Errors:
    errors = checked(f"{path}.kind", reference.get("kind"), names.path_segment)
    return errors + checked(f"{path}.name", reference.get("name"), names.path_segment)


def _validate_rules(rules: Object, path: str) -> Errors:
    errors: Errors = []
    window_s, here = rules.get("stabilizationWindowSeconds"), f"{path}.stabilizationWindowSeconds"
    if window_s is not None and window_s < 0:
        errors.append(invalid(here, window_s, "must be greater than or equal to zero"))
    if window_s is not None and window_s > STABILIZATION_MAX_S:
        errors.append(invalid(here, window_s, f"must be less than or equal to {STABILIZATION_MAX_S}"))
    select = rules.get("selectPolicy")
    if select is not None and select not in _SELECT_POLICIES:
        errors.append(not_supported(f"{path}.selectPolicy", select, _SELECT_POLICIES))
    policies = rules.get("policies") or []
    if not policies:
        errors.append(required(f"{path}.policies", "must specify at least one Policy"))
    for index, policy in enumerate(policies):
        errors += _validate_policy(policy, f"{path}.policies[{index}]")
    tolerance = rules.get("tolerance")
    if tolerance is not None and parse(tolerance).value < 0:
        errors.append(invalid(f"{path}.tolerance", tolerance, names.NOT_NEGATIVE))
    return errors


def _validate_policy(policy: Object, path: str) -> Errors:
    errors: Errors = []
    type_ = policy.get("type") or ""
    if type_ not in _POLICY_TYPES:
        errors.append(not_supported(f"{path}.type", type_, _POLICY_TYPES))
    for field in ("value", "periodSeconds"):
        number = policy.get(field) or 0
        if number <= 0:
            errors.append(invalid(f"{path}.{field}", number, "must be greater than zero"))
    period_s = policy.get("periodSeconds") or 0
    if period_s > PERIOD_MAX_S:
        detail = f"must be less than or equal to {PERIOD_MAX_S}"
        errors.append(invalid(f"{path}.periodSeconds", period_s, detail))
    return errors


def _validate_metric(metric: Object, path: str) -> Errors:
    errors: Errors = []
    type_ = metric.get("type") or ""
    if not type_:
        errors.append(required(f"{path}.type", "must specify a metric source type"))
    if type_ not in _METRIC_TYPES:
        errors.append(not_supported(f"{path}.type", type_, _METRIC_TYPES))
    present = [field for field in _SOURCES.values() if metric.get(field) is not None]
    for field in present[:1]:
        errors += _VALIDATORS[field](metric[field], f"{path}.{field}")
    expected = _SOURCES.get(type_)
    if expected is None:
        errors.append(not_supported(f"{path}.type", type_, _METRIC_TYPES))
    elif expected not in present:
        detail = "must populate information for the given metric source"
        errors.append(required(f"{path}.{expected}", detail))
    if len(present) != 1:
        detail = "must populate the given metric source only"
        errors += [forbidden(f"{path}.{field}", detail) for field in sorted(present) if field != expected]
    return errors


def _validate_target(target: Object, path: str) -> Errors:
    errors: Errors = []
    type_ = target.get("type") or ""
    if not type_:
        errors.append(required(f"{path}.type", "must specify a metric target type"))
    if type_ not in _TARGET_TYPES:
        errors.append(invalid(f"{path}.type", type_, "must be either Utilization, Value, or AverageValue"))
    for field in ("value", "averageValue"):
        value = target.get(field)
        if value is not None and parse(value).value <= 0:
            errors.append(invalid(f"{path}.{field}", value, "must be positive"))
    utilization = target.get("averageUtilization")
    if utilization is not None and utilization < 1:
        errors.append(invalid(f"{path}.averageUtilization", utilization, "must be greater than 0"))
    return errors


def _validate_identifier(source: Object, path: str) -> Errors:
    name, here = (source.get("metric") or {}).get("name") or "", f"{path}.metric.name"
    if not name:
        return [required(here, "must specify a metric name")]
    return invalid_each(here, name, names.path_segment(name))


def _validate_object(source: Object, path: str) -> Errors:
    target = source.get("target") or {}
    errors = _validate_reference(source.get("describedObject") or {}, f"{path}.describedObject")
    errors += _validate_identifier(source, path)
    errors += _validate_target(target, f"{path}.target")
    if target.get("value") is None and target.get("averageValue") is None:
        detail = "must set either a target value or averageValue"
        errors.append(required(f"{path}.target.averageValue", detail))
    return errors


def _validate_external(source: Object, path: str) -> Errors:
    target = source.get("target") or {}
    value, average = target.get("value"), target.get("averageValue")
    errors = _validate_identifier(source, path) + _validate_target(target, f"{path}.target")
    if value is None and average is None:
        detail = "must set either a target value for metric or a per-pod target"
        errors.append(required(f"{path}.target.averageValue", detail))
    if value is not None and average is not None:
        detail = "may not set both a target value for metric and a per-pod target"
        errors.append(forbidden(f"{path}.target.value", detail))
    return errors


def _validate_pods(source: Object, path: str) -> Errors:
    target = source.get("target") or {}
    errors = _validate_identifier(source, path) + _validate_target(target, f"{path}.target")
    if target.get("averageValue") is None:
        detail = "must specify a positive target averageValue"
        errors.append(required(f"{path}.target.averageValue", detail))
    return errors


def _validate_resource(source: Object, path: str) -> Errors:
    errors = [] if source.get("name") else [required(f"{path}.name", "must specify a resource name")]
    return errors + _validate_resource_target(source.get("target") or {}, f"{path}.target")


def _validate_container_resource(source: Object, path: str) -> Errors:
    name, container = source.get("name") or "", source.get("container") or ""
    if name:
        errors = validate_container_resource_name(name, f"{path}.name")
    else:
        errors = [required(f"{path}.name", "must specify a resource name")]
    if container:
        errors += invalid_each(f"{path}.container", container, names.dns_label(container))
    else:
        errors.append(required(f"{path}.container", "must specify a container"))
    return errors + _validate_resource_target(source.get("target") or {}, f"{path}.target")


def _validate_resource_target(target: Object, path: str) -> Errors:
    utilization, average = target.get("averageUtilization"), target.get("averageValue")
    errors = _validate_target(target, path)
    if utilization is None and average is None:
        detail = "must set either a target raw value or a target utilization"
        errors.append(required(f"{path}.averageUtilization", detail))
    if utilization is not None and average is not None:
        detail = "may not set both a target raw value and a target utilization"
        errors.append(forbidden(f"{path}.averageValue", detail))
    return errors


_VALIDATORS: Final[Mapping[str, Callable[[Object, str], Errors]]] = {
    "object": _validate_object,
    "external": _validate_external,
    "pods": _validate_pods,
    "resource": _validate_resource,
    "containerResource": _validate_container_resource,
}


RULES: Final = {
    r.HORIZONTALPODAUTOSCALERS: KindRules(
        validate_autoscaler, validate_autoscaler_update, validate_autoscaler_status
    ),
    r.HORIZONTALPODAUTOSCALERS_V1: KindRules(
        lambda obj: validate_autoscaler(to_v2(obj)),
        lambda new, old: validate_autoscaler_update(to_v2(new), to_v2(old)),
        validate_autoscaler_status,
    ),
}
