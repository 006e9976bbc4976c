"""What RuntimeClasses must be.

Source: k8s.io/kubernetes/pkg/apis/node/validation.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import resources as r
from kubelite.api.validation import names
from kubelite.api.validation.computeresources import validate_resources
from kubelite.api.validation.metadata import validate_labels
from kubelite.api.validation.placement import validate_tolerations
from kubelite.api.validation.problems import Errors, invalid_each, unchanged
from kubelite.api.validation.rules import KindRules, with_create
from kubelite.apimachinery.scheme import Object


def validate_runtime_class(runtime_class: Object) -> Errors:
    """A handler, the overhead of a pod, and where such pods run."""
    handler = runtime_class.get("handler") or ""
    errors = invalid_each("handler", handler, names.dns_label(handler))
    overhead = runtime_class.get("overhead")
    if overhead is not None:
        errors += validate_resources({"limits": overhead.get("podFixed") or {}}, "overhead")
    scheduling = runtime_class.get("scheduling")
    if scheduling is not None:
        errors += validate_labels(scheduling.get("nodeSelector"), "scheduling.nodeSelector")
        errors += validate_tolerations(scheduling.get("tolerations") or [], "scheduling.tolerations")
    return errors


def _validate_update(new: Object, old: Object) -> Errors:
    return unchanged("handler", new.get("handler") or "", old.get("handler") or "")


RULES: Final = {
    r.RUNTIMECLASSES: KindRules(
        validate_runtime_class, with_create(validate_runtime_class, _validate_update), update_metadata="both"
    )
}
