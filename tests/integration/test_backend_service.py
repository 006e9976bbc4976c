"""The backend-service story, in virtual time."""

import pytest
from aiohttp import web

import kubelite
from kubelite.api import podutil
from kubelite.testing import VirtualClock

MANIFEST = """
apiVersion: v1
kind: ReplicationController
metadata: {name: backend}
spec:
  replicas: 2
  selector: {tier: backend, app: myapp}
  template:
    metadata: {labels: {tier: backend, app: myapp}}
    spec:
      containers:
      - name: backend
        image: shop/backend:1
        ports: [{containerPort: 8000}]
        readinessProbe: {httpGet: {path: /, port: 8000}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: backend-service}
spec:
  selector: {tier: backend, app: myapp}
  ports: [{name: http, port: 80, targetPort: 8000}]
---
apiVersion: v1
kind: Pod
metadata: {name: frontend}
spec:
  containers: [{name: frontend, image: "busybox:1.36", command: [sleep, "86400"]}]
"""


async def backend(container):
    async def name(_):
        return web.Response(text=container.pod_name)

    app = web.Application()
    app.router.add_get("/", name)
    await container.serve(app)
    return 0


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=3, clock=VirtualClock(), seed=7) as running:
        running.images["shop/backend:1"] = backend
        await running.apply(MANIFEST)
        await running.wait_for("rc/backend")
        await running.wait_for("pod/frontend")
        await running.wait_for("svc/backend-service")
        yield running


async def backends(cluster):
    pods = await cluster.get("pods", selector={"tier": "backend"})
    return {pod["metadata"]["name"]: pod for pod in pods if "deletionTimestamp" not in pod["metadata"]}


async def ask(cluster, count):
    """Who answers so many requests from the frontend, each on a connection of its own."""
    seen = []
    async with cluster.http(pod="frontend") as http:
        for _ in range(count):
            async with http.get("http://backend-service/", headers={"Connection": "close"}) as answer:
                assert answer.status == 200
                seen.append(await answer.text())
    return seen


async def test_requests_by_name_reach_every_pod(cluster):
    assert set(await ask(cluster, 40)) == set(await backends(cluster))


async def test_the_frontend_resolves_the_name_to_the_cluster_ip(cluster):
    service = await cluster.get("svc", "backend-service")
    assert await cluster.resolve("backend-service", pod="frontend") == [service["spec"]["clusterIP"]]
    assert await cluster.resolve("backend-service.default.svc.cluster.local") == [
        service["spec"]["clusterIP"]
    ]
    with pytest.raises(OSError, match="not known"):
        await cluster.resolve("nobody", pod="frontend")


async def test_the_emulated_shell_reaches_the_service(cluster):
    result = await cluster.exec("frontend", ["wget", "-qO-", "http://backend-service/"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout in await backends(cluster)


async def test_a_killed_pod_is_replaced(cluster):
    before = await backends(cluster)
    victim = min(before)
    await cluster.delete("pod", victim)
    await cluster.wait_for(f"pod/{victim}", "deleted", timeout=60)
    await cluster.wait_for("rc/backend")
    after = await backends(cluster)
    assert len(after) == 2
    assert victim not in after
    await cluster.wait_for("svc/backend-service")
    assert set(await ask(cluster, 40)) == set(after)


async def test_scaling_up_and_down(cluster):
    await cluster.scale("rc/backend", 5)
    await cluster.wait_for("rc/backend")
    assert len(await backends(cluster)) == 5
    await cluster.scale("rc/backend", 1)
    await cluster.wait_for("rc/backend")
    assert len(await backends(cluster)) == 1


async def test_pods_of_a_failed_node_move_after_five_minutes(cluster):
    pods = await backends(cluster)
    frontend = await cluster.get("pod", "frontend")
    nodes = {pod["spec"]["nodeName"] for pod in pods.values()} - {frontend["spec"]["nodeName"]}
    node = min(nodes)
    began = cluster.clock.monotonic()
    await cluster.fail_node(node)
    await cluster.wait_for(f"node/{node}", "condition=Ready=Unknown", timeout=120)
    noticed = cluster.clock.monotonic() - began
    assert 35 <= noticed <= 60
    lost = [name for name, pod in pods.items() if pod["spec"]["nodeName"] == node]
    await cluster.wait_for(f"pod/{lost[0]}", lambda pod: "deletionTimestamp" in pod["metadata"], timeout=600)
    evicted = cluster.clock.monotonic() - began
    assert noticed + 295 <= evicted <= noticed + 310
    await cluster.wait_for("rc/backend", timeout=60)
    after = await backends(cluster)
    assert len(after) == 2
    assert all(podutil.is_ready(pod) and pod["spec"]["nodeName"] != node for pod in after.values())


async def test_a_recovered_node_is_ready_again(cluster):
    await cluster.fail_node("node-2")
    await cluster.wait_for("node/node-2", "condition=Ready=Unknown", timeout=120)
    before = (await cluster.get("node", "node-2"))["status"]["nodeInfo"]["bootID"]
    await cluster.recover_node("node-2")
    await cluster.wait_for("node/node-2", "ready", timeout=120)
    assert (await cluster.get("node", "node-2"))["status"]["nodeInfo"]["bootID"] != before


async def test_a_program_that_raises_is_restarted_with_back_off(cluster):
    async def broken(container):
        raise RuntimeError("boom")

    cluster.images["shop/broken:1"] = broken
    await cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "broken"},
            "spec": {"containers": [{"name": "c", "image": "shop/broken:1"}]},
        }
    )
    pod = await cluster.wait_for(
        "pod/broken",
        lambda pod: pod["status"].get("containerStatuses", [{}])[0].get("restartCount", 0) >= 3,
        timeout=120,
    )
    assert pod["status"]["phase"] == "Running"
    assert "boom" in await cluster.logs("broken", previous=True)


async def test_a_wait_that_times_out_says_what_it_saw(cluster):
    await cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "nowhere"},
            "spec": {"containers": [{"name": "c", "image": "nobody/has-this:1"}]},
        }
    )
    with pytest.raises(kubelite.WaitTimeout) as caught:
        await cluster.wait_for("pod/nowhere", timeout=20)
    assert "pod/nowhere" in str(caught.value)
    assert "ImagePullBackOff" in str(caught.value) or "ErrImagePull" in str(caught.value)
    assert "Failed to pull image" in str(caught.value)
