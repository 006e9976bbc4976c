"""Annotations of pods that mean something to Kubernetes itself.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (ValidatePodSpecificAnnotations,
ValidatePodSpecificAnnotationUpdates).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kubelite.api.podutil import MIRROR, POD_DELETION_COST, parse_deletion_cost
from kubelite.api.validation.problems import Errors, forbidden, invalid
from kubelite.apimachinery.scheme import Object

_APP_ARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_PATH: Final = "metadata.annotations"


def validate_pod_annotations(
    annotations: Mapping[str, str] | None, spec: Object, path: str = _PATH
) -> Errors:
    """The errors in the annotations of a pod, or of the template of one.

    Args:
        annotations: None for none.
        spec: The pod's.
        path: Of the annotations.
    """
    errors: Errors = []
    if not annotations:
        return errors
    if MIRROR in annotations and not spec.get("nodeName"):
        detail = "must set spec.nodeName if mirror pod annotation is set"
        errors.append(invalid(f"{path}[{MIRROR}]", annotations[MIRROR], detail))
    cost = annotations.get(POD_DELETION_COST)
    if cost is not None and parse_deletion_cost(cost) is None:
        errors.append(invalid(f"{path}[{POD_DELETION_COST}]", cost, "must be a 32bit integer"))
    return errors


def validate_pod_annotations_update(new: Object, old: Object) -> Errors:
    """The errors in what becomes of a pod's annotations; some stay for ever."""
    after, before = new["metadata"].get("annotations") or {}, old["metadata"].get("annotations") or {}
    if after == before:
        return []
    errors: Errors = []
    for key in sorted(before.keys() | after.keys()):
        what = "mirror pod annotation" if key == MIRROR else "AppArmor annotations"
        if (key != MIRROR and not key.startswith(_APP_ARMOR)) or before.get(key) == after.get(key):
            continue
        done = "may not remove or update" if key in before else "may not add"
        errors.append(forbidden(f"{_PATH}[{key}]", f"{done} {what}"))
    known = before.get(POD_DELETION_COST)
    if known is not None and parse_deletion_cost(known) is None:  # what was let in may stay
        after = {key: value for key, value in after.items() if key != POD_DELETION_COST}
    return errors + validate_pod_annotations(after, new.get("spec") or {})
