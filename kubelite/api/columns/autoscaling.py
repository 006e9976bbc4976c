"""The columns of HorizontalPodAutoscalers: what each metric is, and should be.

Source: k8s.io/kubernetes/pkg/printers/internalversion/printers.go (formatHPAMetrics).
"""

from __future__ import annotations

from typing import Any, Final

from kubelite.api.columns.text import AGE, NAME, NONE, UNKNOWN, UNSET, Column, status_of
from kubelite.api.conversion.autoscaling import V1, to_v2
from kubelite.apimachinery.scheme import Object

METRICS_MAX: Final = 2
"""How many metrics the cell shows."""


def _reference(autoscaler: Object, _: float) -> str:
    target = autoscaler["spec"].get("scaleTargetRef") or {}
    return f"{target.get('kind', '')}/{target.get('name', '')}"


def _targets(autoscaler: Object, _: float) -> str:
    if autoscaler.get("apiVersion") == V1:
        autoscaler = to_v2(autoscaler)
    metrics = autoscaler["spec"].get("metrics") or []
    current = (autoscaler.get("status") or {}).get("currentMetrics") or []
    if not metrics:
        return NONE
    shown = [
        _metric(metric, current[index] if index < len(current) else {})
        for index, metric in enumerate(metrics)
    ]
    text = ", ".join(shown[:METRICS_MAX])
    return f"{text} + {len(shown) - METRICS_MAX} more..." if len(shown) > METRICS_MAX else text


def _metric(metric: Object, current: Object) -> str:
    type_ = metric.get("type") or ""
    field = f"{type_[:1].lower()}{type_[1:]}"
    source: Object = metric.get(field) or {}
    now: Object = (current.get(field) or {}).get("current") or {}
    target: Object = source.get("target") or {}
    if type_ in {"External", "Object"}:
        return _average_or_value(target, now)
    if type_ == "Pods":
        return f"{now.get('averageValue') or UNKNOWN}/{target.get('averageValue')}"
    if type_ in {"Resource", "ContainerResource"}:
        return f"{source.get('name')}: {_resource(target, now)}"
    return "<unknown type>"


def _average_or_value(target: Object, now: Object) -> str:
    if target.get("averageValue") is not None:
        return f"{now.get('averageValue') or UNKNOWN}/{target['averageValue']} (avg)"
    return f"{now.get('value') or UNKNOWN}/{target.get('value')}"


def _resource(target: Object, now: Object) -> str:
    if target.get("averageValue") is not None:
        return f"{now.get('averageValue') or UNKNOWN}/{target['averageValue']}"
    used: Any = now.get("averageUtilization")
    wanted = target.get("averageUtilization")
    shown = UNKNOWN if used is None else f"{used}%"
    return f"{shown}/{'<auto>' if wanted is None else f'{wanted}%'}"


def _min_pods(autoscaler: Object, _: float) -> str:
    low = autoscaler["spec"].get("minReplicas")
    return UNSET if low is None else str(low)


AUTOSCALER_COLUMNS: Final = (
    NAME,
    Column("Reference", _reference, "What it scales."),
    Column("Targets", _targets, "What each metric is, and what it should be."),
    Column("MinPods", _min_pods, "How few pods there may be."),
    Column(
        "MaxPods",
        lambda autoscaler, _: autoscaler["spec"].get("maxReplicas") or 0,
        "How many pods there may be.",
    ),
    Column("Replicas", status_of("currentReplicas"), "How many pods there are."),
    AGE,
)
