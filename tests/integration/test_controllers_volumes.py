"""Claims find volumes, and volumes learn what became of their claims."""

from __future__ import annotations

import pytest

from kubelite.api.resources import PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, STORAGECLASSES
from kubelite.controllers.volume import matching as binder
from tests.unit.controllers.rig import rig

PV = "persistentvolume-binder-controller"


def volume(name="v", size="2Gi", **spec):
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "labels": {"disk": name}},
        "spec": {
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "manual",
            "hostPath": {"path": "/x"},
            **spec,
        },
    }


def claim(name="c", size="1Gi", **spec):
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "manual",
            "resources": {"requests": {"storage": size}},
            **spec,
        },
    }


@pytest.mark.parametrize(
    ("offered", "wanted", "expected"),
    [
        ({}, {}, True),
        ({"size": "512Mi"}, {}, False),
        ({"storageClassName": "other"}, {}, False),
        ({"storageClassName": ""}, {"storageClassName": ""}, True),
        ({"volumeMode": "Block"}, {}, False),
        ({"volumeMode": "Filesystem"}, {}, True),
        ({}, {"accessModes": ["ReadWriteMany"]}, False),
        ({"accessModes": ["ReadWriteOnce", "ReadWriteMany"]}, {}, True),
        ({}, {"selector": {"matchLabels": {"disk": "v"}}}, True),
        ({}, {"selector": {"matchLabels": {"disk": "w"}}}, False),
    ],
)
def test_what_fits(offered, wanted, expected):
    assert binder.fits(volume(**offered), claim(**wanted)) is expected


def test_the_smallest_that_fits_is_taken_but_a_reserved_one_before_it():
    volumes = [volume("large", "10Gi"), volume("small", "1Gi"), volume("tiny", "100Mi")]
    assert binder.find_volume(claim(), volumes)["metadata"]["name"] == "small"
    reserved = volume("mine", "5Gi", claimRef={"namespace": "default", "name": "c"})
    assert binder.find_volume(claim(), [*volumes, reserved])["metadata"]["name"] == "mine"
    others = volume("small", "1Gi", claimRef={"namespace": "default", "name": "other"})
    assert binder.find_volume(claim(), [others]) is None


async def phases(r):
    volumes = (await r.client.list(PERSISTENTVOLUMES)).items
    claims = (await r.client.list(PERSISTENTVOLUMECLAIMS, "default")).items
    return {each["metadata"]["name"]: each["status"].get("phase") for each in (*volumes, *claims)}


async def test_a_claim_is_bound_and_its_volume_released_when_it_goes():
    async with rig(PV) as r:
        await r.client.create(PERSISTENTVOLUMES, volume())
        await r.settle()
        assert await phases(r) == {"v": "Available"}
        await r.client.create(PERSISTENTVOLUMECLAIMS, claim(), "default")
        await r.settle()
        assert await phases(r) == {"v": "Bound", "c": "Bound"}
        bound = await r.client.get(PERSISTENTVOLUMECLAIMS, "c", "default")
        assert bound["spec"]["volumeName"] == "v"
        assert bound["status"] == {
            "phase": "Bound",
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "2Gi"},
        }
        taken = await r.client.get(PERSISTENTVOLUMES, "v")
        assert taken["spec"]["claimRef"]["uid"] == bound["metadata"]["uid"]
        await r.client.patch(PERSISTENTVOLUMECLAIMS, "c", {"metadata": {"finalizers": None}}, "default")
        await r.client.delete(PERSISTENTVOLUMECLAIMS, "c", "default")
        await r.settle()
        assert await phases(r) == {"v": "Released"}


async def test_what_others_say_of_a_volume_stays_while_its_phase_does():
    async with rig(PV) as r:
        await r.client.create(PERSISTENTVOLUMES, volume())
        await r.client.create(PERSISTENTVOLUMECLAIMS, claim(), "default")
        await r.settle()
        said = {"status": {"message": "here", "reason": "Said"}}
        written = await r.client.patch(PERSISTENTVOLUMES, "v", said, subresource="status")
        await r.settle()
        assert await r.client.get(PERSISTENTVOLUMES, "v") == written


async def test_a_claim_that_came_first_is_bound_when_a_volume_comes():
    async with rig(PV) as r:
        await r.client.create(PERSISTENTVOLUMECLAIMS, claim(), "default")
        await r.settle()
        assert await phases(r) == {"c": "Pending"}
        assert ("Warning", "ProvisioningFailed") in {(type_, reason) for type_, reason, _ in r.events}
        await r.client.create(PERSISTENTVOLUMES, volume())
        await r.settle()
        assert await phases(r) == {"v": "Bound", "c": "Bound"}


async def test_two_claims_never_get_the_same_volume():
    async with rig(PV) as r:
        await r.client.create(PERSISTENTVOLUMES, volume())
        for name in ("a", "b"):
            await r.client.create(PERSISTENTVOLUMECLAIMS, claim(name), "default")
        await r.settle()
        found = await phases(r)
        assert sorted((found["a"], found["b"])) == ["Bound", "Pending"]


async def test_a_claim_whose_volume_goes_is_lost():
    async with rig(PV) as r:
        await r.client.create(PERSISTENTVOLUMES, volume())
        await r.client.create(PERSISTENTVOLUMECLAIMS, claim(), "default")
        await r.settle()
        await r.client.patch(PERSISTENTVOLUMES, "v", {"metadata": {"finalizers": None}})
        await r.client.delete(PERSISTENTVOLUMES, "v")
        await r.settle()
        assert await phases(r) == {"c": "Lost"}
        assert "ClaimLost" in r.events.reasons()


async def test_a_class_may_wait_for_the_first_pod():
    async with rig(PV) as r:
        kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "manual"}}
        kind |= {"provisioner": "example.com/p", "volumeBindingMode": "WaitForFirstConsumer"}
        await r.client.create(STORAGECLASSES, kind)
        await r.client.create(PERSISTENTVOLUMES, volume())
        await r.client.create(PERSISTENTVOLUMECLAIMS, claim(), "default")
        await r.settle()
        assert await phases(r) == {"v": "Available", "c": "Pending"}
        assert "WaitForFirstConsumer" in r.events.reasons()


async def test_what_may_go_goes_with_its_claim():
    async with rig(PV) as r:
        policy = {"persistentVolumeReclaimPolicy": "Delete", "hostPath": {"path": "/tmp/x"}}
        await r.client.create(PERSISTENTVOLUMES, volume(**policy))
        await bound_and_gone(r)
        assert (await r.client.get(PERSISTENTVOLUMES, "v"))["metadata"]["deletionTimestamp"]


async def bound_and_gone(r):
    """A claim gets the volume, and is deleted."""
    await r.client.create(PERSISTENTVOLUMECLAIMS, claim(), "default")
    await r.settle()
    await r.client.patch(PERSISTENTVOLUMECLAIMS, "c", {"metadata": {"finalizers": None}}, "default")
    await r.client.delete(PERSISTENTVOLUMECLAIMS, "c", "default")
    await r.settle()


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (
            {"hostPath": {"path": "/data"}},
            "host_path deleter only supports /tmp/.+ but received provided /data",
        ),
        (
            {"hostPath": None, "nfs": {"server": "s", "path": "/p"}},
            'error getting deleter volume plugin for volume "v": no deletable volume plugin matched',
        ),
    ],
)
async def test_what_cannot_be_deleted_has_failed(source, why):
    async with rig(PV) as r:
        made = volume(persistentVolumeReclaimPolicy="Delete", **source)
        made["spec"] = {key: value for key, value in made["spec"].items() if value is not None}
        await r.client.create(PERSISTENTVOLUMES, made)
        await bound_and_gone(r)
        found = (await r.client.get(PERSISTENTVOLUMES, "v"))["status"]
        assert (found["phase"], found["message"]) == ("Failed", why)
        assert ("Warning", "VolumeFailedDelete", why) in r.events


async def test_what_a_driver_made_waits_for_the_driver():
    assert binder.why_not_deleted(volume(csi={"driver": "d", "volumeHandle": "h"})) is None


async def test_a_volume_whose_claim_has_another_is_free_again():
    async with rig(PV) as r:
        await r.client.create(PERSISTENTVOLUMES, volume("v"))
        await r.client.create(PERSISTENTVOLUMECLAIMS, claim(), "default")
        await r.settle()
        found = await r.client.get(PERSISTENTVOLUMECLAIMS, "c", "default")
        reference = {"namespace": "default", "name": "c", "uid": found["metadata"]["uid"]}
        for name, annotations in (("ours", {binder.BOUND_BY_CONTROLLER: "yes"}), ("theirs", {})):
            made = volume(name, claimRef=reference)
            made["metadata"]["annotations"] = annotations
            await r.client.create(PERSISTENTVOLUMES, made)
        await r.settle()
        ours, theirs = [await r.client.get(PERSISTENTVOLUMES, name) for name in ("ours", "theirs")]
        assert "claimRef" not in ours["spec"]
        assert ours["status"]["phase"] == "Available"
        assert theirs["spec"]["claimRef"] == {"namespace": "default", "name": "c"} | {
            key: theirs["spec"]["claimRef"][key] for key in ("kind",) if key in theirs["spec"]["claimRef"]
        }


@pytest.mark.parametrize(
    ("asked", "reason", "why"),
    [
        ({"size": "5Gi"}, "VolumeMismatch", "requested PV is too small"),
        ({"storageClassName": "other"}, "VolumeMismatch", "storageClassName does not match"),
        ({"accessModes": ["ReadWriteMany"]}, "VolumeMismatch", "incompatible accessMode"),
        (
            {"volumeAttributesClassName": "gold"},
            "VolumeMismatch",
            "volumeAttributesClassName does not match",
        ),
        ({}, "FailedBinding", "already bound to a different claim."),
    ],
)
async def test_a_claim_that_names_a_volume_is_told_why_it_cannot_have_it(asked, reason, why):
    async with rig(PV) as r:
        taken = {} if asked else {"claimRef": {"namespace": "default", "name": "another", "uid": "u"}}
        await r.client.create(PERSISTENTVOLUMES, volume(**taken))
        made = claim(volumeName="v", **{key: value for key, value in asked.items() if key != "size"})
        if "size" in asked:
            made["spec"]["resources"] = {"requests": {"storage": asked["size"]}}
        await r.client.create(PERSISTENTVOLUMECLAIMS, made, "default")
        await r.settle()
        assert (await phases(r))["c"] == "Pending"
        (message,) = {text for _, told, text in r.events if told == reason}
        assert why in message
