"""The arithmetic of rollouts, without a loop."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from kubelite.api.resources import REPLICASETS
from kubelite.api.templatehash import template_hash
from kubelite.apimachinery.apierrors import AlreadyExists
from kubelite.controllers.deployment import rollback, rollout
from kubelite.controllers.deployment import status as progress
from kubelite.reconcile.intents import CreateObject, UpdateStatus
from tests.unit.controllers.desk import only
from tests.unit.controllers.situations import deployments as situations

NOW = 1_767_225_600.0


def deployment(replicas=10, surge="25%", unavailable="25%", *, annotations=None, status=None, **spec):
    return {
        "metadata": {
            "name": "web",
            "namespace": "default",
            "uid": "d",
            "generation": 1,
            "annotations": annotations or {},
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable},
            },
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"image": "new"}]}},
            **spec,
        },
        "status": status or {},
    }


def replica_set(name, replicas, available=None, *, image="old", age=0, **annotations):
    available = replicas if available is None else available
    return {
        "metadata": {
            "name": name,
            "namespace": "default",
            "generation": 1,
            "creationTimestamp": f"2026-01-01T00:00:{50 - age:02}Z",
            "annotations": {f"deployment.kubernetes.io/{key}": value for key, value in annotations.items()},
        },
        "spec": {
            "replicas": replicas,
            "template": {
                "metadata": {"labels": {"app": "web", "pod-template-hash": name}},
                "spec": {"containers": [{"image": image}]},
            },
        },
        "status": {"replicas": replicas, "availableReplicas": available, "observedGeneration": 1},
    }


def sizes(resizes):
    return {each.replica_set["metadata"]["name"]: each.replicas for each in resizes}


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (10, "25%", "25%", (3, 2)),
        (4, "25%", "25%", (1, 1)),
        (10, 0, 3, (0, 3)),
        (10, 3, 0, (3, 0)),
        (1, "1%", "1%", (1, 0)),
        (3, "0%", "1%", (0, 1)),  # both come to nothing
        (2, 1, 5, (1, 2)),
    ],
)
def test_surge_rounds_up_and_unavailable_down(replicas, surge, unavailable, expected):
    assert rollout.surge_and_unavailable(deployment(replicas, surge, unavailable)) == expected


def test_the_new_replica_set_is_the_oldest_with_the_template():
    sets = [
        replica_set("a", 1),
        replica_set("b", 1, image="new", age=1),
        replica_set("c", 1, image="new", age=2),
    ]
    assert rollout.find_new(deployment(), sets)["metadata"]["name"] == "c"
    assert rollout.find_new(deployment(), sets[:1]) is None


def test_the_first_step_of_a_rollout_is_the_surge():
    old = replica_set("old", 10)
    assert rollout.new_size(deployment(), [old], None) == 3
    assert rollout.new_size(deployment(), [], None) == 10


def test_a_bad_image_stops_at_eight_old_and_five_new():
    """Ten replicas, surge 3, unavailable 2; then scaled to thirty: twenty and thirteen."""
    wanted = deployment(10, 3, 2)
    old, new = replica_set("old", 10), replica_set("new", 3, 0, image="new")
    assert sizes(rollout.plan_old(wanted, [old, new], [old], new)) == {"old": 8}
    old = replica_set("old", 8, **{"desired-replicas": "10", "max-replicas": "13"})
    assert sizes(rollout.plan_new(wanted, [old, new], new)) == {"new": 5}
    new = replica_set("new", 5, 0, image="new", age=-1, **{"desired-replicas": "10", "max-replicas": "13"})
    assert rollout.plan_new(wanted, [old, new], new) == []
    assert rollout.plan_old(wanted, [old, new], [old], new) == []
    larger = deployment(30, 3, 2)
    assert rollout.is_scaled(larger, [old, new])
    assert sizes(rollout.plan_scaling(larger, new, [old])) == {"old": 20, "new": 13}


def test_unhealthy_old_pods_go_first():
    wanted = deployment(4, 1, 1)
    sick, well = replica_set("sick", 2, 0, age=1), replica_set("well", 3)
    new = replica_set("new", 0, image="new")
    assert sizes(rollout.plan_old(wanted, [sick, well, new], [sick, well], new)) == {"sick": 0}


def test_a_replica_set_that_loses_unhealthy_pods_and_others_is_resized_twice():
    wanted = deployment(4, 1, 2)
    old = replica_set("old", 4, 3)
    new = replica_set("new", 1, image="new")
    steps = rollout.plan_old(wanted, [old, new], [old], new)
    assert [(step.replica_set["metadata"]["name"], step.replicas) for step in steps] == [
        ("old", 3),
        ("old", 1),
    ]


def test_nothing_is_taken_away_while_a_status_is_from_before_a_resize():
    wanted = deployment(10, 3, 2)
    old, new = replica_set("old", 8, 10), replica_set("new", 3, 2, image="new")
    assert rollout.plan_old(wanted, [old, new], [old], new) == []
    settled = replica_set("old", 8, 8)
    assert sizes(rollout.plan_old(wanted, [settled, new], [settled], new)) == {"old": 6}


def test_what_was_taken_of_an_older_replica_set_stays_taken():
    wanted = deployment(10, 3, 2)
    sick, stale = replica_set("sick", 2, 0, age=2), replica_set("stale", 8, 10, age=1)
    new = replica_set("new", 3, 3, image="new")
    sets = [sick, stale, new]
    assert sizes(rollout.plan_old(wanted, sets, [sick, stale], new)) == {"sick": 0}


def test_shares_are_annotated_with_the_size_and_the_surge():
    annotations = {"desired-replicas": "4", "max-replicas": "5"}
    old, new = replica_set("old", 3, age=1, **annotations), replica_set("new", 2, image="new", **annotations)
    surging = deployment(4, 2, 1)
    assert sizes(rollout.plan_scaling(surging, new, [old])) == {"old": 4, "new": 2}


def test_a_history_that_becomes_too_long_loses_its_beginning():
    present = {rollout.REVISION: "600", rollout.REVISION_HISTORY: ",".join(map(str, range(1, 600)))}
    made = rollout.annotations_of_new(deployment(), present, 601)
    assert made[rollout.REVISION_HISTORY].endswith(",598,599,600")
    assert 1990 < len(made[rollout.REVISION_HISTORY]) <= 2000
    assert (
        rollout.annotations_of_new(deployment(), {rollout.REVISION: "1"}, 3)[rollout.REVISION_HISTORY] == "1"
    )


def test_a_lone_replica_set_takes_the_whole_size():
    only = replica_set("only", 3, **{"desired-replicas": "3"})
    assert sizes(rollout.plan_scaling(deployment(7), only, [])) == {"only": 7}
    assert sizes(rollout.plan_scaling(deployment(0), only, [])) == {"only": 0}


def test_scaled_to_just_the_size_of_its_old_replica_set_a_deployment_hangs_as_in_kubernetes():
    """https://github.com/kubernetes/kubernetes/issues/102551: what its ReplicaSet is annotated with stays."""
    old = replica_set("old", 4, age=1, **{"desired-replicas": "5", "max-replicas": "5"})
    new = replica_set("new", 0, image="new")
    scaled = deployment(4, 0, 1)
    assert rollout.is_scaled(scaled, [old, new])
    assert rollout.plan_scaling(scaled, new, [old]) == []
    assert sizes(rollout.plan_scaling(deployment(3, 0, 1), new, [old])) == {"old": 3}


@given(
    replicas=st.integers(0, 30),
    sets=st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), min_size=1, max_size=4),
    surge=st.sampled_from([0, 1, 3, "25%", "100%"]),
    unavailable=st.sampled_from([1, 2, "25%", "100%"]),
)
def test_no_step_leaves_the_bounds(replicas, sets, surge, unavailable):
    """Never more than the surge is added, never fewer are available than must be, whatever is there."""
    wanted = deployment(replicas, surge, unavailable)
    most_more, most_less = rollout.surge_and_unavailable(wanted)
    made = [
        replica_set(f"rs{index}", size, min(size, available), age=index)
        for index, (size, available) in enumerate(sets)
    ]
    new, old = made[0], made[1:]
    total = rollout.total_of(made)
    for resize in rollout.plan_new(wanted, made, new):
        grown = resize.replicas - rollout.replicas_of(new)
        assert grown < 0 or total + grown <= max(total, replicas + most_more)
    gone = 0
    for resize in rollout.plan_old(wanted, made, old, new):
        before = rollout.replicas_of(resize.replica_set)
        assert 0 <= resize.replicas < before
        available = resize.replica_set["status"]["availableReplicas"]
        gone += max(0, available - resize.replicas)
    assert gone == 0 or rollout.available_of(made) - gone >= replicas - most_less


def test_revisions_are_remembered():
    annotations = rollout.annotations_of_new(
        deployment(annotations={"mine": "1", "kubectl.kubernetes.io/last-applied-configuration": "x"}),
        {rollout.REVISION: "1"},
        4,
    )
    assert annotations["mine"] == "1"
    assert annotations[rollout.REVISION] == "4"
    assert annotations[rollout.REVISION_HISTORY] == "1"
    assert "kubectl.kubernetes.io/last-applied-configuration" not in annotations


def test_only_empty_replica_sets_beyond_the_limit_are_forgotten():
    old = [replica_set(f"r{number}", 0, revision=str(number)) for number in (3, 1, 2)]
    busy = replica_set("busy", 1, revision="0")
    wanted = deployment(revisionHistoryLimit=1)
    assert [each["metadata"]["name"] for each in rollout.plan_cleanup(wanted, old)] == ["r1", "r2"]
    assert [each["metadata"]["name"] for each in rollout.plan_cleanup(wanted, [*old, busy])] == ["r1", "r2"]
    assert rollout.plan_cleanup(deployment(), old) == []


@pytest.mark.parametrize(
    ("text", "revision"),
    [("3", 3), ("0", 0), ("", None), ("x", None), ("1.5", None), (" 3", None), ("-1", -1)],
)
def test_the_annotation_names_a_revision(text, revision):
    asked = deployment(annotations={rollout.ROLLBACK_TO: text})
    assert rollback.revision_asked_for(asked) == revision


def rolled_back(revision, *sets, **spec):
    asked = {rollout.ROLLBACK_TO: str(revision), rollout.REVISION: "2", "team": "new"}
    update, event = rollback.plan(deployment(annotations=asked, **spec), sets, revision)
    assert rollout.ROLLBACK_TO not in update.object["metadata"]["annotations"]
    return update.object, (event.type, event.reason, event.message)


@pytest.mark.parametrize("revision", [0, 1])
def test_a_deployment_is_rolled_back_with_template_and_annotations(revision):
    old, new = replica_set("old", 1, revision="1"), replica_set("new", 1, image="new", revision="2")
    old["metadata"]["annotations"]["team"] = "old"
    obj, event = rolled_back(revision, old, new)
    assert obj["spec"]["template"] == {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"image": "old"}]},
    }
    assert obj["metadata"]["annotations"] == {rollout.REVISION: "2", "team": "old"}
    assert event == ("Normal", "DeploymentRollback", 'Rolled back deployment "web" to revision 1')


@pytest.mark.parametrize(
    ("revision", "event"),
    [
        (0, ("DeploymentRollbackRevisionNotFound", "Unable to find last revision.")),
        (7, ("DeploymentRollbackRevisionNotFound", "Unable to find the revision to rollback to.")),
        (
            2,
            (
                "DeploymentRollbackTemplateUnchanged",
                'The rollback revision contains the same template as current deployment "web"',
            ),
        ),
    ],
)
def test_a_rollback_that_leads_nowhere_is_told(revision, event):
    obj, told = rolled_back(revision, replica_set("new", 1, image="new", revision="2"))
    assert told == ("Warning", *event)
    assert obj["spec"] == deployment()["spec"]
    assert obj["metadata"]["annotations"] == {rollout.REVISION: "2", "team": "new"}


@given(st.integers(0, 3))
def test_the_hash_depends_on_template_and_collisions(collisions):
    template = deployment()["spec"]["template"]
    first = template_hash(template, collisions or None)
    assert first == template_hash(dict(reversed(template.items())), collisions or None)
    assert first != template_hash({**template, "spec": {}}, collisions or None)
    assert first != template_hash(template, collisions + 1)
    assert set(first) <= set("bcdfghjklmnpqrstvwxz2456789")


def rolled(status, **spec):
    return deployment(2, status=status, progressDeadlineSeconds=600, **spec)


def reasons(status):
    return {each["type"]: (each["status"], each["reason"]) for each in status["conditions"]}


def test_a_finished_rollout_is_told():
    new = replica_set("new", 2, image="new")
    wanted = rolled({})
    status = progress.make_status(wanted, [new], new, NOW)
    status = progress.with_progress(wanted, status, [new], new, NOW)
    assert reasons(status) == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }
    assert status["conditions"][1]["message"] == 'ReplicaSet "new" has successfully progressed.'


def test_a_rollout_without_progress_times_out_at_its_deadline():
    made = progress.condition("Progressing", "True", "ReplicaSetUpdated", "", NOW)
    new = replica_set("new", 2, 0, image="new")
    before = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "conditions": [made]}
    wanted = rolled(before)
    status = progress.make_status(wanted, [new], new, NOW + 599)
    assert progress.due_s(wanted, status, NOW + 599) == 1
    told = progress.with_progress(wanted, status, [new], new, NOW + 599)
    assert reasons(told)["Progressing"] == ("True", "ReplicaSetUpdated")
    told = progress.with_progress(wanted, status, [new], new, NOW + 601)
    assert reasons(told) == {
        "Available": ("False", "MinimumReplicasUnavailable"),
        "Progressing": ("False", "ProgressDeadlineExceeded"),
    }


def test_a_replica_set_that_cannot_make_pods_is_told():
    new = replica_set("new", 0, image="new")
    failed = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "no"}
    new["status"]["conditions"] = [{**failed, "lastTransitionTime": "2026-01-01T00:00:00Z"}]
    wanted = rolled({})
    status = progress.make_status(wanted, [new], new, NOW)
    assert reasons(progress.with_progress(wanted, status, [new], new, NOW))["ReplicaFailure"] == (
        "True",
        "FailedCreate",
    )


def test_a_name_that_is_taken_is_looked_at_again_until_it_is_seen_whose_it_is():
    made = situations.deployment()
    taken = AlreadyExists(REPLICASETS, "w-79fb88968d")
    asked = situations.deploy(made, answer=lambda each: taken if isinstance(each, CreateObject) else None)
    (creation,) = only(asked, CreateObject)
    assert not creation.exists_ok, "a failure, after which there is another look"
    assert not only(asked, UpdateStatus), "nobody knows yet whose it is"
