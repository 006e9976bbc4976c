"""Defaults of flow schemas and priority levels.

Source: k8s.io/kubernetes/pkg/apis/flowcontrol/v1/defaults.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kubelite.api import resources as r
from kubelite.api.defaults.podspec import changed, with_defaults
from kubelite.apimachinery.scheme import Object

MATCHING_PRECEDENCE: Final = 1000
_EXEMPT: Final[Mapping[str, int]] = {"nominalConcurrencyShares": 0, "lendablePercent": 0}
_LIMITED: Final[Mapping[str, int]] = {"nominalConcurrencyShares": 30, "lendablePercent": 0}
_QUEUING: Final[Mapping[str, int]] = {"queues": 64, "handSize": 8, "queueLengthLimit": 50}


def default_flow_schema(schema: Object) -> Object:
    """Its place among the schemas."""
    spec = schema.get("spec") or {}
    if spec.get("matchingPrecedence"):
        return schema
    return {**schema, "spec": {**spec, "matchingPrecedence": MATCHING_PRECEDENCE}}


def default_priority_level(level: Object) -> Object:
    """Shares, and queues if requests wait in any."""

    def spec(spec: Object) -> Object:
        spec = changed(spec, "exempt", lambda exempt: with_defaults(exempt, _EXEMPT))
        return changed(spec, "limited", _limited)

    return changed(level, "spec", spec)


def _limited(limited: Object) -> Object:
    limited = with_defaults(limited, _LIMITED)
    return changed(limited, "limitResponse", lambda response: changed(response, "queuing", _queuing))


def _queuing(queuing: Object) -> Object:
    return {**queuing, **{field: queuing.get(field) or value for field, value in _QUEUING.items()}}


DEFAULTS: Final = {
    r.FLOWSCHEMAS: default_flow_schema,
    r.PRIORITYLEVELCONFIGURATIONS: default_priority_level,
}
