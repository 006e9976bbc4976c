"""Storage: how volumes and claims name each other, and what makes volumes in a fresh cluster. Pure.

Source: k8s.io/component-helpers/storage/volume/pv_helpers.go; github.com/rancher/local-path-provisioner, as
clusters of kind have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kubelite.apimachinery.scheme import Object

LOCAL_PATH: Final = "rancher.io/local-path"
PROVISIONERS: Final = frozenset({LOCAL_PATH, "k8s.io/minikube-hostpath"})
"""Names of provisioners whose claims get directories of a node."""
BASE_PATH: Final = "/opt/local-path-provisioner"
"""Where on a node the directories are."""
STANDARD: Final = "standard"
BIND_COMPLETED: Final = "pv.kubernetes.io/bind-completed"
"""Annotation of claims: both sides know of the binding."""
BOUND_BY_CONTROLLER: Final = "pv.kubernetes.io/bound-by-controller"
"""Annotation: nobody but a controller chose the other side."""
SELECTED_NODE: Final = "volume.kubernetes.io/selected-node"
"""Annotation of claims: the node that the scheduler chose for their first pod."""
NO_PROVISIONER: Final = "kubernetes.io/no-provisioner"
"""The provisioner of classes whose volumes are made by hand."""


def annotations_of(obj: Object) -> Mapping[str, str]:
    """The annotations; an empty map for none."""
    found: Mapping[str, str] = obj["metadata"].get("annotations") or {}
    return found


def annotated(obj: Object, added: Mapping[str, str]) -> Object:
    """An object with more annotations."""
    metadata = obj["metadata"]
    return {**obj, "metadata": {**metadata, "annotations": {**annotations_of(obj), **added}}}


def class_of(obj: Object) -> str:
    """The class of a volume, or of a claim; "" for none."""
    name: str = obj["spec"].get("storageClassName") or ""
    return name


def is_for(volume: Object, claim: Object) -> bool:
    """Whether a volume names this claim, by name and, once that is known, by uid."""
    reference, metadata = volume["spec"].get("claimRef") or {}, claim["metadata"]
    same = (reference.get("namespace"), reference.get("name")) == (metadata["namespace"], metadata["name"])
    return same and reference.get("uid") in {None, "", metadata["uid"]}


def reference_to(claim: Object) -> Object:
    """How a volume names its claim."""
    metadata = claim["metadata"]
    return {
        "kind": "PersistentVolumeClaim",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": "v1",
        "resourceVersion": metadata["resourceVersion"],
    }


def standard_class() -> Object:
    """The default class."""
    return {
        "kind": "StorageClass",
        "apiVersion": "storage.k8s.io/v1",
        "metadata": {
            "name": STANDARD,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": LOCAL_PATH,
        "reclaimPolicy": "Delete",
        "allowVolumeExpansion": True,
        "volumeBindingMode": "WaitForFirstConsumer",
    }
