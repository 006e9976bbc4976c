"""Claims of generic ephemeral volumes: made for a pod, owned by it, gone with it.

Source: k8s.io/kubernetes/pkg/controller/volume/ephemeral/controller.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from kubelite.api.resources import PERSISTENTVOLUMECLAIMS, PODS
from kubelite.apimachinery.scheme import Object
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import CreateObject, Intent, RecordEvent, Steps
from kubelite.reconcile.ownership import controller_of, controller_ref, key_of, split_key

BY_EPHEMERAL_CLAIM: Final = "ephemeral claim"
"""Index: `namespace/name` of a claim -> the pod of whose ephemeral volume it is, or should be."""


def claim_name(pod: Object, volume: Object) -> str:
    """The name of the claim of a pod's ephemeral volume."""
    return f"{pod['metadata']['name']}-{volume['name']}"


def make_claim(pod: Object, volume: Object) -> Object:
    """The claim of a pod's ephemeral volume."""
    template = volume["ephemeral"]["volumeClaimTemplate"]
    given = template.get("metadata") or {}
    metadata: dict[str, Any] = {
        "name": claim_name(pod, volume),
        "namespace": pod["metadata"]["namespace"],
        "ownerReferences": [controller_ref(pod, PODS)],
    }
    metadata |= {field: given[field] for field in ("labels", "annotations") if given.get(field)}
    return {
        "kind": PERSISTENTVOLUMECLAIMS.kind,
        "apiVersion": "v1",
        "metadata": metadata,
        "spec": template["spec"],
    }


class EphemeralVolumeController(Reconciler):
    """Keys are pods."""

    name = "ephemeral-volume-controller"
    component = "ephemeral_volume"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._pods = self.informer(PODS)
        self._pods.add_index(BY_EPHEMERAL_CLAIM, _claims_of)
        self._claims = self.informer(PERSISTENTVOLUMECLAIMS)

    def watches(self) -> Sequence[Watch]:
        """Pods with such volumes, and claims of theirs (or in their place) that are gone."""
        return Watch(PODS, _pod_keys), Watch(PERSISTENTVOLUMECLAIMS, self._claim_keys)

    def _claim_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        if old is None or new is not None:
            return ()
        return [key_of(pod) for pod in self._pods.by_index(BY_EPHEMERAL_CLAIM, key_of(old))]

    def sync(self, key: str) -> Steps:
        """The claims of one pod."""
        namespace, name = split_key(key)
        pod = self._pods.get(namespace, name)
        if pod is None or pod["metadata"].get("deletionTimestamp"):
            return
        for volume in pod["spec"].get("volumes") or ():
            if "ephemeral" in volume:
                yield from self._see_to(pod, volume)

    def _see_to(self, pod: Object, volume: Object) -> Steps:
        name = claim_name(pod, volume)
        claim = self._claims.get(pod["metadata"]["namespace"], name)
        if claim is None:
            (outcome,) = yield (
                CreateObject(PERSISTENTVOLUMECLAIMS, make_claim(pod, volume), exists_ok=True),
            )
            if outcome.failed and outcome.error is not None:
                text = f"ephemeral volume controller: create PVC {name}: {outcome.error.message}"
                yield (RecordEvent(pod, "Warning", "FailedBinding", text),)
            return
        owner = controller_of(claim)
        if owner is None or owner["uid"] != pod["metadata"]["uid"]:
            place = f"{pod['metadata']['namespace']}/{name}"
            text = f'PVC "{place}" was not created for pod "{key_of(pod)}" (pod is not owner)'
            intents: list[Intent] = [RecordEvent(pod, "Warning", "FailedBinding", text)]
            yield intents


def _pod_keys(_old: Object | None, new: Object | None) -> Iterable[str]:
    if new is not None and any("ephemeral" in each for each in new["spec"].get("volumes") or ()):
        yield key_of(new)


def _claims_of(pod: Object) -> Iterable[str]:
    for volume in pod["spec"].get("volumes") or ():
        if "ephemeral" in volume:
            yield f"{pod['metadata']['namespace']}/{claim_name(pod, volume)}"
