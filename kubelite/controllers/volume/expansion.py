"""Says of claims that ask for more than they have that a larger volume is for others to make.

No sort of volume is made larger here: provisioners do it for theirs.

Source: k8s.io/kubernetes/pkg/controller/volume/expand/expand_controller.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from kubelite.api.resources import PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES
from kubelite.apimachinery import quantity
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.volume.matching import BOUND, asked_by
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import Intent, RecordEvent, Steps
from kubelite.reconcile.ownership import key_of, split_key

MESSAGE: Final = (
    "didn't find a plugin capable of expanding the volume; waiting for an external controller to process "
    "this PVC"
)


def plan(claim: Object, volume: Object | None) -> tuple[Intent, ...]:
    """The Event about a claim that is bound to this volume and wants to be larger."""
    status = claim.get("status") or {}
    has = (status.get("capacity") or {}).get("storage")
    if volume is None or status.get("phase") != BOUND or has is None:
        return ()
    reference = volume["spec"].get("claimRef") or {}
    if reference.get("uid") != claim["metadata"]["uid"] or asked_by(claim) <= quantity.parse(has):
        return ()
    return (RecordEvent(claim, "Normal", "ExternalExpanding", MESSAGE),)


class ExpandController(Reconciler):
    """Keys are claims whose request has grown."""

    name = "persistentvolume-expander-controller"
    component = "volume_expand"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._claims = self.informer(PERSISTENTVOLUMECLAIMS)
        self._volumes = self.informer(PERSISTENTVOLUMES)

    def watches(self) -> Sequence[Watch]:
        """Claims; volumes are only looked up."""
        return Watch(PERSISTENTVOLUMECLAIMS, _keys), Watch(PERSISTENTVOLUMES)

    def sync(self, key: str) -> Steps:
        """One claim."""
        namespace, name = split_key(key)
        claim = self._claims.get(namespace, name)
        if claim is not None:
            yield plan(claim, self._volumes.get(None, claim["spec"].get("volumeName") or ""))


def _keys(old: Object | None, new: Object | None) -> Iterable[str]:
    if old is not None and new is not None and asked_by(new) > asked_by(old):
        yield key_of(new)
