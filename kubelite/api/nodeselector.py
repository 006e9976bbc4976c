"""Does a pod's node selector, or its required node affinity, allow a node? Pure.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/;
k8s.io/component-helpers/scheduling/corev1/nodeaffinity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.strconv import NumberError, parse_int


def matches_expression(expression: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    """Whether one requirement of a node selector is met."""
    present, wanted = values.get(expression["key"]), expression.get("values") or []
    match expression["operator"]:
        case "In":
            return present in wanted
        case "NotIn":
            return present not in wanted
        case "Exists":
            return present is not None
        case "DoesNotExist":
            return present is None
        case "Gt" | "Lt" as operator:
            try:
                number, bound = parse_int(present or ""), parse_int(wanted[0])
            except (NumberError, IndexError):
                return False
            return number > bound if operator == "Gt" else number < bound
        case _:
            return False


def matches_terms(terms: Sequence[Mapping[str, Any]], labels: Mapping[str, str], name: str) -> bool:
    """Whether one of the terms is met; a term without expressions never is.

    Args:
        terms: Of a node selector.
        labels: The node's.
        name: The node's.
    """
    for term in terms:
        expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
        if not expressions and not fields:
            continue
        if all(matches_expression(each, labels) for each in expressions) and all(
            matches_expression(each, {"metadata.name": name}) for each in fields
        ):
            return True
    return False


def allows_node(pod_spec: Object, labels: Mapping[str, str], name: str) -> bool:
    """Whether `nodeSelector` and the required node affinity allow a node."""
    selector = pod_spec.get("nodeSelector")
    if selector and any(labels.get(key) != value for key, value in selector.items()):
        return False
    required = ((pod_spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    return not required or matches_terms(required.get("nodeSelectorTerms") or (), labels, name)
