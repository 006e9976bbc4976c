"""Which pods a ReplicaSet counts as leaving, and which as crowded."""

from __future__ import annotations

import pytest

from kubelite.api.resources import PODS, REPLICASETS, REPLICATIONCONTROLLERS
from kubelite.apimachinery.timestamps import format_time
from kubelite.controllers.replicas import matters
from kubelite.controllers.replicaset.controller import ReplicaSetManager
from kubelite.controllers.replicaset.replication import ReplicationManager
from kubelite.reconcile.intents import DeleteObject, UpdateStatus
from tests.unit.controllers.desk import NOW, Desk, only, owned_by


def replica_set(name="rs", replicas=2, owner=None, *, plain=False):
    metadata = {"name": name, "namespace": "d", "uid": f"uid-{name}", "generation": 1}
    if owner is not None:
        metadata["ownerReferences"] = [owner]
    selector = {"a": "b"} if plain else {"matchLabels": {"a": "b"}}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {}}
    return {
        "metadata": metadata,
        "spec": {"replicas": replicas, "selector": selector, "template": template},
        "status": {},
    }


def pod(name, owner, node, kind="ReplicaSet", age_s=100.0, labels=None, **metadata):
    made = {
        "name": name,
        "namespace": "d",
        "uid": f"uid-{name}",
        "labels": labels or {"a": "b"},
        "creationTimestamp": format_time(NOW - age_s),
        "ownerReferences": [owned_by(owner, kind)],
    }
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": format_time(NOW - age_s)}
    status = {"phase": "Running", "conditions": [ready]}
    return {"metadata": {**made, **metadata}, "spec": {"nodeName": node}, "status": status}


def victims(manager, resource, owner, *pods, others=()):
    desk = Desk()
    desk.put(resource, owner, *others)
    desk.put(PODS, *pods)
    return [each.name for each in only(desk.look(desk.make(manager), "d/rs"), DeleteObject)]


@pytest.mark.parametrize(
    ("manager", "resource", "kind"),
    [
        (ReplicaSetManager, REPLICASETS, "ReplicaSet"),
        (ReplicationManager, REPLICATIONCONTROLLERS, "ReplicationController"),
    ],
)
def test_without_a_controller_crowded_nodes_make_no_difference(manager, resource, kind):
    owner = replica_set(plain=resource == REPLICATIONCONTROLLERS)
    pods = [
        pod("old-1", owner, "n1", kind, 1e6),
        pod("old-2", owner, "n1", kind, 1e6),
        pod("new", owner, "n2", kind),
    ]
    assert victims(manager, resource, owner, *pods) == ["new"]


def test_the_pods_of_all_replica_sets_of_a_deployment_crowd_a_node():
    deployment = owned_by({"metadata": {"name": "dep", "uid": "uid-dep"}}, "Deployment")
    owner, other = replica_set(owner=deployment, replicas=1), replica_set("other", owner=deployment)
    pods = [pod("old", owner, "n1", age_s=1e6), pod("new", owner, "n2"), pod("beside", other, "n1")]
    assert victims(ReplicaSetManager, REPLICASETS, owner, *pods, others=[other]) == ["old"]


def test_pods_that_leave_count_while_they_match_and_have_not_ended():
    owner, gone = replica_set(replicas=0), {"deletionTimestamp": format_time(NOW)}
    stranger = pod("stranger", owner, "n", labels={"a": "c"}, **gone)
    ended = pod("ended", owner, "n", **gone)
    ended["status"]["phase"] = "Succeeded"
    dependent = pod("dependent", owner, "n", **gone)
    dependent["metadata"]["ownerReferences"] = [owned_by(owner, "ReplicaSet", is_controller=False)]
    desk = Desk()
    desk.put(REPLICASETS, owner)
    desk.put(PODS, pod("leaving", owner, "n", **gone), stranger, ended, dependent)
    (update,) = only(desk.look(desk.make(ReplicaSetManager), "d/rs"), UpdateStatus)
    assert update.object["status"]["terminatingReplicas"] == 1


@pytest.mark.parametrize("time", [None, format_time(NOW)])
def test_a_pod_that_becomes_ready_counts_whether_it_is_told_since_when_or_not(time):
    def made(status):
        found = pod("p", replica_set(), "n")
        condition = {"type": "Ready", "status": status}
        condition |= {} if time is None else {"lastTransitionTime": time}
        return {**found, "status": {"phase": "Running", "conditions": [condition]}}

    assert matters(made("False"), made("True"))
    assert matters(made("True"), made("False"))
    assert not matters(made("True"), made("True"))
