"""What becomes of an object by what becomes of its owners."""

from __future__ import annotations

import pytest

from kubelite.api.resources import CONFIGMAPS, PODS
from kubelite.apimachinery.apierrors import Conflict
from kubelite.apimachinery.timestamps import format_time
from kubelite.controllers.garbagecollector.controller import GarbageCollector
from kubelite.reconcile.intents import DeleteObject, PatchObject
from tests.unit.controllers.desk import NOW, Desk, only


def obj(name, *owners, **metadata):
    references = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": owner, "uid": f"uid-{owner}", **more}
        for owner, more in owners
    ]
    made = {"name": name, "namespace": "d", "uid": f"uid-{name}", "resourceVersion": "7"}
    return {"metadata": {**made, "ownerReferences": references, **metadata}}


def waiting(name, *owners):
    """An owner that is deleted in the foreground."""
    return obj(name, *owners, deletionTimestamp=format_time(NOW), finalizers=["foregroundDeletion"])


HOLDS, LETS = {"blockOwnerDeletion": True}, {"blockOwnerDeletion": False}


def look(key, *objects, pods=(), answer=lambda _: None):
    desk = Desk()
    desk.put(CONFIGMAPS, *objects)
    desk.put(PODS, *pods)
    controller = desk.make(GarbageCollector)
    for watch in controller.watches():
        for each in desk.informer(watch.resource).objects:
            list(watch.keys(None, each))
    return desk.look(controller, key, answer)


@pytest.mark.parametrize("how", [HOLDS, LETS])
def test_what_has_dependents_goes_in_the_foreground_with_its_owner(how):
    asked = look("uid-middle", waiting("top"), obj("middle", ("top", how)), obj("leaf", ("middle", HOLDS)))
    assert [each.propagation_policy for each in only(asked, DeleteObject)] == ["Foreground"]


@pytest.mark.parametrize("how", [HOLDS, LETS])
def test_what_has_none_goes_in_the_background(how):
    asked = look("uid-leaf", waiting("top"), obj("leaf", ("top", how)))
    (deletion,) = only(asked, DeleteObject)
    assert (deletion.propagation_policy, deletion.resource_version) == ("Background", "7")


def test_in_a_circle_no_owner_is_held_up_any_more():
    owners = ("top", HOLDS), ("gone", HOLDS), ("free", LETS)
    asked = look("uid-middle", waiting("top", ("middle", HOLDS)), obj("middle", *owners), waiting("free"))
    (patch,) = only(asked, PatchObject)
    references = patch.patch["metadata"]["ownerReferences"]
    assert [each["blockOwnerDeletion"] for each in references] == [False, False, False]
    (deletion,) = only(asked, DeleteObject)
    assert (deletion.propagation_policy, deletion.resource_version) == ("Foreground", None)


def test_what_somebody_has_changed_meanwhile_is_not_deleted_out_of_a_circle():
    changed = Conflict(CONFIGMAPS, "middle", "it has no owner any more")
    asked = look(
        "uid-middle",
        waiting("top", ("middle", HOLDS)),
        obj("middle", ("top", HOLDS)),
        answer=lambda each: changed if isinstance(each, PatchObject) else None,
    )
    assert only(asked, PatchObject)
    assert not only(asked, DeleteObject)


def test_an_owner_that_lives_keeps_it_and_the_others_are_forgotten():
    owners = ("lives", HOLDS), ("top", LETS), ("gone", HOLDS)
    asked = look("uid-leaf", obj("lives"), waiting("top"), obj("leaf", *owners))
    assert not only(asked, DeleteObject)
    (patch,) = only(asked, PatchObject)
    assert [each["name"] for each in patch.patch["metadata"]["ownerReferences"]] == ["lives"]
