"""lightkube, blocking and asynchronous."""

from __future__ import annotations

import io

import pytest

from tests.wire.kubectl import LABELS, as_text, controller, service
from tests.wire.lamps import DEFINITION, GROUP, lamp

pytest.importorskip("lightkube", reason="lightkube is not installed")

from lightkube import ApiError, AsyncClient, Client, KubeConfig, codecs, operators, sort_objects
from lightkube.core.exceptions import ConditionError, LoadResourceError, ObjectDeleted
from lightkube.generic_resource import (
    create_global_resource,
    get_generic_resource,
    load_in_cluster_generic_resources,
)
from lightkube.models.core_v1 import Container, PodSpec, ServicePort, ServiceSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apiextensions_v1 import CustomResourceDefinition
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import (
    ConfigMap,
    Namespace,
    Node,
    Pod,
    ReplicationController,
    Secret,
    Service,
    ServiceAccount,
)
from lightkube.types import CascadeType, PatchType

pytestmark = [
    pytest.mark.timeout(40),
    pytest.mark.usefixtures("rubbish"),
    pytest.mark.filterwarnings("ignore:unclosed (<socket|transport):ResourceWarning"),
]


def connect(flavour, cluster, namespace):
    config = KubeConfig.from_file(str(cluster.kubeconfig))
    return flavour(config=config, namespace=namespace, field_manager="tests", trust_env=False)


@pytest.fixture
def client(cluster, namespace):
    with connect(Client, cluster, namespace) as made:
        yield made


@pytest.fixture
def backend(client):
    """The backend of two, ready."""
    made = client.create(ReplicationController.from_dict(controller(2)))
    follow(client, made, lambda found: found.status and found.status.readyReplicas == 2)
    return made


def follow(client, item, holds):
    """Watch an object until something holds of it."""
    for _, found in client.watch(type(item), fields={"metadata.name": item.metadata.name}):
        if holds(found):
            return found
    raise AssertionError("the watch ended")


def settings(name="settings", **data):
    return ConfigMap(metadata=ObjectMeta(name=name, labels={"app": "myapp"}), data=data)


def sleeper(name="sleeper", script="sleep 3600"):
    container = Container(name="main", image="busybox", args=["sh", "-c", script])
    return Pod(metadata=ObjectMeta(name=name), spec=PodSpec(containers=[container], restartPolicy="Never"))


def test_an_object_is_made_read_replaced_and_deleted(client):
    made = client.create(settings(colour="green"))
    assert made.metadata.creationTimestamp.tzinfo is not None
    read = client.get(ConfigMap, "settings")
    assert read == made
    read.data["colour"] = "red"
    assert client.replace(read).data == {"colour": "red"}
    with pytest.raises(ApiError, match="the object has been modified") as caught:
        client.replace(read)
    assert (caught.value.status.code, caught.value.status.reason) == (409, "Conflict")
    client.delete(ConfigMap, "settings")
    with pytest.raises(ApiError) as caught:
        client.get(ConfigMap, "settings")
    assert (caught.value.status.code, caught.value.status.message) == (404, 'configmaps "settings" not found')


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        (PatchType.STRATEGIC, {"data": {"size": "big", "colour": None}}),
        (PatchType.MERGE, {"data": {"size": "big", "colour": None}}),
        (
            PatchType.JSON,
            [
                {"op": "test", "path": "/data/colour", "value": "green"},
                {"op": "move", "from": "/data/colour", "path": "/data/size"},
                {"op": "replace", "path": "/data/size", "value": "big"},
            ],
        ),
    ],
)
def test_patches(client, kind, patch):
    client.create(settings(colour="green"))
    assert client.patch(ConfigMap, "settings", patch, patch_type=kind).data == {"size": "big"}


def test_strategic_patches_know_the_keys_of_lists(client):
    client.create(ReplicationController.from_dict(controller(0)))
    spec = {"template": {"spec": {"containers": [{"name": "side", "image": "busybox"}]}}}
    patched = client.patch(ReplicationController, "backend", {"spec": spec})
    assert [part.name for part in patched.spec.template.spec.containers] == ["side", "web"]
    spec = {"template": {"spec": {"containers": [{"name": "side", "$patch": "delete"}]}}}
    patched = client.patch(ReplicationController, "backend", {"spec": spec})
    assert [part.name for part in patched.spec.template.spec.containers] == ["web"]


def test_labels_and_annotations_are_set_and_unset(client):
    client.create(settings())
    client.set(ConfigMap, "settings", labels={"zone": "here", "app": None}, annotations={"note": "words"})
    metadata = client.get(ConfigMap, "settings").metadata
    assert (metadata.labels, metadata.annotations) == ({"zone": "here"}, {"note": "words"})


def test_typed_models_and_refusals(client):
    ports = [ServicePort(port=80, targetPort="http", name="web")]
    wanted = Service(metadata=ObjectMeta(name="typed"), spec=ServiceSpec(selector=LABELS, ports=ports))
    made = client.create(wanted)
    assert (made.spec.type, made.spec.sessionAffinity, made.spec.ports[0].protocol) == (
        "ClusterIP", "None", "TCP",
    )  # fmt: skip
    assert made.spec.clusterIPs == [made.spec.clusterIP]
    wanted.spec.ports[0].port = 70000
    wanted.metadata.name = "wrong"
    with pytest.raises(ApiError, match="must be between 1 and 65535, inclusive") as caught:
        client.create(wanted)
    (cause,) = caught.value.status.details.causes
    assert (cause.field, cause.reason) == ("spec.ports[0].port", "FieldValueInvalid")
    wanted.spec.ports[0].port = 80
    dry = client.create(wanted, dry_run=True)
    assert dry.metadata.uid
    with pytest.raises(ApiError, match="not found"):
        client.get(Service, "wrong")


def test_secrets_and_their_plain_strings(client):
    secret = client.create(Secret(metadata=ObjectMeta(name="key"), stringData={"password": "1234"}))
    assert (secret.type, secret.data, secret.stringData) == ("Opaque", {"password": "MTIzNA=="}, None)


def test_lists_in_pieces_and_selections(client):
    for number in range(7):
        client.create(settings(f"cm-{number}", number=str(number)))
    client.create(ConfigMap(metadata=ObjectMeta(name="other", labels={"app": "other"})))
    found = client.list(ConfigMap, chunk_size=3, labels={"app": "myapp"})
    assert [item.metadata.name for item in found] == [f"cm-{number}" for number in range(7)]
    assert found.resourceVersion
    for labels, number in (
        ({"app": operators.in_(["myapp", "other"])}, 8),
        ({"app": operators.not_in(["myapp"])}, 2),
        ({"app": operators.exists()}, 8),
        ({"app": operators.not_exists()}, 1),
        ({"app": operators.not_equal("other")}, 8),
    ):
        assert len(list(client.list(ConfigMap, labels=labels))) == number
    named = client.list(ConfigMap, fields={"metadata.name": "cm-3"})
    assert [item.data for item in named] == [{"number": "3"}]
    everywhere = {item.metadata.namespace for item in client.list(ConfigMap, namespace="*")}
    assert {"default", "kube-system", client.namespace} <= everywhere


def test_watching_from_a_list_on(client):
    client.create(settings("first"))
    listed = client.list(ConfigMap, labels={"app": "myapp"})
    assert [item.metadata.name for item in listed] == ["first"]
    client.create(settings("second"))
    client.set(ConfigMap, "first", labels={"app": None})
    client.delete(ConfigMap, "second")
    seen = []
    for kind, item in client.watch(
        ConfigMap, labels={"app": "myapp"}, resource_version=listed.resourceVersion
    ):
        seen.append((kind, item.metadata.name))
        if len(seen) == 3:
            break
    assert seen == [("ADDED", "second"), ("DELETED", "first"), ("DELETED", "second")]


def test_a_watch_that_ends_is_taken_up_again(client):
    """The server ends it after a second; the client goes on from the last version it saw."""
    client.create(settings("first"))
    events = client.watch(ConfigMap, labels={"app": "myapp"}, server_timeout=1)
    assert next(events)[1].metadata.name == "first"
    for _ in range(2):
        client.set(ConfigMap, "first", annotations={"a": "b"})
        client.create(settings("second"))
        names = []
        while "second" not in names:
            names.append(next(events)[1].metadata.name)
        client.delete(ConfigMap, "second")
        while next(events)[0] != "DELETED":
            pass


def test_waiting_for_conditions(client):
    client.create(sleeper())
    ready = client.wait(Pod, "sleeper", for_conditions=["Ready"])
    assert ready.status.phase == "Running"
    with pytest.raises(ConditionError):
        client.wait(Pod, "sleeper", for_conditions=["Nope"], raise_for_conditions=["PodScheduled"])
    client.delete(Pod, "sleeper", grace_period=0)
    with pytest.raises(ApiError, match="not found"):
        client.get(Pod, "sleeper")


def test_waiting_for_what_is_deleted(client):
    client.create(sleeper())
    client.wait(Pod, "sleeper", for_conditions=["Ready"])
    client.delete(Pod, "sleeper", grace_period=1)
    with pytest.raises(ObjectDeleted):
        client.wait(Pod, "sleeper", for_conditions=["Nope"])


def test_logs(client):
    client.create(sleeper("talker", "for i in 1 2 3; do echo line $i; done; sleep 3600"))
    client.wait(Pod, "talker", for_conditions=["Ready"])
    followed = client.log("talker", follow=True, newlines=False)
    assert [next(followed) for _ in range(3)] == ["line 1", "line 2", "line 3"]
    assert list(client.log("talker", tail_lines=2)) == ["line 2\n", "line 3\n"]
    assert next(client.log("talker", timestamps=True, tail_lines=1)).split("Z ")[1] == "line 3\n"
    with pytest.raises(ApiError, match="container nope is not valid for pod talker"):
        client.log("talker", container="nope")


async def test_commands(client, cluster, namespace, backend):
    """By the asynchronous client: the other one's thread goes on reading a closed descriptor."""
    pod = next(iter(client.list(Pod, labels=LABELS))).metadata.name
    async with connect(AsyncClient, cluster, namespace) as talker:
        done = await talker.exec(
            pod, command=["sh", "-c", "echo out; echo err >&2"], stdout=True, stderr=True
        )
        assert (done.stdout, done.stderr, done.exit_code) == ("out\n", "err\n", 0)
        failed = await talker.exec(pod, command=["sh", "-c", "exit 7"], stdout=True)
        assert failed.exit_code == 7
        with pytest.raises(ApiError):
            await talker.exec(pod, command=["sh", "-c", "exit 7"], stdout=True, raise_on_error=True)
        target = io.BytesIO()
        await talker.exec(pod, command="cat", stdin="words in\n", stdout=target, timeout=20)
        assert target.getvalue() == b"words in\n"


def test_subresources(client, backend):
    scale = client.get(ReplicationController.Scale, "backend")
    assert (scale.spec.replicas, scale.status.replicas) == (2, 2)
    scale.spec.replicas = 1
    assert client.replace(scale, "backend").spec.replicas == 1
    patched = client.patch(
        ReplicationController.Scale, "backend", {"spec": {"replicas": 3}}, patch_type=PatchType.MERGE
    )
    assert patched.spec.replicas == 3
    follow(client, backend, lambda found: found.status.readyReplicas == 3)
    status = client.get(ReplicationController.Status, "backend")
    status.spec.replicas = 0  # which is not the status' business
    assert client.replace(status, "backend").spec.replicas == 3


def test_deleting_what_is_owned(client, backend):
    client.delete(ReplicationController, "backend", cascade=CascadeType.FOREGROUND)
    for kind, found in client.watch(ReplicationController, fields={"metadata.name": "backend"}):
        assert found.metadata.finalizers == ["foregroundDeletion"]
        if kind == "DELETED":
            break
    assert list(client.list(Pod, labels=LABELS)) == []


def test_deleting_many(client):
    for number in range(3):
        client.create(settings(f"cm-{number}"))
    client.create(Secret(metadata=ObjectMeta(name="kept")))
    client.deletecollection(ConfigMap)
    left = {item.metadata.name for item in client.list(ConfigMap)}
    assert left <= {"kube-root-ca.crt"}  # which comes back
    assert [item.metadata.name for item in client.list(Secret)] == ["kept"]


def test_cluster_wide_kinds_and_tokens(client):
    assert [node.metadata.name for node in client.list(Node)] == ["node-1", "node-2", "node-3"]
    name = f"{client.namespace}-more"
    client.create(Namespace(metadata=ObjectMeta(name=name)))
    assert client.get(Namespace, name).status.phase == "Active"
    client.delete(Namespace, name)
    client.create(ServiceAccount(metadata=ObjectMeta(name="robot")))
    assert client.get(ServiceAccount, "robot").metadata.namespace == client.namespace


def test_manifests(client, tmp_path):
    """A file with what depends on each other, in the order in which it can be made."""
    name = f"{client.namespace}-all"
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    manifest = tmp_path / "all.yaml"
    manifest.write_text(as_text([controller(0), service(), space]))
    with manifest.open() as file:
        objects = sort_objects(codecs.load_all_yaml(file))
    assert isinstance(objects[0], Namespace)
    for item in objects:
        if isinstance(item, Namespace):
            client.create(item)
        else:
            client.create(item, namespace=name)
    assert client.get(Service, "backend-service", namespace=name).spec.selector == LABELS
    for item in sort_objects(objects, reverse=True):
        if isinstance(item, Namespace):
            client.delete(Namespace, name)
        else:
            client.delete(type(item), item.metadata.name, namespace=name)
    assert codecs.dump_all_yaml([settings(a="b")]).startswith("apiVersion: v1\n")
    with pytest.raises(LoadResourceError):
        codecs.load_all_yaml("apiVersion: nope/v1\nkind: Nope\n")


async def test_the_asynchronous_client(cluster, namespace):
    async with connect(AsyncClient, cluster, namespace) as client:
        await client.create(settings("one", a="b"))
        assert (await client.get(ConfigMap, "one")).data == {"a": "b"}
        patched = await client.patch(ConfigMap, "one", {"data": {"a": "c"}}, patch_type=PatchType.MERGE)
        assert patched.data == {"a": "c"}
        listed = client.list(ConfigMap, chunk_size=1)
        assert [item.metadata.name async for item in listed] == ["kube-root-ca.crt", "one"]
        await client.create(sleeper("talker", "echo hello; sleep 3600"))
        await client.wait(Pod, "talker", for_conditions=["Ready"])
        assert [line async for line in client.log("talker")] == ["hello\n"]
        done = await client.exec("talker", command=["hostname"], stdout=True)
        assert done.stdout == "talker\n"
        await client.delete(Pod, "talker", grace_period=0)
        events = client.watch(ConfigMap, fields={"metadata.name": "one"})
        assert (await anext(events))[0] == "ADDED"
        await client.delete(ConfigMap, "one")
        assert (await anext(events))[0] == "DELETED"
        await events.aclose()


def test_deployments_are_described_fully(client):
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
    body = {"metadata": {"name": "web"}}
    body["spec"] = {"replicas": 0, "selector": {"matchLabels": LABELS}, "template": template}
    made = client.create(Deployment.from_dict(body))
    assert (made.metadata.generation, made.spec.strategy.type) == (1, "RollingUpdate")
    assert made.spec.template.spec.containers[0].terminationMessagePath == "/dev/termination-log"


def test_generic_resources_of_built_in_kinds(client):
    """A kind that is not imported, by its names only."""
    PriorityClass = create_global_resource("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses")
    assert get_generic_resource("scheduling.k8s.io/v1", "PriorityClass") is PriorityClass
    found = client.get(PriorityClass, "system-node-critical")
    assert found["value"] == 2000001000
    name = f"{client.namespace}-high"
    client.create(PriorityClass(metadata=ObjectMeta(name=name), value=1000))
    assert name in {item.metadata.name for item in client.list(PriorityClass)}
    client.delete(PriorityClass, name)


def test_custom_resources(client, lamps):
    """Classes out of the cluster's definitions, with their status and scale."""
    load_in_cluster_generic_resources(client)
    Lamp = get_generic_resource(f"{GROUP}/v1", "Lamp")
    made = client.create(Lamp(lamp(colour="red")))
    assert made["spec"] == {"colour": "red", "size": 1}
    status = client.patch(Lamp.Status, "lamp", {"status": {"phase": "On"}}, patch_type=PatchType.MERGE)
    assert status["status"] == {"phase": "On"}
    scale = client.get(Lamp.Scale, "lamp")
    scale.spec.replicas = 4
    client.replace(scale, "lamp")
    assert client.get(Lamp, "lamp")["spec"]["size"] == 4
    with pytest.raises(ApiError, match="spec.size in body should be greater than or equal to 1"):
        client.patch(Lamp, "lamp", {"spec": {"size": 0}}, patch_type=PatchType.MERGE)
    applied = client.apply(Lamp(lamp("other", colour="blue")))
    assert applied["spec"] == {"colour": "blue", "size": 1}
    assert [item.metadata.name for item in client.list(Lamp)] == ["lamp", "other"]
    client.deletecollection(Lamp)
    assert list(client.list(Lamp)) == []
    definition = client.get(CustomResourceDefinition, DEFINITION["metadata"]["name"])
    assert "Established" in {part.type for part in definition.status.conditions}


def test_server_side_apply(client):
    """The client's field manager owns what it applies; another has to use force."""
    client.apply(settings(colour="green", size="big"))
    changed = client.apply(settings(colour="red"))
    assert changed.data == {"colour": "red"}  # what is applied no longer is gone
    with pytest.raises(ApiError, match='conflict with "tests"') as caught:
        client.apply(settings(colour="blue"), field_manager="other")
    assert [cause.field for cause in caught.value.status.details.causes] == [".data.colour"]
    client.apply(settings(colour="blue"), field_manager="other", force=True)
    owners = {entry.manager for entry in client.get(ConfigMap, "settings").metadata.managedFields}
    assert "other" in owners
