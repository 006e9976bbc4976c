"""Claims and volumes are kept from deletion while they are used, by a finalizer.

Source: k8s.io/kubernetes/plugin/pkg/admission/storage/storageobjectinuseprotection.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.resources import PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES
from kubelite.apimachinery.scheme import Object
from kubelite.master.apiserver.admission.attributes import Attributes, Plugin
from kubelite.master.apiserver.environment import Environment

FINALIZERS: Final = {
    PERSISTENTVOLUMECLAIMS.group_resource: "kubernetes.io/pvc-protection",
    PERSISTENTVOLUMES.group_resource: "kubernetes.io/pv-protection",
}


def with_finalizer(obj: Object, finalizer: str) -> Object:
    """The object with the finalizer."""
    metadata = obj["metadata"]
    finalizers = metadata.get("finalizers") or []
    if finalizer in finalizers:
        return obj
    return {**obj, "metadata": {**metadata, "finalizers": [*finalizers, finalizer]}}


def _admit(_env: Environment, attributes: Attributes, obj: Object) -> Object:
    return with_finalizer(obj, FINALIZERS[attributes.resource.group_resource])


PLUGIN: Final = Plugin(name="StorageObjectInUseProtection", resources=frozenset(FINALIZERS), admit=_admit)
