"""What is told of claims and volumes."""

from __future__ import annotations

from kubelite.api.resources import (
    NODES,
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    PODS,
    STORAGECLASSES,
)
from kubelite.controllers.volume.binding import PersistentVolumeController
from kubelite.controllers.volume.ephemeral import EphemeralVolumeController
from kubelite.controllers.volume.expansion import ExpandController
from kubelite.controllers.volume.provisioner import Provisioner
from kubelite.reconcile.intents import (
    CreateObject,
)
from tests.unit.controllers.situations.parts import (
    NO_TEXT,
    SELECTOR,
    look,
    named,
    node,
    pod,
    refuse,
    tells,
)


def claim(volume=None, *, class_name=None, size="1Gi", mode="Filesystem", **annotations):
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
        "volumeMode": mode,
    }
    if volume:
        spec["volumeName"] = volume
    if class_name:
        spec["storageClassName"] = class_name
    made = named("c", spec=spec, status={"phase": "Pending"})
    made["metadata"]["annotations"] = annotations
    return made


def volume(claim_ref=None, *, policy="Retain", phase="Available", **source):
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": policy,
        **(source or {"hostPath": {"path": "/d"}}),
    }
    if claim_ref:
        spec["claimRef"] = {"namespace": "d", "name": "c", **claim_ref}
    made = named("v", spec=spec, status={"phase": phase})
    del made["metadata"]["namespace"]
    return made


def storage_class(provisioner="example.com/p", mode="Immediate"):
    return {"metadata": {"name": "k"}, "provisioner": provisioner, "volumeBindingMode": mode}


def binder(key, *there):
    return look(PersistentVolumeController, key, *there)


def of_claim(made, *there):
    return binder("claim/d/c", (PERSISTENTVOLUMECLAIMS, made), *there)


of_claims = (PersistentVolumeController, "PersistentVolumeClaim")
of_volumes = (PersistentVolumeController, "PersistentVolume")


@tells(
    *of_claims,
    "Normal",
    "FailedBinding",
    "no persistent volumes available for this claim and no storage class is set",
)
def a_claim_finds_nothing():
    return of_claim(claim())


@tells(*of_claims, "Warning", "FailedBinding", 'volume "v" already bound to a different claim.')
def a_claim_wants_the_volume_of_another():
    return of_claim(claim("v"), (PERSISTENTVOLUMES, volume({"name": "other", "uid": "x"})))


@tells(
    *of_claims, "Warning", "VolumeMismatch", 'Cannot bind to requested volume "v": requested PV is too small'
)
def a_claim_wants_more_than_its_volume_has():
    return of_claim(claim("v", size="2Gi"), (PERSISTENTVOLUMES, volume()))


@tells(
    *of_claims,
    "Warning",
    "VolumeMismatch",
    'Cannot bind PersistentVolume "v" to requested PersistentVolumeClaim due to incompatible volumeMode.',
)
@tells(
    *of_volumes,
    "Warning",
    "VolumeMismatch",
    'Cannot bind PersistentVolume to requested PersistentVolumeClaim "c" due to incompatible volumeMode.',
)
def a_volume_is_reserved_for_a_claim_of_another_mode():
    there = (PERSISTENTVOLUMES, volume({"uid": "uid-c"})), (PERSISTENTVOLUMECLAIMS, claim(mode="Block"))
    return binder("volume/v", *there)


@tells(
    *of_claims,
    "Normal",
    "WaitForFirstConsumer",
    "waiting for first consumer to be created before binding",
)
def a_claim_waits_for_a_pod():
    return of_claim(claim(class_name="k"), (STORAGECLASSES, storage_class(mode="WaitForFirstConsumer")))


@tells(*of_claims, "Normal", "WaitForPodScheduled", "waiting for pod p to be scheduled")
def a_claim_waits_for_its_pod():
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]
    there = (
        (STORAGECLASSES, storage_class(mode="WaitForFirstConsumer")),
        (PODS, pod(node="", volumes=volumes)),
    )
    return of_claim(claim(class_name="k"), *there)


@tells(
    *of_claims,
    "Normal",
    "ExternalProvisioning",
    "Waiting for a volume to be created either by the external provisioner 'example.com/p' or manually by "
    "the system administrator. If volume creation is delayed, please verify that the provisioner is running "
    "and correctly registered.",
)
def a_claim_waits_for_its_provisioner():
    return of_claim(claim(class_name="k"), (STORAGECLASSES, storage_class()))


@tells(*of_claims, "Warning", "ProvisioningFailed", 'storageclass.storage.k8s.io "k" not found')
def a_class_is_not_there():
    return of_claim(claim(class_name="k"))


@tells(
    *of_claims,
    "Warning",
    "ProvisioningFailed",
    "no volume plugin matched name: kubernetes.io/no-provisioner",
)
def a_class_has_no_provisioner():
    return of_claim(claim(class_name="k"), (STORAGECLASSES, storage_class("kubernetes.io/no-provisioner")))


COMPLETED = {"pv.kubernetes.io/bind-completed": "yes"}


@tells(
    *of_claims,
    "Warning",
    "ClaimLost",
    "Bound claim has lost its PersistentVolume. Data on the volume is lost!",
)
def a_bound_volume_is_gone():
    return of_claim(claim("v", **COMPLETED))


@tells(
    *of_claims,
    "Warning",
    "ClaimLost",
    "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!",
)
def a_bound_claim_names_no_volume():
    return of_claim(claim(**COMPLETED))


@tells(
    *of_claims,
    "Warning",
    "ClaimMisbound",
    "Two claims are bound to the same volume, this one is bound incorrectly",
)
def a_bound_volume_is_that_of_another():
    return of_claim(claim("v", **COMPLETED), (PERSISTENTVOLUMES, volume({"uid": "x"})))


@tells(
    *of_volumes,
    "Warning",
    "VolumeFailedDelete",
    "host_path deleter only supports /tmp/.+ but received provided /d",
)
def a_directory_is_not_deleted():
    return binder("volume/v", (PERSISTENTVOLUMES, volume({"uid": "x"}, policy="Delete", phase="Released")))


@tells(*of_volumes, "Warning", "VolumeFailedRecycle", "No recycler plugin found for the volume!")
def a_volume_cannot_be_recycled():
    found = volume({"uid": "x"}, policy="Recycle", phase="Released", csi={"driver": "d", "volumeHandle": "h"})
    return binder("volume/v", (PERSISTENTVOLUMES, found))


@tells(*of_volumes, "Normal", "VolumeFailedRecycle", "Volume is used by pods: d/p")
def a_volume_to_be_recycled_is_in_use():
    found = volume({"uid": "x"}, policy="Recycle", phase="Released")
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]
    return binder("volume/v", (PERSISTENTVOLUMES, found), (PODS, pod(volumes=volumes)))


@tells(
    ExpandController,
    "PersistentVolumeClaim",
    "Normal",
    "ExternalExpanding",
    "didn't find a plugin capable of expanding the volume; waiting for an external controller to process "
    "this PVC",
)
def a_claim_wants_to_be_larger():
    made = claim("v", size="2Gi")
    made["status"] = {"phase": "Bound", "capacity": {"storage": "1Gi"}}
    there = (PERSISTENTVOLUMECLAIMS, made), (PERSISTENTVOLUMES, volume({"uid": "uid-c"}))
    return look(ExpandController, "d/c", *there)


EPHEMERAL = [{"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}}]


@tells(
    EphemeralVolumeController,
    "Pod",
    "Warning",
    "FailedBinding",
    f"ephemeral volume controller: create PVC p-v: {NO_TEXT}",
)
def an_ephemeral_claim_cannot_be_made():
    there = ((PODS, pod(volumes=EPHEMERAL)),)
    return look(EphemeralVolumeController, "d/p", *there, answer=refuse(CreateObject))


@tells(
    EphemeralVolumeController,
    "Pod",
    "Warning",
    "FailedBinding",
    'PVC "d/p-v" was not created for pod "d/p" (pod is not owner)',
)
def an_ephemeral_claim_is_that_of_another():
    there = (PODS, pod(volumes=EPHEMERAL)), (PERSISTENTVOLUMECLAIMS, named("p-v", spec={}))
    return look(EphemeralVolumeController, "d/p", *there)


LOCAL = {"volume.kubernetes.io/storage-provisioner": "rancher.io/local-path"}


def provision(made, *there):
    known = (PERSISTENTVOLUMECLAIMS, made), (STORAGECLASSES, storage_class("rancher.io/local-path"))
    return look(Provisioner, "claim/d/c", *known, *there)


@tells(
    Provisioner,
    "PersistentVolumeClaim",
    "Normal",
    "Provisioning",
    'External provisioner is provisioning volume for claim "d/c"',
)
@tells(
    Provisioner,
    "PersistentVolumeClaim",
    "Normal",
    "ProvisioningSucceeded",
    "Successfully provisioned volume pvc-uid-c",
)
def a_volume_is_made():
    return provision(claim(class_name="k", **LOCAL), (NODES, node()))


@tells(
    Provisioner,
    "PersistentVolumeClaim",
    "Warning",
    "ProvisioningFailed",
    'failed to provision volume with StorageClass "k": claim.Spec.Selector is not supported',
)
def a_volume_cannot_be_made():
    made = claim(class_name="k", **LOCAL)
    made["spec"]["selector"] = SELECTOR
    return provision(made, (NODES, node()))


@tells(
    Provisioner,
    "PersistentVolumeClaim",
    "Normal",
    "VolumeResizeSuccessful",
    "Resize volume succeeded",
)
def a_volume_was_made_larger():
    made, found = claim("v", class_name="k", size="2Gi"), volume({"uid": "uid-c"})
    made["status"] = {"phase": "Bound", "capacity": {"storage": "1Gi"}}
    found["metadata"]["annotations"] = {"pv.kubernetes.io/provisioned-by": "rancher.io/local-path"}
    found["spec"]["capacity"] = {"storage": "2Gi"}
    return provision(made, (PERSISTENTVOLUMES, found))
