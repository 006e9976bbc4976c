"""Label keys of a new pod's rules about other pods: its own values become part of their selectors. Pure.

Source: k8s.io/kubernetes/pkg/registry/core/pod/strategy.go (applyMatchLabelKeysAndMismatchLabelKeys,
mutateTopologySpreadConstraints).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kubelite.apimachinery.scheme import Object

_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"


def merged(rule: Object, labels: Mapping[str, str]) -> Object:
    """A rule whose selector demands, or excludes, the values that the pod has of its label keys."""
    selector = rule.get("labelSelector")
    if selector is None:
        return rule  # it selects nothing
    added = [
        {"key": key, "operator": operator, "values": [labels[key]]}
        for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn"))
        for key in rule.get(field) or ()
        if key in labels
    ]
    if not added:
        return rule
    expressions = [*(selector.get("matchExpressions") or ()), *added]
    return {**rule, "labelSelector": {**selector, "matchExpressions": expressions}}


def with_label_keys(spec: Object, labels: Mapping[str, str]) -> Object:
    """A new pod's spec with the keys of its spread constraints and affinities merged into their selectors."""
    changed: dict[str, Any] = {}
    constraints = spec.get("topologySpreadConstraints")
    if constraints:
        changed["topologySpreadConstraints"] = [merged(each, labels) for each in constraints]
    affinity = spec.get("affinity")
    if affinity:
        changed["affinity"] = {
            kind: each if kind == "nodeAffinity" or not each else _with_terms(each, labels)
            for kind, each in affinity.items()
        }
    return {**spec, **changed} if changed else spec


def _with_terms(affinity: Object, labels: Mapping[str, str]) -> Object:
    changed: dict[str, Any] = {}
    if affinity.get(_REQUIRED):
        changed[_REQUIRED] = [merged(each, labels) for each in affinity[_REQUIRED]]
    if affinity.get(_PREFERRED):
        changed[_PREFERRED] = [
            {**each, "podAffinityTerm": merged(each["podAffinityTerm"], labels)}
            if each.get("podAffinityTerm")
            else each
            for each in affinity[_PREFERRED]
        ]
    return {**affinity, **changed}
