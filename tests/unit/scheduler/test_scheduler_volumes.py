"""VolumeBinding, VolumeZone, VolumeRestrictions and NodeVolumeLimits: pods go where their volumes can be."""

from __future__ import annotations

import pytest

from kubelite.api.resources import (
    CSIDRIVERS,
    CSINODES,
    CSISTORAGECAPACITIES,
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    STORAGECLASSES,
)
from kubelite.scheduler.podinfo import PodInfo
from tests.unit.scheduler.objects import make_node, make_pod
from tests.unit.scheduler.rig import Rig

HOST = "kubernetes.io/hostname"
WAITS = {"metadata": {"name": "waits"}, "provisioner": "x", "volumeBindingMode": "WaitForFirstConsumer"}
LOCAL = {**WAITS, "metadata": {"name": "local"}, "provisioner": "kubernetes.io/no-provisioner"}
NOT_FOUND = "node(s) didn't find available persistent volumes to bind"


def claim(name="data", volume=None, of_class="waits", modes=("ReadWriteOnce",), annotations=()):
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}", "resourceVersion": "1"}
    metadata["annotations"] = dict(annotations)
    spec = {"accessModes": list(modes), "storageClassName": of_class}
    spec["resources"] = {"requests": {"storage": "1Gi"}}
    if volume:
        spec["volumeName"] = volume
        metadata["annotations"]["pv.kubernetes.io/bind-completed"] = "yes"
    return {"metadata": metadata, "spec": spec, "status": {"phase": "Bound" if volume else "Pending"}}


def volume(name="disk", node=None, of_class="local", size="1Gi", labels=None, **spec):
    spec |= {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "storageClassName": of_class}
    if node:
        rule = {"matchExpressions": [{"key": HOST, "operator": "In", "values": [node]}]}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [rule]}}
    return {
        "metadata": {"name": name, "labels": labels or {}},
        "spec": spec,
        "status": {"phase": "Available"},
    }


def using(*names, name="p", **more):
    volumes = [{"name": each, "persistentVolumeClaim": {"claimName": each}} for each in names]
    return make_pod(name, volumes=volumes, **more)


def rig(claims=(), volumes=(), classes=(WAITS, LOCAL), pods=(), nodes=("a", "b"), **objects):
    known = {PERSISTENTVOLUMECLAIMS: claims, PERSISTENTVOLUMES: volumes, STORAGECLASSES: classes}
    return Rig([make_node(name) for name in nodes], pods, {**known, **objects.get("more", {})})


# -- binding


def test_a_pod_goes_where_the_volume_of_its_claim_is():
    assert rig([claim(volume="disk")], [volume(node="b")]).feasible(using("data")) == {"b"}


@pytest.mark.parametrize(
    ("claims", "volumes", "message"),
    [
        ([], [], 'persistentvolumeclaim "data" not found'),
        ([claim(of_class="now")], [], "pod has unbound immediate PersistentVolumeClaims"),
        ([claim(of_class="local")], [], f"2 {NOT_FOUND}"),
        (
            [claim(volume="disk")],
            [volume(node="c")],
            "2 node(s) didn't match PersistentVolume's node affinity",
        ),
        (
            [{**claim(volume="disk"), "status": {"phase": "Lost"}}],
            [],
            'persistentvolumeclaim "data" bound to non-existent persistentvolume "disk"',
        ),
    ],
    ids=["none", "immediate", "no volume", "elsewhere", "lost"],
)
def test_why_the_volumes_of_a_pod_keep_it_waiting(claims, volumes, message):
    assert rig(claims, volumes).refusal(using("data")) == f"0/2 nodes are available: {message}."


def test_a_claim_that_waits_for_its_consumer_gets_the_smallest_volume_that_fits():
    volumes = [
        volume("big", "b", size="9Gi"),
        volume("fits", "b", size="2Gi"),
        volume("small", "b", size="1Mi"),
    ]
    made = rig([claim(of_class="local")], volumes)
    assert made.feasible(using("data")) == {"b"}
    plugin, info = made.framework.plugin("VolumeBinding"), PodInfo.of(using("data"))
    assert plugin.reserve(info, made.cache.nodes["b"]) is None
    ((kind, written),) = plugin.writes(info)
    assert (kind, written["metadata"]["name"]) == ("volume", "fits")
    assert written["spec"]["claimRef"]["uid"] == "uid-data"


def test_a_volume_that_is_set_aside_is_not_given_to_another():
    made = rig([claim("x", of_class="local"), claim("y", of_class="local")], [volume(node="a")])
    plugin, first = made.framework.plugin("VolumeBinding"), PodInfo.of(using("x", name="first"))
    assert plugin.reserve(first, made.cache.nodes["a"]) is None
    assert made.feasible(using("y", name="second")) == set()
    plugin.unreserve(first)
    assert made.feasible(using("y", name="second")) == {"a"}


def test_a_claim_to_be_provisioned_is_marked_with_the_node():
    made = rig([claim()])
    plugin, info = made.framework.plugin("VolumeBinding"), PodInfo.of(using("data"))
    assert made.feasible(using("data")) == {"a", "b"}
    assert plugin.reserve(info, made.cache.nodes["b"]) is None
    ((kind, written),) = plugin.writes(info)
    assert (kind, written["metadata"]["annotations"]["volume.kubernetes.io/selected-node"]) == ("claim", "b")
    assert plugin.progress(info) is False


def test_a_claim_that_is_marked_already_is_provisioned_there_only():
    made = rig([claim(annotations={"volume.kubernetes.io/selected-node": "b"})])
    assert made.feasible(using("data")) == {"b"}


def test_a_class_may_be_allowed_in_some_places_only():
    places = [{"matchLabelExpressions": [{"key": HOST, "values": ["b"]}]}]
    assert rig([claim()], classes=[{**WAITS, "allowedTopologies": places}]).feasible(using("data")) == {"b"}


def test_a_driver_that_tells_its_capacity_is_asked_for_it():
    capacity = {"storageClassName": "waits", "capacity": "5Gi", "nodeTopology": {"matchLabels": {HOST: "a"}}}
    driver = {"metadata": {"name": "x"}, "spec": {"storageCapacity": True}}
    more = {CSIDRIVERS: [driver], CSISTORAGECAPACITIES: [{"metadata": {"name": "c"}, **capacity}]}
    assert rig([claim()], more=more).feasible(using("data")) == {"a"}
    more[CSISTORAGECAPACITIES] = []
    assert (
        rig([claim()], more=more)
        .refusal(using("data"))
        .endswith("2 node(s) did not have enough free storage.")
    )


# -- zones, restrictions, limits


def test_a_pod_goes_to_the_zone_of_its_volume():
    zone = "topology.kubernetes.io/zone"
    nodes = [make_node("a", labels={zone: "x"}), make_node("b", labels={zone: "y"}), make_node("c")]
    known = {PERSISTENTVOLUMECLAIMS: [claim(volume="disk")]}
    known[PERSISTENTVOLUMES] = [volume(labels={zone: "y__z"})]
    assert Rig(nodes, objects=known).feasible(using("data")) == {"b"}
    assert (
        Rig(nodes[:1], objects=known)
        .refusal(using("data"))
        .endswith("1 node(s) had no available volume zone.")
    )


def test_a_claim_for_one_pod_is_not_shared():
    alone = claim(volume="disk", modes=["ReadWriteOncePod"])
    made = rig([alone], [volume()], pods=[using("data", name="first", node="a")])
    assert made.feasible(using("data", name="second")) == set()
    assert "ReadWriteOncePod access mode" in made.refusal(using("data", name="second"))
    found = made.preempt(using("data", name="second", priority=9))
    assert [each.key for each in found.chosen.victims] == ["default/first"]


@pytest.mark.parametrize(("read_only", "feasible"), [(False, {"b"}), (True, {"a", "b"})])
def test_a_disk_is_shared_by_readers_only(read_only, feasible):
    disk = [{"name": "v", "gcePersistentDisk": {"pdName": "d", "readOnly": read_only}}]
    made = rig(pods=[make_pod("r", node="a", volumes=disk)])
    assert made.feasible(make_pod(volumes=disk)) == feasible


def test_a_driver_attaches_only_so_many_volumes():
    csi = [volume(name, csi={"driver": "x", "volumeHandle": name}) for name in ("v1", "v2")]
    limits = [{"name": "x", "allocatable": {"count": 1}}]
    more = {CSINODES: [{"metadata": {"name": "a"}, "spec": {"drivers": limits}}]}
    claims = [claim("c1", "v1"), claim("c2", "v2")]
    made = rig(claims, csi, pods=[using("c1", name="r", node="a")], more=more)
    assert made.feasible(using("c2")) == {"b"}
    assert made.feasible(using("c1")) == {"a", "b"}
