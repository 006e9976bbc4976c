"""Which members a StatefulSet makes and removes next, who they are, and what they own: without a loop."""

from __future__ import annotations

import pytest

from kubelite.api.resources import STATEFULSETS
from kubelite.controllers.history import revisions as history
from kubelite.controllers.statefulset import plan as statefulplan
from kubelite.controllers.statefulset import pods as members

NOW = 1_000_000.0
OLD, NEW = "web-old", "web-new"


def stateful_set(replicas=3, partition=0, **spec):
    return {
        "metadata": {"name": "web", "namespace": "default", "uid": "s", "generation": 1},
        "spec": {
            "replicas": replicas,
            "serviceName": "svc",
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "nginx:2"}]},
            },
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}},
            **spec,
        },
    }


def with_claims(deleted="Retain", scaled="Retain", **spec):
    template = {
        "metadata": {"name": "data", "labels": {"l": "m"}},
        "spec": {"accessModes": ["ReadWriteOnce"]},
        "status": {"phase": "Pending"},
    }
    policy = {"whenDeleted": deleted, "whenScaled": scaled}
    return stateful_set(volumeClaimTemplates=[template], persistentVolumeClaimRetentionPolicy=policy, **spec)


def revision(name, image="nginx:2"):
    owner = stateful_set()
    container = {"name": "c", "image": image}
    owner["spec"]["template"] = {**owner["spec"]["template"], "spec": {"containers": [container]}}
    made = history.make_revision(owner, STATEFULSETS, "x", {}, 1)
    return {**made, "metadata": {**made["metadata"], "name": name}}


def pod(ordinal, of=NEW, phase="Running", ready=True, deleted=False, since="1970-01-01T00:00:00Z"):
    name = f"web-{ordinal}"
    metadata = {
        "name": name,
        "namespace": "default",
        "uid": f"p{ordinal}",
        "labels": {**members.identity(name, ordinal), "controller-revision-hash": of},
    }
    if deleted:
        metadata["deletionTimestamp"] = "2026-01-01T01:00:00Z"
    status = {
        "phase": phase,
        "conditions": [
            {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": since}
        ],
    }
    return {"metadata": metadata, "spec": {}, "status": status}


def situation(owner, *pods, current=NEW, stale=(), **more):
    known = {OLD: revision(OLD, "nginx:1"), NEW: revision(NEW)}
    return statefulplan.Situation(
        owner, known[current], known[NEW], pods, lambda name: name in stale, NOW, **more
    )


def plan(owner, *pods, **more):
    return statefulplan.plan(situation(owner, *pods, **more))


def names(pods):
    return [each["metadata"]["name"] for each in pods]


def changes(made):
    return names(made.create), names(made.delete)


# --- who a member is --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "ordinal"), [("web-0", 0), ("web-12", 12), ("web-x", None), ("a-web-1", None), ("web", None)]
)
def test_a_member_is_known_by_its_name(name, ordinal):
    assert members.ordinal_of(stateful_set(), name) == ordinal


def test_a_member_has_labels_a_host_name_and_volumes_of_its_own():
    owner = with_claims()
    template = {**owner["spec"]["template"]}
    template["spec"] = {**template["spec"], "volumes": [{"name": "data"}, {"name": "tmp", "emptyDir": {}}]}
    made = members.make_member(owner, template, NEW, 2)
    assert made["metadata"]["name"] == "web-2"
    assert made["metadata"]["generateName"] == "web-"
    assert made["metadata"]["labels"] == {
        "app": "web",
        "statefulset.kubernetes.io/pod-name": "web-2",
        "apps.kubernetes.io/pod-index": "2",
        "controller-revision-hash": NEW,
    }
    assert (made["spec"]["hostname"], made["spec"]["subdomain"]) == ("web-2", "svc")
    assert made["spec"]["volumes"] == [
        {"name": "data", "persistentVolumeClaim": {"claimName": "data-web-2"}},
        {"name": "tmp", "emptyDir": {}},
    ]
    assert members.has_identity(made)
    stripped = {**made, "metadata": {**made["metadata"], "labels": {"app": "web"}}}
    assert not members.has_identity(stripped)


def test_claims_have_the_labels_of_their_template_and_of_the_selector():
    (claim,) = members.make_claims(with_claims(), pod(1))
    assert claim["metadata"] == {
        "name": "data-web-1",
        "namespace": "default",
        "labels": {"l": "m", "app": "web"},
    }
    assert "status" not in claim


@pytest.mark.parametrize("template", [{"metadata": {}}, {"spec": {}}])
def test_a_template_of_claims_without_a_name_is_taken_as_it_is(template):
    owner = stateful_set(volumeClaimTemplates=[template])
    assert members.claim_names(owner, "web-1") == ["-web-1"]
    assert [claim["metadata"]["name"] for claim in members.make_claims(owner, pod(1))] == ["-web-1"]
    assert members.make_member(owner, owner["spec"]["template"], "r", 1)["spec"]["volumes"][0]["name"] == ""


@pytest.mark.parametrize(
    ("deleted", "scaled", "ordinal", "owner"),
    [
        ("Retain", "Retain", 0, None),
        ("Retain", "Retain", 5, None),
        ("Delete", "Retain", 0, "s"),
        ("Delete", "Retain", 5, "s"),
        ("Retain", "Delete", 0, None),
        ("Retain", "Delete", 5, "p5"),
        ("Delete", "Delete", 0, "s"),
        ("Delete", "Delete", 5, "p5"),
    ],
)
def test_who_owns_a_claim(deleted, scaled, ordinal, owner):
    earlier = {"kind": "StatefulSet", "name": "web", "uid": "s", "controller": True}
    claim = {"metadata": {"ownerReferences": [earlier]}}
    found = members.claim_owners(with_claims(deleted, scaled), pod(ordinal), claim)
    assert [each["uid"] for each in found] == ([] if owner is None else [owner])


def test_a_claim_that_somebody_else_controls_is_left_to_them():
    other = {"kind": "X", "name": "x", "uid": "x", "controller": True}
    claim = {"metadata": {"name": "data-web-0", "ownerReferences": [other]}}
    assert members.claim_owners(with_claims("Delete"), pod(0), claim) == [other]
    assert members.misowned(with_claims("Delete"), pod(0), {"data-web-0": claim}) == []


def test_a_claim_of_the_pod_before_has_to_go_first():
    reference = {"kind": "Pod", "name": "web-1", "uid": "gone"}
    claims = {"data-web-1": {"metadata": {"name": "data-web-1", "ownerReferences": [reference]}}}
    assert members.is_stale(with_claims(scaled="Delete"), "web-1", claims)
    assert not members.is_stale(with_claims(), "web-1", claims)
    assert not members.is_stale(with_claims(scaled="Delete"), "web-1", {})


# --- scaling ----------------------------------------------------------------------------------------------


def test_members_come_one_by_one_and_each_waits_for_those_before():
    assert changes(plan(stateful_set())) == (["web-0"], [])
    assert changes(plan(stateful_set(), pod(0, ready=False))) == ([], [])
    assert changes(plan(stateful_set(), pod(0))) == (["web-1"], [])
    assert changes(plan(stateful_set(), pod(0), pod(2))) == (["web-1"], [])
    assert changes(plan(stateful_set(), pod(0), pod(1), pod(2))) == ([], [])


def test_a_member_that_is_ready_has_to_stay_so_for_a_while():
    owner = stateful_set(minReadySeconds=30)
    since = "1970-01-12T13:46:20Z"  # 20 s before NOW
    waiting = situation(owner, pod(0, since=since))
    assert changes(statefulplan.plan(waiting)) == ([], [])
    assert statefulplan.next_available_s(waiting) == 10
    assert statefulplan.next_available_s(situation(owner, pod(0))) is None
    assert statefulplan.next_available_s(situation(owner, pod(0, deleted=True))) is None


def test_the_first_ordinal_may_be_another():
    owner = stateful_set(2, ordinals={"start": 5})
    assert changes(plan(owner)) == (["web-5"], [])
    assert changes(plan(owner, pod(5), pod(6), pod(0))) == ([], ["web-0"])


def test_members_go_from_the_last_each_after_the_one_before_is_gone():
    owner = stateful_set(1)
    assert changes(plan(owner, pod(0), pod(1), pod(2))) == ([], ["web-2"])
    assert changes(plan(owner, pod(0), pod(1), pod(2, deleted=True))) == ([], [])
    assert changes(plan(owner, pod(0, ready=False), pod(1))) == ([], [])
    assert changes(plan(owner, pod(0), pod(1, ready=False), pod(2))) == ([], ["web-2"])
    assert changes(plan(owner, pod(0), pod(1, ready=False), pod(2, ready=False))) == ([], [])
    assert changes(plan(owner, pod(0), pod(1, ready=False))) == ([], ["web-1"])


def test_members_that_have_ended_are_made_anew():
    assert changes(plan(stateful_set(), pod(0, phase="Failed"))) == ([], ["web-0"])
    assert changes(plan(stateful_set(), pod(0, phase="Succeeded", deleted=True))) == ([], [])


def test_a_pending_member_may_wait_for_a_claim():
    assert names(plan(stateful_set(), pod(0, phase="Pending", ready=False)).claims) == ["web-0"]


def test_a_member_with_a_stale_claim_is_not_made():
    assert changes(plan(stateful_set(), stale=["web-0"])) == ([], [])


def test_parallel_members_come_and_go_together():
    owner = stateful_set(podManagementPolicy="Parallel")
    assert changes(plan(owner, pod(1, ready=False))) == (["web-0", "web-2"], [])
    assert changes(plan(owner, pod(0), pod(4), pod(3, ready=False))) == (
        ["web-1", "web-2"],
        ["web-4", "web-3"],
    )


# --- updates ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["OrderedReady", "Parallel"])
def test_an_update_goes_from_the_last_to_the_first_one_at_a_time(policy):
    owner = stateful_set(podManagementPolicy=policy)
    old = [pod(ordinal, OLD) for ordinal in range(3)]
    assert changes(plan(owner, *old, current=OLD)) == ([], ["web-2"])
    leaving = pod(2, OLD, deleted=True)
    assert changes(plan(owner, *old[:2], leaving, current=OLD)) == ([], [])
    made = plan(owner, *old[:2], current=OLD)
    assert changes(made) == (["web-2"], [])
    assert made.create[0]["spec"]["containers"][0]["image"] == "nginx:2"
    assert changes(plan(owner, *old[:2], pod(2, ready=False), current=OLD)) == ([], [])
    assert changes(plan(owner, *old[:2], pod(2), current=OLD)) == ([], ["web-1"])


def limited(most, replicas=5, partition=0, policy="OrderedReady"):
    rolling = {"partition": partition, "maxUnavailable": most}
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    return stateful_set(replicas=replicas, updateStrategy=strategy, podManagementPolicy=policy)


@pytest.mark.parametrize(
    ("most", "replicas", "number"),
    [(1, 5, 1), (3, 5, 3), ("40%", 5, 2), ("50%", 5, 2), ("10%", 5, 1), ("100%", 5, 5), (7, 5, 7)],
)
def test_how_many_members_may_be_missing(most, replicas, number):
    assert statefulplan.max_unavailable_of(limited(most, replicas)) == number


@pytest.mark.parametrize("policy", ["OrderedReady", "Parallel"])
def test_an_update_replaces_as_many_members_as_may_be_missing(policy):
    old = [pod(each, OLD) for each in range(5)]
    how = {"current": OLD, "limits_unavailable": True}
    assert changes(plan(limited(2, policy=policy), *old, **how)) == ([], ["web-4", "web-3"])
    assert changes(plan(limited(2, partition=4, policy=policy), *old, **how)) == ([], ["web-4"])
    assert changes(plan(limited(9, policy=policy), *old, **how))[1] == [f"web-{n}" for n in (4, 3, 2, 1, 0)]
    assert changes(plan(limited(2, policy=policy), *old, current=OLD)) == ([], ["web-4"])


def test_missing_members_take_room_from_an_update():
    how = {"current": OLD, "limits_unavailable": True}
    owner = limited(2, policy="Parallel")
    early = [pod(each, OLD) for each in range(3)]
    assert changes(plan(owner, *early, pod(3, NEW, ready=False), pod(4, NEW), **how)) == ([], ["web-2"])
    assert changes(plan(owner, *early, pod(3, NEW, ready=False), **how)) == (["web-4"], [])
    broken = [pod(0, OLD, ready=False), pod(1, OLD), pod(2, OLD)]
    assert changes(plan(owner, *broken, pod(3, NEW), pod(4, NEW), **how)) == ([], ["web-2"])
    assert changes(plan(owner, *early, pod(3, OLD, deleted=True), pod(4, OLD), **how)) == ([], ["web-4"])


def test_ordered_members_are_all_awaited_before_more_are_replaced():
    how = {"current": OLD, "limits_unavailable": True}
    early = [pod(each, OLD) for each in range(3)]
    assert changes(plan(limited(2), *early, pod(3), pod(4, ready=False), **how)) == ([], [])
    assert changes(plan(limited(2), *early, pod(3, ready=False), **how)) == ([], [])
    assert changes(plan(limited(2), *early, pod(3), **how)) == (["web-4"], [])


def test_members_before_the_partition_keep_the_old_revision():
    owner = stateful_set(partition=2)
    old = [pod(ordinal, OLD) for ordinal in range(3)]
    assert changes(plan(owner, *old, current=OLD)) == ([], ["web-2"])
    assert changes(plan(owner, *old[:2], pod(2), current=OLD)) == ([], [])
    made = plan(owner, old[1], pod(2), current=OLD)
    assert made.create[0]["metadata"]["labels"]["controller-revision-hash"] == OLD
    assert made.create[0]["spec"]["containers"][0]["image"] == "nginx:1"


def test_on_delete_nothing_is_replaced_but_what_is_made_is_new():
    owner = stateful_set(updateStrategy={"type": "OnDelete"})
    old = [pod(ordinal, OLD) for ordinal in range(3)]
    assert changes(plan(owner, *old, current=OLD)) == ([], [])
    made = plan(owner, *old[:2], current=OLD)
    assert made.create[0]["metadata"]["labels"]["controller-revision-hash"] == NEW


# --- status -----------------------------------------------------------------------------------------------


def test_the_status_counts_members_by_revision():
    found = situation(stateful_set(), pod(0, OLD), pod(1, OLD, deleted=True), pod(2), current=OLD)
    assert statefulplan.make_status(found, 0) == {
        "observedGeneration": 1,
        "replicas": 3,
        "readyReplicas": 3,
        "currentReplicas": 1,
        "updatedReplicas": 1,
        "currentRevision": OLD,
        "updateRevision": NEW,
        "collisionCount": 0,
        "availableReplicas": 3,
    }


def test_an_update_is_over_when_all_members_are_new_and_ready():
    new = [pod(ordinal) for ordinal in range(3)]
    over = statefulplan.make_status(situation(stateful_set(), *new, current=OLD), 0)
    assert (over["currentRevision"], over["currentReplicas"]) == (NEW, 3)
    broken = [*new[:2], pod(2, ready=False)]
    going = statefulplan.make_status(situation(stateful_set(), *broken, current=OLD), 0)
    assert going["currentRevision"] == OLD
    assert "currentReplicas" not in going
    by_hand = stateful_set(updateStrategy={"type": "OnDelete"})
    assert statefulplan.make_status(situation(by_hand, *new, current=OLD), 0)["currentRevision"] == OLD
