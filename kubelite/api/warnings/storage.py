"""Warnings about storage classes.

Source: k8s.io/kubernetes/pkg/api/storage/util.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import resources as r
from kubelite.api.warnings.pods import DEPRECATED_NODE_LABELS
from kubelite.apimachinery.scheme import Object


def storage_class_warnings(storage_class: Object) -> list[str]:
    """Labels of nodes that have other names by now."""
    return [
        f"allowedTopologies[{index}].matchLabelExpressions[{number}].key: "
        f"{DEPRECATED_NODE_LABELS[expression['key']]}"
        for index, term in enumerate(storage_class.get("allowedTopologies") or ())
        for number, expression in enumerate(term.get("matchLabelExpressions") or ())
        if expression.get("key") in DEPRECATED_NODE_LABELS
    ]


CREATE: Final = {r.STORAGECLASSES: storage_class_warnings}
UPDATE: Final = {r.STORAGECLASSES: lambda new, _: storage_class_warnings(new)}
