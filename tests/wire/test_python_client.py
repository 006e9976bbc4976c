"""The official Python client, generated and dynamic, and raw requests without credentials."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request

import pytest
from kubernetes import client, config, dynamic, utils, watch
from kubernetes.stream import stream

from tests.wire.kubectl import LABELS, controller, service


@pytest.fixture
def api(cluster):
    with config.new_client_from_config(str(cluster.kubeconfig)) as made:
        yield made
        made.rest_client.pool_manager.clear()


@pytest.fixture
def core(api):
    return client.CoreV1Api(api)


@pytest.fixture
def backend(cluster, core, namespace):
    core.create_namespaced_replication_controller(namespace, controller(2))
    core.create_namespaced_service(namespace, service())
    follow(core, namespace, lambda event: event["object"].status.ready_replicas == 2)
    cluster.wait_for("svc/backend-service", namespace=namespace)
    return namespace


def follow(core, namespace, holds, **options):
    """Watch the controllers until something holds of an event."""
    watcher = watch.Watch()
    for event in watcher.stream(
        core.list_namespaced_replication_controller, namespace, timeout_seconds=20, **options
    ):
        if holds(event):
            watcher.stop()


def test_nodes_and_versions(api, core):
    assert [node.metadata.name for node in core.list_node().items] == ["node-1", "node-2", "node-3"]
    assert client.VersionApi(api).get_code().major == "1"
    assert client.CoreApi(api).get_api_versions().versions == ["v1"]
    groups = {group.name for group in client.ApisApi(api).get_api_versions().groups}
    assert {"policy", "discovery.k8s.io", "coordination.k8s.io"} <= groups


def test_typed_objects(core, namespace):
    port = client.V1ServicePort(port=80, target_port=8080)
    wanted = client.V1Service(
        metadata=client.V1ObjectMeta(name="typed"), spec=client.V1ServiceSpec(selector=LABELS, ports=[port])
    )
    made = core.create_namespaced_service(namespace, wanted)
    assert made.spec.cluster_ip.startswith("127.")
    made.metadata.labels = {"a": "b"}
    assert core.replace_namespaced_service("typed", namespace, made).metadata.labels == {"a": "b"}
    with pytest.raises(client.ApiException) as caught:
        core.replace_namespaced_service("typed", namespace, made)
    assert (caught.value.status, json.loads(caught.value.body)["reason"]) == (409, "Conflict")


def test_watches(core, backend):
    seen = []
    watcher = watch.Watch()
    for event in watcher.stream(
        core.list_namespaced_pod, backend, label_selector="tier=backend", timeout_seconds=20
    ):
        seen.append(event["type"])
        if seen == ["ADDED", "ADDED"]:
            core.delete_collection_namespaced_pod(backend, label_selector="tier=backend")
        if seen.count("DELETED") == 2:
            watcher.stop()
    assert seen.count("ADDED") == 4


def test_scale_and_patches(core, backend):
    scale = core.patch_namespaced_replication_controller_scale("backend", backend, {"spec": {"replicas": 1}})
    assert scale.spec.replicas == 1
    selector = core.read_namespaced_replication_controller_scale("backend", backend).status.selector
    assert selector == "app=myapp,tier=backend"
    patched = core.patch_namespaced_replication_controller(
        "backend", backend, [{"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}]
    )
    assert patched.metadata.annotations == {"a": "b"}


def test_logs_and_exec(core, backend):
    name = core.list_namespaced_pod(backend, label_selector="tier=backend").items[0].metadata.name
    assert "ready for start up" in core.read_namespaced_pod_log(name, backend)
    shell = stream(
        core.connect_get_namespaced_pod_exec,
        name,
        backend,
        command=["wget", "-qO-", "http://backend-service/"],
        stdout=True,
        stderr=True,
        stdin=False,
        tty=False,
        _preload_content=False,
    )
    shell.run_forever(timeout=20)
    assert "Welcome to nginx!" in shell.read_stdout(), shell.read_stderr()
    assert shell.returncode == 0
    shell.close()
    shell.sock.shutdown()  # its close() leaves the socket open after a close of the server


def test_lists_in_pieces(core, namespace):
    for number in range(5):
        core.create_namespaced_config_map(namespace, {"metadata": {"name": f"cm-{number}"}})
    pages, token = [], None
    while token is None or token:
        page = core.list_namespaced_config_map(namespace, limit=2, _continue=token)
        pages.append([item.metadata.name for item in page.items])
        token = page.metadata._continue or ""
    assert [len(page) for page in pages] == [2, 2, 2]
    assert sum(pages, []) == [*(f"cm-{number}" for number in range(5)), "kube-root-ca.crt"]


def test_deletes(core, backend):
    before = core.list_namespaced_replication_controller(backend).metadata.resource_version
    core.delete_namespaced_replication_controller("backend", backend, propagation_policy="Orphan")
    follow(core, backend, lambda event: event["type"] == "DELETED", resource_version=before)
    pods = core.list_namespaced_pod(backend, label_selector="tier=backend").items
    assert [pod.metadata.owner_references for pod in pods] == [None, None]
    with pytest.raises(client.ApiException) as caught:
        core.read_namespaced_replication_controller("backend", backend)
    assert json.loads(caught.value.body) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'replicationcontrollers "backend" not found',
        "reason": "NotFound",
        "details": {"name": "backend", "kind": "replicationcontrollers"},
        "code": 404,
    }


def test_refusals_have_causes(core, namespace):
    with pytest.raises(client.ApiException) as caught:
        core.create_namespaced_service(namespace, service(port=70000, targetPort=80))
    status = json.loads(caught.value.body)
    assert (caught.value.status, status["reason"]) == (422, "Invalid")
    assert status["details"] == {
        "name": "backend-service",
        "kind": "Service",
        "causes": [
            {
                "reason": "FieldValueInvalid",
                "message": "Invalid value: 70000: must be between 1 and 65535, inclusive",
                "field": "spec.ports[0].port",
            }
        ],
    }
    assert core.list_namespaced_service(namespace).items == []


def test_the_dynamic_client_and_manifests(api, namespace, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    utils.create_from_dict(api, service(), namespace=namespace)
    found = dynamic.DynamicClient(api, cache_file=str(tmp_path / "discovery.json"))
    services = found.resources.get(api_version="v1", kind="Service")
    assert services.get(name="backend-service", namespace=namespace).spec.selector.to_dict() == LABELS
    slices = found.resources.get(api_version="discovery.k8s.io/v1", kind="EndpointSlice")
    assert slices.get(namespace=namespace).kind == "EndpointSliceList"
    services.patch(
        name="backend-service",
        namespace=namespace,
        body={"metadata": {"labels": {"a": "b"}}},
        content_type="application/merge-patch+json",
    )
    assert services.get(namespace=namespace, label_selector="a=b").items[0].metadata.name == "backend-service"


def ask(cluster, path, **headers):
    request = urllib.request.Request(cluster.url + path, headers=headers)
    unchecked = ssl._create_unverified_context()
    try:
        with urllib.request.urlopen(request, context=unchecked, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_those_without_credentials_see_health_and_version_only(cluster):
    for path in ("/healthz", "/livez", "/readyz"):
        assert ask(cluster, path) == (200, "ok")
    assert ask(cluster, "/version")[0] == 200
    code, status = ask(cluster, "/api/v1/namespaces/default/pods")
    assert (code, status["reason"]) == (403, "Forbidden")
    assert status["message"] == (
        'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" '
        'in the namespace "default"'
    )


def test_a_wrong_token_is_nobodys(cluster):
    for path in ("/api/v1/nodes", "/version"):
        code, status = ask(cluster, path, Authorization="Bearer wrong")
        assert (code, status["reason"], status["message"]) == (401, "Unauthorized", "Unauthorized")
