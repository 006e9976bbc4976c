"""A claim that names no class gets the default one.

Source: k8s.io/kubernetes/plugin/pkg/admission/storage/storageclass/setdefault.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.resources import PERSISTENTVOLUMECLAIMS, STORAGECLASSES
from kubelite.apimachinery.scheme import Object
from kubelite.master.apiserver.admission.attributes import Attributes, Plugin
from kubelite.master.apiserver.admission.defaultclass import default_class
from kubelite.master.apiserver.environment import Environment

CLASS_ANNOTATION: Final = "volume.beta.kubernetes.io/storage-class"
DEFAULT_ANNOTATIONS: Final = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def class_name_of(claim: Object) -> str:
    """The name of a claim's class; "" if it has none."""
    annotations = claim["metadata"].get("annotations") or {}
    return str(annotations.get(CLASS_ANNOTATION) or (claim.get("spec") or {}).get("storageClassName") or "")


def _admit(env: Environment, _attributes: Attributes, obj: Object) -> Object:
    named = CLASS_ANNOTATION in (obj["metadata"].get("annotations") or {})
    spec = obj.get("spec") or {}
    if named or spec.get("storageClassName") is not None:
        return obj
    found = default_class(env.store, STORAGECLASSES, DEFAULT_ANNOTATIONS)
    if found is None:
        return obj
    return {**obj, "spec": {**spec, "storageClassName": found["metadata"]["name"]}}


PLUGIN: Final = Plugin(
    name="DefaultStorageClass",
    resources=frozenset({PERSISTENTVOLUMECLAIMS.group_resource}),
    admit=_admit,
)
