"""Defaults of HorizontalPodAutoscalers, in both versions.

Source: k8s.io/kubernetes/pkg/apis/autoscaling/{v1,v2}/defaults.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kubelite.api import resources as r
from kubelite.api.conversion.autoscaling import CPU_UTILIZATION_METRIC, without_round_trip_annotations
from kubelite.api.defaults.podspec import changed, with_defaults
from kubelite.apimachinery.scheme import Object

_PERIOD_S: Final = 15
_PERCENT: Final[Mapping[str, Any]] = {"type": "Percent", "value": 100, "periodSeconds": _PERIOD_S}
_SCALE_UP: Final[Mapping[str, Any]] = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [{"type": "Pods", "value": 4, "periodSeconds": _PERIOD_S}, _PERCENT],
}
_SCALE_DOWN: Final[Mapping[str, Any]] = {"selectPolicy": "Max", "policies": [_PERCENT]}


def default_autoscaler(autoscaler: Object) -> Object:
    """At least one pod, 80 % of the CPU asked for, and whole rules of behaviour if there are any.

    Annotations by which other versions carry fields of this one are dropped.
    """
    spec = with_defaults(autoscaler["spec"], {"minReplicas": 1})
    if not spec.get("metrics"):
        spec = {**spec, "metrics": [CPU_UTILIZATION_METRIC]}
    spec = changed(spec, "behavior", _behavior)
    metadata = without_round_trip_annotations(autoscaler["metadata"])
    return {**autoscaler, "metadata": metadata, "spec": spec}


def _behavior(behavior: Object) -> Object:
    return {
        **behavior,
        "scaleUp": with_defaults(behavior.get("scaleUp") or {}, _SCALE_UP),
        "scaleDown": with_defaults(behavior.get("scaleDown") or {}, _SCALE_DOWN),
    }


def default_autoscaler_v1(autoscaler: Object) -> Object:
    """At least one pod; the default metric is set by the conversion, which knows all metrics."""
    return {**autoscaler, "spec": with_defaults(autoscaler["spec"], {"minReplicas": 1})}


DEFAULTS: Final = {
    r.HORIZONTALPODAUTOSCALERS: default_autoscaler,
    r.HORIZONTALPODAUTOSCALERS_V1: default_autoscaler_v1,
}
