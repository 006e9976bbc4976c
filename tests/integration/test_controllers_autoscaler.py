"""HorizontalPodAutoscalers on a whole cluster, in virtual time."""

from __future__ import annotations

import pytest

import kubelite
from kubelite.api.conditions import get_condition
from kubelite.apimachinery.apierrors import NotFound, ServiceUnavailable
from kubelite.apimachinery.timestamps import parse_time
from kubelite.testing import VirtualClock

PERIOD_S = 15
REFERENCE = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
CPU = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}
LAMP = {"apiVersion": "example.com/v1", "kind": "Lamp", "name": "tall"}
EXTERNAL = {
    "type": "External",
    "external": {"metric": {"name": "depth"}, "target": {"type": "AverageValue", "averageValue": "5"}},
}


def lamp_definition(**bulbs):
    """The kind Lamp, which has a scale."""
    spec = {"type": "object", "properties": {"bulbs": {"type": "integer", **bulbs}}}
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}}},
        "subresources": {
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.bulbs",
                "statusReplicasPath": ".status.bulbs",
                "labelSelectorPath": ".status.selector",
            },
        },
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "lamps.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "lamps", "kind": "Lamp"},
            "versions": [version],
        },
    }


def lamp():
    metadata = {"name": "tall"}
    return {"apiVersion": "example.com/v1", "kind": "Lamp", "metadata": metadata, "spec": {"bulbs": 2}}


async def say_lamp(cluster):
    """The lamp's status, which its operator would write."""
    status = {"bulbs": 2, "selector": "lamp=tall"}
    await cluster.client.patch(
        cluster.resource("lamps"), "tall", {"status": status}, "default", subresource="status"
    )


def deployment(replicas=2, name="web", labels=None):
    labels = labels or {"app": name}
    container = {"name": "c", "image": "nginx", "resources": {"requests": {"cpu": "100m"}}}
    pod = {"terminationGracePeriodSeconds": 1, "containers": [container]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def autoscaler(*metrics, name="web", target=None, high=10, **spec):
    made = metrics or ({"type": "Resource", "resource": CPU},)
    spec = {"scaleTargetRef": target or REFERENCE, "maxReplicas": high, "metrics": list(made), **spec}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": spec,
    }


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(clock=VirtualClock(), seed=1) as running:
        yield running


async def status(cluster, name="web"):
    return (await cluster.get("hpa", name))["status"]


async def told(cluster, condition, name="web"):
    found = get_condition(await cluster.get("hpa", name), condition)
    return found and (found["status"], found["reason"])


async def replicas(cluster, what="web"):
    return (await cluster.get("deployment", what))["spec"]["replicas"]


async def events(cluster):
    return [
        (each["reason"], each["message"])
        for each in await cluster.get("events")
        if each["involvedObject"]["kind"] == "HorizontalPodAutoscaler"
    ]


async def after(cluster, looks, *, more=1):
    """Let so many looks pass."""
    await cluster.clock.sleep(looks * PERIOD_S + more)


async def test_without_metrics_nothing_is_scaled(cluster):
    await cluster.apply([deployment(), autoscaler()])
    await cluster.clock.sleep(PERIOD_S - 1)
    assert not (await cluster.get("hpa", "web"))["status"].get("conditions")
    await cluster.clock.sleep(2)
    found = await status(cluster)
    assert (found["currentReplicas"], found["desiredReplicas"]) == (2, 0)
    assert found["currentMetrics"] == [{"type": ""}]
    assert await told(cluster, "AbleToScale") == ("True", "SucceededGetScale")
    assert await told(cluster, "ScalingActive") == ("False", "FailedGetResourceMetric")
    problem = (
        "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from "
        "resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
    )
    words = f"the HPA was unable to compute the replica count: {problem}"
    assert get_condition(await cluster.get("hpa", "web"), "ScalingActive")["message"] == words
    first = "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: "
    assert await events(cluster) == [
        ("FailedGetResourceMetric", problem),
        ("FailedComputeMetricsReplicas", first + problem),
    ]
    assert await replicas(cluster) == 2


async def test_replicas_go_up_at_once_and_down_after_five_minutes(cluster):
    await cluster.apply([deployment(), autoscaler()])
    await cluster.wait_for("deployment/web")
    cluster.metrics.set_pod_usage("app=web", cpu="80m")
    await after(cluster, 1)
    assert await replicas(cluster) == 4
    up = await status(cluster)
    assert (up["currentReplicas"], up["desiredReplicas"]) == (2, 4)
    assert up["currentMetrics"] == [
        {
            "type": "Resource",
            "resource": {"name": "cpu", "current": {"averageUtilization": 80, "averageValue": "80m"}},
        }
    ]
    assert await told(cluster, "AbleToScale") == ("True", "SucceededRescale")
    assert await told(cluster, "ScalingActive") == ("True", "ValidMetricFound")
    cluster.metrics.set_pod_usage("app=web", cpu="20m")
    await after(cluster, 1)
    assert await told(cluster, "AbleToScale") == ("True", "ScaleDownStabilized")
    assert await replicas(cluster) == 4
    await after(cluster, 25)
    assert await replicas(cluster) == 2
    down = await status(cluster)
    assert parse_time(down["lastScaleTime"]) - parse_time(up["lastScaleTime"]) == 300 + PERIOD_S
    what = "cpu resource utilization (percentage of request)"
    assert await events(cluster) == [
        ("SuccessfulRescale", f"New size: 4; reason: {what} above target"),
        ("SuccessfulRescale", "New size: 2; reason: All metrics below target"),
    ]


async def test_a_behaviour_sets_the_pace(cluster):
    behavior = {
        "scaleUp": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]},
        "scaleDown": {"stabilizationWindowSeconds": 0},
    }
    await cluster.apply([deployment(), autoscaler(behavior=behavior)])
    await cluster.wait_for("deployment/web")
    cluster.metrics.set_pod_usage("app=web", cpu="500m")
    await after(cluster, 1)
    assert await replicas(cluster) == 3
    await after(cluster, 3, more=0)
    assert await replicas(cluster) == 3
    assert await told(cluster, "ScalingLimited") == ("True", "ScaleUpLimit")
    await after(cluster, 1, more=0)
    assert await replicas(cluster) == 4
    cluster.metrics.set_pod_usage("app=web", cpu="1m")
    await after(cluster, 1, more=0)
    assert await replicas(cluster) == 1


async def test_the_bounds_are_kept_without_metrics_too(cluster):
    await cluster.apply([deployment(1), autoscaler(minReplicas=3)])
    await after(cluster, 1)
    assert await replicas(cluster) == 3
    await cluster.scale("deployment/web", 20)
    await after(cluster, 1)
    assert await replicas(cluster) == 10
    await cluster.scale("deployment/web", 0)
    await after(cluster, 2)
    assert await replicas(cluster) == 0
    assert await told(cluster, "ScalingActive") == ("False", "ScalingDisabled")
    assert [message for _, message in await events(cluster)] == [
        "New size: 3; reason: Current number of replicas below Spec.MinReplicas",
        "New size: 10; reason: Current number of replicas above Spec.MaxReplicas",
    ]


async def test_the_metric_that_wants_most_wins_and_one_that_fails_holds_back(cluster):
    hits = {"type": "Pods", "pods": {"metric": {"name": "hits"}, "target": {"averageValue": "10"}}}
    hits["pods"]["target"]["type"] = "AverageValue"
    await cluster.apply([deployment(3), autoscaler({"type": "Resource", "resource": CPU}, hits)])
    await cluster.wait_for("deployment/web")
    cluster.metrics.set_pod_usage("app=web", cpu="50m")
    cluster.metrics.set_pod_metric("app=web", "hits", 20)
    await after(cluster, 1)
    assert await replicas(cluster) == 6
    cluster.metrics.set_pod_usage("app=web", cpu="10m")
    cluster.metrics.set_pod_metric("app=web", "hits", None)
    await after(cluster, 1)
    assert await replicas(cluster) == 6
    assert await told(cluster, "ScalingActive") == ("False", "FailedGetPodsMetric")
    cluster.metrics.set_pod_usage("app=web", cpu="75m")
    await after(cluster, 1)
    assert await replicas(cluster) == 9
    assert await told(cluster, "ScalingActive") == ("True", "ValidMetricFound")


async def test_a_custom_kind_with_a_scale_is_scaled_by_an_external_metric(cluster):
    await cluster.apply(lamp_definition())
    await cluster.wait_for("crd/lamps.example.com", "condition=Established")
    await cluster.apply([lamp(), autoscaler(EXTERNAL, target=LAMP)])
    await after(cluster, 1)
    assert await told(cluster, "ScalingActive") == ("False", "InvalidSelector")
    await say_lamp(cluster)
    queue = [1, 2, 3] * 7
    cluster.metrics.set_external_metric("depth", lambda: len(queue))
    await after(cluster, 1)
    assert (await cluster.get("lamps", "tall"))["spec"]["bulbs"] == 4  # twice two; 21 of 5 each were 5
    found = await status(cluster)
    assert found["currentMetrics"][0]["external"]["current"] == {"averageValue": "10500m"}
    assert ("SelectorRequired", "selector is required") in await events(cluster)


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ({**REFERENCE, "name": "none"}, 'deployments.apps "none" not found'),
        (
            {"apiVersion": "v1", "kind": "Deployment", "name": "web"},
            'no matches for kind "Deployment" in group ""',
        ),
        ({"apiVersion": "a/b/c", "kind": "X", "name": "web"}, "unexpected GroupVersion string: a/b/c"),
        (
            {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "web"},
            "the server could not find the requested resource",
        ),
    ],
)
async def test_a_target_without_a_scale_is_told(cluster, target, problem):
    await cluster.apply(autoscaler(target=target))
    await after(cluster, 1)
    found = await status(cluster)
    assert (found["desiredReplicas"], found["currentMetrics"]) == (0, None)
    (condition,) = found["conditions"]
    assert (condition["type"], condition["status"]) == ("AbleToScale", "False")
    assert (
        condition["message"] == f"the HPA controller was unable to get the target's current scale: {problem}"
    )
    assert await events(cluster) == [("FailedGetScale", problem)]


async def test_two_autoscalers_of_the_same_pods_do_nothing(cluster):
    cluster.metrics.set_pod_usage(cpu="500m")
    await cluster.apply([deployment(), autoscaler(name="a")])
    await cluster.wait_for("deployment/web")
    await after(cluster, 3)
    assert await replicas(cluster) == 10
    await cluster.apply(autoscaler(name="b", high=20))
    await after(cluster, 2)
    words = "pods by selector app=web are controlled by multiple HPAs: [{a default} {b default}]"
    for name in ("a", "b"):
        assert get_condition(await cluster.get("hpa", name), "ScalingActive")["message"] == words
    assert await replicas(cluster) == 10
    await cluster.delete("hpa/b")
    await after(cluster, 1)
    assert await told(cluster, "ScalingActive", "a") == ("True", "ValidMetricFound")


async def test_a_scale_that_cannot_be_changed_is_told_and_tried_again(cluster):
    await cluster.apply(lamp_definition(maximum=3))
    await cluster.wait_for("crd/lamps.example.com", "condition=Established")
    await cluster.apply([lamp(), autoscaler(EXTERNAL, target=LAMP)])
    await say_lamp(cluster)
    cluster.metrics.set_external_metric("depth", 20)
    await after(cluster, 1)
    assert await told(cluster, "AbleToScale") == ("False", "FailedUpdateScale")
    ((reason, message),) = await events(cluster)
    assert reason == "FailedRescale"
    assert message.startswith("New size: 4; reason: external metric depth(nil) above target; error: ")
    await cluster.apply(lamp_definition(maximum=4))
    await after(cluster, 1)
    assert (await cluster.get("lamps", "tall"))["spec"]["bulbs"] == 4


async def test_periods_and_tolerance_are_options():
    options = {"autoscaler_period_s": 1, "autoscaler_stabilization_s": 10, "autoscaler_tolerance": 0.5}
    async with kubelite.Cluster(clock=VirtualClock(), seed=1, **options) as cluster:
        await cluster.apply([deployment(4), autoscaler()])
        await cluster.wait_for("deployment/web")
        cluster.metrics.set_pod_usage(cpu="70m")
        await cluster.clock.sleep(2)
        assert await replicas(cluster) == 4
        cluster.metrics.set_pod_usage(cpu="20m")
        await cluster.clock.sleep(9)
        assert await replicas(cluster) == 4
        await cluster.clock.sleep(3)
        assert await replicas(cluster) == 2


async def test_what_pods_use_is_served_once_it_is_known(cluster):
    """The group is there as long as something is known, as it comes and goes with metrics-server."""
    await cluster.apply(deployment(2))
    await cluster.wait_for("deployment/web")
    with pytest.raises(ValueError, match=r"there is no kind 'pods\.metrics\.k8s\.io'"):
        await cluster.get("pods.metrics.k8s.io")
    cluster.metrics.set_pod_usage("app=web", cpu="250m", memory="64Mi")
    found = await cluster.get("pods.metrics.k8s.io", selector="app=web")
    names = {pod["metadata"]["name"] for pod in await cluster.get("pods")}
    assert {each["metadata"]["name"] for each in found} == names
    assert found[0]["containers"] == [{"name": "c", "usage": {"cpu": "250m", "memory": "64Mi"}}]
    assert await cluster.get("pods.metrics.k8s.io", namespace="kube-system") == []
    one = await cluster.get("pods.metrics.k8s.io", min(names))
    assert (one["kind"], one["window"]) == ("PodMetrics", "0s")
    (node,) = await cluster.get("nodes.metrics.k8s.io")
    assert node["usage"] == {"cpu": "500m", "memory": "128Mi"}
    with pytest.raises(NotFound, match='pods.metrics.k8s.io "none" not found'):
        await cluster.get("pods.metrics.k8s.io", "none")

    def fail(_):
        raise RuntimeError("no sample yet")

    cluster.metrics.set_pod_usage("app=web", cpu=fail)
    with pytest.raises(ServiceUnavailable, match="no sample yet"):
        await cluster.get("pods.metrics.k8s.io")
    cluster.metrics.clear()
    with pytest.raises(ValueError, match="there is no kind"):
        await cluster.get("nodes.metrics.k8s.io")


async def test_what_is_known_before_the_start_is_served_from_then_on():
    cluster = kubelite.Cluster(clock=VirtualClock(), seed=1)
    cluster.metrics.set_pod_usage(cpu=1)
    async with cluster:
        (node,) = await cluster.get("nodes.metrics.k8s.io")
        assert node["usage"] == {"cpu": "0", "memory": "0"}
