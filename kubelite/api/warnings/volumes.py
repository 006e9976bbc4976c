"""Warnings about PersistentVolumes and PersistentVolumeClaims.

Source: k8s.io/kubernetes/pkg/api/persistentvolume/util.go, pkg/api/persistentvolumeclaim/util.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.warnings.pods import DEPRECATED_VOLUMES, claim_warnings, node_term_warnings
from kubelite.apimachinery.scheme import Object

BETA_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_CLASS_TEXT: Final = 'deprecated since v1.8; use "storageClassName" attribute instead'
_RECYCLE_TEXT: Final = (
    "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use "
    "dynamic provisioning."
)
_PLUGINS: Final = {
    "cephfs": "cephfs",
    "photonPersistentDisk": "photonPersistentDisk",
    "scaleIO": "scaleIO",
    "storageos": "storageOS",
    "glusterfs": "glusterfs",
    "rbd": "rbd",
}
"""Sources of volumes that nobody provides any more, and how their paths name them."""


def _class_warnings(obj: Object) -> list[str]:
    annotations = obj["metadata"].get("annotations") or {}
    return [f"metadata.annotations[{BETA_CLASS}]: {_CLASS_TEXT}"] if BETA_CLASS in annotations else []


def persistent_volume_warnings(volume: Object) -> list[str]:
    """The warnings about a PersistentVolume."""
    spec = volume.get("spec") or {}
    warnings = _class_warnings(volume)
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        warnings.append(f"spec.persistentVolumeReclaimPolicy: {_RECYCLE_TEXT}")
    required = (spec.get("nodeAffinity") or {}).get("required") or {}
    for index, term in enumerate(required.get("nodeSelectorTerms") or ()):
        warnings += node_term_warnings(term, f"spec.nodeAffinity.required.nodeSelectorTerms[{index}]")
    warnings += [
        f"spec.{shown}: {DEPRECATED_VOLUMES[plugin]}"
        for plugin, shown in _PLUGINS.items()
        if spec.get(plugin) is not None
    ]
    return warnings


def persistent_volume_claim_warnings(claim: Object) -> list[str]:
    """The warnings about a PersistentVolumeClaim."""
    return _class_warnings(claim) + claim_warnings(claim.get("spec") or {})
