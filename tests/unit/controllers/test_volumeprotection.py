"""Claims and volumes that are deleted while they are used."""

from __future__ import annotations

import pytest

from kubelite.api.resources import PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, PODS
from kubelite.controllers.volume import protection
from tests.unit.controllers.rig import rig


def pod(node="n", phase="Running", *, grace_s=None, **volume):
    spec = {"containers": [], "volumes": [{"name": "v", **volume}]}
    if node:
        spec["nodeName"] = node
    metadata = {"namespace": "ns", "name": "p", "uid": "uid-p"}
    if grace_s is not None:
        metadata |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": grace_s}
    return {"metadata": metadata, "spec": spec, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("item", "claims"),
    [
        (pod(persistentVolumeClaim={"claimName": "c"}), ["ns/c"]),
        (pod(persistentVolumeClaim={"claimName": "c"}, phase="Succeeded"), ["ns/c"]),
        (pod(node=None, persistentVolumeClaim={"claimName": "c"}), []),
        (pod(ephemeral={}), ["ns/p-v"]),
        (pod(ephemeral={}, phase="Failed"), ["ns/p-v"]),
        (pod(ephemeral={}, grace_s=30), ["ns/p-v"]),
        (pod(ephemeral={}, grace_s=0), []),
        (pod(persistentVolumeClaim={"claimName": "c"}, grace_s=0), ["ns/c"]),
        (pod(emptyDir={}), []),
    ],
)
def test_the_claims_that_a_pod_uses(item, claims):
    assert list(protection.used_claims(item)) == claims


@pytest.mark.parametrize(("owner", "is_used"), [("uid-p", True), ("uid-q", False), (None, False)])
def test_an_ephemeral_volume_uses_no_claim_but_its_own(owner, is_used):
    references = [] if owner is None else [{"kind": "Pod", "name": "p", "uid": owner, "controller": True}]
    claim = {"metadata": {"namespace": "ns", "name": "p-v", "ownerReferences": references}}
    assert protection.uses(pod(ephemeral={}), claim) is is_used
    assert protection.uses(pod(persistentVolumeClaim={"claimName": "p-v"}), claim) is True


def held(finalizer, **rest):
    metadata = {"name": "x", "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["mine", finalizer]}
    return {"metadata": metadata, **rest}


def test_only_what_is_held_and_not_used_is_let_go():
    finalizer = protection.CLAIM_FINALIZER
    claim = held(finalizer)
    assert protection.plan(PERSISTENTVOLUMECLAIMS, claim, finalizer, used=True) == ()
    (update,) = protection.plan(PERSISTENTVOLUMECLAIMS, claim, finalizer, used=False)
    assert update.object["metadata"] == {**claim["metadata"], "finalizers": ["mine"]}
    assert protection.plan(PERSISTENTVOLUMECLAIMS, update.object, finalizer, used=False) == ()
    alive = {"metadata": {"name": "x", "finalizers": [finalizer]}}
    assert protection.plan(PERSISTENTVOLUMES, alive, finalizer, used=False) == ()


CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "c", "namespace": "default"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


async def test_a_claim_goes_when_the_pod_that_uses_it_is_gone():
    async with rig(protection.ClaimProtection.name) as r:
        await r.client.create(PERSISTENTVOLUMECLAIMS, CLAIM, "default")
        user = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p", "namespace": "default"},
            "spec": {
                "containers": [{"name": "c", "image": "i"}],
                "nodeName": "n",
                "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}],
            },
        }
        await r.client.create(PODS, user, "default")
        await r.settle()
        await r.client.delete(PERSISTENTVOLUMECLAIMS, "c", "default")
        await r.settle()
        assert (await r.client.get(PERSISTENTVOLUMECLAIMS, "c", "default"))["metadata"]["deletionTimestamp"]
        await r.client.delete(PODS, "p", "default", grace_period_s=0)
        await r.gone(PERSISTENTVOLUMECLAIMS, "c", "default")


async def test_a_volume_that_is_bound_to_nothing_goes_at_once():
    async with rig(protection.VolumeProtection.name) as r:
        source = {"hostPath": {"path": "/tmp"}}
        spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], **source}
        volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": spec}
        await r.client.create(PERSISTENTVOLUMES, volume)
        await r.client.delete(PERSISTENTVOLUMES, "v")
        await r.gone(PERSISTENTVOLUMES, "v")
