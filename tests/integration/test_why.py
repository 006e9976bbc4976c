"""`cluster.why` on whole clusters: from what can be seen back to who wanted it."""

import asyncio
import json

import aiohttp
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


def config_map(name):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


async def copied_by_a_client(agent, wait_s):
    """Why there is a Secret that a client over HTTP made when it was told of a ConfigMap."""
    async with kubelite.Cluster(clock=VirtualClock(), seed=1) as cluster:
        user = json.loads(cluster.kubeconfig.read_text())["users"][0]["user"]
        headers = {"Authorization": f"Bearer {user['token']}", "User-Agent": agent}
        paths = f"{cluster.url}/api/v1/namespaces/default"

        async def operator(http):
            version = json.loads(await (await http.get(f"{paths}/configmaps")).read())["metadata"]
            query = f"watch=1&resourceVersion={version['resourceVersion']}"
            async with http.get(f"{paths}/configmaps?{query}") as watch:
                async for line in watch.content:
                    name = json.loads(line)["object"]["metadata"]["name"]
                    await cluster.clock.sleep(wait_s)
                    secret = {**config_map(name), "kind": "Secret"}
                    assert (await http.post(f"{paths}/secrets", json=secret)).status == 201
                    return

        connector = aiohttp.TCPConnector(ssl=False)
        async with aiohttp.ClientSession(headers=headers, connector=connector) as http:
            running = asyncio.ensure_future(operator(http))
            await cluster.clock.advance(5)
            await cluster.apply(config_map("seeds"))
            await cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "other"}})
            await running
        return cluster.why("secret/seeds")


async def test_what_a_watching_client_may_have_acted_upon_is_called_a_guess():
    found = await copied_by_a_client("gardener/1.0", 0.1)
    assert [str(each).partition(" (")[0] for each in found.steps] == [
        "secret/seeds created by gardener/1.0 as admin",
        "perhaps, for gardener/1.0 watches configmaps, and had just been told:",
        "configmap/seeds created by cluster",
    ]


@pytest.mark.parametrize(("agent", "wait_s"), [("gardener/1.0", 3), ("kubectl/v1.37.0", 0.1)])
async def test_nothing_is_guessed_of_what_was_long_ago_or_typed_by_somebody(agent, wait_s):
    found = await copied_by_a_client(agent, wait_s)
    assert len(found.steps) == 1
