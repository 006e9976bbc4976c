"""What a cluster contains from the start, and what follows the writes of some kinds."""

import pytest

from kubelite.api import resources as r
from kubelite.apimachinery.apierrors import NotFound
from kubelite.master.apiserver.config import APIServerConfig
from tests.harness import api_server


async def names(client, resource):
    return [item["metadata"]["name"] for item in (await client.list(resource)).items]


async def test_priorities_flow_control_and_groups_are_there():
    async with api_server() as client:
        assert await names(client, r.PRIORITYCLASSES) == ["system-cluster-critical", "system-node-critical"]
        assert len(await names(client, r.FLOWSCHEMAS)) == 11
        assert len(await names(client, r.PRIORITYLEVELCONFIGURATIONS)) == 8
        assert "v2.autoscaling" in await names(client, r.APISERVICES)
        assert await names(client, r.SERVICECIDRS) == ["kubernetes"]
        assert await names(client, r.IPADDRESSES) == ["10.96.0.1"]


async def test_what_is_deleted_of_flow_control_comes_back():
    async with api_server() as client:
        await client.delete(r.FLOWSCHEMAS, "exempt")
        await client.clock.sleep(20)
        assert await client.get(r.FLOWSCHEMAS, "exempt")


async def test_addresses_of_services_are_objects():
    async with api_server() as client:
        await client.namespace("ns")
        service = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
        made = await client.create(r.SERVICES, service, "ns")
        address = await client.get(r.IPADDRESSES, made["spec"]["clusterIP"])
        assert address["spec"]["parentRef"] == {"resource": "services", "namespace": "ns", "name": "s"}
        await client.delete(r.SERVICES, "s", "ns")
        assert await names(client, r.IPADDRESSES) == ["10.96.0.1"]


async def test_a_flow_schema_learns_whether_its_level_exists():
    async with api_server() as client:
        level = {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}}
        spec = {"priorityLevelConfiguration": {"name": "l"}}
        await client.create(r.FLOWSCHEMAS, {"metadata": {"name": "s"}, "spec": spec})
        await client.clock.sleep(1)
        (condition,) = (await client.get(r.FLOWSCHEMAS, "s"))["status"]["conditions"]
        assert (condition["status"], condition["reason"]) == ("True", "NotFound")
        writers = (await client.get(r.FLOWSCHEMAS, "s"))["metadata"]["managedFields"]
        (writer,) = (each for each in writers if each.get("subresource") == "status")
        assert writer["manager"] == "api-priority-and-fairness-config-consumer-v1"
        assert writer["operation"] == "Apply"
        await client.create(r.PRIORITYLEVELCONFIGURATIONS, {"metadata": {"name": "l"}, "spec": level})
        await client.clock.sleep(1)
        (condition,) = (await client.get(r.FLOWSCHEMAS, "s"))["status"]["conditions"]
        assert (condition["status"], condition["reason"]) == ("False", "Found")


async def test_a_policy_is_observed():
    async with api_server() as client:
        rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["pods"]}
        spec = {"matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": "true"}]}
        await client.create(r.VALIDATINGADMISSIONPOLICIES, {"metadata": {"name": "p"}, "spec": spec})
        await client.clock.sleep(1)
        policy = await client.get(r.VALIDATINGADMISSIONPOLICIES, "p")
        assert policy["status"] == {"observedGeneration": 1, "typeChecking": {}}


async def test_components_are_well():
    async with api_server() as client:
        assert sorted(await names(client, r.COMPONENTSTATUSES)) == [
            "controller-manager",
            "etcd-0",
            "scheduler",
        ]
        one = await client.get(r.COMPONENTSTATUSES, "etcd-0")
        assert one["conditions"] == [{"type": "Healthy", "status": "True", "message": "ok"}]
        with pytest.raises(NotFound):
            await client.get(r.COMPONENTSTATUSES, "none")


async def test_what_the_server_makes_is_its_own():
    async with api_server() as client:
        (writer,) = (await client.get(r.NAMESPACES, "kube-system"))["metadata"]["managedFields"]
        assert writer["manager"] == "kube-apiserver"
        tracking = "kube-apiserver-legacy-service-account-token-tracking"
        started = await client.get(r.CONFIGMAPS, tracking, "kube-system")
        assert started["data"] == {"since": started["metadata"]["creationTimestamp"][:10]}


async def test_the_authority_of_clients_is_told_to_extensions_and_put_right():
    async with api_server(config=APIServerConfig(client_ca="CA")) as client:
        name = "extension-apiserver-authentication"
        made = await client.get(r.CONFIGMAPS, name, "kube-system")
        assert made["data"] == {"client-ca-file": "CA"}
        await client.update(r.CONFIGMAPS, {**made, "data": {}})
        await client.clock.sleep(20)
        assert (await client.get(r.CONFIGMAPS, name, "kube-system"))["data"] == {"client-ca-file": "CA"}


async def test_an_empty_list_that_is_sent_is_owned_and_read_back_as_null():
    async with api_server() as client:
        await client.create(r.CLUSTERROLES, {"metadata": {"name": "a"}, "rules": []})
        await client.create(r.CLUSTERROLES, {"metadata": {"name": "b"}})
        await client.create(r.CSINODES, {"metadata": {"name": "n"}, "spec": {"drivers": []}})
        (writer,) = (role := await client.get(r.CLUSTERROLES, "a"))["metadata"]["managedFields"]
        assert role["rules"] is None
        assert writer["fieldsV1"] == {"f:rules": {}}
        assert "managedFields" not in (await client.get(r.CLUSTERROLES, "b"))["metadata"]
        (writer,) = (await client.get(r.CSINODES, "n"))["metadata"]["managedFields"]
        assert writer["fieldsV1"] == {"f:spec": {"f:drivers": {}}}


async def test_actions_of_a_binding_are_owned_one_by_one():
    async with api_server() as client:
        spec = {"policyName": "p", "validationActions": ["Deny"]}
        made = await client.create(
            r.VALIDATINGADMISSIONPOLICYBINDINGS, {"metadata": {"name": "b"}, "spec": spec}
        )
        (writer,) = made["metadata"]["managedFields"]
        assert writer["fieldsV1"]["f:spec"]["f:validationActions"] == {".": {}, 'v:"Deny"': {}}
