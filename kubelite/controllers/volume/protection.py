"""Claims and volumes that are deleted wait until nobody uses them: their finalizer is taken away then.

A claim is used while a pod that has a node names it, ended or not; that of an ephemeral volume until its pod
is shut down, or else a pod that goes in the foreground and its claim would wait for each other. A volume is
used while it is bound. The API server's admission put the finalizer there.

Source: k8s.io/kubernetes/pkg/controller/volume/{pvcprotection,pvprotection}.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from kubelite.api.resources import PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, PODS
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import Intent, Steps, UpdateObject
from kubelite.reconcile.ownership import controller_of

CLAIM_FINALIZER: Final = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER: Final = "kubernetes.io/pv-protection"
BY_CLAIM: Final = "claim"
"""Index: `namespace/name` of a claim -> the pods that use it."""


def used_claims(pod: Object) -> Iterable[str]:
    """The index `BY_CLAIM`: kubelets do not start pods with a claim that is going, so a node is needed."""
    if not pod["spec"].get("nodeName"):
        return
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            yield f"{namespace}/{volume['persistentVolumeClaim']['claimName']}"
        elif "ephemeral" in volume and not is_shut_down(pod):
            yield f"{namespace}/{name}-{volume['name']}"


def is_shut_down(pod: Object) -> bool:
    """Whether the kubelet is done with a pod, or it was deleted by force; finalizers may still hold it."""
    metadata = pod["metadata"]
    return "deletionTimestamp" in metadata and metadata.get("deletionGracePeriodSeconds") == 0


def uses(pod: Object, claim: Object) -> bool:
    """Whether a pod among those of the index does use a claim: an ephemeral volume only its own."""
    name, owner = claim["metadata"]["name"], controller_of(claim)
    if owner is not None and owner["uid"] == pod["metadata"]["uid"]:
        return True
    volumes = pod["spec"].get("volumes") or ()
    return any((each.get("persistentVolumeClaim") or {}).get("claimName") == name for each in volumes)


def is_held(item: Object, finalizer: str) -> bool:
    """Whether an object goes as soon as the finalizer does."""
    metadata = item["metadata"]
    return "deletionTimestamp" in metadata and finalizer in (metadata.get("finalizers") or ())


def plan(resource: Resource, item: Object, finalizer: str, *, used: bool) -> tuple[Intent, ...]:
    """Let an object go that is held and not used."""
    if used or not is_held(item, finalizer):
        return ()
    kept = [each for each in item["metadata"]["finalizers"] if each != finalizer]
    return (UpdateObject(resource, {**item, "metadata": {**item["metadata"], "finalizers": kept}}),)


class ClaimProtection(Reconciler):
    """Keys are claims that are held."""

    name = "persistentvolumeclaim-protection-controller"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._claims = self.informer(PERSISTENTVOLUMECLAIMS)
        self._pods = self.informer(PODS)
        self._pods.add_index(BY_CLAIM, used_claims)

    def watches(self) -> Sequence[Watch]:
        """Claims that are deleted, and pods that use claims no longer."""
        return Watch(PERSISTENTVOLUMECLAIMS, _held_claim), Watch(PODS, _given_up)

    def sync(self, key: str) -> Steps:
        """One claim."""
        namespace, _, name = key.partition("/")
        claim = self._claims.get(namespace, name)
        if claim is not None:
            used = any(uses(pod, claim) for pod in self._pods.by_index(BY_CLAIM, key))
            yield plan(PERSISTENTVOLUMECLAIMS, claim, CLAIM_FINALIZER, used=used)


class VolumeProtection(Reconciler):
    """Keys are volumes that are held."""

    name = "persistentvolume-protection-controller"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._volumes = self.informer(PERSISTENTVOLUMES)

    def watches(self) -> Sequence[Watch]:
        """Volumes that are deleted or change after that."""
        return (Watch(PERSISTENTVOLUMES, _held_volume),)

    def sync(self, key: str) -> Steps:
        """One volume."""
        volume = self._volumes.get(None, key)
        if volume is not None:
            used = (volume.get("status") or {}).get("phase") == "Bound"
            yield plan(PERSISTENTVOLUMES, volume, VOLUME_FINALIZER, used=used)


def _held_claim(_old: Object | None, new: Object | None) -> Iterable[str]:
    if new is not None and is_held(new, CLAIM_FINALIZER):
        yield f"{new['metadata']['namespace']}/{new['metadata']['name']}"


def _held_volume(_old: Object | None, new: Object | None) -> Iterable[str]:
    if new is not None and is_held(new, VOLUME_FINALIZER):
        yield new["metadata"]["name"]


def _given_up(old: Object | None, new: Object | None) -> Iterable[str]:
    if old is None:
        return ()
    still = () if new is None else tuple(used_claims(new))
    return [claim for claim in used_claims(old) if claim not in still]
