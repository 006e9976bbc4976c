"""kr8s, asynchronous and blocking."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest

from tests.wire.kubectl import LABELS, as_text, controller, service
from tests.wire.lamps import GROUP, lamp

pytest.importorskip("kr8s", reason="kr8s is not installed")

import kr8s
from kr8s.asyncio.objects import (
    ConfigMap,
    Namespace,
    Node,
    Pod,
    ReplicationController,
    Service,
    Table,
    objects_from_files,
)

pytestmark = [
    pytest.mark.timeout(40),
    pytest.mark.usefixtures("rubbish"),
    pytest.mark.filterwarnings("ignore:unclosed (<socket|transport):ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Kubernetes version v[0-9.]+.kubelite is not supported:UserWarning"),
]


@pytest.fixture
async def api(cluster, namespace):
    made = await kr8s.asyncio.api(kubeconfig=str(cluster.kubeconfig), namespace=namespace)
    yield made
    if made._session is not None:
        await made._session.aclose()


async def until(item, holds):
    """Follows an object, from the state that is known, until something holds."""
    if holds():
        return
    async for _ in item.watch():
        if holds():
            return


async def ready_pods(api):
    return [pod async for pod in api.get("pods", label_selector=LABELS) if await pod.ready()]


@pytest.fixture
async def backend(api):
    """The backend of two and its Service, ready."""
    made = ReplicationController(controller(2), api=api)
    await made.create()
    await until(made, lambda: made.status.get("readyReplicas") == 2)
    await Service(service(), api=api).create()
    return made


def settings(api, name="settings", **data):
    body = {"metadata": {"name": name, "labels": {"app": "myapp"}}, "data": data}
    return ConfigMap(body, api=api)


async def test_the_server_introduces_itself(api):
    version = await api.version()
    assert (version["major"], version["minor"]) == ("1", "36")
    resources = {(item["version"], item["name"]): item for item in await api.api_resources()}
    assert resources["apps/v1", "deployments"]["shortNames"] == ["deploy"]
    assert resources["v1", "nodes"]["namespaced"] is False
    versions = [version async for version in api.api_versions()]
    assert versions[0] == "v1"
    assert {"apps/v1", "batch/v1", "rbac.authorization.k8s.io/v1"} <= set(versions)
    assert await api.lookup_kind("rc") == ("replicationcontroller/v1", "replicationcontrollers", True)
    with pytest.raises(ValueError, match="not found"):
        await api.lookup_kind("gadgets")


async def test_an_object_is_made_changed_and_deleted(api):
    item = settings(api, colour="green")
    assert await item.exists() is False
    await item.create()
    assert await item.exists()
    assert item.metadata.uid
    await item.patch({"data": {"size": "big"}})
    assert item.data == {"colour": "green", "size": "big"}
    await item.patch([{"op": "remove", "path": "/data/colour"}], type="json")
    assert item.data == {"size": "big"}
    await item.label(zone="here", tier="backend")
    await item.label("zone-")
    await item.annotate({"example.com/note": "some words"})
    fresh = await ConfigMap.get("settings", api=api)
    assert fresh.labels == {"app": "myapp", "tier": "backend"}
    assert fresh.annotations == {"example.com/note": "some words"}
    await item.delete()
    with pytest.raises(kr8s.NotFoundError):
        await item.refresh()
    with pytest.raises(kr8s.NotFoundError):
        await ConfigMap.get("settings", api=api, timeout=0.3)


async def test_errors_speak(api):
    with pytest.raises(kr8s.ServerError, match="spec.ports: Required value") as caught:
        await Service({"metadata": {"name": "portless"}, "spec": {"selector": {"a": "b"}}}, api=api).create()
    assert caught.value.response.status_code == 422
    assert caught.value.status["reason"] == "Invalid"
    await settings(api).create()
    with pytest.raises(kr8s.ServerError, match="already exists"):
        await settings(api).create()


async def test_pods_are_got_by_selectors_and_pages(api, backend):
    pods = [pod async for pod in api.get("pods", label_selector=LABELS)]
    assert len(pods) == 2
    assert all(isinstance(pod, Pod) for pod in pods)
    running = [pod async for pod in api.get("po", field_selector={"status.phase": "Running"})]
    assert sorted(pod.name for pod in running) == sorted(pod.name for pod in pods)
    by_name = [pod async for pod in api.get("pods", pods[0].name, pods[1].name)]
    assert [pod.name for pod in by_name] == [pods[0].name, pods[1].name]
    for number in range(103):  # a page of kr8s is 100
        await settings(api, f"cm-{number}").create()
    assert len([item async for item in api.get("cm", label_selector="app=myapp")]) == 103
    everywhere = [item async for item in api.get("cm", namespace=kr8s.ALL)]
    assert {"kube-system", "default", api.namespace} <= {item.namespace for item in everywhere}


async def test_tables(api, backend):
    (table,) = [table async for table in api.get("pods", as_object=Table)]
    assert [column["name"] for column in table.column_definitions][:5] == [
        "Name", "Ready", "Status", "Restarts", "Age",
    ]  # fmt: skip
    assert [row["cells"][1:3] for row in table.rows] == [["1/1", "Running"]] * 2


async def test_waits_and_what_goes_away(api):
    body = {"metadata": {"name": "sleeper"}}
    body["spec"] = {"containers": [{"name": "main", "image": "busybox", "args": ["sleep", "3600"]}]}
    pod = Pod(body, api=api)
    await pod.create()
    await pod.wait("condition=Ready", timeout=20)
    assert await pod.ready()
    await pod.wait(["condition=Initialized", "condition=PodScheduled"], mode="all", timeout=20)
    await pod.wait("jsonpath='{.status.phase}'=Running", timeout=20)
    gone = asyncio.ensure_future(pod.wait("delete", timeout=20))
    unready = asyncio.ensure_future(
        (await Pod.get("sleeper", api=api)).wait("condition=Ready=False", timeout=20)
    )
    await asyncio.sleep(0.1)
    await pod.delete(grace_period=1)
    await unready
    await gone
    assert await pod.exists() is False


async def test_scaling_and_what_it_does_to_pods(api, backend):
    await backend.scale(3)
    await until(backend, lambda: backend.status.get("readyReplicas") == 3)
    pods = [pod async for pod in api.get("pods", label_selector=LABELS)]
    assert len(pods) == 3
    await backend.delete(propagation_policy="Foreground")
    await backend.wait("delete", timeout=20)
    assert [pod async for pod in api.get("pods", label_selector=LABELS)] == []


async def test_watching_from_a_version_on(api):
    first = settings(api, "first")
    await first.create()
    since = first.metadata.resourceVersion
    await settings(api, "second").create()
    await first.label(a="b")
    await first.delete()
    seen = []
    async for event, item in api.watch("configmaps", label_selector="app=myapp", since=since):
        seen.append((event, item.name))
        if event == "DELETED":
            break
    assert seen == [("ADDED", "second"), ("MODIFIED", "first"), ("DELETED", "first")]


async def test_logs_and_commands(api, backend):
    pod, _ = await ready_pods(api)
    lines = [line async for line in pod.logs()]
    assert any("ready for start up" in line for line in lines)
    done = await pod.exec(["sh", "-c", "echo out; echo err >&2"])
    assert (done.returncode, done.stdout, done.stderr) == (0, b"out\n", b"err\n")
    assert (await pod.exec(["sh", "-c", "exit 5"], check=False)).returncode == 5
    with pytest.raises(ExceptionGroup) as caught:
        await pod.exec(["sh", "-c", "exit 5"])
    assert caught.group_contains(kr8s.ExecError)
    with pytest.raises(ExceptionGroup) as caught:
        await pod.exec(["cat"], stdin="words in\n")
    assert caught.group_contains(kr8s.ExecError, match="only with v5")  # which kr8s does not offer
    assert (await pod.exec(["hostname"])).stdout.decode() == f"{pod.name}\n"


async def test_following_a_log(api):
    script = "for i in 1 2 3; do echo line $i; done; sleep 3600"
    made = Pod.gen(name="talker", image="busybox", command=["sh", "-c", script])
    talker = Pod(made.raw, api=api)
    await talker.create()
    await talker.wait("condition=Ready", timeout=20)
    lines = []
    async for line in talker.logs(follow=True, timeout=20):
        lines.append(line)
        if len(lines) == 3:
            break
    assert lines == ["line 1", "line 2", "line 3"]


async def test_the_ready_pods_of_a_service(api, backend):
    front = await Service.get("backend-service", api=api)
    assert {pod.name for pod in await front.ready_pods()} == {pod.name for pod in await ready_pods(api)}
    assert await front.ready()


def free_port():
    """A port free at this moment: kr8s draws a number, the same one whenever a seeded test runs again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


async def test_forwarded_ports(api, backend):
    pod, _ = await ready_pods(api)
    async with (
        pod.portforward(80, local_port=free_port()) as port,
        httpx.AsyncClient(timeout=20, trust_env=False) as http,
    ):
        answer = await http.get(f"http://127.0.0.1:{port}/")
        assert "Welcome to nginx!" in answer.text
        assert (await http.get(f"http://127.0.0.1:{port}/nope")).status_code == 404


async def test_a_request_through_the_proxy_of_a_service(api, backend):
    async for _, endpoints in api.watch("endpoints", field_selector="metadata.name=backend-service"):
        if endpoints.raw.get("subsets"):
            break
    front = await Service.get("backend-service", api=api)
    answer = await front.proxy_http_get("/")
    assert "Welcome to nginx!" in answer.text


async def test_nodes_are_cordoned_and_tainted(api):
    node = await Node.get("node-3", api=api)
    assert node.unschedulable is False
    try:
        await node.cordon()
        assert (await Node.get("node-3", api=api)).unschedulable
        await node.taint("example.com/maintenance", "yes", effect="NoSchedule")
        taints = {(taint.key, taint.effect) for taint in (await Node.get("node-3", api=api)).taints}
        assert ("example.com/maintenance", "NoSchedule") in taints
    finally:
        await node.uncordon()
        await node.patch({"spec": {"taints": None}})
    assert (await Node.get("node-3", api=api)).unschedulable is False


async def test_owners(api):
    owner, owned = settings(api, "owner"), settings(api, "owned")
    await owner.create()
    await owned.create()
    await owner.adopt(owned)
    assert owned.metadata.ownerReferences[0].uid == owner.metadata.uid
    await owner.delete()
    await owned.wait("delete", timeout=20)


async def test_manifests_from_files(api, tmp_path):
    manifest = tmp_path / "all.yaml"
    manifest.write_text(as_text([controller(0), service()]))
    objects = await objects_from_files(str(manifest), api=api)
    assert [type(item) for item in objects] == [ReplicationController, Service]
    await api.create(objects)
    assert (await Service.get("backend-service", api=api)).spec.selector == LABELS


async def test_who_one_is(api):
    assert await api.whoami() == "admin"


async def test_a_kind_without_a_class_of_its_own(api):
    """What kr8s does not know is made out of discovery."""
    Lease = kr8s.asyncio.objects.new_class("Lease.coordination.k8s.io/v1", namespaced=True)
    lease = Lease({"metadata": {"name": "lock"}, "spec": {"holderIdentity": "me"}}, api=api)
    await lease.create()
    (found,) = [item async for item in api.get("leases.coordination.k8s.io", "lock")]
    assert found.spec.holderIdentity == "me"
    await lease.patch({"spec": {"holderIdentity": "you"}})
    await lease.delete()
    assert await lease.exists() is False


async def test_a_namespace_goes_with_what_is_in_it(api):
    name = f"{api.namespace}-short"
    space = Namespace({"metadata": {"name": name}}, api=api)
    await space.create()
    inside = ConfigMap({"metadata": {"name": "inside", "namespace": name}}, api=api)
    await inside.create()
    await space.delete()
    await space.wait("delete", timeout=20)
    assert await inside.exists() is False


def test_the_blocking_flavour(cluster, namespace):
    """The same, for scripts without an event loop."""
    api = kr8s.api(kubeconfig=str(cluster.kubeconfig), namespace=namespace)
    item = kr8s.objects.ConfigMap({"metadata": {"name": "plain"}, "data": {"a": "b"}}, api=api)
    item.create()
    assert [found.name for found in api.get("cm", "plain")] == ["plain"]
    for event, found in api.watch("cm", field_selector="metadata.name=plain"):
        assert (event, found.data.to_dict()) == ("ADDED", {"a": "b"})
        break
    item.delete()
    assert not item.exists()


async def test_custom_resources(api, lamps):
    """A class made by hand, and one that is made out of discovery."""
    Lamp = kr8s.asyncio.objects.new_class(f"Lamp.{GROUP}/v1", namespaced=True)
    made = Lamp(lamp(colour="red"), api=api)
    await made.create()
    assert made.spec.to_dict() == {"colour": "red", "size": 1}
    await made.patch({"status": {"phase": "On"}}, subresource="status")
    await made.wait("jsonpath='{.status.phase}'=On", timeout=20)
    (found,) = [item async for item in api.get("lm")]
    assert (found.kind, found.status.phase) == ("Lamp", "On")
    with pytest.raises(kr8s.ServerError, match="spec.size"):
        await made.patch({"spec": {"size": 0}})
    (table,) = [table async for table in api.get(f"lamps.{GROUP}", as_object=Table)]
    assert [row["cells"] for row in table.rows] == [["lamp", "red"]]
    await made.delete()
    await made.wait("delete", timeout=20)
