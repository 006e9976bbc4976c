"""Why a wait was in vain: the text, from objects and Events."""

import attrs
import pytest

from kubelite.api.resources import DEPLOYMENTS, PODS, SERVICES
from kubelite.client.readiness import READY, Verdict
from kubelite.client.wait import parse_condition
from kubelite.cluster.explaining import Scene, explain
from kubelite.cluster.hints import slips, standstill
from kubelite.cluster.objects import unknown_kind
from kubelite.cluster.troubles import advice, matters, node_troubles, pod_troubles
from kubelite.cluster.waiting import Question

READY_PREDICATE = parse_condition("ready")


def question(resource=PODS, name="web", timeout_s=30.0):
    return Question(
        resource=resource,
        namespace="default",
        name=name,
        selector=None,
        predicate=READY_PREDICATE,
        condition="ready",
        timeout_s=timeout_s,
    )


def pod(**status):
    spec = status.pop("spec", {"nodeName": "node-1", "containers": [{"name": "c"}]})
    return {"metadata": {"name": "web", "namespace": "default", "uid": "u"}, "spec": spec, "status": status}


def texts(obj, events=()):
    return [each.text for each in pod_troubles(obj, events)]


def test_a_pod_without_a_node_tells_the_schedulers_verdict():
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/1 nodes are available: 1 Insufficient cpu.",
    }
    assert texts(pod(conditions=[condition])) == [
        "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu."
    ]
    assert texts(pod(spec={"containers": []})) == ["no scheduler has looked at it yet"]


def test_a_container_that_crashes_tells_its_exit_and_whose_log_says_more():
    status = {
        "name": "c",
        "restartCount": 3,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
        "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
    }
    waiting, ended = pod_troubles(pod(containerStatuses=[status]))
    assert waiting.text == "container c: CrashLoopBackOff: back-off 40s"
    assert ended.text == "container c: restarted 3 times, its last run ended with exit code 1 (Error)"
    assert (ended.container, ended.previous) == ("c", True)


@pytest.mark.parametrize(
    ("probe", "events", "text"),
    [
        ({}, [], "container c: runs, but is not ready"),
        (
            {"readinessProbe": {"initialDelaySeconds": 60}},
            [],
            "container c: runs, its readiness probe has not succeeded (first asked after 60 s)",
        ),
        (
            {"readinessProbe": {}},
            [{"reason": "Unhealthy", "count": 4, "message": "Readiness probe failed: HTTP 500"}],
            "container c: Readiness probe failed: HTTP 500 (4 times)",
        ),
        (
            {"startupProbe": {}, "readinessProbe": {}},
            [{"reason": "Unhealthy", "message": "Readiness probe failed: HTTP 500"}],
            "container c: runs, its startup probe has not succeeded (not answered yet)",
        ),
    ],
)
def test_a_container_that_runs_but_is_not_ready_tells_of_its_probe(probe, events, text):
    status = {"name": "c", "state": {"running": {}}, "ready": False}
    spec = {"nodeName": "node-1", "containers": [{"name": "c", **probe}]}
    assert texts(pod(spec=spec, containerStatuses=[status]), events) == [text]


def test_pods_matter_that_are_not_ready_or_had_to_restart():
    ready = [{"type": "Ready", "status": "True"}]
    assert not matters(pod(conditions=ready))
    assert not matters(pod(phase="Succeeded"))
    assert matters(pod(phase="Running"))
    assert matters(pod(conditions=ready, containerStatuses=[{"restartCount": 1}]))


def test_advice_follows_from_the_words_once_each():
    assert advice("ErrImagePull, ImagePullBackOff") == advice("ErrImagePull")
    assert advice("all is well") == []


def test_what_does_not_exist_is_told_with_what_does():
    scene = Scene(others=["web-1", "web-2"], elsewhere=["shop"])
    text = explain(question(), [None], [Verdict(holds=False, seen="it does not exist")], scene)
    assert text.splitlines() == [
        "pod/web was not ready within 30 s: it does not exist",
        "  there is one of that name in namespace shop",
        "  there are pods: web-1, web-2",
        "  try:",
        "    - namespace='shop'",
    ]


def test_a_probe_that_comes_later_than_anyone_waits_is_found():
    spec = {"containers": [{"name": "c", "readinessProbe": {"initialDelaySeconds": 60}}]}
    bad = pod(spec=spec)
    text = explain(question(), [bad], [READY["Pod"](bad | {"kind": "Pod"})], Scene(pods=[(bad, [])]))
    assert "a timeout of more than 60 s, after which the readinessProbe of container c first asks" in text


def test_many_pods_are_cut_short_and_those_that_are_well_are_counted():
    scene = Scene(pods=[(pod(phase="Pending"), pod_troubles(pod()))] * 7, well=3)
    text = explain(question(DEPLOYMENTS), [None], [Verdict(holds=False, seen="x")], scene)
    assert "  pods (3 more are well):" in text
    assert "    and 2 more" in text


def deployment(generation=2, observed=2, **status):
    return {
        "kind": "Deployment",
        "metadata": {"name": "web", "generation": generation},
        "spec": {"replicas": 3},
        "status": {"observedGeneration": observed, **status},
    }


@pytest.mark.parametrize(
    ("obj", "holds", "seen"),
    [
        (
            deployment(replicas=3, updatedReplicas=3, availableReplicas=3),
            True,
            "3 of 3 replicas are updated, 3 of 3 are available",
        ),
        (
            deployment(replicas=4, updatedReplicas=3, availableReplicas=3),
            False,
            "3 of 3 replicas are updated, 3 of 3 are available, 1 old ones are left",
        ),
        (
            deployment(observed=1, replicas=3, updatedReplicas=3, availableReplicas=3),
            False,
            "3 of 3 replicas are updated, 3 of 3 are available; status is out of date",
        ),
    ],
)
def test_a_deployment_is_ready_when_its_rollout_is_done(obj, holds, seen):
    assert READY["Deployment"](obj) == Verdict(holds, seen)


def test_a_job_is_ready_when_complete_and_tells_that_it_failed():
    complete = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}
    assert READY["Job"](complete).holds
    assert READY["Job"]({"status": {"conditions": [failed]}}) == Verdict(
        holds=False, seen="it failed: BackoffLimitExceeded: too often"
    )
    assert (
        READY["Job"]({"status": {"active": 2}}).seen == "it is not complete (2 active, 0 succeeded, 0 failed)"
    )


def test_a_stateful_set_is_ready_up_to_its_partition():
    obj = {
        "metadata": {"generation": 1},
        "spec": {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
        "status": {"observedGeneration": 1, "readyReplicas": 3, "updatedReplicas": 1},
    }
    assert READY["StatefulSet"](obj).holds
    obj["spec"]["updateStrategy"] = {}
    assert not READY["StatefulSet"](obj).holds


def test_what_an_object_says_of_its_own_standstill_comes_first_and_what_to_try_last():
    paused = deployment() | {"spec": {"paused": True, "replicas": 0}}
    text = explain(question(DEPLOYMENTS), [paused], [READY["Deployment"](paused)], Scene())
    assert "  it is paused (spec.paused): changes of its template wait" in text
    assert "  it wants no pods (spec.replicas is 0)" in text
    assert "    - spec.paused: false, or `kubectl rollout resume`" in text


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        ({"kind": "Job", "spec": {"suspend": True}}, ["it is suspended (spec.suspend)"]),
        ({"kind": "CronJob", "spec": {"suspend": True}}, ["it is suspended (spec.suspend)"]),
        (
            {"kind": "CronJob", "spec": {"schedule": "0 3 * * *", "timeZone": "Europe/Berlin"}},
            ["its schedule is '0 3 * * *' in Europe/Berlin"],
        ),
        ({"kind": "Pod", "spec": {}}, []),
    ],
)
def test_what_holds_an_object_up_by_its_own_spec(obj, words):
    assert standstill({"metadata": {}, **obj}) == words


@pytest.mark.parametrize(
    ("obj", "words", "tip"),
    [
        (
            {"kind": "DaemonSet", "status": {"desiredNumberScheduled": 0}},
            "no node suits it (status.desiredNumberScheduled is 0)",
            "the nodes' labels and taints",
        ),
        (
            {
                "kind": "PodDisruptionBudget",
                "status": {"disruptionsAllowed": 0, "currentHealthy": 2, "desiredHealthy": 2},
            },
            "it allows no disruption: 2 pods are healthy, 2 have to be",
            "a budget that can spare one",
        ),
        (
            {
                "kind": "Namespace",
                "status": {
                    "conditions": [
                        {"type": "NamespaceDeletionContentFailure", "status": "False", "message": "no"},
                        {
                            "type": "NamespaceFinalizersRemaining",
                            "status": "True",
                            "message": "Some content has finalizers remaining: example.com/hold",
                        },
                    ]
                },
            },
            "Some content has finalizers remaining: example.com/hold",
            "whoever removes the finalizers",
        ),
    ],
)
def test_what_holds_an_object_up_by_its_status(obj, words, tip):
    assert standstill({"metadata": {}, **obj}) == [words]
    assert tip in advice(words)[0]


def test_the_node_of_a_pod_is_told_if_it_is_not_well():
    condition = {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown", "message": "No news."}
    lost = {"metadata": {"name": "node-1"}, "status": {"conditions": [condition]}}
    well = {"metadata": {"name": "node-1"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    other = {"metadata": {"name": "node-2"}}

    def told(*nodes):
        return [each.text for each in node_troubles(pod(), nodes)]

    assert told(other, lost) == ["its node node-1 is not ready (NodeStatusUnknown: No news.)"]
    assert told(other) == ["its node node-1 is gone"]
    assert told(well) == told() == []
    assert node_troubles(pod(spec={}), [other]) == []


def test_patience_is_advised_only_where_nothing_else_is():
    assert advice("container c: ContainerCreating") == ["a longer timeout="]
    assert advice("container c: PodInitializing; container i: exit code 1") == [advice("exit code 1")[0]]


def test_a_service_whose_selector_finds_nothing_is_shown_what_labels_there_are():
    text = explain(
        question(SERVICES), [{"metadata": {"name": "web"}}], [Verdict(False, "it has no endpoints")],
        Scene(carried=["app=web (2)"]),
    )  # fmt: skip
    assert "  pods of the namespace have these labels: app=web (2)" in text
    assert text.endswith("  try:\n    - spec.selector against the labels of pods")


def test_a_kind_of_which_there_is_nothing_is_told_and_a_namespace_that_goes():
    verdict = Verdict(False, "it does not exist")
    assert explain(question(), [None], [verdict], Scene()).splitlines()[1:] == [
        "  there are no pods in namespace default at all",
        "  try:",
        "    - `await cluster.apply(…)` before: nobody has made it",
    ]
    assert explain(question(), [None], [verdict], Scene(leaving=True)).splitlines()[1::2] == [
        "  namespace default is being deleted: nothing can be made in it",
        "  try:",
    ]


def test_an_object_that_is_being_deleted_names_its_finalizers():
    metadata = {"deletionTimestamp": "now", "finalizers": ["a/b"]}
    assert standstill({"metadata": metadata}) == ["it is being deleted, finalizers a/b"]


AVAILABLE = {"status": {"readyReplicas": 1, "conditions": [{"type": "Available", "status": "True"}]}}


@pytest.mark.parametrize(
    ("condition", "meant"),
    [
        ("condition=Avaliable", ["condition=Available: there is no condition Avaliable"]),
        ("condition=Xyz", ["one of the conditions that it has: Available"]),
        ("condition=Available=False", []),
        (
            "jsonpath={.status.readyReplica}=2",
            ["'readyReplicas' in the path: there is no field 'readyReplica'"],
        ),
        ("jsonpath={.status.xyz}", ["a field that is there, in place of 'xyz': readyReplicas, conditions"]),
        ("jsonpath={.status.readyReplicas}=2", []),
        ("jsonpath={.status.conditions[0].x}", []),
        ("ready", []),
    ],
)
def test_slips_of_the_pen_are_found(condition, meant):
    assert slips(condition, [AVAILABLE, AVAILABLE]) == meant


def test_images_that_may_have_been_meant_are_named():
    waiting = {"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    bad = pod(spec={"containers": [{"name": "c", "image": "ngnix:1"}]}, containerStatuses=[waiting])
    scene = Scene(pods=[(bad, [])], images=["nginx", "busybox"])
    text = explain(question(), [bad], [Verdict(holds=False, seen="x")], scene)
    assert "    - the image 'nginx', in place of 'ngnix:1'" in text


def test_of_events_that_say_the_same_the_last_are_shown():
    events = [
        {"involvedObject": {"uid": "u"}, "type": "Warning", "reason": "FailedCreate", "message": str(number)}
        for number in range(9)
    ]
    text = explain(question(), [pod()], [Verdict(holds=False, seen="x")], Scene(events=events))
    shown = [line.rpartition(" ")[2] for line in text.splitlines() if "FailedCreate" in line]
    assert shown == ["6", "7", "8"]


def test_what_led_to_it_is_told_but_gives_no_advice():
    scene = Scene(
        causes=["pod/web", "00:00:00  pod/web changed by x (patch, version 1): metadata.finalizers a"]
    )
    text = explain(question(), [pod()], [Verdict(holds=False, seen="x")], scene)
    assert "  what led to it: pod/web\n    00:00:00  pod/web changed" in text
    assert "try:" not in text


def test_a_wait_for_the_end_of_what_nobody_ends_says_so():
    waits = attrs.evolve(question(), condition="deleted")
    text = explain(waits, [pod()], [Verdict(holds=False, seen="it exists")], Scene())
    assert "    - `cluster.delete('pod/web')`: nobody has asked for it" in text


def test_a_kind_that_is_none_is_answered_with_one_that_may_be_meant():
    assert unknown_kind("deploymnt", [PODS, DEPLOYMENTS]) == (
        "there is no kind 'deploymnt' (did you mean 'deployment'?); this cluster serves deployments, pods"
    )
    assert unknown_kind("xyz", [PODS]) == "there is no kind 'xyz'; this cluster serves pods"


def test_a_callable_that_finds_no_field_means_not_yet():
    holds = parse_condition(lambda obj: obj["status"]["replicas"] == 2)
    assert holds({"status": {"replicas": 2}}).holds
    assert holds({}) == Verdict(holds=False, seen="the condition given raises KeyError: 'status'")
    with pytest.raises(ZeroDivisionError):
        parse_condition(lambda obj: 1 / 0)({})
