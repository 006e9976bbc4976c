"""PersistentVolume controller: claims get the smallest volume that fits, volumes learn of their claims.

Keys are `volume/NAME` and `claim/NAMESPACE/NAME`. A binding takes four writes (the volume's claimRef and
status, the claim's volumeName and status); each look goes on where an earlier one stopped, so that a crash
between them loses nothing. Nothing is provisioned here: a claim of a class with a provisioner is marked with
its name, and waits for it. A claim made before there was a default class gets that.

Source: k8s.io/kubernetes/pkg/controller/volume/persistentvolume/{pv_controller,index}.go.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence

from kubelite.api import podutil
from kubelite.api.resources import PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, PODS, STORAGECLASSES
from kubelite.api.storage import (
    BIND_COMPLETED,
    NO_PROVISIONER,
    SELECTED_NODE,
    annotated,
    annotations_of,
    class_of,
    is_for,
)
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.volume.matching import (
    AVAILABLE,
    BOUND,
    FAILED,
    LOST,
    OFFERED,
    PENDING,
    PROVISIONED_BY,
    RECYCLABLE,
    RELEASED,
    RESYNC_S,
    STORAGE_PROVISIONER,
    STORAGE_PROVISIONER_BEFORE,
    UNBOUND,
    WAITING_PODS,
    bound_claim,
    bound_volume,
    claim_status,
    default_class,
    find_volume,
    fits,
    mismatch,
    names_no_class,
    offered_volumes,
    tell_of_modes,
    unbound_claims,
    unbound_volume,
    volume_phase,
    waiting_pods,
    why_not_deleted,
)
from kubelite.controllers.volume.protection import BY_CLAIM, used_claims
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import (
    DeleteObject,
    Intent,
    Outcomes,
    RecordEvent,
    RequeueAfter,
    Steps,
    UpdateObject,
    UpdateStatus,
)
from kubelite.reconcile.ownership import key_of


class PersistentVolumeController(Reconciler):
    """See the module's docstring."""

    name = "persistentvolume-binder-controller"
    component = "persistentvolume-controller"
    workers = 1  # two claims must not be given the same volume

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._volumes = self.informer(PERSISTENTVOLUMES)
        self._volumes.add_index(OFFERED, offered_volumes)
        self._claims = self.informer(PERSISTENTVOLUMECLAIMS)
        self._claims.add_index(UNBOUND, unbound_claims)
        self._classes = self.informer(STORAGECLASSES)
        self._pods = self.informer(PODS)
        self._pods.add_index(WAITING_PODS, waiting_pods)
        self._pods.add_index(BY_CLAIM, used_claims)

    def watches(self) -> Sequence[Watch]:
        """Volumes and claims; each also for the sake of the other."""
        return (
            Watch(PERSISTENTVOLUMES, self._volume_keys),
            Watch(PERSISTENTVOLUMECLAIMS, self._claim_keys),
            Watch(STORAGECLASSES, self._class_keys),
            Watch(PODS),
        )

    def _class_keys(self, _old: Object | None, new: Object | None) -> Iterable[str]:
        """A new default class is for claims that have waited for one; any class for those that name it."""
        if new is None:
            return
        without = (each for each in self._claims.by_index(UNBOUND, "") if names_no_class(each))
        for claim in (*without, *self._claims.by_index(UNBOUND, new["metadata"]["name"])):
            yield _claim_key(claim)

    def _volume_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        volume = new or old
        assert volume is not None
        yield f"volume/{volume['metadata']['name']}"
        reference = volume["spec"].get("claimRef")
        if reference and reference.get("name"):
            yield f"claim/{reference.get('namespace')}/{reference['name']}"
        elif new is not None and not (old is not None and _is_as_before(old, new)):
            for claim in self._claims.by_index(UNBOUND, class_of(new)):
                if fits(new, claim):
                    yield _claim_key(claim)

    def _claim_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        """A claim that is gone also concerns a volume that it was to have and did not know of yet."""
        claim = new or old
        assert claim is not None
        yield _claim_key(claim)
        names = [claim["spec"]["volumeName"]] if claim["spec"].get("volumeName") else []
        if new is None:
            reserved = self._volumes.by_index(OFFERED, _claim_key(claim))
            names += [each["metadata"]["name"] for each in reserved]
        for name in dict.fromkeys(names):
            yield f"volume/{name}"

    def sync(self, key: str) -> Steps:
        """One volume or one claim."""
        kind, _, name = key.partition("/")
        if kind == "volume":
            volume = self._volumes.get(None, name)
            if volume is not None:
                yield self._look_at_volume(volume)
            return
        namespace, _, name = name.partition("/")
        claim = self._claims.get(namespace, name)
        if claim is None or claim["metadata"].get("deletionTimestamp"):
            return
        if BIND_COMPLETED in annotations_of(claim):
            yield from self._look_at_bound(claim)
        else:
            yield from self._look_at_unbound(claim)

    def _look_at_volume(self, volume: Object) -> Sequence[Intent]:
        reference = volume["spec"].get("claimRef")
        if not reference or not reference.get("uid"):
            return volume_phase(volume, AVAILABLE)
        claim = self._claims.get(reference["namespace"], reference["name"])
        if claim is None or claim["metadata"]["uid"] != reference["uid"]:
            if (volume.get("status") or {}).get("phase") not in {RELEASED, FAILED}:
                return volume_phase(volume, RELEASED)
            return self._reclaim(volume)
        elsewhere = claim["spec"].get("volumeName")
        if elsewhere == volume["metadata"]["name"]:
            return volume_phase(volume, BOUND)
        if not elsewhere:
            return tell_of_modes(volume, claim)  # the claim's own look goes on with it
        is_made = PROVISIONED_BY in annotations_of(volume)
        if is_made and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
            return volume_phase(volume, RELEASED)
        return (UpdateObject(PERSISTENTVOLUMES, unbound_volume(volume)),)

    def _reclaim(self, volume: Object) -> Sequence[Intent]:
        """What becomes of a volume whose claim is gone."""
        policy = volume["spec"].get("persistentVolumeReclaimPolicy")
        if policy == "Recycle":
            return self._recycle(volume)
        if policy != "Delete":
            return ()
        why = why_not_deleted(volume)
        if why is None:
            return ()  # whoever provisioned it deletes it
        if not why:
            return (DeleteObject(PERSISTENTVOLUMES, None, volume["metadata"]["name"]),)
        failed = volume_phase(volume, FAILED, why)
        return (*failed, RecordEvent(volume, "Warning", "VolumeFailedDelete", why)) if failed else ()

    def _recycle(self, volume: Object) -> Sequence[Intent]:
        """Only what has a recycler is given to others, and that is left to whoever runs one."""
        reference = volume["spec"]["claimRef"]
        key = f"{reference['namespace']}/{reference['name']}"
        users = [] if self._claims.get(reference["namespace"], reference["name"]) else self._users(key)
        if users:
            text = f"Volume is used by pods: {','.join(users)}"
            return (RecordEvent(volume, "Normal", "VolumeFailedRecycle", text),)
        if RECYCLABLE & volume["spec"].keys():
            return ()
        text = "No recycler plugin found for the volume!"
        failed = volume_phase(volume, FAILED, text)
        return (*failed, RecordEvent(volume, "Warning", "VolumeFailedRecycle", text)) if failed else ()

    def _users(self, claim_key: str) -> list[str]:
        """The pods that use a claim and have not ended."""
        pods = self._pods.by_index(BY_CLAIM, claim_key)
        return sorted(key_of(pod) for pod in pods if not podutil.is_terminal(pod))

    def _look_at_unbound(self, claim: Object) -> Steps:
        name = claim["spec"].get("volumeName")
        if name:
            volume = self._volumes.get(None, name)
            why = "" if volume is None else mismatch(volume, claim)
            if (
                volume is not None
                and not why
                and (not volume["spec"].get("claimRef") or is_for(volume, claim))
            ):
                yield from self._bind(volume, claim)
                return
            yield self._pending(claim)
            if volume is not None and not why:
                text = f'volume "{name}" already bound to a different claim.'
                yield (RecordEvent(claim, "Warning", "FailedBinding", text), RequeueAfter(RESYNC_S))
            elif volume is not None:
                text = f'Cannot bind to requested volume "{name}": {why}'
                yield (RecordEvent(claim, "Warning", "VolumeMismatch", text), RequeueAfter(RESYNC_S))
            return
        if names_no_class(claim) and (found := default_class(self._classes.list())) is not None:
            spec = {**claim["spec"], "storageClassName": found["metadata"]["name"]}
            (outcome,) = yield (UpdateObject(PERSISTENTVOLUMECLAIMS, {**claim, "spec": spec}),)
            if outcome.object is None:
                return
            claim = outcome.object
        storage_class = self._classes.get(None, claim["spec"].get("storageClassName") or "")
        waits = storage_class is not None and storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"
        reserved = self._volumes.by_index(OFFERED, _claim_key(claim))
        free = self._volumes.by_index(OFFERED, f"class/{class_of(claim)}")
        volume = find_volume(claim, (*reserved, *free))
        if volume is not None and (not waits or volume["spec"].get("claimRef")):
            yield from self._bind(volume, claim)
            return
        if storage_class is not None and (not waits or SELECTED_NODE in annotations_of(claim)):
            claim = yield from self._call_provisioner(claim, storage_class["provisioner"])
        yield (*self._pending(claim), self._why_pending(claim, storage_class, waits=waits))
        yield (RequeueAfter(RESYNC_S),)

    @staticmethod
    def _call_provisioner(claim: Object, provisioner: str) -> Generator[Sequence[Intent], Outcomes, Object]:
        """Mark a claim with who is to make its volume."""
        marks = {STORAGE_PROVISIONER_BEFORE: provisioner, STORAGE_PROVISIONER: provisioner}
        present = annotations_of(claim)
        if provisioner == NO_PROVISIONER or all(present.get(key) == text for key, text in marks.items()):
            return claim
        (outcome,) = yield (UpdateObject(PERSISTENTVOLUMECLAIMS, annotated(claim, marks)),)
        return claim if outcome.object is None else outcome.object

    def _why_pending(self, claim: Object, storage_class: Object | None, *, waits: bool) -> Intent:
        if waits and SELECTED_NODE not in annotations_of(claim):
            waiting = sorted(
                str(pod["metadata"]["name"]) for pod in self._pods.by_index(WAITING_PODS, key_of(claim))
            )
            if waiting:
                which = "pods" if len(waiting) > 1 else "pod"
                text = f"waiting for {which} {','.join(waiting)} to be scheduled"
                return RecordEvent(claim, "Normal", "WaitForPodScheduled", text)
            text = "waiting for first consumer to be created before binding"
            return RecordEvent(claim, "Normal", "WaitForFirstConsumer", text)
        if not claim["spec"].get("storageClassName"):
            text = "no persistent volumes available for this claim and no storage class is set"
            return RecordEvent(claim, "Normal", "FailedBinding", text)
        if storage_class is None:
            text = f'storageclass.storage.k8s.io "{claim["spec"]["storageClassName"]}" not found'
            return RecordEvent(claim, "Warning", "ProvisioningFailed", text)
        provisioner = storage_class["provisioner"]
        if provisioner == NO_PROVISIONER:
            text = "no volume plugin matched name: kubernetes.io/no-provisioner"
            return RecordEvent(claim, "Warning", "ProvisioningFailed", text)
        text = (
            f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or "
            "manually by the system administrator. If volume creation is delayed, please verify that the "
            "provisioner is running and correctly registered."
        )
        return RecordEvent(claim, "Normal", "ExternalProvisioning", text)

    @staticmethod
    def _pending(claim: Object) -> tuple[Intent, ...]:
        status = claim_status(claim, None, PENDING)
        if status == claim.get("status"):
            return ()
        return (UpdateStatus(PERSISTENTVOLUMECLAIMS, {**claim, "status": status}),)

    def _bind(self, volume: Object, claim: Object) -> Steps:
        """The four writes of a binding, those that are still to be made."""
        wanted = bound_volume(volume, claim)
        if wanted is not volume:
            (outcome,) = yield (UpdateObject(PERSISTENTVOLUMES, wanted),)
            if outcome.object is None:
                return
            volume = outcome.object
        yield volume_phase(volume, BOUND)
        wanted = bound_claim(claim, volume)
        if wanted is not claim:
            (outcome,) = yield (UpdateObject(PERSISTENTVOLUMECLAIMS, wanted),)
            if outcome.object is None:
                return
            claim = outcome.object
        status = claim_status(claim, volume, BOUND)
        if status != claim.get("status"):
            yield (UpdateStatus(PERSISTENTVOLUMECLAIMS, {**claim, "status": status}),)

    def _look_at_bound(self, claim: Object) -> Steps:
        name = claim["spec"].get("volumeName")
        volume = self._volumes.get(None, name) if name else None
        reference = {} if volume is None else volume["spec"].get("claimRef") or {}
        if volume is not None and (not reference or reference.get("uid") == claim["metadata"]["uid"]):
            yield from self._bind(volume, claim)
            return
        if (claim.get("status") or {}).get("phase") == LOST:
            return
        if volume is not None:
            why = ("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly")
        elif name:
            why = ("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!")
        else:
            text = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
            why = ("ClaimLost", text)
        status = claim_status(claim, None, LOST)
        yield (
            UpdateStatus(PERSISTENTVOLUMECLAIMS, {**claim, "status": status}),
            RecordEvent(claim, "Warning", *why),
        )


def _is_as_before(old: Object, new: Object) -> bool:
    """Whether a volume fits the claims that it fitted before."""
    return bool(old["spec"] == new["spec"] and old["metadata"].get("labels") == new["metadata"].get("labels"))


def _claim_key(claim: Object) -> str:
    return f"claim/{claim['metadata']['namespace']}/{claim['metadata']['name']}"
