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
from tests.wire.lamps import GROUP, lamp


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


@pytest.mark.parametrize(
    ("content_type", "patch", "containers"),
    [
        (
            "application/strategic-merge-patch+json",
            {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "busybox"}]}}}},
            ["side", "web"],
        ),
        (
            "application/merge-patch+json",
            {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "busybox"}]}}}},
            ["side"],
        ),
        (
            "application/json-patch+json",
            [
                {
                    "op": "add",
                    "path": "/spec/template/spec/containers/-",
                    "value": {"name": "side", "image": "b"},
                }
            ],
            ["web", "side"],
        ),
    ],
)
def test_each_kind_of_patch(core, namespace, content_type, patch, containers):
    core.create_namespaced_replication_controller(namespace, controller(0))
    patched = core.patch_namespaced_replication_controller(
        "backend", namespace, patch, _content_type=content_type
    )
    assert [part.name for part in patched.spec.template.spec.containers] == containers
    assert patched.metadata.generation == 2


def test_server_side_apply_of_typed_calls(core, namespace):
    def settings(**data):
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": data}

    def apply(manager, body, **options):
        return core.patch_namespaced_config_map(
            "settings",
            namespace,
            body,
            field_manager=manager,
            _content_type="application/apply-patch+yaml",
            **options,
        )

    assert apply("one", settings(a="1")).data == {"a": "1"}
    assert apply("two", settings(b="2")).data == {"a": "1", "b": "2"}
    with pytest.raises(client.ApiException) as caught:
        apply("two", settings(a="3"))
    status = json.loads(caught.value.body)
    assert (caught.value.status, status["reason"]) == (409, "Conflict")
    assert [(cause["reason"], cause["field"]) for cause in status["details"]["causes"]] == [
        ("FieldManagerConflict", ".data.a")
    ]
    made = apply("two", settings(a="3"), force=True)
    assert made.data == {"a": "3"}
    assert {entry.manager for entry in made.metadata.managed_fields} >= {"two"}


def test_workloads_roles_and_the_like(api, namespace):
    """Each generated API of a group: what is made is read back as it was, and with its defaults."""
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
    apps = client.AppsV1Api(api)
    spec = client.V1DeploymentSpec(
        replicas=0,
        selector=client.V1LabelSelector(match_labels=LABELS),
        template=client.V1PodTemplateSpec(
            metadata=client.V1ObjectMeta(labels=LABELS),
            spec=client.V1PodSpec(containers=[client.V1Container(name="web", image="nginx")]),
        ),
    )
    deployment = client.V1Deployment(metadata=client.V1ObjectMeta(name="web"), spec=spec)
    made = apps.create_namespaced_deployment(namespace, deployment)
    assert made.spec.strategy.rolling_update.max_surge == "25%"
    scale = apps.read_namespaced_deployment_scale("web", namespace)
    assert (scale.spec.replicas, scale.status.selector) == (None, "app=myapp,tier=backend")  # none is no 0
    batch = client.BatchV1Api(api)
    once = {"spec": {**template["spec"], "restartPolicy": "Never"}}
    job = batch.create_namespaced_job(
        namespace, {"metadata": {"name": "j"}, "spec": {"template": once, "suspend": True}}
    )
    assert (job.spec.completions, job.spec.backoff_limit, job.spec.suspend) == (1, 6, True)
    net = client.NetworkingV1Api(api)
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    ingress = net.create_namespaced_ingress(
        namespace, {"metadata": {"name": "front"}, "spec": {"defaultBackend": backend}}
    )
    assert ingress.spec.default_backend.service.port.number == 80
    rbac = client.RbacAuthorizationV1Api(api)
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": namespace}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}
    binding = rbac.create_namespaced_role_binding(
        namespace, {"metadata": {"name": "b"}, "subjects": [subject], "roleRef": reference}
    )
    assert binding.role_ref.name == "r"
    scaling = client.AutoscalingV2Api(api)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    scaler = scaling.create_namespaced_horizontal_pod_autoscaler(
        namespace, {"metadata": {"name": "web"}, "spec": {"maxReplicas": 3, "scaleTargetRef": target}}
    )
    assert scaler.spec.metrics[0].resource.target.average_utilization == 80
    older = client.AutoscalingV1Api(api).read_namespaced_horizontal_pod_autoscaler("web", namespace)
    assert (older.api_version, older.spec.target_cpu_utilization_percentage) == ("autoscaling/v1", 80)


def test_tokens_and_reviews(api, core, namespace):
    core.create_namespaced_service_account(namespace, {"metadata": {"name": "robot"}})
    request = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=[]))
    issued = core.create_namespaced_service_account_token("robot", namespace, request)
    assert issued.status.token.count(".") == 2
    review = client.V1TokenReview(spec=client.V1TokenReviewSpec(token=issued.status.token))
    seen = client.AuthenticationV1Api(api).create_token_review(review)
    assert seen.status.user.username == f"system:serviceaccount:{namespace}:robot"
    attributes = client.V1ResourceAttributes(namespace=namespace, verb="get", resource="pods")
    asked = client.V1SubjectAccessReview(
        spec=client.V1SubjectAccessReviewSpec(user="bob", resource_attributes=attributes)
    )
    assert client.AuthorizationV1Api(api).create_subject_access_review(asked).status.allowed is False


def test_a_definition_by_its_typed_api(api, namespace):
    plural = f"candles{namespace.removeprefix('wire-')}"
    version = client.V1CustomResourceDefinitionVersion(
        name="v1",
        served=True,
        storage=True,
        schema=client.V1CustomResourceValidation(open_apiv3_schema=client.V1JSONSchemaProps(type="object")),
    )
    names = client.V1CustomResourceDefinitionNames(plural=plural, kind=plural.capitalize())
    spec = client.V1CustomResourceDefinitionSpec(
        group="candles.example.com", scope="Cluster", names=names, versions=[version]
    )
    wanted = client.V1CustomResourceDefinition(
        metadata=client.V1ObjectMeta(name=f"{plural}.candles.example.com"), spec=spec
    )
    extensions = client.ApiextensionsV1Api(api)
    made = extensions.create_custom_resource_definition(wanted)
    assert (made.spec.names.list_kind, made.spec.conversion.strategy) == (f"{names.kind}List", "None")
    extensions.delete_custom_resource_definition(made.metadata.name)


def test_custom_objects_without_a_class(api, lamps, namespace):
    custom = client.CustomObjectsApi(api)
    place = {"group": GROUP, "version": "v1", "namespace": namespace, "plural": "lamps"}
    made = custom.create_namespaced_custom_object(body=lamp(colour="red"), **place)
    assert made["spec"] == {"colour": "red", "size": 1}
    with pytest.raises(client.ApiException) as caught:
        custom.create_namespaced_custom_object(body=lamp("bad", size=0), **place)
    (cause,) = json.loads(caught.value.body)["details"]["causes"]
    assert (caught.value.status, cause["field"], cause["reason"]) == (422, "spec.size", "FieldValueInvalid")
    status = custom.patch_namespaced_custom_object_status(
        name="lamp",
        body={"spec": {"size": 9}, "status": {"phase": "On"}},
        _content_type="application/merge-patch+json",
        **place,
    )
    assert (status["spec"]["size"], status["status"]) == (1, {"phase": "On"})
    watcher = watch.Watch()
    for event in watcher.stream(custom.list_namespaced_custom_object, timeout_seconds=20, **place):
        assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "lamp")
        watcher.stop()
    custom.delete_namespaced_custom_object(name="lamp", **place)
    assert custom.list_namespaced_custom_object(**place)["items"] == []


def test_the_dynamic_client_and_custom_kinds(api, lamps, namespace, tmp_path):
    found = dynamic.DynamicClient(api, cache_file=str(tmp_path / "discovery.json"))
    lights = found.resources.get(api_version=f"{GROUP}/v1", kind="Lamp")
    assert (lights.plural if hasattr(lights, "plural") else lights.name) == "lamps"
    made = lights.create(body=lamp(colour="red"), namespace=namespace)
    assert made.spec.to_dict() == {"colour": "red", "size": 1}
    made.spec.size = 3
    assert lights.replace(body=made.to_dict(), namespace=namespace).metadata.generation == 2
    with pytest.raises(dynamic.exceptions.ConflictError):
        lights.replace(body=made.to_dict(), namespace=namespace)
    applied = lights.server_side_apply(
        body=lamp("other", colour="blue"), namespace=namespace, field_manager="me"
    )
    assert applied.metadata.managedFields[0].manager == "me"
    with pytest.raises(dynamic.exceptions.UnprocessibleEntityError, match="spec.size"):
        lights.create(body=lamp("bad", size=0), namespace=namespace)
    shown = lights.status.patch(
        name="lamp",
        namespace=namespace,
        body={"status": {"phase": "On"}},
        content_type="application/merge-patch+json",
    )
    assert shown.status.phase == "On"
    kinds = [event["type"] for event in lights.watch(namespace=namespace, timeout=1)]
    assert kinds == ["ADDED", "ADDED"]
    lights.delete(name="lamp", namespace=namespace)
    with pytest.raises(dynamic.exceptions.NotFoundError):
        lights.get(name="lamp", namespace=namespace)
    with pytest.raises(dynamic.exceptions.ResourceNotFoundError):
        found.resources.get(api_version=f"{GROUP}/v1", kind="Candle")
