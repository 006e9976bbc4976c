"""Storage of a fresh cluster: who makes volumes, and the class of claims that name none.

Source: github.com/rancher/local-path-provisioner, as clusters of kind have it.
"""

from __future__ import annotations

from typing import Final

from kubelite.apimachinery.scheme import Object

LOCAL_PATH: Final = "rancher.io/local-path"
PROVISIONERS: Final = frozenset({LOCAL_PATH, "k8s.io/minikube-hostpath"})
"""Names of provisioners whose claims get directories of a node."""
BASE_PATH: Final = "/opt/local-path-provisioner"
"""Where on a node the directories are."""
STANDARD: Final = "standard"


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
