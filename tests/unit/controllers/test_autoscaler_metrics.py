"""What each metric of an autoscaler asks for."""

from __future__ import annotations

import pytest

from kubelite.apimachinery.timestamps import format_time
from kubelite.controllers.podautoscaler.metrics import (
    MetricsError,
    ProposalError,
    Sample,
    Settings,
    Target,
    Tolerances,
    propose,
    tolerances_of,
)

NOW = 1_800_000_000.0
OLD = NOW - 3600


def make_pod(name, *, ready=True, phase="Running", started=OLD, changed=OLD, cpu="100m", **metadata):
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": format_time(changed)}
    container = {"name": "c", "resources": {"requests": {"cpu": cpu}} if cpu else {}}
    return {
        "metadata": {"name": name, "namespace": "ns", **metadata},
        "spec": {"containers": [container]},
        "status": {"phase": phase, "startTime": format_time(started), "conditions": [condition]},
    }


class Fed:
    """Metrics as the test says; thousandths."""

    def __init__(self, usage=None, value=0):
        self.usage = usage or {}
        self.value = value

    def samples(self):
        if not self.usage:
            raise MetricsError("none")
        return {name: Sample(milli, NOW, 30.0) for name, milli in self.usage.items()}

    def resource(self, name, namespace, pods, container):
        return self.samples()

    def custom(self, metric, namespace, pods, selector):
        return self.samples()

    def object(self, metric, namespace, reference, selector):
        if self.value is None:
            raise MetricsError("none")
        return self.value

    def external(self, metric, namespace, selector):
        if self.value is None:
            raise MetricsError("none")
        return [self.value, self.value]


def ask(metric, pods=(), usage=None, *, replicas=None, running=None, value=0, tolerances=(0.1, 0.1)):
    count = len(pods) if replicas is None else replicas
    target = Target("ns", pods, count, count if running is None else running, NOW)
    return propose(metric, target, Fed(usage, value), Tolerances(*tolerances), Settings())


def cpu(percent=50, container=""):
    source = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent}}
    if container:
        return {"type": "ContainerResource", "containerResource": {**source, "container": container}}
    return {"type": "Resource", "resource": source}


def raw(value, name="cpu"):
    return {"type": "Resource", "resource": {"name": name, "target": {"averageValue": value}}}


def of_pods(value):
    return {"type": "Pods", "pods": {"metric": {"name": "hits"}, "target": {"averageValue": value}}}


def of_object(**target):
    described = {"apiVersion": "v1", "kind": "Service", "name": "front"}
    kind = "Value" if "value" in target else "AverageValue"
    source = {"describedObject": described, "metric": {"name": "hits"}, "target": {"type": kind, **target}}
    return {"type": "Object", "object": source}


def external(selector=None, **target):
    metric = {"name": "depth"} if selector is None else {"name": "depth", "selector": selector}
    return {"type": "External", "external": {"metric": metric, "target": target}}


def pods(count, **options):
    return [make_pod(f"p{number}", **options) for number in range(count)]


@pytest.mark.parametrize(
    ("used", "expected"), [(100, 6), (55, 3), (56, 4), (45, 3), (44, 3), (30, 2), (1, 1), (0, 0)]
)
def test_replicas_follow_the_ratio_of_usage_and_target(used, expected):
    """Ratios up to a tenth from 1 change nothing; 0.88 of three pods are three all the same."""
    found = ask(cpu(50), pods(3), {f"p{number}": used for number in range(3)})
    assert found.replicas == expected
    assert found.name == "cpu resource utilization (percentage of request)"
    current = {"averageUtilization": used, "averageValue": f"{used}m" if used else "0"}
    assert found.status == {"type": "Resource", "resource": {"name": "cpu", "current": current}}


def test_the_tolerance_may_be_another_one_in_each_direction():
    spec = {"behavior": {"scaleUp": {"tolerance": "0"}, "scaleDown": {"tolerance": "500m"}}}
    assert tolerances_of(spec, 0.1) == Tolerances(down=0.5, up=0.0)
    assert tolerances_of({}, 0.1) == Tolerances(down=0.1, up=0.1)
    usage = {f"p{number}": 51 for number in range(50)}
    assert ask(cpu(50), pods(50), usage, tolerances=(0.5, 0.0)).replicas == 51
    assert ask(cpu(50), pods(2), {"p0": 25, "p1": 25}, tolerances=(0.5, 0.0)).replicas == 2


def test_an_average_value_is_compared_as_it_is():
    found = ask(raw("20Mi", "memory"), pods(2), {"p0": 50 * 2**20 * 1000, "p1": 30 * 2**20 * 1000})
    assert (found.replicas, found.name) == (4, "memory resource")
    assert found.status["resource"] == {"name": "memory", "current": {"averageValue": "41943040"}}


def test_a_container_may_be_what_counts():
    found = ask(cpu(50, "c"), pods(2), {"p0": 100, "p1": 100})
    assert (found.replicas, found.name) == (4, "cpu container resource utilization (percentage of request)")
    assert found.status["containerResource"]["container"] == "c"


def test_a_metric_of_pods_counts_pods_that_are_not_ready_too():
    found = ask(of_pods("10"), [*pods(1), make_pod("p1", ready=False)], {"p0": 20_000, "p1": 20_000})
    assert (found.replicas, found.name) == (4, "pods metric hits")
    assert found.status["pods"] == {"metric": {"name": "hits"}, "current": {"averageValue": "20"}}


# --- pods that do not count ---------------------------------------------------------------------------------


def test_pods_that_go_or_have_failed_are_left_out():
    going = make_pod("going", deletionTimestamp=format_time(NOW))
    failed = make_pod("failed", phase="Failed")
    usage = {"p0": 100, "p1": 100, "going": 100, "failed": 100}
    assert ask(cpu(50), [*pods(2), going, failed], usage).replicas == 4


def test_pods_without_metrics_are_taken_to_use_all_on_the_way_down_and_nothing_on_the_way_up():
    """(20 + 20 + 100) of 3 are 46 %: near enough to 50 %; (100 + 100 + 0) of 3 are 66 %."""
    assert ask(cpu(50), pods(3), {"p0": 20, "p1": 20}).replicas == 3
    assert ask(cpu(50), pods(3), {"p0": 100, "p1": 100}).replicas == 4
    assert ask(cpu(200), pods(4), {"p0": 20, "p1": 20, "p2": 20}).replicas == 2  # a missing one uses 200 %


def test_assumptions_never_turn_the_direction():
    assert ask(cpu(50), pods(4), {"p0": 60}).replicas == 4  # 15 % of all: not less either
    assert ask(raw("50m"), pods(4), {"p0": 60}).replicas == 4


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        ({}, True),
        ({"ready": False}, True),  # it was ready long enough after its start to have been ready once
        ({"ready": False, "changed": OLD + 29}, False),
        ({"started": NOW - 299, "changed": NOW - 200}, True),
        ({"started": NOW - 299, "changed": NOW - 29}, False),  # the window began before it was ready
        ({"started": NOW - 299, "changed": NOW - 200, "ready": False}, False),
        ({"phase": "Pending"}, False),
    ],
)
def test_cpu_of_pods_that_start_does_not_count(options, counts):
    """p1 uses nothing: with it there are two of 50 %, without it p0 alone."""
    if "ready" in options and "changed" not in options:
        options["changed"] = OLD + 31
    found = ask(cpu(25), [make_pod("p0"), make_pod("p1", **options)], {"p0": 20, "p1": 0})
    assert found.status["resource"]["current"]["averageUtilization"] == (10 if counts else 20)


def test_pods_that_are_not_ready_use_nothing_on_the_way_up():
    starting = [make_pod(f"new{number}", ready=False, started=NOW, changed=NOW) for number in range(2)]
    usage = {"p0": 100, "p1": 100, "new0": 100, "new1": 100}
    assert ask(cpu(50), [*pods(2), *starting], usage).replicas == 4  # not 8: 200 of 4 are 50 %
    assert ask(cpu(20), [*pods(2), *starting], usage).replicas == 10


# --- metrics that pods have in common -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("replicas", "value", "expected"), [(2, 30_000, 6), (2, 10_500, 2), (0, 25_000, 3), (0, 0, 0)]
)
def test_a_value_of_an_object_is_compared_as_a_whole(replicas, value, expected):
    found = ask(of_object(value="10"), pods(2), replicas=replicas, value=value)
    assert (found.replicas, found.name) == (expected, "Service metric hits")
    shown = {"30000": "30", "10500": "10500m", "25000": "25", "0": "0"}[str(value)]
    assert found.status["object"]["current"] == {"value": shown}
    assert found.status["object"]["describedObject"]["name"] == "front"


def test_only_ready_pods_count_for_a_value():
    mixed = [*pods(2), make_pod("p2", ready=False), make_pod("p3", phase="Pending")]
    assert ask(of_object(value="10"), mixed, replicas=4, value=20_000).replicas == 4


@pytest.mark.parametrize(("running", "value", "expected"), [(2, 50_000, 5), (2, 21_000, 2), (0, 50_000, 5)])
def test_an_average_of_an_object_is_shared_by_all_pods(running, value, expected):
    found = ask(of_object(averageValue="10"), pods(2), running=running, value=value)
    assert found.replicas == expected
    share = value // running if running else 0
    assert found.status["object"]["current"]["averageValue"] in {f"{share // 1000}", f"{share}m"}


def test_the_values_of_an_external_metric_are_added_up():
    selector = {"matchLabels": {"queue": "jobs"}}
    found = ask(external(selector, averageValue="10"), pods(2), value=20_000)
    assert found.replicas == 4
    words = "MatchLabels:map[string]string{queue: jobs,},MatchExpressions:[]LabelSelectorRequirement{},"
    assert found.name == f"external metric depth(&LabelSelector{{{words}}})"
    assert found.status["external"]["current"] == {"averageValue": "20"}
    found = ask(external(value="10"), pods(2), value=20_000)
    assert (found.replicas, found.name) == (8, "external metric depth(nil)")


# --- what cannot be told ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "reason", "cause", "text"),
    [
        (
            cpu(),
            "FailedGetResourceMetric",
            "failed to get cpu utilization: unable to get metrics for resource cpu: none",
            "failed to get cpu resource metric value: ",
        ),
        (
            raw("1"),
            "FailedGetResourceMetric",
            "failed to get cpu usage: unable to get metrics for resource cpu: none",
            "failed to get cpu resource metric value: ",
        ),
        (
            cpu(container="c"),
            "FailedGetContainerResourceMetric",
            "failed to get cpu utilization: unable to get metrics for resource cpu: none",
            "failed to get c container metric value: ",
        ),
        (
            of_pods("1"),
            "FailedGetPodsMetric",
            "unable to get metric hits: none",
            "failed to get pods metric value: ",
        ),
        (
            of_object(value="1"),
            "FailedGetObjectMetric",
            "unable to get metric hits: Service on ns front/none",
            "failed to get object metric value: ",
        ),
        (
            of_object(averageValue="1"),
            "FailedGetObjectMetric",
            "unable to get metric hits: Service on ns front/none",
            "failed to get object metric value: failed to get hits object metric: ",
        ),
        (
            external(value="1"),
            "FailedGetExternalMetric",
            "unable to get external metric ns/depth/nil: none",
            "failed to get depth external metric value: failed to get external metric depth: ",
        ),
        (
            external(averageValue="1"),
            "FailedGetExternalMetric",
            "unable to get external metric ns/depth/nil: none",
            "failed to get depth external metric value: failed to get depth external metric: ",
        ),
    ],
)
def test_why_a_metric_cannot_be_had_is_told(metric, reason, cause, text):
    with pytest.raises(ProposalError) as caught:
        ask(metric, pods(1), value=None)
    assert (caught.value.reason, caught.value.cause, str(caught.value)) == (reason, cause, text + cause)


@pytest.mark.parametrize(
    ("given", "usage", "problem"),
    [
        ([], {"x": 1}, "no pods returned by selector while calculating replica count"),
        (
            pods(1, phase="Pending"),
            {"x": 1},
            "no metrics returned matched known pods",
        ),
        (
            pods(1, phase="Pending"),
            {"p0": 1},
            "did not receive metrics for targeted pods (pods might be unready)",
        ),
        (pods(1, cpu=None), {"p0": 1}, "missing request for cpu in container c of Pod p0"),
    ],
)
def test_what_is_wrong_with_pods_is_told(given, usage, problem):
    with pytest.raises(ProposalError, match="failed to get cpu utilization") as caught:
        ask(cpu(), given, usage)
    assert caught.value.cause == f"failed to get cpu utilization: {problem}"


def test_a_container_that_is_not_there_is_told():
    with pytest.raises(ProposalError, match="container other not found in Pod p0"):
        ask(cpu(container="other"), pods(1), {"p0": 1})


def test_requests_of_the_whole_pod_come_first():
    (pod,) = pods(1)
    pod["spec"]["resources"] = {"requests": {"cpu": "1"}}
    assert ask(cpu(50), [pod], {"p0": 1000}).replicas == 2
    pod["spec"]["resources"] = {"requests": {"memory": "1Gi"}}
    pod["spec"]["containers"][0]["resources"] = {}
    with pytest.raises(ProposalError, match="missing pod-level request for cpu in Pod p0"):
        ask(cpu(50), [pod], {"p0": 1000})


def test_sidecars_count_with_what_they_ask_for():
    (pod,) = pods(1)
    sidecar = {"name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": "300m"}}}
    pod["spec"]["initContainers"] = [sidecar, {"name": "init"}]
    found = ask(cpu(50), [pod], {"p0": 400})
    assert found.status["resource"]["current"]["averageUtilization"] == 100
