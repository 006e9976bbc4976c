"""A claim may grow only if it is bound, and its class allows it.

Source: k8s.io/kubernetes/plugin/pkg/admission/storage/persistentvolume/resize.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.resourcelist import amount
from kubelite.api.resources import PERSISTENTVOLUMECLAIMS, STORAGECLASSES
from kubelite.apimachinery.scheme import Object
from kubelite.master.apiserver.admission.attributes import UPDATE, Attributes, Plugin
from kubelite.master.apiserver.admission.defaultstorageclass import class_name_of
from kubelite.master.apiserver.environment import Environment

NOT_BOUND: Final = "Only bound persistent volume claims can be expanded"
NOT_EXPANDABLE: Final = (
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must "
    "support resize"
)


def _size(claim: Object) -> int:
    text = (((claim.get("spec") or {}).get("resources") or {}).get("requests") or {}).get("storage") or "0"
    return amount("storage", text)


def _validate(env: Environment, attributes: Attributes, obj: Object) -> None:
    old = attributes.old
    assert old is not None
    if _size(obj) <= _size(old):
        return
    if (old.get("status") or {}).get("phase") != "Bound":
        raise attributes.forbidden(NOT_BOUND)
    name = class_name_of(obj)
    entry = env.store.get(STORAGECLASSES, "", name) if name and name == class_name_of(old) else None
    if entry is None or not entry.object.get("allowVolumeExpansion"):
        raise attributes.forbidden(NOT_EXPANDABLE)


PLUGIN: Final = Plugin(
    name="PersistentVolumeClaimResize",
    resources=frozenset({PERSISTENTVOLUMECLAIMS.group_resource}),
    operations=frozenset({UPDATE}),
    validate=_validate,
)
