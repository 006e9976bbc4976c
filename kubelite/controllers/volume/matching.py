"""Which volume a claim gets, and what a binding writes into both: the rules, without a loop.

Source: k8s.io/kubernetes/pkg/controller/volume/persistentvolume/{pv_controller,index}.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from kubelite.api.resources import PERSISTENTVOLUMES
from kubelite.api.storage import (
    BIND_COMPLETED,
    BOUND_BY_CONTROLLER,
    annotated,
    annotations_of,
    class_of,
    is_for,
    reference_to,
)
from kubelite.apimachinery import quantity
from kubelite.apimachinery.labels import from_label_selector
from kubelite.apimachinery.quantity import Quantity
from kubelite.apimachinery.scheme import Object
from kubelite.reconcile.intents import Intent, RecordEvent, UpdateStatus

PROVISIONED_BY: Final = "pv.kubernetes.io/provisioned-by"
STORAGE_PROVISIONER: Final = "volume.kubernetes.io/storage-provisioner"
STORAGE_PROVISIONER_BEFORE: Final = "volume.beta.kubernetes.io/storage-provisioner"
CLASS_ANNOTATION: Final = "volume.beta.kubernetes.io/storage-class"
DEFAULT_CLASS: Final = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
AVAILABLE, BOUND, RELEASED, FAILED = "Available", "Bound", "Released", "Failed"
PENDING, LOST = "Pending", "Lost"
_DELETED_PATHS: Final = re.compile(r"/tmp/.+")  # noqa: S108 - the directories that Kubernetes deletes
RECYCLABLE: Final = frozenset({"hostPath", "nfs"})
"""Sorts of volumes that Kubernetes can empty."""
WAITING_PODS: Final = "waiting"
"""Index: `namespace/name` of a claim -> pods that use it and are not scheduled."""
UNBOUND: Final = "unbound"
"""Index: the name of a class ("" for none) -> claims that have no volume."""
OFFERED: Final = "offered"
"""Index: `class/NAME` -> volumes that are free; `claim/NAMESPACE/NAME` -> volumes for that claim."""
RESYNC_S: Final = 15.0
"""How often a claim that nothing fits is looked at again."""
_ZERO: Final = Quantity(Decimal(0))


def capacity_of(volume: Object) -> Quantity:
    """How large a volume is."""
    text = (volume["spec"].get("capacity") or {}).get("storage")
    return quantity.parse(text) if text else _ZERO


def asked_by(claim: Object) -> Quantity:
    """How much a claim asks for."""
    text = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage")
    return quantity.parse(text) if text else _ZERO


# --- what fits -------------------------------------------------------------------------------------------


def fits(volume: Object, claim: Object) -> bool:
    """Whether a volume is what a claim asks for, whoever else may have it."""
    wanted, spec = claim["spec"], volume["spec"]
    selector = wanted.get("selector")
    return (
        capacity_of(volume) >= asked_by(claim)
        and (spec.get("volumeMode") or "Filesystem") == (wanted.get("volumeMode") or "Filesystem")
        and class_of(volume) == class_of(claim)
        and (spec.get("volumeAttributesClassName") or "") == (wanted.get("volumeAttributesClassName") or "")
        and set(wanted.get("accessModes") or ()) <= set(spec.get("accessModes") or ())
        and (selector is None or from_label_selector(selector).matches(volume["metadata"].get("labels")))
    )


def mismatch(volume: Object, claim: Object) -> str:
    """Why a free volume that a claim names cannot be its; empty if it can."""
    wanted, spec = claim["spec"], volume["spec"]
    if spec.get("claimRef"):
        return ""
    if capacity_of(volume) < asked_by(claim):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if (spec.get("volumeMode") or "Filesystem") != (wanted.get("volumeMode") or "Filesystem"):
        return "incompatible volumeMode"
    if (spec.get("volumeAttributesClassName") or "") != (wanted.get("volumeAttributesClassName") or ""):
        return "volumeAttributesClassName does not match"
    if not set(wanted.get("accessModes") or ()) <= set(spec.get("accessModes") or ()):
        return "incompatible accessMode"
    return ""


def tell_of_modes(volume: Object, claim: Object) -> tuple[Intent, ...]:
    """Events about a volume and the claim that it is reserved for, if one is a disk and the other files."""
    modes = {each["spec"].get("volumeMode") or "Filesystem" for each in (volume, claim)}
    if len(modes) == 1:
        return ()
    reason, why = "VolumeMismatch", "due to incompatible volumeMode."
    of_volume, of_claim = volume["metadata"]["name"], claim["metadata"]["name"]
    text = f'Cannot bind PersistentVolume to requested PersistentVolumeClaim "{of_claim}" {why}'
    mirrored = f'Cannot bind PersistentVolume "{of_volume}" to requested PersistentVolumeClaim {why}'
    return RecordEvent(volume, "Warning", reason, text), RecordEvent(claim, "Warning", reason, mirrored)


def find_volume(claim: Object, volumes: Iterable[Object]) -> Object | None:
    """The volume reserved for a claim, else the smallest free one that fits; None if there is none."""
    living = [each for each in volumes if not each["metadata"].get("deletionTimestamp")]
    for volume in living:
        if (
            volume["spec"].get("claimRef")
            and is_for(volume, claim)
            and capacity_of(volume) >= asked_by(claim)
        ):
            return volume
    free = [each for each in living if not each["spec"].get("claimRef") and fits(each, claim)]
    return min(free, key=lambda each: (capacity_of(each), each["metadata"]["name"]), default=None)


def unbound_claims(claim: Object) -> Iterable[str]:
    """The index `UNBOUND`."""
    return () if claim["spec"].get("volumeName") else (class_of(claim),)


def offered_volumes(volume: Object) -> Iterable[str]:
    """The index `OFFERED`."""
    reference = volume["spec"].get("claimRef")
    if not reference:
        return (f"class/{class_of(volume)}",)
    return (f"claim/{reference.get('namespace')}/{reference.get('name')}",)


def waiting_pods(pod: Object) -> Iterable[str]:
    """The index `WAITING_PODS`: the claims of a pod that has no node yet."""
    if pod["spec"].get("nodeName"):
        return
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            yield f"{namespace}/{volume['persistentVolumeClaim']['claimName']}"
        elif "ephemeral" in volume:
            yield f"{namespace}/{name}-{volume['name']}"


def default_class(classes: Iterable[Object]) -> Object | None:
    """The class of claims that name none: of several the newest, of equally old ones the first by name."""
    marked = [
        each for each in classes if any(annotations_of(each).get(mark) == "true" for mark in DEFAULT_CLASS)
    ]
    by_name = sorted(marked, key=lambda each: str(each["metadata"]["name"]))
    return max(by_name, key=lambda each: str(each["metadata"]["creationTimestamp"]), default=None)


def names_no_class(claim: Object) -> bool:
    """Whether a claim leaves its class to the cluster: an empty name is a choice."""
    return claim["spec"].get("storageClassName") is None and CLASS_ANNOTATION not in annotations_of(claim)


# --- what is written --------------------------------------------------------------------------------------


def bound_volume(volume: Object, claim: Object) -> Object:
    """The volume with a reference to its claim; the very same one if it has that."""
    reference = volume["spec"].get("claimRef") or {}
    if is_for(volume, claim) and reference.get("uid"):
        return volume
    made = {**reference, **reference_to(claim)}
    changed = {**volume, "spec": {**volume["spec"], "claimRef": made}}
    if reference:
        return changed
    return annotated(changed, {BOUND_BY_CONTROLLER: "yes"})


def unbound_volume(volume: Object) -> Object:
    """A volume whose claim has another: free again, or for a claim of that name as whoever made it said."""
    annotations, spec = annotations_of(volume), volume["spec"]
    if BOUND_BY_CONTROLLER not in annotations:
        reference = {key: each for key, each in spec["claimRef"].items() if key != "uid"}
        return {**volume, "spec": {**spec, "claimRef": reference}}
    kept = {key: each for key, each in annotations.items() if key != BOUND_BY_CONTROLLER}
    metadata = {**volume["metadata"], "annotations": kept}
    return {**volume, "metadata": metadata, "spec": {k: v for k, v in spec.items() if k != "claimRef"}}


def why_not_deleted(volume: Object) -> str | None:
    """Why a released volume cannot be deleted here; "" if it can, None if that is for others to do.

    Source: pkg/controller/volume/persistentvolume/pv_controller.go (findDeletablePlugin),
    pkg/volume/hostpath/host_path.go.
    """
    spec = volume["spec"]
    if PROVISIONED_BY in annotations_of(volume) or "csi" in spec or "flexVolume" in spec:
        return None
    if "hostPath" not in spec:
        name = volume["metadata"]["name"]
        return f'error getting deleter volume plugin for volume "{name}": no deletable volume plugin matched'
    path = spec["hostPath"]["path"]
    if _DELETED_PATHS.search(path):
        return ""
    return f"host_path deleter only supports /tmp/.+ but received provided {path}"


def bound_claim(claim: Object, volume: Object) -> Object:
    """The claim with the name of its volume; the very same one if it has that."""
    name, added = volume["metadata"]["name"], {}
    changed = claim
    if claim["spec"].get("volumeName") != name:
        changed = {**claim, "spec": {**claim["spec"], "volumeName": name}}
        added[BOUND_BY_CONTROLLER] = "yes"
    if BIND_COMPLETED not in annotations_of(claim):
        added[BIND_COMPLETED] = "yes"
    return annotated(changed, added) if added else changed


def claim_status(claim: Object, volume: Object | None, phase: str) -> Object:
    """The status of a claim in a phase; of a bound one with what its volume is."""
    before: Object = claim.get("status") or {}
    if volume is None:
        gone = {"phase", "accessModes", "capacity"}
        return {"phase": phase, **{k: v for k, v in before.items() if k not in gone}}
    capacity = {**(before.get("capacity") or {})}
    if before.get("phase") != BOUND or "storage" not in capacity:
        capacity["storage"] = volume["spec"]["capacity"]["storage"]
    return {**before, "phase": phase, "accessModes": volume["spec"]["accessModes"], "capacity": capacity}


def volume_phase(volume: Object, phase: str, message: str = "") -> tuple[Intent, ...]:
    """Write a volume's phase, if it is another one; what others say of it in the same phase stays."""
    before = volume.get("status") or {}
    if before.get("phase") == phase:
        return ()
    status: dict[str, Any] = {k: v for k, v in before.items() if k != "message"} | {"phase": phase}
    if message:
        status["message"] = message
    return (UpdateStatus(PERSISTENTVOLUMES, {**volume, "status": status}),)
