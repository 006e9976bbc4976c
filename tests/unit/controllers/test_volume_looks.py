"""What looks at claims and volumes lead to, and who is looked at."""

from __future__ import annotations

import pytest

from kubelite.api.resources import NODES, PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, PODS, STORAGECLASSES
from kubelite.apimachinery.apierrors import InternalError
from kubelite.controllers.volume.binding import PersistentVolumeController
from kubelite.controllers.volume.ephemeral import EphemeralVolumeController
from kubelite.controllers.volume.provisioner import RETRY_S, Provisioner
from kubelite.reconcile.intents import CreateObject, DeleteObject, RequeueAfter, UpdateObject, UpdateStatus
from tests.unit.controllers.desk import Desk, only
from tests.unit.controllers.situations.parts import named, node, pod
from tests.unit.controllers.situations.volumes import (
    EPHEMERAL,
    LOCAL,
    claim,
    provision,
    storage_class,
    volume,
)


def test_a_pod_makes_its_ephemeral_claim_once_that_of_another_in_its_place_is_gone():
    desk = Desk()
    desk.put(PODS, pod(volumes=EPHEMERAL), pod("other", volumes=[{"name": "v"}]))
    foreign = named("p-v", spec={})
    desk.put(PERSISTENTVOLUMECLAIMS, foreign)
    controller = desk.make(EphemeralVolumeController)
    assert not only(desk.look(controller, "d/p"), CreateObject)
    (watch,) = (each for each in controller.watches() if each.resource == PERSISTENTVOLUMECLAIMS)
    assert list(watch.keys(None, foreign)) == list(watch.keys(foreign, foreign)) == []
    desk.take(PERSISTENTVOLUMECLAIMS, "p-v")
    assert list(watch.keys(foreign, None)) == ["d/p"]
    (made,) = only(desk.look(controller, "d/p"), CreateObject)
    assert made.object["metadata"]["name"] == "p-v"


@pytest.mark.parametrize("marks", [LOCAL, {**LOCAL, "volume.kubernetes.io/selected-node": "gone"}])
def test_a_volume_that_no_node_is_there_for_is_tried_again(marks):
    asked = provision(claim(class_name="k", **marks))
    assert not only(asked, CreateObject)
    assert [each.delay_s for each in only(asked, RequeueAfter)] == [RETRY_S]


@pytest.mark.parametrize("fails", [True, False])
def test_the_directory_of_a_volume_goes_before_the_volume_does(fails):
    erased = []
    found = provision_volume("a")
    found["status"]["phase"] = "Released"
    desk = Desk()
    desk.put(PERSISTENTVOLUMES, found)
    controller = desk.make(Provisioner, erase=lambda *what: erased.append(what))

    def answer(intent):
        assert len(erased) == 1
        return InternalError("no") if fails else None

    assert only(desk.look(controller, f"volume/{found['metadata']['name']}", answer), DeleteObject)
    assert erased == [("a", found["spec"]["hostPath"]["path"])]


def handler(desk, resource):
    controller = desk.make(PersistentVolumeController)
    return next(each.keys for each in controller.watches() if each.resource == resource)


def test_a_volume_that_is_free_calls_the_claims_that_it_fits_until_it_stays_as_it_is():
    desk = Desk()
    desk.put(PERSISTENTVOLUMECLAIMS, claim(class_name="k"))
    called = handler(desk, PERSISTENTVOLUMES)
    fits, other = volume(storageClassName="k"), volume(storageClassName="l")
    assert list(called(None, fits)) == ["volume/v", "claim/d/c"]
    assert list(called(None, other)) == ["volume/v"]
    assert list(called(fits, {**fits, "status": {"phase": "Available"}})) == ["volume/v"]
    assert list(called(other, fits)) == ["volume/v", "claim/d/c"]


def test_a_claim_that_goes_before_it_knows_its_volume_calls_the_volume_that_knows_the_claim():
    desk = Desk()
    desk.put(PERSISTENTVOLUMES, volume({"uid": "uid-c"}, phase="Bound"))
    called = handler(desk, PERSISTENTVOLUMECLAIMS)
    assert list(called(None, claim())) == ["claim/d/c"]
    assert list(called(claim(), None)) == ["claim/d/c", "volume/v"]
    assert list(called(claim("v"), None)) == ["claim/d/c", "volume/v"]
    (released,) = only(desk.look(desk.make(PersistentVolumeController), "volume/v"), UpdateStatus)
    assert released.object["status"]["phase"] == "Released"


@pytest.mark.parametrize(("named_class", "is_called"), [("k", True), (None, True), ("", False), ("l", False)])
def test_a_new_class_calls_the_claims_that_name_it_or_none(named_class, is_called):
    desk = Desk()
    made = claim()
    made["spec"]["storageClassName"] = named_class
    desk.put(PERSISTENTVOLUMECLAIMS, made)
    assert bool(list(handler(desk, STORAGECLASSES)(None, storage_class()))) is is_called
    assert not list(handler(desk, STORAGECLASSES)(storage_class(), None))


def test_a_volume_that_is_reserved_for_a_claim_comes_before_the_smallest_that_is_free():
    desk = Desk()
    desk.put(PERSISTENTVOLUMECLAIMS, claim())
    small, mine = volume(), volume({"kind": "PersistentVolumeClaim"})
    mine["metadata"]["name"], mine["spec"]["capacity"] = "mine", {"storage": "9Gi"}
    desk.put(PERSISTENTVOLUMES, small, mine)
    asked = desk.look(desk.make(PersistentVolumeController), "claim/d/c")
    assert only(asked, UpdateObject)[0].object["metadata"]["name"] == "mine"


def provision_volume(on):
    """What is made for a claim, on a node of this name."""
    desk = Desk()
    desk.put(NODES, node(on))
    desk.put(PERSISTENTVOLUMECLAIMS, claim(class_name="k", **LOCAL))
    desk.put(STORAGECLASSES, storage_class("rancher.io/local-path"))
    (made,) = only(desk.look(desk.make(Provisioner), "claim/d/c"), CreateObject)
    metadata = {**made.object["metadata"], "uid": "u"}
    return {**made.object, "metadata": metadata, "status": {}}
