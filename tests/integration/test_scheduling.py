"""The scheduler in a whole cluster, in virtual time: gates, preemption, profiles, volumes, explanations."""

from __future__ import annotations

import pytest
from aiohttp import web

import kubelite
from kubelite.api.conditions import get_condition
from kubelite.api.resources import PODS
from kubelite.apimachinery.apierrors import NotFound
from kubelite.apimachinery.quantity import parse
from kubelite.testing import VirtualClock


@pytest.fixture
def options():
    """Of the cluster; a test may have its own."""
    return {}


@pytest.fixture
async def cluster(options):
    async with kubelite.Cluster(
        **{"nodes": 1, "clock": VirtualClock(), "seed": 1, "node_cpu": "2", **options}
    ) as running:
        yield running


def pod(name, cpu="1", **spec):
    container = {"name": "c", "image": "pause", "resources": {"requests": {"cpu": cpu}}}
    metadata = {"name": name, "labels": {"app": name.partition("-")[0]}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [container], **spec},
    }


def priority(name, value, policy="PreemptLowerPriority"):
    head = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}}
    return {**head, "value": value, "preemptionPolicy": policy}


async def events(cluster, reason):
    found = await cluster.get("events")
    return [(each["involvedObject"]["name"], each["message"]) for each in found if each["reason"] == reason]


async def test_a_pod_of_higher_priority_takes_the_place_of_a_lower_one(cluster):
    (node,) = await cluster.get("nodes")
    memory = parse(node["status"]["allocatable"]["memory"]).integer() // 2**30
    for number in range(memory // 6 + 1):
        low = pod(f"low-{number}")
        low["spec"]["containers"][0]["resources"]["requests"] = {"memory": "6Gi"}
        await cluster.apply(low)
    await cluster.clock.sleep(5)
    await cluster.apply(priority("high", 100))
    high = pod("high", priorityClassName="high")
    high["spec"]["containers"][0]["resources"]["requests"] = {"memory": "6Gi"}
    await cluster.apply(high)
    await cluster.wait_for("pod/high", "ready", timeout=120)


async def test_a_victim_is_told_why_and_ends_in_its_own_time(cluster):
    await cluster.apply([priority("low", 1), priority("mid", 5), priority("high", 9)])
    await cluster.apply([pod("mid", priorityClassName="mid"), pod("low", "900m", priorityClassName="low")])
    for name in ("low", "mid"):
        await cluster.wait_for(f"pod/{name}", "ready")
    await cluster.apply(pod("high", "500m", priorityClassName="high"))
    await cluster.wait_for("pod/high", "ready", timeout=120)
    assert [each["metadata"]["name"] for each in await cluster.get("pods")] == ["high", "mid"]
    high = await cluster.get("pod/high")
    ((name, message),) = await events(cluster, "Preempted")
    assert (name, message) == ("low", f"Preempted by pod {high['metadata']['uid']} on node node-1")
    assert ("high", "0/1 nodes are available: 1 Insufficient cpu.") in await events(
        cluster, "FailedScheduling"
    )


async def test_room_is_kept_for_the_pod_that_preempted(cluster):
    await cluster.apply([priority("low", 1), priority("high", 9)])
    slow = pod("low", "1500m", priorityClassName="low", terminationGracePeriodSeconds=20)
    slow["metadata"]["finalizers"] = ["example.com/slow"]
    await cluster.apply(slow)
    await cluster.wait_for("pod/low", "ready")
    await cluster.apply(pod("high", "1500m", priorityClassName="high"))
    waiting = await cluster.wait_for("pod/high", "jsonpath={.status.nominatedNodeName}=node-1")
    assert get_condition(waiting, "PodScheduled")["reason"] == "Unschedulable"
    victim = await cluster.get("pod/low")
    target = get_condition(victim, "DisruptionTarget")
    assert (target["status"], target["reason"]) == ("True", "PreemptionByScheduler")
    assert target["message"] == "default-scheduler: preempting to accommodate a higher priority pod"
    await cluster.apply(pod("other", "1500m", priorityClassName="low"))
    await cluster.clock.sleep(60)
    assert not (await cluster.get("pod/other"))["spec"].get("nodeName")
    await cluster.client.patch(
        PODS,
        "low",
        {"metadata": {"finalizers": None}},
        "default",
    )
    await cluster.wait_for("pod/high", "ready", timeout=120)
    assert "nominatedNodeName" not in (await cluster.get("pod/high"))["status"]


async def test_a_pod_that_never_preempts_waits(cluster):
    await cluster.apply([priority("low", 1), priority("polite", 9, "Never")])
    await cluster.apply(pod("low", "1500m", priorityClassName="low"))
    await cluster.wait_for("pod/low", "ready")
    await cluster.apply(pod("polite", "1500m", priorityClassName="polite"))
    await cluster.clock.sleep(60)
    condition = get_condition(await cluster.get("pod/polite"), "PodScheduled")
    assert condition["message"] == (
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, "
        "preemption: not eligible due to preemptionPolicy=Never."
    )
    assert (await cluster.get("pod/low"))["spec"]["nodeName"]


async def test_a_gated_pod_is_scheduled_at_once_when_its_gates_are_gone(cluster):
    await cluster.apply(pod("web", schedulingGates=[{"name": "example.com/wait"}]))
    await cluster.clock.sleep(600)
    waiting = await cluster.get("pod/web")
    assert get_condition(waiting, "PodScheduled")["reason"] == "SchedulingGated"
    assert "scheduling gates: example.com/wait" in str(await cluster.explain_scheduling("web"))
    before = cluster.clock.now()
    await cluster.client.patch(PODS, "web", {"spec": {"schedulingGates": None}}, "default")
    await cluster.wait_for("pod/web", "ready")
    assert cluster.clock.now() - before < 5


async def test_the_refused_are_placed_when_a_label_comes(cluster):
    await cluster.apply(pod("web", nodeSelector={"disk": "ssd"}))
    await cluster.clock.sleep(100)
    assert not (await cluster.get("pod/web"))["spec"].get("nodeName")
    (node,) = await cluster.get("nodes")
    await cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": node["metadata"]["name"], "labels": {"disk": "ssd"}},
        }
    )
    await cluster.wait_for("pod/web", "ready")


PROFILES = """
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
- schedulerName: packer
  plugins:
    score: {disabled: [{name: PodTopologySpread}, {name: NodeResourcesBalancedAllocation}]}
  pluginConfig:
  - name: NodeResourcesFit
    args: {scoringStrategy: {type: MostAllocated}}
"""


@pytest.mark.parametrize("options", [{"nodes": 3, "scheduler": PROFILES}])
async def test_pods_choose_a_profile_and_those_of_no_profile_are_left_alone(cluster):
    await cluster.apply([pod(f"p-{number}", "100m", schedulerName="packer") for number in range(6)])
    await cluster.apply(pod("mine", schedulerName="another"))
    for number in range(6):
        await cluster.wait_for(f"pod/p-{number}", "ready")
    pods = {each["metadata"]["name"]: each for each in await cluster.get("pods")}
    assert len({pods[f"p-{number}"]["spec"]["nodeName"] for number in range(6)}) == 1
    assert "conditions" not in pods["mine"]["status"]
    (source,) = {
        each["reportingComponent"] for each in await cluster.get("events") if each["reason"] == "Scheduled"
    }
    assert source == "packer"
    assert "no profile" in str(await cluster.explain_scheduling("mine"))


@pytest.mark.parametrize("options", [{"nodes": 3}])
async def test_an_explanation_tells_the_verdict_of_every_plugin_per_node(cluster):
    await cluster.apply(pod("web", nodeSelector={"kubernetes.io/hostname": "node-2"}))
    await cluster.wait_for("pod/web", "ready")
    told = await cluster.explain_scheduling("pod/web")
    assert (told.node, told.chosen, told.message) == ("node-2", "node-2", "")
    assert told.on("node-1").refusals == {
        "NodeAffinity": ("node(s) didn't match Pod's node affinity/selector",)
    }
    assert told.on("node-2").is_feasible
    assert told.on("node-2").score == sum(told.on("node-2").scores.values()) > 0
    assert "node-1: no, NodeAffinity: node(s) didn't match" in str(told) == repr(told)
    with pytest.raises(NotFound):
        await cluster.explain_scheduling("none")


async def test_an_explanation_names_who_would_have_to_go(cluster):
    await cluster.apply([priority("low", 1), pod("low", "1500m", priorityClassName="low")])
    await cluster.wait_for("pod/low", "ready")
    await cluster.apply(priority("high", 9))
    gates = [{"name": "example.com/wait"}]
    await cluster.apply(pod("high", "1500m", priorityClassName="high", schedulingGates=gates))
    told = await cluster.explain_scheduling("high")
    assert told.rejected == ("SchedulingGates", ("waiting for scheduling gates: example.com/wait",))
    assert (told.chosen, told.message) == ("", "0/1 nodes are available: 1 Insufficient cpu.")
    assert told.on("node-1").refusals == {"NodeResourcesFit": ("Insufficient cpu",)}
    (candidate,) = told.preemption
    assert (candidate.node, candidate.victims) == ("node-1", ("default/low",))
    assert "preemption on node-1: default/low would have to go" in str(told)


LOCAL = """
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: local}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: disk}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: local
  hostPath: {path: /disk}
  nodeAffinity:
    required:
      nodeSelectorTerms:
      - matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node-3]}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: local
  resources: {requests: {storage: 1Gi}}
"""


@pytest.mark.parametrize("options", [{"nodes": 3}])
async def test_a_pod_goes_where_its_volume_is_and_the_claim_is_bound_first(cluster):
    await cluster.apply(LOCAL)
    await cluster.clock.sleep(60)
    assert (await cluster.get("pvc/data"))["status"]["phase"] == "Pending"
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
    await cluster.apply(pod("web", volumes=[volume]))
    placed = await cluster.wait_for("pod/web", "jsonpath={.spec.nodeName}=node-3")
    assert "nominatedNodeName" not in placed["status"]
    claim = await cluster.get("pvc/data")
    assert (claim["status"]["phase"], claim["spec"]["volumeName"]) == ("Bound", "disk")


async def test_a_pod_whose_claim_is_missing_waits_for_it(cluster):
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
    await cluster.apply(pod("web", volumes=[volume]))
    condition = get_condition(
        await cluster.wait_for("pod/web", "condition=PodScheduled=False"), "PodScheduled"
    )
    assert condition["message"].startswith(
        '0/1 nodes are available: persistentvolumeclaim "data" not found. '
        "no new claims to deallocate, preemption: "
    )
    await cluster.apply(LOCAL.replace("node-3", "node-1"))
    await cluster.wait_for("pod/web", "jsonpath={.spec.nodeName}=node-1")


EXTENDED = {
    "extenders": [
        {
            "urlPrefix": "http://extender.default.svc.cluster.local",
            "filterVerb": "filter",
            "nodeCacheCapable": True,
            "managedResources": [{"name": "x.org/seat", "ignoredByScheduler": True}],
        }
    ]
}


@pytest.mark.parametrize("options", [{"nodes": 2, "scheduler": EXTENDED}])
async def test_an_extender_in_a_pod_says_where_pods_go(cluster):
    def make_extender():
        async def choose(request):
            return web.json_response({"NodeNames": (await request.json())["NodeNames"][-1:]})

        app = web.Application()
        app.router.add_post("/filter", choose)
        return app

    cluster.images["extender"] = make_extender
    server = pod("extender")
    server["spec"]["containers"][0]["image"] = "extender"
    port = {"selector": {"app": "extender"}, "ports": [{"port": 80}]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "extender"}, "spec": port}
    await cluster.apply([server, service])
    await cluster.wait_for("service/extender", "ready")
    sitting = pod("sitting")
    sitting["spec"]["containers"][0]["resources"] = {"limits": {"x.org/seat": "1"}}
    await cluster.apply(sitting)
    placed = await cluster.wait_for("pod/sitting", lambda each: each["spec"].get("nodeName"))
    assert placed["spec"]["nodeName"] == "node-2"
