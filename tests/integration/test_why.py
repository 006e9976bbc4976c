"""`cluster.why` on whole clusters: from what can be seen back to who wanted it."""

import asyncio

import kubernetes
import pytest

import kubelite
from kubelite.testing import VirtualClock
from tests.determinism import deployment

CRASHING = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "crashing"},
    "spec": {
        "restartPolicy": "Never",
        "containers": [{"name": "c", "image": "busybox", "command": ["sh", "-c", "exit 3"]}],
    },
}


def agents(found):
    return [step.agent for step in found.steps if step.object]


async def node_story(seed):
    """A pod that replaces one of a node that has lost its power."""
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=seed) as cluster:
        await cluster.apply(deployment("web", 2, "1"))
        await cluster.wait_for("deployment/web", timeout=60)
        before = {pod["metadata"]["name"]: pod for pod in await cluster.get("pods")}
        lost = next(name for name, pod in before.items() if pod["spec"]["nodeName"] == "node-2")
        await cluster.fail_node("node-2")
        await cluster.clock.sleep(400)
        (new,) = {pod["metadata"]["name"] for pod in await cluster.get("pods")} - before.keys()
        return cluster.why(f"pod/{lost}"), cluster.why(f"pod/{new}"), cluster.why("node/node-2")


async def test_a_new_pod_is_told_back_to_the_node_without_power():
    lost, new, node = await node_story(1)
    assert agents(lost) == ["taint-eviction-controller"] + 3 * ["node-lifecycle-controller"]
    assert str(lost.steps[-1]) == 'fail_node("node-2")'
    assert [each.what for each in lost.steps] == [
        "marked for deletion",
        *3
        * ["changed"],  # what keeps pods from a node, and what drives them off it, come one after the other
        'fail_node("node-2")',
    ]
    assert new.steps[-len(lost.steps) :] == lost.steps
    assert agents(new)[:4] == ["kubelet", "kubelet", "kube-scheduler", "replicaset-controller"]
    assert str(node.steps[-1]) == 'fail_node("node-2")'
    assert all(found.is_whole for found in (lost, new, node))


async def test_one_seed_gives_the_same_causes():
    first, second = (
        [str(found) for found in await node_story(7)],
        [str(found) for found in await node_story(7)],
    )
    assert first == second


async def test_a_rollout_is_told_back_to_the_client_that_wanted_it():
    with_agent = {"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}}
    async with kubelite.Cluster(secure=False) as cluster:

        def restart():
            configuration = kubernetes.client.Configuration()
            kubernetes.config.load_kube_config(str(cluster.kubeconfig), client_configuration=configuration)
            with kubernetes.client.ApiClient(configuration) as api:
                api.user_agent = "deployer/1.0 (test)"
                kubernetes.client.AppsV1Api(api).patch_namespaced_deployment("web", "default", with_agent)

        await cluster.apply(deployment("web", 1, "1"))
        await cluster.wait_for("deployment/web")
        (old,) = await cluster.get("pods")
        await asyncio.to_thread(restart)
        await cluster.wait_for(f"pod/{old['metadata']['name']}", "deleted")
        found = cluster.why(f"pod/{old['metadata']['name']}")
        assert agents(found)[0] == "kubelet"
        assert {"replicaset-controller", "deployment-controller"} <= set(agents(found))
        assert found.steps[-1].agent == "deployer/1.0"
        assert found.steps[-1].user == "admin"
        assert found.steps[-1].parts == "spec.template"


async def test_what_happened_to_a_container_is_a_cause():
    async with kubelite.Cluster(clock=VirtualClock()) as cluster:
        await cluster.apply(CRASHING)
        pod = await cluster.wait_for("pod/crashing", "jsonpath={.status.phase}=Failed")
        found = cluster.why("pod/crashing")
        assert "← container c ended with 3\n" in str(found)
        assert found.steps[-1].agent == "cluster"
        assert str(cluster.why({"kind": "Pod", "apiVersion": "v1", **pod})) == str(found)
        assert "crashing changed by kubelet" in cluster.last_changes(3)[-1]


async def test_a_wait_in_vain_and_the_record_switched_off():
    async with kubelite.Cluster(clock=VirtualClock()) as cluster:
        await cluster.apply(deployment("web", 1, "none"))
        await cluster.apply(
            {**CRASHING, "spec": {"containers": [{"name": "c", "image": "no/such:1"}]}}, namespace="default"
        )
        with pytest.raises(TimeoutError, match="what led to it: pod/crashing\n.*kubelet"):
            await cluster.wait_for("pod/crashing", timeout=5)
    async with kubelite.Cluster(clock=VirtualClock(), causes_max=0) as cluster:
        assert str(cluster.why("node/node-1")) == "node/node-1: nothing is remembered (causes_max=0)"
        with pytest.raises(ValueError, match="say which one: node/NAME"):
            cluster.why("node")
        with pytest.raises(ValueError, match="there is no kind 'nodule'"):
            cluster.why("nodule/x")


def test_a_blocking_cluster_tells_too():
    with kubelite.start() as cluster:
        assert "node/node-1 created by kubelet" in str(cluster.why("node/node-1"))
        assert cluster.last_changes(1)
