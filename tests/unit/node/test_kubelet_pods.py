"""What happens to pods on a node, seen through the API."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from kubelite.api.resources import NODES, PODS
from kubelite.apimachinery.apierrors import NotFound
from kubelite.images.builtin import make_registry
from kubelite.images.registry import Image
from kubelite.network import client_session
from kubelite.node.kubelet import PodChanged


def is_ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))


def status_of(pod):
    return pod["status"]["containerStatuses"][0]


async def hello(_request):
    return web.Response(text="hello")


def make_app():
    app = web.Application()
    app.router.add_get("/", hello)
    return app


async def test_an_application_is_served_on_its_pod_address(node):
    node.images["hello"] = make_app
    await node.run(containers=[{"name": "c", "image": "hello", "ports": [{"containerPort": 8080}]}])
    pod = await node.until(is_ready)
    assert pod["status"]["phase"] == "Running"
    url = f"http://{pod['status']['podIP']}:8080/"
    async with client_session(node.machine.network) as http, http.get(url) as answer:
        assert await answer.text() == "hello"
    assert node.recorder.reasons() == ["Pulling", "Pulled", "Created", "Started"]


async def test_a_pod_that_starts_is_written_once(node):
    before = await node.run()
    pod = await node.until(is_ready)
    assert int(pod["metadata"]["resourceVersion"]) - int(before["metadata"]["resourceVersion"]) == 1


async def test_a_program_that_returns_completes(node):
    async def main(container):
        container.log("done")

    node.images["job"] = main
    await node.run(restartPolicy="Never", containers=[{"name": "c", "image": "job"}])
    pod = await node.until(lambda pod: pod["status"].get("phase") == "Succeeded")
    assert status_of(pod)["state"]["terminated"]["reason"] == "Completed"


@pytest.mark.parametrize("image", ["busybox", "nginx"])
async def test_args_alone_replace_what_the_image_runs(node, image):
    node.images[image] = make_registry().resolve(image)
    await node.run(restartPolicy="Never", containers=[{"name": "c", "image": image, "args": ["true"]}])
    pod = await node.until(lambda pod: pod["status"].get("phase") not in {None, "Pending", "Running"})
    assert status_of(pod)["state"]["terminated"]["exitCode"] == 0


async def test_a_program_that_raises_is_restarted_with_back_off(node):
    async def main(container):
        raise ValueError("broken")

    node.images["bad"] = main
    await node.run(containers=[{"name": "c", "image": "bad"}])
    pod = await node.until(
        lambda pod: (
            pod["status"].get("containerStatuses")
            and status_of(pod)["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"
        )
    )
    assert status_of(pod)["restartCount"] == 1
    assert status_of(pod)["lastState"]["terminated"]["exitCode"] == 1
    assert pod["status"]["phase"] == "Running"
    assert "ValueError: broken" in node.machine.runtime.log(pod["metadata"]["uid"], "c").tail(50, 5000)
    pod = await node.until(lambda pod: status_of(pod)["restartCount"] == 4)
    assert "BackOff" in node.recorder.reasons()


async def test_an_unknown_image_is_waited_for(node):
    await node.run(containers=[{"name": "c", "image": "nothing"}])

    def waits(reason):
        return lambda pod: (
            "containerStatuses" in pod["status"]
            and status_of(pod)["state"].get("waiting", {}).get("reason") == reason
        )

    await node.until(waits("ErrImagePull"))
    await node.until(waits("ImagePullBackOff"))
    node.images["nothing"] = make_app
    await node.until(is_ready)


async def test_a_deleted_pod_is_stopped_and_removed(node):
    await node.run()
    await node.until(is_ready)
    await node.client.delete(node_pods(), "web", "default")
    assert await node.gone() < 1
    assert not node.machine.workers


async def test_a_program_that_ignores_sigterm_is_killed_after_its_grace(node):
    async def main(container):
        await container.clock.sleep(100_000)

    node.images["deaf"] = main
    await node.run(terminationGracePeriodSeconds=7, containers=[{"name": "c", "image": "deaf"}])
    await node.until(is_ready)
    await node.client.delete(node_pods(), "web", "default")
    assert 6.9 < await node.gone() < 9


async def test_a_program_that_swallows_cancellation_is_abandoned(node):
    over = asyncio.Event()

    async def main(container):
        while True:
            try:
                await container.clock.sleep(100_000)
            except BaseException:
                if over.is_set():
                    return

    node.images["zombie"] = main
    await node.run(terminationGracePeriodSeconds=1, containers=[{"name": "c", "image": "zombie"}])
    pod = await node.until(is_ready)
    box = next(iter(node.machine.runtime._running.values()))
    await node.client.delete(node_pods(), "web", "default")
    await node.gone()
    assert node.machine.runtime.statistics()["abandoned"] == 1
    over.set()
    box._task.cancel()
    assert pod


async def test_readiness_and_liveness(node):
    healthy = {"ready": False, "alive": True}

    def make():
        async def check(request):
            return web.Response(status=200 if healthy[request.match_info["what"]] else 500)

        app = web.Application()
        app.router.add_get("/{what}", check)
        return app

    node.images["probed"] = make
    container = {
        "name": "c",
        "image": "probed",
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 80}, "periodSeconds": 1},
        "livenessProbe": {"httpGet": {"path": "/alive", "port": 80}, "periodSeconds": 5},
    }
    await node.run(containers=[container])
    pod = await node.until(lambda pod: pod["status"].get("phase") == "Running")
    assert not is_ready(pod)
    healthy["ready"] = True
    await node.until(is_ready)
    healthy["alive"] = False
    await node.until(lambda pod: status_of(pod)["restartCount"] == 1)
    assert "Unhealthy" in node.recorder.reasons()
    texts = [message for _, _, message in node.recorder.events]
    assert "Liveness probe failed: HTTP probe failed with statuscode: 500" in texts
    assert "Container c failed liveness probe, will be restarted" in texts


async def test_init_containers_run_in_order(node):
    order = []

    async def main(container):
        order.append(container.name)

    node.images["step"] = main
    await node.run(
        initContainers=[{"name": "one", "image": "step"}, {"name": "two", "image": "step"}],
        containers=[{"name": "c", "image": "pause"}],
    )
    pod = await node.until(is_ready)
    assert order == ["one", "two"]
    assert [s["state"]["terminated"]["exitCode"] for s in pod["status"]["initContainerStatuses"]] == [0, 0]


async def test_a_pod_waits_for_its_config_map(node):
    from kubelite.api.resources import CONFIGMAPS

    seen = {}

    async def main(container):
        seen["file"] = container.files.read_text("/etc/config/key")
        seen["env"] = container.env["KEY"]
        await container.terminating.wait()

    node.images["reader"] = main
    container = {
        "name": "c",
        "image": "reader",
        "volumeMounts": [{"name": "config", "mountPath": "/etc/config"}],
        "env": [{"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "key"}}}],
    }
    await node.run(containers=[container], volumes=[{"name": "config", "configMap": {"name": "cm"}}])
    await node.clock.sleep(5)
    assert "FailedMount" in node.recorder.reasons()
    cm = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm"}, "data": {"key": "value"}}
    await node.client.create(CONFIGMAPS, cm, "default")
    await node.until(is_ready)
    assert seen == {"file": "value", "env": "value"}


async def test_a_power_cut_and_a_boot(node):
    await node.run()
    before = await node.until(is_ready)
    node.machine.fail()
    await node.clock.sleep(60)
    lease = await node.client.get(leases(), "n1", "kube-node-lease")
    node.machine.boot()
    pod = await node.until(lambda pod: status_of(pod)["restartCount"] == 1 and is_ready(pod))
    assert status_of(pod)["lastState"]["terminated"]["exitCode"] == 255
    assert pod["metadata"]["uid"] == before["metadata"]["uid"]
    assert pod["status"]["podIPs"] == [{"ip": pod["status"]["podIP"]}]
    assert pod["status"]["podIP"] != before["status"]["podIP"]
    renewed = await node.client.get(leases(), "n1", "kube-node-lease")
    assert renewed["spec"]["renewTime"] > lease["spec"]["renewTime"]


async def test_a_lease_is_renewed_as_it_was_written_last_by_whomever(node):
    lease = await node.client.get(leases(), "n1", "kube-node-lease")
    await node.client.patch(leases(), "n1", {"metadata": {"labels": {"a": "b"}}}, "kube-node-lease")
    await node.clock.sleep(11)
    renewed = await node.client.get(leases(), "n1", "kube-node-lease")
    assert renewed["spec"]["renewTime"] > lease["spec"]["renewTime"]
    assert renewed["metadata"]["labels"] == {"a": "b"}


async def test_a_lease_that_was_deleted_is_made_anew(node):
    first = await node.client.get(leases(), "n1", "kube-node-lease")
    await node.client.delete(leases(), "n1", "kube-node-lease")
    await node.clock.sleep(11)
    second = await node.client.get(leases(), "n1", "kube-node-lease")
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    assert second["metadata"]["ownerReferences"] == first["metadata"]["ownerReferences"]


async def test_a_node_that_was_deleted_stays_away_until_its_kubelet_starts_again(node):
    first = await node.client.get(NODES, "n1")
    await node.client.delete(NODES, "n1")
    await node.client.delete(leases(), "n1", "kube-node-lease")
    await node.clock.sleep(400)
    with pytest.raises(NotFound):
        await node.client.get(NODES, "n1")
    node.machine.fail()
    node.machine.boot()
    await node.clock.sleep(1)
    second = await node.client.get(NODES, "n1")
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    assert (await node.client.get(leases(), "n1", "kube-node-lease"))["metadata"]["ownerReferences"]


async def test_pods_beyond_the_node_are_refused(node):
    big = {"name": "c", "image": "pause", "resources": {"requests": {"cpu": "100"}}}
    await node.run(containers=[big])
    pod = await node.until(lambda pod: pod["status"].get("phase") == "Failed")
    assert pod["status"]["reason"] == "OutOfcpu"


async def test_a_pod_is_refused_while_another_has_its_host_port(node):
    ports = [{"containerPort": 8000, "hostPort": 9000}]
    await node.run("first", containers=[{"name": "c", "image": "pause", "ports": ports}])
    await node.until(is_ready, "first")
    await node.run(containers=[{"name": "c", "image": "pause", "ports": ports}])
    pod = await node.until(lambda pod: pod["status"].get("phase") == "Failed")
    assert pod["status"]["reason"] == "NodePorts"
    assert pod["status"]["message"].endswith(
        "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
    )
    await node.client.delete(PODS, "first", "default", grace_period_s=1)
    await node.gone("first")
    await node.run("third", containers=[{"name": "c", "image": "pause", "ports": ports}])
    await node.until(is_ready, "third")


async def test_a_pod_that_was_deleted_by_force_is_in_nobodys_way(node):
    ports = [{"containerPort": 8000, "hostPort": 9000}]
    greedy = {"image": "pause", "ports": ports, "resources": {"requests": {"cpu": "5"}}}
    await node.run("first", containers=[{"name": "c", **greedy}])
    await node.until(is_ready, "first")
    await node.client.delete(PODS, "first", "default", grace_period_s=0)
    await node.run("second", containers=[{"name": "c", **greedy}])
    await node.until(is_ready, "second")
    await node.run("third", containers=[{"name": "c", **greedy}])
    pod = await node.until(lambda pod: pod["status"].get("phase") == "Failed", "third")
    assert pod["status"]["reason"] == "OutOfcpu", "what the first had was given back once"


async def test_a_host_port_leads_to_the_pod(node):
    node.images["hello:1"] = make_app
    ports = [{"containerPort": 8000, "hostPort": 9000}]
    probe = {"tcpSocket": {"port": 8000}, "periodSeconds": 1}
    await node.run(containers=[{"name": "c", "image": "hello:1", "ports": ports, "readinessProbe": probe}])
    await node.until(is_ready)
    address = node.machine.address
    async with client_session(node.machine.network) as http, http.get(f"http://{address}:9000/") as answer:
        assert answer.status == 200
    await node.client.delete(PODS, "web", "default", grace_period_s=1)
    await node.gone()
    assert not node.fabric.forwards


async def test_a_pod_for_labels_newer_than_the_kubelet_knows_is_taken(node):
    await node.client.patch(NODES, "n1", {"metadata": {"labels": {"disk": "new"}}})
    await node.run(nodeSelector={"disk": "new"})
    await node.until(is_ready)
    await node.run("other", nodeSelector={"disk": "old"})
    pod = await node.until(lambda pod: pod["status"].get("phase") == "Failed", "other")
    assert pod["status"]["reason"] == "NodeAffinity"


async def test_extended_resources_are_not_the_kubelets_to_count(node):
    amounts = {"example.com/gpu": "2"}
    resources = {"requests": amounts, "limits": amounts}
    await node.run(containers=[{"name": "c", "image": "pause", "resources": resources}])
    await node.until(is_ready)


def node_pods():
    from kubelite.api.resources import PODS

    return PODS


def leases():
    from kubelite.api.resources import LEASES

    return LEASES


@pytest.fixture(autouse=True)
def _quiet(caplog):
    return caplog


async def test_a_crash_of_the_kubelet_leaves_containers_running(node):
    await node.run()
    before = await node.until(is_ready)
    ref = node.client.system.ref("apiserver/kubelet")
    ref.tell("nonsense")
    await node.clock.sleep(30)
    pod = await node.get()
    assert node.machine.kubelet_starts == 2
    assert status_of(pod)["containerID"] == status_of(before)["containerID"]
    assert pod["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    await node.client.delete(node_pods(), "web", "default")
    assert await node.gone() < 1


async def test_a_pod_that_is_removed_while_the_kubelet_crashes_is_stopped(node):
    await node.run()
    await node.until(is_ready)
    (worker,) = node.machine.workers.values()
    ref = node.client.system.ref("apiserver/kubelet")
    ref.tell("nonsense")
    while worker.host.machine.on_power is not None:
        await node.clock.sleep(0)
    await node.client.delete(PODS, "web", "default", grace_period_s=0)
    await node.clock.sleep(60)
    assert node.machine.kubelet_starts == 2
    assert not node.machine.workers
    assert node.machine.runtime.statistics()["running"] == 0


async def test_a_crashed_kubelet_hears_no_more_of_pods(node):
    await node.run()
    await node.until(is_ready)
    (worker,) = node.machine.workers.values()
    crashed = worker.host
    node.client.system.ref("apiserver/kubelet").tell("nonsense")
    await node.clock.sleep(30)
    assert worker.host is not crashed
    listening = [handler.__self__ for handler in crashed._pods._handlers.values()]
    assert listening == [worker.host]


async def test_requests_in_flight_end_well_when_a_pod_is_deleted(node):
    async def slow(request):
        await node.clock.sleep(3)
        return web.Response(text="done")

    def make():
        app = web.Application()
        app.router.add_get("/", slow)
        return app

    node.images["slow"] = make
    await node.run(containers=[{"name": "c", "image": "slow"}])
    pod = await node.until(is_ready)
    url = f"http://{pod['status']['podIP']}/"
    async with client_session(node.machine.network) as http, http.get(url) as answer:
        assert answer.status == 200
    from kubelite.runtime import tasks

    async def ask():
        async with client_session(node.machine.network) as http, http.get(url) as answer:
            return await answer.text()

    asking = tasks.start(ask(), name="ask")
    await node.clock.sleep(0.1)
    await node.client.delete(node_pods(), "web", "default")
    assert await asking == "done"
    assert await node.gone() < 1


async def test_containers_share_address_and_localhost(node):
    found = {}

    async def client(container):
        async with container.http() as http, http.get("http://localhost:8080/") as answer:
            found["text"] = await answer.text()
        await container.terminating.wait()

    async def server(container):
        await container.serve(make_app(), 8080)

    node.images["client"] = client
    node.images["server"] = server
    await node.run(containers=[{"name": "a", "image": "server"}, {"name": "b", "image": "client"}])
    await node.until(is_ready)
    await node.clock.sleep(1)
    assert found == {"text": "hello"}


async def test_code_in_a_handler_is_in_its_own_pod(node):
    from kubelite.network import current_namespace

    async def who(_request):
        return web.Response(text=current_namespace.get().name)

    def make():
        app = web.Application()
        app.router.add_get("/", who)
        return app

    node.images["who"] = make
    await node.run(containers=[{"name": "c", "image": "who"}])
    pod = await node.until(is_ready)
    async with (
        client_session(node.machine.network) as http,
        http.get(f"http://{pod['status']['podIP']}/") as answer,
    ):
        assert await answer.text() == "default/web"


async def test_a_container_restart_keeps_the_previous_log(node):
    async def main(container):
        container.log(f"run {len(seen)}")
        seen.append(1)
        if len(seen) < 2:
            raise SystemExit(3)
        await container.terminating.wait()

    seen = []
    node.images["twice"] = main
    await node.run(containers=[{"name": "c", "image": "twice"}])
    pod = await node.until(lambda pod: is_ready(pod) and status_of(pod)["restartCount"] == 1)
    assert status_of(pod)["lastState"]["terminated"]["exitCode"] == 3
    runtime, uid = node.machine.runtime, pod["metadata"]["uid"]
    assert runtime.log(uid, "c", previous=True).tail(9, 99) == "run 0\n"
    assert runtime.log(uid, "c").tail(9, 99) == "run 1\n"


async def test_a_forced_delete_stops_the_container_too(node):
    await node.run()
    await node.until(is_ready)
    await node.client.delete(node_pods(), "web", "default", grace_period_s=0)
    await node.clock.sleep(5)
    assert not node.machine.workers
    assert node.machine.runtime.statistics()["running"] == 0


async def test_a_pod_whose_name_another_one_has_is_forgotten(node):
    """What its container came to belongs to nobody; the new pod runs."""
    await node.run()
    await node.until(is_ready)
    await node.client.delete(node_pods(), "web", "default", grace_period_s=0)
    again = await node.run()
    await node.clock.sleep(20)
    assert list(node.machine.workers) == [again["metadata"]["uid"]]
    assert is_ready(await node.get())
    assert node.machine.runtime.statistics()["running"] == 1


@pytest.mark.parametrize("told", ["Failed", "Succeeded"])
async def test_a_pod_that_somebody_else_ends_is_stopped_and_not_started_again(node, told):
    async def main(container):
        await container.clock.sleep(100_000)

    node.images["deaf"] = main
    await node.run(terminationGracePeriodSeconds=7, containers=[{"name": "c", "image": "deaf"}])
    await node.until(is_ready)
    begin = node.clock.monotonic()
    status = {"phase": told, "reason": "Evicted", "message": "by hand"}
    await node.client.patch(node_pods(), "web", {"status": status}, "default", subresource="status")
    unready = await node.until(lambda pod: not is_ready(pod))
    assert unready["status"]["phase"] == told
    pod = await node.until(lambda pod: "terminated" in pod["status"]["containerStatuses"][0]["state"])
    assert 6.9 < node.clock.monotonic() - begin < 9
    assert (pod["status"]["phase"], pod["status"]["reason"]) == (told, "Evicted")
    await node.client.patch(
        node_pods(), "web", {"status": {"phase": "Running"}}, "default", subresource="status"
    )
    await node.clock.sleep(600)
    assert (await node.get())["status"]["phase"] == told
    assert (await node.get())["status"]["containerStatuses"][0]["restartCount"] == 0
    assert "Killing" in node.recorder.reasons()


async def test_commands_are_expanded_with_what_the_pod_says_not_the_image(node):
    seen = []

    async def main(container):
        seen.extend(container.argv)
        return 0

    node.images["expands"] = Image(program=main, kind="main", env={"OF_IMAGE": "1"})
    args = ["$(OWN)", "$(OF_IMAGE)", "$(HOSTNAME)", "$(PATH)"]
    own = [{"name": "OWN", "value": "x"}]
    await node.run(
        containers=[{"name": "c", "image": "expands", "args": args, "env": own}], restartPolicy="Never"
    )
    await node.until(lambda pod: pod["status"].get("phase") == "Succeeded")
    assert seen == ["x", "$(OF_IMAGE)", "$(HOSTNAME)", "$(PATH)"]


async def test_the_first_liveness_probe_waits_from_the_start_of_the_container(node):
    """Not from the end of the startup probe: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/"""
    probed = []

    def make():
        async def check(request):
            probed.append((request.match_info["what"], node.clock.monotonic()))
            started = request.match_info["what"] != "startup" or node.clock.monotonic() >= begin + 18
            return web.Response(status=200 if started else 500)

        app = web.Application()
        app.router.add_get("/{what}", check)
        return app

    node.images["slow"] = make
    container = {
        "name": "c",
        "image": "slow",
        "startupProbe": {
            "httpGet": {"path": "/startup", "port": 80},
            "periodSeconds": 5,
            "failureThreshold": 9,
        },
        "livenessProbe": {"httpGet": {"path": "/liveness", "port": 80}, "initialDelaySeconds": 30},
    }
    begin = node.clock.monotonic()
    await node.run(containers=[container])
    await node.clock.sleep(60)
    assert [what for what, _ in probed[:6]] == [*["startup"] * 5, "liveness"]
    first = probed[5][1]
    assert first - begin == pytest.approx(30, abs=1)


async def test_a_deletion_that_a_status_brought_first_is_not_missed(node):
    """After a lost watch the informer may show only the newest object, which the kubelet wrote itself."""
    pod = await node.run()
    await node.until(is_ready)
    (worker,) = node.machine.workers.values()
    deletion = {"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30}
    marked = {**worker.base, "metadata": {**worker.base["metadata"], **deletion}}
    worker.see(marked)
    worker.host.receive(PodChanged(worker.base, marked))
    assert worker.state.deleting
    assert pod


async def test_init_containers_run_again_after_a_boot(node):
    order = []

    def program(name):
        async def main(container):
            order.append(name)
            if name == "app":
                await container.terminating.wait()
            return 0

        return Image(program=main, kind="main")

    node.images["init"], node.images["app"] = program("init"), program("app")
    await node.run(
        initContainers=[{"name": "i", "image": "init"}], containers=[{"name": "c", "image": "app"}]
    )
    await node.until(is_ready)
    node.machine.fail()
    await node.clock.sleep(60)
    node.machine.boot()
    await node.until(lambda pod: status_of(pod)["restartCount"] == 1 and is_ready(pod))
    assert order == ["init", "app"] * 2
