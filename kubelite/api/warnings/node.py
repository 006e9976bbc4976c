"""Warnings about runtime classes.

Source: k8s.io/kubernetes/pkg/api/node/util.go (GetWarningsForRuntimeClass).
"""

from __future__ import annotations

from typing import Final

from kubelite.api import resources as r
from kubelite.api.warnings.pods import DEPRECATED_NODE_LABELS
from kubelite.apimachinery.scheme import Object


def runtime_class_warnings(runtime_class: Object) -> list[str]:
    """Labels of nodes that have other names by now."""
    selector = (runtime_class.get("scheduling") or {}).get("nodeSelector") or {}
    return [
        f"scheduling.nodeSelector: {DEPRECATED_NODE_LABELS[key]}"
        for key in sorted(selector)
        if key in DEPRECATED_NODE_LABELS
    ]


CREATE: Final = {r.RUNTIMECLASSES: runtime_class_warnings}
UPDATE: Final = {r.RUNTIMECLASSES: lambda new, _: runtime_class_warnings(new)}
