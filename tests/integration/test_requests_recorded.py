"""A whole cluster tells of the requests it got over HTTP, limits them, and streams logs to browsers."""

import asyncio
import base64

import aiohttp
import pytest
import yaml

import kubelite

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "talker"},
    "spec": {
        "restartPolicy": "Never",
        "containers": [{"name": "c", "image": "busybox", "command": ["sh", "-c", "echo one; echo two"]}],
    },
}


def session(cluster):
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    token = config["users"][0]["user"]["token"]
    return aiohttp.ClientSession(cluster.url, headers={"Authorization": f"Bearer {token}"})


async def test_the_audit_log_of_a_cluster_is_read_while_it_runs_and_after():
    async with kubelite.Cluster(nodes=0, secure=False) as cluster, session(cluster) as http:
        async with http.get("/api/v1/namespaces/default") as answer:
            assert answer.status == 200
            audit_id = answer.headers["Audit-Id"]
        (event,) = [event for event in cluster.audit if event["stage"] == "ResponseComplete"]
        assert event["auditID"] == audit_id
        assert event["objectRef"]["resource"] == "namespaces"
    assert len(cluster.audit) == 2


def test_the_blocking_handle_has_the_audit_log_too():
    with kubelite.start(nodes=0, audit_level="None") as quiet:
        assert quiet.audit == []
    with pytest.raises(ValueError, match="an audit level is one of None, Metadata, not 'Loud'"):
        kubelite.Cluster(audit_level="Loud")


async def test_every_answer_names_the_objects_that_limit_it():
    async with kubelite.Cluster(nodes=0, secure=False) as cluster, session(cluster) as http:
        schema = await cluster.get("flowschema", "exempt")
        level = await cluster.get("prioritylevelconfiguration", "exempt")
        async with http.get("/version") as answer:
            assert answer.headers["X-Kubernetes-PF-FlowSchema-UID"] == schema["metadata"]["uid"]
            assert answer.headers["X-Kubernetes-PF-PriorityLevel-UID"] == level["metadata"]["uid"]
        schema = await cluster.get("flowschema", "global-default")
        async with http.get("/api/v1/nodes", headers={"Impersonate-User": "alice"}) as answer:
            assert answer.headers["X-Kubernetes-PF-FlowSchema-UID"] == schema["metadata"]["uid"]


async def test_limits_are_options():
    options = {"max_mutating_requests_inflight": 1, "request_timeout_s": 0.5}
    async with kubelite.Cluster(nodes=0, secure=False, **options) as cluster, session(cluster) as http:

        async def never():
            yield b"{"
            await asyncio.sleep(30)

        path, alice = "/api/v1/namespaces/default/configmaps", {"Impersonate-User": "alice"}
        async with http.post(path, data=never(), headers={"Content-Type": "application/json"}) as answer:
            assert answer.status == 504
        async with http.post(path, json={}, headers=alice) as answer:
            assert answer.status == 403


@pytest.mark.parametrize("protocol", ["binary.k8s.io", "base64.binary.k8s.io", None])
async def test_logs_come_over_websockets(protocol):
    async with kubelite.Cluster(nodes=1, secure=False) as cluster, session(cluster) as http:
        await cluster.apply(POD)
        await cluster.wait_for("pod/talker", "jsonpath={.status.phase}=Succeeded")
        path = "/api/v1/namespaces/default/pods/talker/log"
        async with http.ws_connect(path, protocols=(protocol,) if protocol else ()) as socket:
            assert socket.protocol == protocol
            messages = [message.data async for message in socket]
        assert len(messages[0]) == 0
        text = b"".join(base64.b64decode(each) if isinstance(each, str) else each for each in messages)
        assert text == b"one\ntwo\n"
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await http.ws_connect(path, protocols=("v9.k8s.io",))
        assert caught.value.status == 400


async def test_a_command_that_ends_at_once_closes_its_websocket_in_the_regular_way():
    async with kubelite.Cluster(nodes=1, secure=False) as cluster, session(cluster) as http:
        await cluster.apply(POD | {"spec": {"containers": [{"name": "c", "image": "nginx"}]}})
        await cluster.wait_for("pod/talker", "ready")
        path = "/api/v1/namespaces/default/pods/talker/exec?command=hostname&stdout=true"
        async with http.ws_connect(path, protocols=("v5.channel.k8s.io",)) as socket:
            messages = [message.data async for message in socket]
            assert socket.close_code == aiohttp.WSCloseCode.OK
        assert b"".join(each[1:] for each in messages if each[:1] == b"\x01") == b"talker\n"
