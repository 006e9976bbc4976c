"""pykube-ng, which patches with what changed and asks for tables of the old version."""

from __future__ import annotations

import itertools

import pytest
import requests

from tests.wire.kubectl import LABELS, controller, service
from tests.wire.lamps import GROUP, lamp

pytest.importorskip("pykube", reason="pykube-ng is not installed")

import pykube

pytestmark = pytest.mark.timeout(40)


@pytest.fixture
def api(cluster, namespace):
    config = pykube.KubeConfig.from_file(str(cluster.kubeconfig))
    config.contexts[config.current_context]["namespace"] = namespace
    made = pykube.HTTPClient(config, timeout=30)
    yield made
    made.session.close()


@pytest.fixture
def backend(api):
    """The backend of two, ready."""
    made = pykube.ReplicationController(api, controller(2))
    made.create()
    follow(made, lambda item: item.obj["status"].get("readyReplicas") == 2)
    made.reload()
    return made


def follow(item, holds):
    """Watch an object until something holds of it."""
    stream = item.watch()
    for event in stream:
        if holds(event.object):
            break
    stream.response.close()


def settings(api, name="settings", **data):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"app": "myapp"}}}
    return pykube.ConfigMap(api, {**body, "data": data})


def names(query):
    return sorted(item.name for item in query)


def test_the_server_introduces_itself(api):
    assert api.version == ("1", "36")
    kinds = {entry["kind"] for entry in api.resource_list("apps/v1")["resources"]}
    assert {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Scale"} <= kinds
    assert [node.name for node in pykube.Node.objects(api)] == ["node-1", "node-2", "node-3"]


def test_an_object_is_made_changed_and_deleted(api):
    item = settings(api, colour="green")
    assert not item.exists()
    item.create()
    assert item.metadata["uid"]
    item.obj["data"] = {"colour": "red", "size": "big"}
    item.labels["zone"] = "here"
    item.annotations["note"] = "some words"
    item.update()
    fresh = pykube.ConfigMap.objects(api).get_by_name("settings")
    assert fresh.obj["data"] == {"colour": "red", "size": "big"}
    assert fresh.labels == {"app": "myapp", "zone": "here"}
    assert fresh.annotations == {"note": "some words"}
    fresh.patch({"data": {"size": None}})
    assert fresh.obj["data"] == {"colour": "red"}
    item.reload()
    assert item.obj["data"] == {"colour": "red"}
    item.delete()
    assert not item.exists()
    with pytest.raises(pykube.exceptions.ObjectDoesNotExist):
        item.exists(ensure=True)
    item.delete()  # what is gone already is no error here


def test_an_update_of_what_others_changed_meanwhile(api):
    """The patch carries the version that was read."""
    item = settings(api, colour="green")
    item.create()
    stale = pykube.ConfigMap.objects(api).get(name="settings")
    item.patch({"data": {"colour": "red"}})
    stale.obj["data"]["colour"] = "blue"
    with pytest.raises(pykube.exceptions.HTTPError, match="the object has been modified") as caught:
        stale.update()
    assert caught.value.code == 409


def test_refusals(api):
    settings(api).create()
    with pytest.raises(pykube.exceptions.HTTPError, match='configmaps "settings" already exists'):
        settings(api).create()
    portless = {"metadata": {"name": "a"}, "spec": {"selector": {"a": "b"}}}
    with pytest.raises(pykube.exceptions.HTTPError, match="spec.ports: Required value") as caught:
        pykube.Service(api, portless).create()
    assert caught.value.code == 422
    with pytest.raises(requests.HTTPError) as caught:
        list(pykube.Pod.objects(api).filter(field_selector={"spec.nope": "x"}))
    assert caught.value.response.status_code == 400


def test_queries(api):
    for number, app in enumerate(["myapp", "myapp", "other"]):
        item = settings(api, f"cm-{number}")
        item.labels["app"] = app
        item.create()
    everything = pykube.ConfigMap.objects(api)
    assert names(everything.filter(selector="app=myapp")) == ["cm-0", "cm-1"]
    assert names(everything.filter(selector={"app__in": {"myapp", "other"}})) == ["cm-0", "cm-1", "cm-2"]
    assert names(everything.filter(selector={"app__neq": "myapp"})) == ["cm-2", "kube-root-ca.crt"]
    assert names(everything.filter(selector={"app__notin": {"myapp", "other"}})) == ["kube-root-ca.crt"]
    assert names(everything.filter(field_selector={"metadata.name": "cm-1"})) == ["cm-1"]
    assert everything.get(selector="app=other").name == "cm-2"
    assert everything.get_or_none(name="cm-9") is None
    with pytest.raises(ValueError, match="more than one object"):
        everything.get(selector="app=myapp")
    spaces = {item.namespace for item in pykube.ConfigMap.objects(api, namespace=pykube.all)}
    assert {"default", "kube-system", api.config.namespace} <= spaces


def test_tables(api, backend):
    table = pykube.Pod.objects(api).filter(selector=LABELS).as_table()
    assert table.obj["apiVersion"] == "meta.k8s.io/v1beta1"
    columns = [column["name"] for column in table.columns]
    assert columns[:5] == ["Name", "Ready", "Status", "Restarts", "Age"]
    assert [row["cells"][1:3] for row in table.rows] == [["1/1", "Running"]] * 2
    assert {row["object"]["kind"] for row in table.rows} == {"PartialObjectMetadata"}
    controllers = pykube.ReplicationController.objects(api).as_table()
    assert controllers.rows[0]["cells"][:4] == ["backend", 2, 2, 2]


def test_watching(api):
    first = settings(api, "first")
    first.create()
    query = pykube.ConfigMap.objects(api).filter(selector="app=myapp")
    stream = query.watch(since=pykube.now)
    events = iter(stream)
    settings(api, "second").create()
    first.patch({"metadata": {"labels": {"app": "other"}}})
    first.patch({"metadata": {"labels": {"app": "myapp"}}})
    first.delete()
    seen = [(event.type, event.object.name) for event in itertools.islice(events, 4)]
    assert seen == [("ADDED", "second"), ("DELETED", "first"), ("ADDED", "first"), ("DELETED", "first")]
    stream.response.close()
    whole = query.watch(since="0", params={"timeoutSeconds": 1, "allowWatchBookmarks": "true"})
    added = [event.object.name for event in whole if event.type == "ADDED"]
    assert added == ["second"]


def test_pods_logs_and_scaling(api, backend):
    pods = pykube.Pod.objects(api).filter(selector=LABELS)
    assert all(pod.ready for pod in pods)
    pod = next(iter(pods))
    assert "ready for start up" in pod.logs()
    assert pod.logs(tail_lines=1, timestamps=True).count("\n") == 1
    with pytest.raises(requests.HTTPError) as caught:
        pod.logs(container="nope")
    assert caught.value.response.status_code == 400
    assert backend.ready
    assert backend.replicas == 2
    backend.scale(3)
    assert backend.replicas == 3
    follow(backend, lambda item: item.obj["status"].get("readyReplicas") == 3)
    backend.delete(propagation_policy="Orphan")
    follow_gone(backend)
    left = pykube.Pod.objects(api).filter(selector=LABELS)
    assert len(left) == 3
    assert all("ownerReferences" not in pod.metadata for pod in left)


def follow_gone(item):
    """Watch an object until it is deleted; it may be already."""
    stream = pykube.object_factory(item.api, item.version, item.kind).objects(item.api)
    stream = stream.filter(field_selector={"metadata.name": item.name})
    found = stream.response
    if found["items"]:
        watching = stream.watch(since=found["metadata"]["resourceVersion"])
        next(event for event in watching if event.type == "DELETED")
        watching.response.close()


def test_subresources(api, backend):
    backend.patch({"status": {"replicas": 9}})  # the main resource never changes the status
    assert backend.obj["status"]["replicas"] == 2
    node = pykube.Node.objects(api).get_by_name("node-2")
    condition = {"type": "example.com/Tested", "status": "True", "reason": "Tests"}
    conditions = [*node.obj["status"]["conditions"], condition]
    node.patch({"status": {"conditions": conditions}}, subresource="status")
    node.reload()
    assert "example.com/Tested" in {part["type"] for part in node.obj["status"]["conditions"]}


def test_nodes_are_cordoned(api):
    node = pykube.Node.objects(api).get_by_name("node-3")
    assert node.unschedulable is False
    node.cordon()
    # The client sends the version it has read: the taint that follows must have come before it writes again.
    follow(node, lambda item: item.obj["spec"].get("taints"))
    node.reload()
    assert node.unschedulable is True
    node.uncordon()
    assert not pykube.Node.objects(api).get_by_name("node-3").unschedulable


def test_a_service(api, backend):
    front = pykube.Service(api, service())
    front.create()
    assert front.obj["spec"]["clusterIP"].startswith("127.")
    follow(
        pykube.Endpoint(api, {"metadata": {"name": "backend-service"}}),
        lambda item: len((item.obj.get("subsets") or [{}])[0].get("addresses", [])) == 2,
    )
    front.delete()
    assert not front.exists()


def test_kinds_without_a_class_of_their_own(api):
    Policy = pykube.object_factory(api, "networking.k8s.io/v1", "NetworkPolicy")
    spec = {"podSelector": {"matchLabels": LABELS}, "ingress": [{"ports": [{"port": 80}]}]}
    Policy(api, {"metadata": {"name": "only-http"}, "spec": spec}).create()
    (found,) = Policy.objects(api)
    assert found.obj["spec"]["policyTypes"] == ["Ingress"]
    assert found.obj["spec"]["ingress"][0]["ports"] == [{"port": 80, "protocol": "TCP"}]
    with pytest.raises(ValueError, match="unknown resource kind"):
        pykube.object_factory(api, "v1", "Gadget")


def test_known_kinds_of_other_groups(api):
    """Each class of pykube finds its endpoint."""
    for kind in (
        pykube.StatefulSet, pykube.DaemonSet, pykube.ReplicaSet, pykube.Job, pykube.CronJob, pykube.Ingress,
        pykube.HorizontalPodAutoscaler, pykube.PodDisruptionBudget, pykube.Role, pykube.RoleBinding,
        pykube.ResourceQuota, pykube.LimitRange, pykube.PersistentVolumeClaim,
    ):  # fmt: skip
        assert names(kind.objects(api)) == []
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": LABELS}, "template": template}
    deployment = pykube.Deployment(api, {"metadata": {"name": "web"}, "spec": spec})
    deployment.create()
    changed = {"containers": [{"name": "web", "image": "nginx:2"}]}
    deployment.patch({"spec": {"template": {"spec": changed}}})  # its controller writes, too: no update()
    assert deployment.obj["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:2"
    assert deployment.metadata["generation"] == 2
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    name = f"{api.config.namespace}-reader"
    pykube.ClusterRole(api, {"metadata": {"name": name}, "rules": rules}).create()
    assert name in names(pykube.ClusterRole.objects(api))


def test_custom_resources(api, lamps):
    Lamp = pykube.object_factory(api, f"{GROUP}/v1", "Lamp")
    made = Lamp(api, lamp(colour="red"))
    made.create()
    assert made.obj["spec"] == {"colour": "red", "size": 1}
    made.obj["spec"]["size"] = 3
    made.update()
    assert (made.obj["spec"]["size"], made.metadata["generation"]) == (3, 2)
    made.patch({"status": {"phase": "On"}}, subresource="status")
    assert Lamp.objects(api).get_by_name("lamp").obj["status"] == {"phase": "On"}
    with pytest.raises(pykube.exceptions.HTTPError, match="spec.size") as caught:
        made.patch({"spec": {"size": 0}})
    assert caught.value.code == 422
    table = Lamp.objects(api).as_table()
    assert [column["name"] for column in table.columns] == ["Name", "Colour"]
    assert [row["cells"] for row in table.rows] == [["lamp", "red"]]
    made.delete()
    assert not made.exists()
