"""Makes volumes for claims: a directory on a node, as local-path provisioners do.

A claim is marked for its provisioner by the PersistentVolume controller; its volume is called `pvc-UID`, so
that a second try makes no second one. It is on the node that the scheduler chose, or, where the class does
not wait for a pod, on one that is ready. When the claim is gone and the policy says so, volume and directory
go too. A directory has no size: a claim that asks for more gets it at once.

Source: github.com/rancher/local-path-provisioner, sigs.k8s.io/sig-storage-lib-external-provisioner,
github.com/kubernetes-csi/external-resizer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from kubelite.api.conditions import is_condition_true
from kubelite.api.resources import NODES, PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, STORAGECLASSES
from kubelite.api.storage import (
    BASE_PATH,
    PROVISIONERS,
    SELECTED_NODE,
    annotations_of,
    is_for,
    reference_to,
)
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.volume.matching import (
    PROVISIONED_BY,
    STORAGE_PROVISIONER,
    asked_by,
    capacity_of,
)
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import (
    CreateObject,
    DeleteObject,
    Intent,
    RecordEvent,
    RequeueAfter,
    Steps,
    UpdateObject,
    UpdateStatus,
)
from kubelite.reconcile.ownership import key_of

HOSTNAME: Final = "kubernetes.io/hostname"
ON_NODE: Final = "local.path.provisioner/selected-node"
"""Annotation of volumes."""
RETRY_S: Final = 15.0
"""Seconds after which a volume that no node was there for is tried again."""
RESIZING: Final = frozenset({"Resizing", "FileSystemResizePending", "ControllerResizeError"})
_MANY_NODES: Final = frozenset({"ReadOnlyMany", "ReadWriteMany"})


# --- pure -------------------------------------------------------------------------------------------------


def provisioner_of(claim: Object) -> str:
    """Which of our names a claim that waits for a volume is marked with; empty if with none."""
    name = annotations_of(claim).get(STORAGE_PROVISIONER, "")
    return name if name in PROVISIONERS and not claim["spec"].get("volumeName") else ""


def make_volume(claim: Object, storage_class: Object, node: Object) -> Object:
    """The volume for a claim, on a node."""
    metadata, spec = claim["metadata"], claim["spec"]
    name, host = f"pvc-{metadata['uid']}", node["metadata"]["name"]
    hostname = (node["metadata"].get("labels") or {}).get(HOSTNAME, host)
    path = f"{BASE_PATH}/{name}_{metadata['namespace']}_{metadata['name']}"
    made: Object = {
        "capacity": {"storage": spec["resources"]["requests"]["storage"]},
        "hostPath": {"path": path, "type": "DirectoryOrCreate"},
        "accessModes": spec["accessModes"],
        "claimRef": reference_to(claim),
        "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy") or "Delete",
        "storageClassName": storage_class["metadata"]["name"],
        "volumeMode": spec.get("volumeMode") or "Filesystem",
        "nodeAffinity": {
            "required": {
                "nodeSelectorTerms": [
                    {"matchExpressions": [{"key": HOSTNAME, "operator": "In", "values": [hostname]}]}
                ]
            }
        },
    }
    if storage_class.get("mountOptions"):
        made["mountOptions"] = storage_class["mountOptions"]
    annotations = {
        ON_NODE: host,
        PROVISIONED_BY: storage_class["provisioner"],
    }
    return {
        "apiVersion": "v1",
        "kind": PERSISTENTVOLUMES.kind,
        "metadata": {"name": name, "annotations": annotations},
        "spec": made,
    }


def why_not(claim: Object) -> str:
    """Why no volume can be made for a claim; empty if one can."""
    if claim["spec"].get("selector") is not None:
        return "claim.Spec.Selector is not supported"
    if _MANY_NODES & set(claim["spec"].get("accessModes") or ()):
        return "NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes"
    return ""


def plan_expansion(claim: Object, volume: Object, storage_class: Object | None) -> tuple[Intent, ...]:
    """Give a claim that asks for more what it asks for."""
    wanted = (claim["spec"].get("resources") or {}).get("requests", {}).get("storage")
    status = claim.get("status") or {}
    if PROVISIONED_BY not in annotations_of(volume) or not is_for(volume, claim) or wanted is None:
        return ()
    if annotations_of(volume)[PROVISIONED_BY] not in PROVISIONERS or status.get("phase") != "Bound":
        return ()
    if capacity_of(volume) < asked_by(claim):
        if storage_class is None or not storage_class.get("allowVolumeExpansion"):
            return ()
        grown = {**volume, "spec": {**volume["spec"], "capacity": {"storage": wanted}}}
        return (UpdateObject(PERSISTENTVOLUMES, grown),)
    size = volume["spec"]["capacity"]["storage"]
    if (status.get("capacity") or {}).get("storage") == size:
        return ()
    left = [each for each in status.get("conditions") or () if each["type"] not in RESIZING]
    made = {key: value for key, value in status.items() if key != "conditions"}
    made["capacity"] = {**(status.get("capacity") or {}), "storage": size}
    if left:
        made["conditions"] = left
    return (
        UpdateStatus(PERSISTENTVOLUMECLAIMS, {**claim, "status": made}),
        RecordEvent(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded"),
    )


def plan_removal(volume: Object) -> tuple[Intent, ...]:
    """Delete a volume that was made here and is released, if its policy says so."""
    spec = volume["spec"]
    if (
        annotations_of(volume).get(PROVISIONED_BY) not in PROVISIONERS
        or spec.get("persistentVolumeReclaimPolicy") != "Delete"
        or (volume.get("status") or {}).get("phase") != "Released"
        or volume["metadata"].get("deletionTimestamp")
    ):
        return ()
    return (DeleteObject(PERSISTENTVOLUMES, None, volume["metadata"]["name"], volume["metadata"]["uid"]),)


# --- the controller ---------------------------------------------------------------------------------------


class Provisioner(Reconciler):
    """Keys are `claim/NAMESPACE/NAME` and `volume/NAME`."""

    name = "persistentvolume-provisioner"
    component = "rancher.io/local-path_local-path-provisioner"

    def __init__(self, environment: Environment, erase: Callable[[str, str], None] | None = None) -> None:
        super().__init__(environment)
        self._erase = erase
        self._claims = self.informer(PERSISTENTVOLUMECLAIMS)
        self._volumes = self.informer(PERSISTENTVOLUMES)
        self._classes = self.informer(STORAGECLASSES)
        self._nodes = self.informer(NODES)

    def watches(self) -> Sequence[Watch]:
        """Claims that want a volume or a larger one, and volumes that are released."""
        return (
            Watch(PERSISTENTVOLUMECLAIMS, self._claim_keys),
            Watch(PERSISTENTVOLUMES, self._volume_keys),
            Watch(STORAGECLASSES),
            Watch(NODES),
        )

    @staticmethod
    def _claim_keys(_old: Object | None, new: Object | None) -> Iterable[str]:
        if new is not None and not new["metadata"].get("deletionTimestamp"):
            yield f"claim/{key_of(new)}"

    @staticmethod
    def _volume_keys(_old: Object | None, new: Object | None) -> Iterable[str]:
        if new is None or annotations_of(new).get(PROVISIONED_BY) not in PROVISIONERS:
            return
        yield f"volume/{new['metadata']['name']}"
        reference = new["spec"].get("claimRef")
        if reference:
            yield f"claim/{reference['namespace']}/{reference['name']}"

    def sync(self, key: str) -> Steps:
        """One claim or one volume."""
        kind, _, name = key.partition("/")
        if kind == "volume":
            volume = self._volumes.get(None, name)
            if volume is not None:
                yield from self._remove(volume)
            return
        namespace, _, name = name.partition("/")
        claim = self._claims.get(namespace, name)
        if claim is None or claim["metadata"].get("deletionTimestamp"):
            return
        storage_class = self._classes.get(None, claim["spec"].get("storageClassName") or "")
        if provisioner_of(claim) and storage_class is not None:
            yield from self._provision(claim, storage_class)
        elif claim["spec"].get("volumeName"):
            volume = self._volumes.get(None, claim["spec"]["volumeName"])
            if volume is not None:
                yield plan_expansion(claim, volume, storage_class)

    def _provision(self, claim: Object, storage_class: Object) -> Steps:
        name = f"pvc-{claim['metadata']['uid']}"
        if self._volumes.get(None, name) is not None:
            return
        text = f'External provisioner is provisioning volume for claim "{key_of(claim)}"'
        yield (RecordEvent(claim, "Normal", "Provisioning", text),)
        problem, node = why_not(claim), self._node_for(claim)
        if problem or node is None:
            why = problem or "no node is ready"
            text = (
                f'failed to provision volume with StorageClass "{storage_class["metadata"]["name"]}": {why}'
            )
            yield (RecordEvent(claim, "Warning", "ProvisioningFailed", text),)
            if not problem:
                yield (RequeueAfter(RETRY_S),)
            return
        made = make_volume(claim, storage_class, node)
        (outcome,) = yield (CreateObject(PERSISTENTVOLUMES, made, exists_ok=True),)
        if outcome.object is not None:
            text = f"Successfully provisioned volume {name}"
            yield (RecordEvent(claim, "Normal", "ProvisioningSucceeded", text),)

    def _node_for(self, claim: Object) -> Object | None:
        """The node that was chosen for a claim, or any that is ready."""
        chosen = annotations_of(claim).get(SELECTED_NODE)
        if chosen:
            return self._nodes.get(None, chosen)
        ready = [
            node
            for node in self._nodes.list()
            if is_condition_true(node, "Ready") and not (node.get("spec") or {}).get("unschedulable")
        ]
        ready.sort(key=lambda node: str(node["metadata"]["name"]))
        return self.random.choice(ready) if ready else None

    def _remove(self, volume: Object) -> Steps:
        """The directory goes first: nobody would know of it after a crash between the two."""
        planned = plan_removal(volume)
        if planned and self._erase is not None:
            node = annotations_of(volume).get(ON_NODE, "")
            self._erase(node, volume["spec"]["hostPath"]["path"])
        yield planned
