"""binding, eviction, scale, connect; Services and the numbers that they get."""

from __future__ import annotations

import pytest

from kubelite.api.resources import (
    ENDPOINTS,
    ENDPOINTSLICES,
    NODES,
    PODDISRUPTIONBUDGETS,
    PODS,
    REPLICATIONCONTROLLERS,
    SERVICES,
)
from kubelite.apimachinery.apierrors import APIError, BadRequest, Conflict, Invalid, NotFound, TooManyRequests
from kubelite.client.requests import ADMIN, Connect
from tests.harness import api_server, make_pod


@pytest.fixture
async def client():
    async with api_server() as client:
        yield client


# --- binding ------------------------------------------------------------------------------------------------


async def bind(client, pod="web", node="n1", **metadata):
    binding = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": pod, **metadata},
        "target": {"kind": "Node", "name": node},
    }
    return await client.create(PODS, binding, "default", name=pod, subresource="binding")


async def test_binding_assigns_once(client):
    await client.create(PODS, make_pod(), "default")
    answer = await bind(client, annotations={"from": "binding"})
    assert answer == {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    pod = await client.get(PODS, "web", "default")
    assert pod["spec"]["nodeName"] == "n1"
    assert pod["metadata"]["annotations"] == {"from": "binding"}
    assert pod["metadata"]["generation"] == 1
    assert pod["status"]["conditions"] == [
        {
            "type": "PodScheduled",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
    ]
    with pytest.raises(Conflict) as refused:
        await bind(client, node="n2")
    assert refused.value.message == (
        'Operation cannot be fulfilled on pods/binding "web": pod web is already assigned to node "n1"'
    )
    assert refused.value.details == {"name": "web", "kind": "pods/binding"}


async def test_binding_that_names_no_node(client):
    await client.create(PODS, make_pod(), "default")
    with pytest.raises(APIError) as refused:
        await bind(client, node="")
    assert (refused.value.code, refused.value.message) == (500, "target.name: Required value")
    with pytest.raises(NotFound):
        await bind(client, pod="none")


# --- eviction -----------------------------------------------------------------------------------------------


async def evict(client, pod="web", **more):
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}, **more}
    return await client.create(PODS, eviction, "default", name=pod, subresource="eviction")


async def running_pod(client, name="web", *, ready=True):
    await client.create(PODS, {**make_pod(name), "metadata": {"name": name, "labels": {"a": "b"}}}, "default")
    await bind(client, name)
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]}
    await client.patch(PODS, name, {"status": status}, "default", subresource="status")


async def budget(client, name="pdb", **status):
    pdb = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}},
    }
    await client.create(PODDISRUPTIONBUDGETS, pdb, "default")
    seen = {"observedGeneration": 1, "disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1}
    patch = {"status": {**seen, "expectedPods": 1, **status}}
    await client.patch(PODDISRUPTIONBUDGETS, name, patch, "default", subresource="status")


async def test_eviction_marks_the_pod_and_says_why(client):
    await running_pod(client)
    assert (await evict(client))["code"] == 201
    pod = await client.get(PODS, "web", "default")
    assert pod["metadata"]["deletionGracePeriodSeconds"] == 30
    condition = next(each for each in pod["status"]["conditions"] if each["type"] == "DisruptionTarget")
    assert condition["reason"] == "EvictionByEvictionAPI"


async def test_eviction_against_the_budget(client):
    await running_pod(client)
    await budget(client)
    with pytest.raises(TooManyRequests) as refused:
        await evict(client)
    assert refused.value.message == "Cannot evict pod as it would violate the pod's disruption budget."
    assert refused.value.details["causes"] == [
        {
            "reason": "DisruptionBudget",
            "message": "The disruption budget pdb needs 1 healthy pods and has 1 currently",
        }
    ]
    assert "deletionTimestamp" not in (await client.get(PODS, "web", "default"))["metadata"]


async def test_eviction_takes_from_the_budget(client):
    await running_pod(client)
    await budget(client, disruptionsAllowed=1)
    await evict(client, deleteOptions={"dryRun": ["All"]})
    assert (await client.get(PODDISRUPTIONBUDGETS, "pdb", "default"))["status"]["disruptionsAllowed"] == 1
    await evict(client)
    status = (await client.get(PODDISRUPTIONBUDGETS, "pdb", "default"))["status"]
    assert status["disruptionsAllowed"] == 0
    assert list(status["disruptedPods"]) == ["web"]
    (condition,) = status["conditions"]
    assert (condition["status"], condition["reason"]) == ("False", "InsufficientPods")
    assert condition["observedGeneration"] == 1


async def test_eviction_of_what_serves_nobody_asks_no_budget(client):
    await client.create(PODS, {**make_pod(), "metadata": {"name": "web", "labels": {"a": "b"}}}, "default")
    await budget(client)
    await evict(client)
    with pytest.raises(NotFound):
        await client.get(PODS, "web", "default")
    await running_pod(client, "sick", ready=False)
    await evict(client, "sick")
    assert "deletionTimestamp" in (await client.get(PODS, "sick", "default"))["metadata"]


async def test_eviction_with_two_budgets_or_an_unseen_one(client):
    await running_pod(client)
    await budget(client, observedGeneration=0, disruptionsAllowed=1)
    with pytest.raises(TooManyRequests) as refused:
        await evict(client)
    assert "is still being processed by the server." in refused.value.details["causes"][0]["message"]
    assert refused.value.retry_after_s == 10
    await budget(client, "other")
    with pytest.raises(APIError, match="more than one PodDisruptionBudget") as several:
        await evict(client)
    assert several.value.code == 500


async def test_eviction_while_a_budget_cannot_be_worked_out(client):
    await running_pod(client)
    failed = {"type": "DisruptionAllowed", "status": "False", "reason": "SyncFailed", "message": "no scale"}
    await budget(
        client, disruptionsAllowed=0, conditions=[{**failed, "lastTransitionTime": "2026-01-01T00:00:00Z"}]
    )
    with pytest.raises(TooManyRequests) as refused:
        await evict(client)
    (cause,) = refused.value.details["causes"]
    assert cause["message"] == (
        "The disruption budget pdb does not allow evicting pods currently because it failed sync: no scale"
    )
    assert refused.value.retry_after_s is None


@pytest.mark.parametrize("metadata", [{"name": "q"}, {}])
async def test_eviction_of_another_name(client, metadata):
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
    with pytest.raises(BadRequest, match="^name in URL does not match name in Eviction object$"):
        await client.create(PODS, eviction, "default", name="web", subresource="eviction")


async def test_eviction_asks_the_budget_before_it_looks_at_preconditions(client):
    await running_pod(client)
    await budget(client)
    other = {"preconditions": {"uid": "u"}}
    with pytest.raises(TooManyRequests):
        await evict(client, deleteOptions=other)
    await client.delete(PODDISRUPTIONBUDGETS, "pdb", "default")
    uid = (await client.get(PODS, "web", "default"))["metadata"]["uid"]
    with pytest.raises(Conflict) as refused:
        await evict(client, deleteOptions=other)
    assert refused.value.message == (
        f'Operation cannot be fulfilled on Pod "web": the UID in the precondition (u) does not match the UID '
        f"in record ({uid}). The object might have been deleted and then recreated"
    )
    assert (await client.get(PODS, "web", "default"))["status"]["conditions"][0]["type"] != "DisruptionTarget"


async def test_eviction_passes_on_how_to_delete(client):
    await running_pod(client)
    with pytest.raises(Invalid, match="propagationPolicy"):
        await evict(client, deleteOptions={"propagationPolicy": "Sometimes"})
    version = (await client.get(PODS, "web", "default"))["metadata"]["resourceVersion"]
    options = {
        "propagationPolicy": "Foreground",
        "gracePeriodSeconds": 7,
        "preconditions": {"resourceVersion": version},
    }
    await evict(client, deleteOptions=options)
    metadata = (await client.get(PODS, "web", "default"))["metadata"]
    assert (metadata["deletionGracePeriodSeconds"], metadata["finalizers"]) == (7, ["foregroundDeletion"])


async def test_eviction_again_says_the_same_as_before(client):
    await running_pod(client)
    await evict(client)
    before = await client.get(PODS, "web", "default")
    await client.system.clock.sleep(5)
    await evict(client)
    after = await client.get(PODS, "web", "default")
    assert before["status"]["conditions"] == after["status"]["conditions"]


# --- scale --------------------------------------------------------------------------------------------------


async def controller(client, replicas=0):
    labels = {"a": "b", "c": "d"}
    obj = {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": "rc"},
        "spec": {
            "replicas": replicas,
            "selector": labels,
            "template": {"metadata": {"labels": labels}, "spec": make_pod()["spec"]},
        },
    }
    return await client.create(REPLICATIONCONTROLLERS, obj, "default")


async def test_scale_reads_and_writes_replicas(client):
    await controller(client)
    scale = await client.get(REPLICATIONCONTROLLERS, "rc", "default", subresource="scale")
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert (scale["spec"], scale["status"]) == ({}, {"replicas": 0, "selector": "a=b,c=d"})
    written = await client.update(
        REPLICATIONCONTROLLERS, {**scale, "spec": {"replicas": 3}}, subresource="scale"
    )
    assert written["spec"] == {"replicas": 3}
    with pytest.raises(Conflict, match='replicationcontrollers "rc": the object has been modified'):
        await client.update(REPLICATIONCONTROLLERS, scale, subresource="scale")
    patched = await client.patch(
        REPLICATIONCONTROLLERS, "rc", {"spec": {"replicas": 5}}, "default", subresource="scale"
    )
    assert patched["spec"] == {"replicas": 5}
    stored = await client.get(REPLICATIONCONTROLLERS, "rc", "default")
    assert (stored["spec"]["replicas"], stored["metadata"]["generation"]) == (5, 3)


async def test_scale_takes_a_strategic_patch_that_says_what_is_scaled(client):
    await controller(client)
    patch = {"kind": "ReplicationController", "metadata": {"name": "rc"}, "spec": {"replicas": 4}}
    scale = await client.patch(
        REPLICATIONCONTROLLERS, "rc", patch, "default", patch_type="strategic", subresource="scale"
    )
    assert (scale["kind"], scale["spec"]) == ("Scale", {"replicas": 4})


async def test_scale_below_zero(client):
    await controller(client)
    with pytest.raises(Invalid) as refused:
        await client.patch(
            REPLICATIONCONTROLLERS, "rc", {"spec": {"replicas": -1}}, "default", subresource="scale"
        )
    assert refused.value.message == (
        'Scale.autoscaling "rc" is invalid: spec.replicas: Invalid value: -1: must be '
        "greater than or equal to 0"
    )
    with pytest.raises(NotFound, match="could not find the requested resource"):
        await client.get(PODS, "web", "default", subresource="scale")


# --- connect ------------------------------------------------------------------------------------------------


async def connect(client, subresource, container="", name="web"):
    request = Connect(
        user=ADMIN,
        resource=PODS,
        namespace="default",
        name=name,
        subresource=subresource,
        container=container,
    )
    return await request.ask(client.system.ref("apiserver"))


async def test_connect_goes_to_the_kubelet_of_the_pods_node(client):
    status = {
        "addresses": [{"type": "Hostname", "address": "n1"}, {"type": "InternalIP", "address": "127.1.0.2"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10251}},
    }
    await client.create(
        NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "status": status}
    )
    await client.create(PODS, make_pod(), "default")
    assert (await connect(client, "log")).host == ""
    with pytest.raises(BadRequest, match="^pod web does not have a host assigned$"):
        await connect(client, "exec")
    await bind(client)
    info = await connect(client, "log")
    assert (info.host, info.port, info.path) == ("127.1.0.2", 10251, "/containerLogs/default/web/c")
    assert (await connect(client, "portforward")).path == "/portForward/default/web"
    with pytest.raises(NotFound, match='^pods "none" not found$'):
        await connect(client, "exec", name="none")


async def test_connect_wants_a_container_if_there_are_several(client):
    containers = [{"name": name, "image": "i"} for name in ("a", "b")]
    await client.create(
        PODS, make_pod(containers=containers, initContainers=[{"name": "i", "image": "i"}]), "default"
    )
    with pytest.raises(BadRequest) as refused:
        await connect(client, "log")
    assert refused.value.message == (
        "a container name must be specified for pod web, choose one of: [a b] or one of "
        "the init containers: [i]"
    )
    assert (await connect(client, "log", "i")).container == "i"
    with pytest.raises(BadRequest, match="^container none is not valid for pod web$"):
        await connect(client, "log", "none")


# --- services -----------------------------------------------------------------------------------------------


def service(name="s", **spec):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": [{"port": 80}], **spec},
    }


async def test_cluster_address_is_given_out_and_given_back(client):
    made = await client.create(SERVICES, service(), "default")
    address = made["spec"]["clusterIP"]
    assert made["spec"]["clusterIPs"] == [address]
    with pytest.raises(Invalid) as refused:
        await client.create(SERVICES, service("other", clusterIP=address), "default")
    assert refused.value.message == (
        f'Service "other" is invalid: spec.clusterIPs: Invalid value: ["{address}"]: '
        f"failed to allocate IP {address}: provided IP is already allocated"
    )
    await client.delete(SERVICES, "s", "default")
    await client.create(SERVICES, service("other", clusterIP=address), "default")


async def test_numbers_outside_of_their_ranges(client):
    with pytest.raises(Invalid, match="the provided network does not match the current range"):
        await client.create(SERVICES, service(clusterIP="192.0.2.1"), "default")
    with pytest.raises(Invalid) as refused:
        await client.create(
            SERVICES, service(type="NodePort", ports=[{"port": 80, "nodePort": 80}]), "default"
        )
    assert refused.value.message == (
        'Service "s" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided '
        "port is not in the valid "
        "range. The range of valid ports is 30000-32767"
    )


async def test_node_ports_are_taken_once_and_freed_by_a_change_of_type(client):
    made = await client.create(SERVICES, service(type="NodePort"), "default")
    port = made["spec"]["ports"][0]["nodePort"]
    wanted = service("other", type="NodePort", ports=[{"port": 80, "nodePort": port}])
    with pytest.raises(Invalid, match=r"spec.ports\[0\].nodePort: .*provided port is already allocated"):
        await client.create(SERVICES, wanted, "default")
    plain = await client.patch(SERVICES, "s", {"spec": {"type": "ClusterIP"}}, "default")
    assert "nodePort" not in plain["spec"]["ports"][0]
    assert plain["spec"]["clusterIP"] == made["spec"]["clusterIP"]
    await client.create(SERVICES, wanted, "default")


async def test_put_that_leaves_numbers_out_keeps_them(client):
    made = await client.create(SERVICES, service(type="NodePort"), "default")
    written = await client.update(
        SERVICES, service(type="NodePort", selector={"a": "b"}), namespace="default"
    )
    for key in ("clusterIP", "ports", "ipFamilies"):
        assert written["spec"][key] == made["spec"][key]


async def test_to_external_name_and_back(client):
    made = await client.create(SERVICES, service(), "default")
    patch = {"spec": {"type": "ExternalName", "externalName": "example.com"}}
    external = await client.patch(SERVICES, "s", patch, "default")
    assert "clusterIP" not in external["spec"]
    again = await client.create(SERVICES, service("x", clusterIP=made["spec"]["clusterIP"]), "default")
    assert again["spec"]["clusterIP"] == made["spec"]["clusterIP"]
    back = await client.patch(SERVICES, "s", {"spec": {"type": "ClusterIP"}}, "default")
    assert back["spec"]["clusterIP"]


async def test_headless_services_have_no_address(client):
    spec = (await client.create(SERVICES, service(clusterIP="None", selector={"a": "b"}), "default"))["spec"]
    assert (spec["clusterIPs"], spec["ipFamilies"], spec["ipFamilyPolicy"]) == (
        ["None"],
        ["IPv4"],
        "SingleStack",
    )


async def test_dry_run_and_failed_creations_give_their_numbers_back(client):
    port = {"port": 80, "nodePort": 30001}
    await client.create(SERVICES, service(type="NodePort", ports=[port]), "default", dry_run=True)
    ports = [{"name": "a", **port}, {"name": "b", "port": 81, "nodePort": 80}]
    with pytest.raises(Invalid):
        await client.create(SERVICES, service(type="NodePort", ports=ports), "default")
    await client.create(SERVICES, service(type="NodePort", ports=[port]), "default")


async def test_one_node_port_serves_both_protocols(client):
    ports = [{"name": "t", "port": 53, "protocol": "TCP"}, {"name": "u", "port": 53, "protocol": "UDP"}]
    made = await client.create(SERVICES, service(type="NodePort", ports=ports), "default")
    assert len({port["nodePort"] for port in made["spec"]["ports"]}) == 1


async def test_kubernetes_service_comes_back(client):
    first = await client.get(SERVICES, "kubernetes", "default")
    assert first["spec"]["clusterIP"] == "10.96.0.1"
    await client.delete(SERVICES, "kubernetes", "default")
    await client.patch(ENDPOINTSLICES, "kubernetes", {"endpoints": []}, "default")
    await client.clock.sleep(11)
    assert (await client.get(SERVICES, "kubernetes", "default"))["spec"]["clusterIP"] == "10.96.0.1"
    endpoints = await client.get(ENDPOINTS, "kubernetes", "default")
    assert endpoints["subsets"][0]["addresses"] == [{"ip": "10.0.0.1"}]
    assert (await client.get(ENDPOINTSLICES, "kubernetes", "default"))["endpoints"][0]["addresses"] == [
        "10.0.0.1"
    ]
