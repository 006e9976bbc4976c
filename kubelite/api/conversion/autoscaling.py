"""HorizontalPodAutoscaler between `autoscaling/v2`, in which it is kept, and `autoscaling/v1`.

What v1 has no field for travels in annotations: metrics other than the share of CPU, behaviour, and of the
status the current metrics and the conditions.

Source: k8s.io/kubernetes/pkg/apis/autoscaling/v1/conversion.go.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from kubelite.api.goform import canonical_quantity
from kubelite.apimachinery.scheme import Object

V1: Final = "autoscaling/v1"
V2: Final = "autoscaling/v2"

_PREFIX: Final = "autoscaling.alpha.kubernetes.io/"
METRICS: Final = f"{_PREFIX}metrics"
BEHAVIOR: Final = f"{_PREFIX}behavior"
CURRENT_METRICS: Final = f"{_PREFIX}current-metrics"
CONDITIONS: Final = f"{_PREFIX}conditions"
ROUND_TRIP: Final = frozenset({METRICS, BEHAVIOR, CURRENT_METRICS, CONDITIONS})
"""Annotations that stand for fields of the other version."""


def _cpu_utilization(percent: int) -> Object:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


CPU_UTILIZATION_METRIC: Final[Object] = _cpu_utilization(80)
"""What an autoscaler without any metric goes by."""

_SOURCES: Final = ("object", "pods", "resource", "containerResource", "external")


def without_round_trip_annotations(metadata: Object) -> Object:
    """The metadata without the annotations that stand for fields."""
    annotations = metadata.get("annotations") or {}
    if not ROUND_TRIP & annotations.keys():
        return metadata
    kept = {key: text for key, text in annotations.items() if key not in ROUND_TRIP}
    rest = {key: value for key, value in metadata.items() if key != "annotations"}
    return {**rest, "annotations": kept} if kept else rest


def _present(fields: Mapping[str, Any]) -> Object:
    """The fields that are there."""
    return {key: value for key, value in fields.items() if value is not None}


# --- from v2 to v1 ------------------------------------------------------------------------------------------


def to_v1(autoscaler: Object) -> Object:
    """The autoscaler as `autoscaling/v1` shows it."""
    spec, status = autoscaler.get("spec") or {}, autoscaler.get("status") or {}
    metrics = spec.get("metrics") or []
    percent = next((_cpu_share(metric) for metric in metrics if _is_cpu(metric)), None)
    others = [_metric_to_v1(metric) for metric in metrics if _cpu_share(metric) is None]
    current = status.get("currentMetrics") or []
    annotations = dict(without_round_trip_annotations(autoscaler["metadata"]).get("annotations") or {})
    if others:
        annotations[METRICS] = _encoded(others)
    if current:
        annotations[CURRENT_METRICS] = _encoded([_status_to_v1(metric) for metric in current])
    if status.get("conditions"):
        annotations[CONDITIONS] = _encoded([_condition_to_v1(each) for each in status["conditions"]])
    if spec.get("behavior"):
        annotations[BEHAVIOR] = _encoded(_behavior_to_internal(spec["behavior"]))
    metadata = without_round_trip_annotations(autoscaler["metadata"])
    if annotations:
        metadata = {**metadata, "annotations": annotations}
    return {
        **autoscaler,
        "apiVersion": V1,
        "metadata": metadata,
        "spec": _present(
            {
                "scaleTargetRef": spec.get("scaleTargetRef") or {},
                "minReplicas": spec.get("minReplicas"),
                "maxReplicas": spec.get("maxReplicas", 0),
                "targetCPUUtilizationPercentage": percent,
            }
        ),
        "status": _present(
            {
                "observedGeneration": status.get("observedGeneration"),
                "lastScaleTime": status.get("lastScaleTime"),
                "currentReplicas": status.get("currentReplicas", 0),
                "desiredReplicas": status.get("desiredReplicas", 0),
                "currentCPUUtilizationPercentage": _current_cpu_share(current),
            }
        ),
    }


def _is_cpu(metric: Object) -> bool:
    return metric.get("type") == "Resource" and (metric.get("resource") or {}).get("name") == "cpu"


def _cpu_share(metric: Object) -> int | None:
    """The share of CPU that a metric of v2 asks for; None for any other metric."""
    if not _is_cpu(metric):
        return None
    share: int | None = (metric["resource"].get("target") or {}).get("averageUtilization")
    return share


def _current_cpu_share(current: list[Object]) -> int | None:
    share: int | None = None
    for metric in current:
        if _is_cpu(metric):
            share = (metric["resource"].get("current") or {}).get("averageUtilization", share)
    return share


def _encoded(value: Any) -> str:
    """JSON as Go writes it: without blanks, and with characters that HTML knows escaped."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _metric_to_v1(metric: Object) -> Object:
    return _source_to_v1(metric, _SPEC_TO_V1)


def _status_to_v1(metric: Object) -> Object:
    return _source_to_v1(metric, _STATUS_TO_V1)


def _source_to_v1(metric: Object, converters: Mapping[str, Callable[[Object], Object]]) -> Object:
    sources = {
        kind: _present(converters[kind](metric[kind])) for kind in _SOURCES if metric.get(kind) is not None
    }
    return {"type": metric.get("type", ""), **sources}


def _identifier(source: Object) -> Object:
    metric = source.get("metric") or {}
    return {"metricName": metric.get("name", ""), "selector": metric.get("selector")}


def _object_to_v1(source: Object) -> Object:
    target, identifier = source.get("target") or {}, _identifier(source)
    return {
        "target": source.get("describedObject") or {},
        "metricName": identifier["metricName"],
        "targetValue": target.get("value", "0"),
        "selector": identifier["selector"],
        "averageValue": target.get("averageValue"),
    }


def _pods_to_v1(source: Object) -> Object:
    target, identifier = source.get("target") or {}, _identifier(source)
    return {
        "metricName": identifier["metricName"],
        "targetAverageValue": target.get("averageValue", "0"),
        "selector": identifier["selector"],
    }


def _resource_to_v1(source: Object) -> Object:
    target = source.get("target") or {}
    return {
        "name": source.get("name", ""),
        "targetAverageUtilization": target.get("averageUtilization"),
        "targetAverageValue": target.get("averageValue"),
        "container": source.get("container"),
    }


def _external_to_v1(source: Object) -> Object:
    target, identifier = source.get("target") or {}, _identifier(source)
    return {
        "metricName": identifier["metricName"],
        "metricSelector": identifier["selector"],
        "targetValue": target.get("value"),
        "targetAverageValue": target.get("averageValue"),
    }


_SPEC_TO_V1: Final[Mapping[str, Callable[[Object], Object]]] = {
    "object": _object_to_v1,
    "pods": _pods_to_v1,
    "resource": _resource_to_v1,
    "containerResource": _resource_to_v1,
    "external": _external_to_v1,
}


def _object_status_to_v1(source: Object) -> Object:
    current, identifier = source.get("current") or {}, _identifier(source)
    return {
        "target": source.get("describedObject") or {},
        "metricName": identifier["metricName"],
        "currentValue": current.get("value", "0"),
        "selector": identifier["selector"],
        "averageValue": current.get("averageValue"),
    }


def _pods_status_to_v1(source: Object) -> Object:
    current, identifier = source.get("current") or {}, _identifier(source)
    return {
        "metricName": identifier["metricName"],
        "currentAverageValue": current.get("averageValue", "0"),
        "selector": identifier["selector"],
    }


def _resource_status_to_v1(source: Object) -> Object:
    current = source.get("current") or {}
    return {
        "name": source.get("name", ""),
        "currentAverageUtilization": current.get("averageUtilization"),
        "currentAverageValue": current.get("averageValue", "0"),
        "container": source.get("container"),
    }


def _external_status_to_v1(source: Object) -> Object:
    current, identifier = source.get("current") or {}, _identifier(source)
    return {
        "metricName": identifier["metricName"],
        "metricSelector": identifier["selector"],
        "currentValue": current.get("value", "0"),
        "currentAverageValue": current.get("averageValue"),
    }


_STATUS_TO_V1: Final[Mapping[str, Callable[[Object], Object]]] = {
    "object": _object_status_to_v1,
    "pods": _pods_status_to_v1,
    "resource": _resource_status_to_v1,
    "containerResource": _resource_status_to_v1,
    "external": _external_status_to_v1,
}


def _condition_to_v1(condition: Object) -> Object:
    return {
        "type": condition.get("type", ""),
        "status": condition.get("status", ""),
        "lastTransitionTime": condition.get("lastTransitionTime"),
        **_present({"reason": condition.get("reason"), "message": condition.get("message")}),
    }


def _behavior_to_internal(behavior: Object) -> Object:
    """The behaviour under the names of Kubernetes' internal type, which is what the annotation holds."""
    return {
        "ScaleUp": _rules_to_internal(behavior.get("scaleUp")),
        "ScaleDown": _rules_to_internal(behavior.get("scaleDown")),
    }


def _rules_to_internal(rules: Object | None) -> Object | None:
    if rules is None:
        return None
    policies = rules.get("policies")
    return {
        "StabilizationWindowSeconds": rules.get("stabilizationWindowSeconds"),
        "SelectPolicy": rules.get("selectPolicy"),
        "Policies": policies
        and [
            {"Type": each["type"], "Value": each["value"], "PeriodSeconds": each["periodSeconds"]}
            for each in policies
        ],
        "Tolerance": rules.get("tolerance"),
    }


# --- from v1 to v2 ------------------------------------------------------------------------------------------


def to_v2(autoscaler: Object) -> Object:
    """The autoscaler as it is kept."""
    spec, status = autoscaler.get("spec") or {}, autoscaler.get("status") or {}
    annotations = autoscaler["metadata"].get("annotations") or {}
    metrics = _metrics_to_v2(annotations.get(METRICS), _SPEC_TO_V2)
    percent = spec.get("targetCPUUtilizationPercentage")
    if percent is not None:
        metrics.append(_cpu_utilization(percent))
    return {
        **autoscaler,
        "apiVersion": V2,
        "metadata": without_round_trip_annotations(autoscaler["metadata"]),
        "spec": _present(
            {
                "scaleTargetRef": spec.get("scaleTargetRef") or {},
                "minReplicas": spec.get("minReplicas"),
                "maxReplicas": spec.get("maxReplicas", 0),
                "metrics": metrics or [CPU_UTILIZATION_METRIC],
                "behavior": _behavior_from_internal(annotations.get(BEHAVIOR)),
            }
        ),
        "status": _status_to_v2(status, annotations),
    }


def _status_to_v2(status: Object, annotations: Mapping[str, str]) -> Object:
    current: list[Object] = []
    percent = status.get("currentCPUUtilizationPercentage")
    if percent is not None:
        resource = {"name": "cpu", "current": {"averageUtilization": percent}}
        current = [{"type": "Resource", "resource": resource}]
    current = _metrics_to_v2(annotations.get(CURRENT_METRICS), _STATUS_TO_V2) or current
    return _present(
        {
            "observedGeneration": status.get("observedGeneration"),
            "lastScaleTime": status.get("lastScaleTime"),
            "currentReplicas": status.get("currentReplicas") or None,
            "desiredReplicas": status.get("desiredReplicas", 0),
            "conditions": _objects(annotations.get(CONDITIONS)) or None,
        }
    ) | {"currentMetrics": current or None}


def _objects(text: str | None) -> list[Object]:
    """The objects of a list in an annotation; none if it is anything else."""
    try:
        value = json.loads(text) if text else None
    except json.JSONDecodeError:
        return []
    return value if isinstance(value, list) and all(isinstance(each, dict) for each in value) else []


def _metrics_to_v2(text: str | None, converters: Mapping[str, Callable[[Object], Object]]) -> list[Object]:
    """The metrics in an annotation; none if one of them is malformed."""
    try:
        return [
            {
                "type": metric.get("type", ""),
                **{
                    kind: converters[kind](metric[kind])
                    for kind in _SOURCES
                    if isinstance(metric.get(kind), dict)
                },
            }
            for metric in _objects(text)
        ]
    except ValueError:
        return []


def _amount(source: Object, field: str, default: str | None = None) -> str | None:
    value = source.get(field, default)
    return None if value is None else canonical_quantity(value)


def _target(type_: str, **values: Any) -> Object:
    return {"type": type_, **_present(values)}


def _metric(source: Object, selector: str = "selector") -> Object:
    return _present({"name": source.get("metricName", ""), "selector": source.get(selector)})


def _object_to_v2(source: Object) -> Object:
    average = _amount(source, "averageValue")
    type_ = "Value" if average is None else "AverageValue"
    return {
        "describedObject": source.get("target") or {},
        "target": _target(type_, value=_amount(source, "targetValue", "0"), averageValue=average),
        "metric": _metric(source),
    }


def _pods_to_v2(source: Object) -> Object:
    average = _amount(source, "targetAverageValue", "0")
    return {"metric": _metric(source), "target": _target("AverageValue", averageValue=average)}


def _resource_to_v2(source: Object) -> Object:
    percent = source.get("targetAverageUtilization")
    average = _amount(source, "targetAverageValue")
    type_ = "AverageValue" if percent is None else "Utilization"
    target = _target(type_, averageValue=average, averageUtilization=percent)
    return _present({"name": source.get("name", ""), "target": target, "container": source.get("container")})


def _external_to_v2(source: Object) -> Object:
    value = _amount(source, "targetValue")
    average = _amount(source, "targetAverageValue")
    type_ = "AverageValue" if value is None else "Value"
    return {
        "metric": _metric(source, "metricSelector"),
        "target": _target(type_, value=value, averageValue=average),
    }


_SPEC_TO_V2: Final[Mapping[str, Callable[[Object], Object]]] = {
    "object": _object_to_v2,
    "pods": _pods_to_v2,
    "resource": _resource_to_v2,
    "containerResource": _resource_to_v2,
    "external": _external_to_v2,
}


def _object_status_to_v2(source: Object) -> Object:
    value, average = _amount(source, "currentValue", "0"), _amount(source, "averageValue")
    return {
        "metric": _metric(source),
        "current": _present({"value": value, "averageValue": average}),
        "describedObject": source.get("target") or {},
    }


def _pods_status_to_v2(source: Object) -> Object:
    average = _amount(source, "currentAverageValue", "0")
    return {"metric": _metric(source), "current": {"averageValue": average}}


def _resource_status_to_v2(source: Object) -> Object:
    average = _amount(source, "currentAverageValue", "0")
    percent = source.get("currentAverageUtilization")
    current = _present({"averageValue": average, "averageUtilization": percent})
    return _present(
        {"name": source.get("name", ""), "current": current, "container": source.get("container")}
    )


def _external_status_to_v2(source: Object) -> Object:
    value, average = _amount(source, "currentValue", "0"), _amount(source, "currentAverageValue")
    return {
        "metric": _metric(source, "metricSelector"),
        "current": _present({"value": value, "averageValue": average}),
    }


_STATUS_TO_V2: Final[Mapping[str, Callable[[Object], Object]]] = {
    "object": _object_status_to_v2,
    "pods": _pods_status_to_v2,
    "resource": _resource_status_to_v2,
    "containerResource": _resource_status_to_v2,
    "external": _external_status_to_v2,
}


def _behavior_from_internal(text: str | None) -> Object | None:
    try:
        value = json.loads(text) if text else None
    except json.JSONDecodeError:
        return None
    if not isinstance(value, dict):
        return None
    behavior = {
        "scaleUp": _rules_from_internal(value.get("ScaleUp")),
        "scaleDown": _rules_from_internal(value.get("ScaleDown")),
    }
    return _present(behavior) or None


def _rules_from_internal(rules: Any) -> Object | None:
    if not isinstance(rules, dict):
        return None
    policies = rules.get("Policies")
    return _present(
        {
            "stabilizationWindowSeconds": rules.get("StabilizationWindowSeconds"),
            "selectPolicy": rules.get("SelectPolicy"),
            "policies": policies
            and [
                {
                    "type": each.get("Type", ""),
                    "value": each.get("Value", 0),
                    "periodSeconds": each.get("PeriodSeconds", 0),
                }
                for each in policies
            ],
            "tolerance": rules.get("Tolerance"),
        }
    )
