"""kubernetes_asyncio: the official client's twin for event loops."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.wire.kubectl import LABELS, as_text, controller, service
from tests.wire.lamps import GROUP, lamp

pytest.importorskip("kubernetes_asyncio", reason="kubernetes_asyncio is not installed")

from kubernetes_asyncio import client, config, dynamic, utils, watch
from kubernetes_asyncio.stream import WsApiClient

pytestmark = [
    pytest.mark.timeout(40),
    pytest.mark.usefixtures("rubbish"),
    pytest.mark.filterwarnings("ignore:unclosed (<socket|transport):ResourceWarning"),
]


@pytest.fixture
async def api(cluster):
    configuration = client.Configuration()
    await config.load_kube_config(str(cluster.kubeconfig), client_configuration=configuration)
    async with client.ApiClient(configuration) as made:
        yield made


@pytest.fixture
def core(api):
    return client.CoreV1Api(api)


@pytest.fixture
async def backend(core, namespace):
    """The backend of two, ready."""
    await core.create_namespaced_replication_controller(namespace, controller(2))
    async with watch.Watch() as watcher:
        stream = watcher.stream(core.list_namespaced_replication_controller, namespace, timeout_seconds=20)
        async for event in stream:
            if event["object"].status.ready_replicas == 2:
                break
    return namespace


def settings(name="settings", **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"app": "myapp"}), data=data)


async def test_an_object_is_made_read_replaced_and_deleted(core, namespace):
    made = await core.create_namespaced_config_map(namespace, settings(colour="green"))
    assert made.metadata.creation_timestamp.tzinfo is not None
    read = await core.read_namespaced_config_map("settings", namespace)
    assert read == made
    read.data["colour"] = "red"
    replaced = await core.replace_namespaced_config_map("settings", namespace, read)
    assert (replaced.data, replaced.metadata.uid) == ({"colour": "red"}, made.metadata.uid)
    with pytest.raises(client.ApiException) as caught:
        await core.replace_namespaced_config_map("settings", namespace, read)
    assert (caught.value.status, json.loads(caught.value.body)["reason"]) == (409, "Conflict")
    status = await core.delete_namespaced_config_map("settings", namespace)
    assert (status.status, status.details.uid) == ("Success", made.metadata.uid)
    with pytest.raises(client.ApiException) as caught:
        await core.read_namespaced_config_map("settings", namespace)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    ("content_type", "patch"),
    [
        (None, [{"op": "add", "path": "/data/size", "value": "big"}]),
        ("application/merge-patch+json", {"data": {"size": "big"}}),
        ("application/strategic-merge-patch+json", {"data": {"size": "big"}}),
        ("application/json-patch+json", [{"op": "add", "path": "/data/size", "value": "big"}]),
    ],
)
async def test_patches(core, namespace, content_type, patch):
    await core.create_namespaced_config_map(namespace, settings(colour="green"))
    options = {} if content_type is None else {"_content_type": content_type}
    patched = await core.patch_namespaced_config_map("settings", namespace, patch, **options)
    assert patched.data == {"colour": "green", "size": "big"}


async def test_watching_pods_come_and_go(core, backend):
    """From the list's version on: what was there is not told again, what happens is."""
    before = await core.list_namespaced_pod(backend, label_selector="tier=backend")
    names = {pod.metadata.name for pod in before.items}
    assert len(names) == 2
    victim = min(names)
    deleted, ready = [], set()
    async with watch.Watch() as watcher:
        stream = watcher.stream(
            core.list_namespaced_pod,
            backend,
            label_selector="tier=backend",
            resource_version=before.metadata.resource_version,
            timeout_seconds=20,
        )
        await core.delete_namespaced_pod(victim, backend, grace_period_seconds=0)
        async for event in stream:
            pod = event["object"]
            if event["type"] == "DELETED":
                deleted.append(pod.metadata.name)
            elif any(part.type == "Ready" and part.status == "True" for part in pod.status.conditions or []):
                ready.add(pod.metadata.name)
            if deleted and ready - names:
                break
    assert deleted == [victim]


async def test_several_watches_in_one_loop(core, namespace):
    async def first(kind):
        async with watch.Watch() as watcher:
            async for event in watcher.stream(
                kind, namespace, label_selector="app=myapp", timeout_seconds=20
            ):
                return event["type"], event["raw_object"]["kind"], event["object"].metadata.name
        return None

    watching = [
        asyncio.ensure_future(first(kind))
        for kind in (core.list_namespaced_config_map, core.list_namespaced_secret)
    ]
    metadata = {"name": "both", "labels": {"app": "myapp"}}
    await core.create_namespaced_secret(namespace, {"metadata": metadata, "stringData": {"a": "b"}})
    await core.create_namespaced_config_map(namespace, {"metadata": metadata})
    assert await asyncio.gather(*watching) == [("ADDED", "ConfigMap", "both"), ("ADDED", "Secret", "both")]


async def test_a_version_of_the_future_is_not_there_yet(core, namespace):
    with pytest.raises(client.ApiException) as caught:
        await core.list_namespaced_config_map(
            namespace, resource_version="999999999", resource_version_match="NotOlderThan"
        )
    status = json.loads(caught.value.body)
    assert (caught.value.status, status["reason"]) == (504, "Timeout")
    assert status["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


async def test_logs_whole_and_followed(core, namespace):
    talker = {"name": "talker", "image": "busybox"}
    talker["args"] = ["sh", "-c", "for i in 1 2 3; do echo line $i; done; sleep 3600"]
    pod = {"metadata": {"name": "talker"}, "spec": {"containers": [talker]}}
    await core.create_namespaced_pod(namespace, pod)
    async with watch.Watch() as watcher:
        stream = watcher.stream(
            core.list_namespaced_pod, namespace, field_selector="metadata.name=talker", timeout_seconds=20
        )
        async for event in stream:
            if event["object"].status.phase == "Running":
                break
    lines = []
    async with watch.Watch() as watcher:
        async for line in watcher.stream(core.read_namespaced_pod_log, "talker", namespace):
            lines.append(line)
            if len(lines) == 3:
                break
    assert lines == ["line 1\n", "line 2\n", "line 3\n"]
    assert await core.read_namespaced_pod_log("talker", namespace, tail_lines=1) == "line 3\n"


async def test_commands_in_a_container(api, core, backend):
    name = (await core.list_namespaced_pod(backend)).items[0].metadata.name
    async with WsApiClient(api.configuration) as streams:
        execute = client.CoreV1Api(streams).connect_get_namespaced_pod_exec
        options = {"stdout": True, "stderr": True, "stdin": False, "tty": False}
        said = await execute(name, backend, command=["sh", "-c", "echo out; echo err >&2"], **options)
        assert sorted(said.splitlines()) == ["err", "out"]
        opened = await execute(
            name, backend, command=["sh", "-c", "exit 3"], _preload_content=False, **options
        )
        async with opened as websocket:
            messages = [message.data async for message in websocket]
        assert WsApiClient.parse_error_data(messages[-1][1:]) == 3
        assert messages[-1][0] == 3


async def test_input_of_a_command(api, core, backend):
    name = (await core.list_namespaced_pod(backend)).items[0].metadata.name
    async with WsApiClient(api.configuration) as streams:
        opened = await client.CoreV1Api(streams).connect_get_namespaced_pod_exec(
            name,
            backend,
            command=["sh", "-c", "read word; echo got $word"],
            stdin=True,
            stdout=True,
            stderr=True,
            tty=False,
            _preload_content=False,
        )
        async with opened as websocket:
            await websocket.send_bytes(b"\0hello\n")
            output = b""
            async for message in websocket:
                if message.data[0] == 1:
                    output += message.data[1:]
    assert output == b"got hello\n"


async def test_pages_and_selectors(core, namespace):
    for number in range(7):
        await core.create_namespaced_config_map(namespace, settings(f"cm-{number}", number=str(number)))
    sizes, left, token = [], [], None
    while token != "":
        page = await core.list_namespaced_config_map(
            namespace, label_selector="app=myapp", limit=3, _continue=token
        )
        sizes.append(len(page.items))
        left.append(page.metadata.remaining_item_count)
        token = page.metadata._continue or ""
    assert sizes == [3, 3, 1]
    assert left == [None, None, None]  # unknown when a selector is given
    page = await core.list_namespaced_config_map(namespace, limit=3)
    assert page.metadata.remaining_item_count == 5
    one = await core.list_namespaced_config_map(namespace, field_selector="metadata.name=cm-4")
    assert [item.data for item in one.items] == [{"number": "4"}]


async def test_a_dry_run_and_a_deleted_collection(core, namespace):
    await core.create_namespaced_config_map(namespace, settings("dry"), dry_run="All")
    for name in ("one", "two"):
        await core.create_namespaced_config_map(namespace, settings(name))
    await core.delete_collection_namespaced_config_map(namespace, label_selector="app=myapp")
    left = await core.list_namespaced_config_map(namespace)
    assert [item.metadata.name for item in left.items] == ["kube-root-ca.crt"]


async def test_scale_status_and_eviction(core, backend):
    scale = await core.read_namespaced_replication_controller_scale("backend", backend)
    assert (scale.spec.replicas, scale.status.replicas) == (2, 2)
    scale.spec.replicas = 1
    scale = await core.replace_namespaced_replication_controller_scale("backend", backend, scale)
    assert scale.spec.replicas == 1
    changed = await core.read_namespaced_replication_controller("backend", backend)
    assert (changed.spec.replicas, changed.metadata.generation) == (1, 2)
    name = (await core.list_namespaced_pod(backend)).items[0].metadata.name
    eviction = client.V1Eviction(metadata=client.V1ObjectMeta(name=name, namespace=backend))
    answer = await core.create_namespaced_pod_eviction(name, backend, eviction)
    assert answer.to_dict()["metadata"] is not None


async def test_other_groups(api, namespace):
    apps = client.AppsV1Api(api)
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": LABELS}, "template": template}
    made = await apps.create_namespaced_deployment(namespace, {"metadata": {"name": "web"}, "spec": spec})
    assert made.metadata.generation == 1
    seen = await apps.list_deployment_for_all_namespaces(field_selector="metadata.name=web")
    assert namespace in {item.metadata.namespace for item in seen.items}
    rbac = client.RbacAuthorizationV1Api(api)
    rules = [client.V1PolicyRule(api_groups=[""], resources=["pods"], verbs=["get", "list"])]
    role = client.V1Role(metadata=client.V1ObjectMeta(name="reader"), rules=rules)
    assert (await rbac.create_namespaced_role(namespace, role)).rules == rules
    leases = client.CoordinationV1Api(api)
    lease = {"metadata": {"name": "lock"}, "spec": {"holderIdentity": "me", "leaseDurationSeconds": 15}}
    assert (await leases.create_namespaced_lease(namespace, lease)).spec.holder_identity == "me"


async def test_who_may_do_what(api):
    review = client.V1SelfSubjectReview()
    who = await client.AuthenticationV1Api(api).create_self_subject_review(review)
    assert "system:masters" in who.status.user_info.groups
    spec = {"resourceAttributes": {"verb": "create", "resource": "pods", "namespace": "default"}}
    asked = await client.AuthorizationV1Api(api).create_self_subject_access_review({"spec": spec})
    assert asked.status.allowed is True


async def test_manifests(api, core, namespace, tmp_path):
    manifest = tmp_path / "all.yaml"
    objects = [controller(0), service(), {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}]
    manifest.write_text(as_text(objects))
    await utils.create_from_yaml(api, str(manifest), namespace=namespace)
    assert (await core.read_namespaced_service("backend-service", namespace)).spec.selector == LABELS
    with pytest.raises(utils.FailToCreateError) as caught:
        await utils.create_from_yaml(api, str(manifest), namespace=namespace)
    failed = [error for each in caught.value.api_exceptions for error in each.api_exceptions]
    assert [error.status for error in failed] == [409, 409, 409]


async def test_the_dynamic_client(api, namespace, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    async with dynamic.DynamicClient(api, cache_file=str(tmp_path / "discovery.json")) as found:
        maps = await found.resources.get(api_version="v1", kind="ConfigMap")
        body = {"metadata": {"name": "settings", "labels": {"app": "myapp"}}, "data": {"colour": "green"}}
        made = await maps.create(body=body, namespace=namespace)
        assert made.data.colour == "green"
        patched = await maps.patch(
            body={"metadata": {"name": "settings"}, "data": {"colour": None, "size": "big"}},
            namespace=namespace,
            content_type="application/merge-patch+json",
        )
        assert patched.data.to_dict() == {"size": "big"}
        listed = await maps.get(namespace=namespace, label_selector="app=myapp")
        assert [item.metadata.name for item in listed.items] == ["settings"]
        async with watch.Watch() as watcher:
            async for event in maps.watch(namespace=namespace, name="settings", timeout=20, watcher=watcher):
                assert (event["type"], event["raw_object"]["data"]) == ("ADDED", {"size": "big"})
                break
        gone = await maps.delete(name="settings", namespace=namespace)
        assert (gone.kind, gone.status) == ("Status", "Success")
        missing = await maps.get(name="settings", namespace=namespace)  # no exception here
        assert (missing.code, missing.reason) == (404, "NotFound")


async def test_custom_objects(api, lamps, namespace):
    custom = client.CustomObjectsApi(api)
    place = {"group": GROUP, "version": "v1", "namespace": namespace, "plural": "lamps"}
    made = await custom.create_namespaced_custom_object(body=lamp(colour="red"), **place)
    assert made["spec"] == {"colour": "red", "size": 1}
    patched = await custom.patch_namespaced_custom_object(
        name="lamp", body={"spec": {"size": 3}}, _content_type="application/merge-patch+json", **place
    )
    assert (patched["spec"]["size"], patched["metadata"]["generation"]) == (3, 2)
    body = {"status": {"phase": "On"}}
    shown = await custom.patch_namespaced_custom_object_status(
        name="lamp", body=body, _content_type="application/merge-patch+json", **place
    )
    assert (shown["status"], shown["metadata"]["generation"]) == ({"phase": "On"}, 2)
    with pytest.raises(client.ApiException) as caught:
        await custom.create_namespaced_custom_object(body=lamp("bad", size=0), **place)
    assert (caught.value.status, json.loads(caught.value.body)["reason"]) == (422, "Invalid")
    await custom.delete_namespaced_custom_object(name="lamp", **place)
    assert (await custom.list_namespaced_custom_object(**place))["items"] == []
