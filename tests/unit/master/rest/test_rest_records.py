"""What is told about requests: the audit log, metrics, the headers of priority and fairness."""

import asyncio
import re

import orjson

from kubelite.api.resources import FLOWSCHEMAS, PRIORITYLEVELCONFIGURATIONS
from kubelite.client.inprocess import InProcessClient
from kubelite.client.requests import ADMIN
from kubelite.master.rest import metrics
from tests.unit.master.rest.door import opened

MAPS = "/api/v1/namespaces/default/configmaps"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
ANY = ["*"]
ALICE = {"Authorization": "Bearer alice"}
FLOW, LEVEL = "X-Kubernetes-PF-FlowSchema-UID", "X-Kubernetes-PF-PriorityLevel-UID"


def complete(door):
    return [event for event in door.audit if event["stage"] == "ResponseComplete"]


async def test_the_audit_log_tells_what_clients_did():
    async with opened() as door:
        agent = {"User-Agent": "suite/1", "Audit-Id": "my-id"}
        async with door.http.post(MAPS, json={"metadata": {"name": "x"}}, headers=agent) as answer:
            assert answer.headers["Audit-Id"] == "my-id"
        async with door.http.get(f"{MAPS}/none") as answer:
            assert answer.status == 404
        async with door.http.get(MAPS, headers=ALICE):
            pass
        async with door.http.get(MAPS, headers={"Impersonate-User": "bob"}):
            pass
        async with door.http.get("/version", headers={"Authorization": "Bearer wrong"}):
            pass
        made, missing, refused, other, unknown = complete(door)
    assert (made["auditID"], made["userAgent"], made["verb"]) == ("my-id", "suite/1", "create")
    assert made["user"]["username"] == ADMIN.name
    assert made["objectRef"] == {
        "resource": "configmaps",
        "namespace": "default",
        "name": "x",
        "apiVersion": "v1",
    }
    assert made["responseStatus"]["code"] == 201
    assert made["sourceIPs"] == ["127.0.0.1"]
    assert made["annotations"]["authorization.k8s.io/decision"] == "allow"
    assert missing["responseStatus"]["reason"] == "NotFound"
    assert refused["user"]["username"] == "alice"
    assert refused["annotations"]["authorization.k8s.io/decision"] == "forbid"
    assert other["user"]["username"] == ADMIN.name
    assert other["impersonatedUser"]["username"] == "bob"
    assert "user" not in unknown
    assert unknown["responseStatus"]["code"] == 401


async def test_a_watch_is_recorded_when_it_begins_and_when_it_ends():
    async with opened() as door:
        async with door.http.get(f"{MAPS}?watch=1&timeoutSeconds=1") as answer:
            stages = [event["stage"] for event in door.audit]
            assert stages == ["RequestReceived", "ResponseStarted"]
            await answer.read()
        assert [event["stage"] for event in door.audit][-1] == "ResponseComplete"


async def scrape(door):
    async with door.http.get("/metrics", headers={"Accept-Encoding": "gzip"}) as answer:
        assert (
            answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
        )
        assert answer.headers["Content-Encoding"] == "gzip"
        return await answer.text()


def value_of(text, name, **labels):
    for line in text.splitlines():
        if line.startswith(name + "{"):
            found = dict(re.findall(r'(\w+)="([^"]*)"', line))
            if all(found.get(key) == value for key, value in labels.items()):
                return float(line.rpartition(" ")[2])
    return None


async def test_metrics_have_kubernetes_names_and_labels():
    async with opened() as door:
        for name in "ab":
            async with door.http.post(MAPS, json={"metadata": {"name": name}}):
                pass
        async with door.http.get(f"{MAPS}/none"):
            pass
        async with door.http.get(f"{MAPS}?watch=1"):
            text = await scrape(door)
        total, seconds = "apiserver_request_total", "apiserver_request_duration_seconds"
        maps = {"group": "", "version": "v1", "resource": "configmaps", "component": "apiserver"}
        assert value_of(text, total, code="201", verb="POST", scope="resource", dry_run="", **maps) == 2
        assert value_of(text, total, code="404", verb="GET", scope="resource", **maps) == 1
        assert value_of(text, f"{seconds}_count", verb="POST", **maps) == 2
        assert value_of(text, f"{seconds}_bucket", verb="POST", le="+Inf", **maps) == 2
        assert value_of(text, f"{seconds}_bucket", verb="POST", le="0.005", **maps) is not None
        assert value_of(text, "apiserver_longrunning_requests", verb="WATCH", scope="namespace", **maps) == 1
        assert value_of(text, "apiserver_current_inflight_requests", request_kind="readOnly") == 1
        assert value_of(text, "apiserver_current_inflight_requests", request_kind="mutating") == 0
        assert value_of(text, "apiserver_storage_objects", resource="configmaps") == 3  # one is the server's
        assert value_of(text, "kubernetes_build_info", major="1", minor="36") == 1
        assert "process_resident_memory_bytes" in text
        assert "# TYPE apiserver_request_duration_seconds histogram" in text
        async with asyncio.timeout(5):
            while value_of(await scrape(door), "apiserver_longrunning_requests", verb="WATCH", **maps) != 0:
                pass


async def test_dry_runs_and_applies_are_counted_apart():
    async with opened() as door:
        async with door.http.post(f"{MAPS}?dryRun=All", json={"metadata": {"name": "x"}}):
            pass
        headers = {"Content-Type": "application/apply-patch+yaml"}
        body = orjson.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "y"}})
        async with door.http.patch(f"{MAPS}/y?fieldManager=m", data=body, headers=headers) as answer:
            assert answer.status in {200, 201, 404}
        text = await scrape(door)
    assert value_of(text, "apiserver_request_total", verb="POST", dry_run="All") == 1
    assert value_of(text, "apiserver_request_total", verb="APPLY") == 1


def make_objects():
    level = {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}}
    rule = {
        "subjects": [{"kind": "User", "user": {"name": "alice"}}],
        "resourceRules": [
            {
                "verbs": ["*"],
                "apiGroups": ["*"],
                "resources": ["*"],
                "namespaces": ["*"],
                "clusterScope": True,
            }
        ],
    }
    schema = {"matchingPrecedence": 2, "priorityLevelConfiguration": {"name": "mine"}, "rules": [rule]}
    return {"metadata": {"name": "mine"}, "spec": level}, {"metadata": {"name": "mine"}, "spec": schema}


async def test_answers_name_the_flow_schema_and_the_priority_level_that_match_them():
    async with opened() as door:
        client = InProcessClient(door.inside._ref, ADMIN)
        async with door.http.get(MAPS, headers=ALICE) as answer:
            before = answer.headers[FLOW], answer.headers[LEVEL]
        made, schema = make_objects()
        level = await client.create(PRIORITYLEVELCONFIGURATIONS, made)
        schema = await client.create(FLOWSCHEMAS, schema)
        async with door.http.get(MAPS, headers=ALICE) as answer:
            after = answer.headers[FLOW], answer.headers[LEVEL]
        assert after == (schema["metadata"]["uid"], level["metadata"]["uid"])
        assert after != before
        async with door.http.get("/version") as answer:
            assert answer.headers[FLOW] not in {"", schema["metadata"]["uid"]}
        await client.delete(FLOWSCHEMAS, "mine")
        async with door.http.get(MAPS, headers=ALICE) as answer:
            assert (answer.headers[FLOW], answer.headers[LEVEL]) == before


async def test_who_is_not_known_and_what_lasts_is_outside_of_priority_and_fairness():
    async with opened() as door:
        async with door.http.get("/version", headers={"Authorization": "Bearer wrong"}) as answer:
            assert FLOW not in answer.headers
        async with door.http.get("/api/v1/namespaces/default/pods/none/log") as answer:
            assert FLOW not in answer.headers
        async with door.http.get(f"{MAPS}?watch=1&timeoutSeconds=1") as answer:
            assert FLOW in answer.headers


async def test_requests_that_come_at_once_are_all_told_their_flow_schema():
    async with opened() as door:
        exempt = await InProcessClient(door.inside._ref, ADMIN).get(FLOWSCHEMAS, "exempt")

        async def told():
            async with door.http.get(MAPS) as answer:
                return answer.headers[FLOW]

        found = await asyncio.gather(*(told() for _ in range(20)))
        assert {*found} == {exempt["metadata"]["uid"]}


async def test_paths_and_methods_that_clients_make_up_do_not_fill_the_metrics(monkeypatch):
    monkeypatch.setattr(metrics, "KINDS_MAX", 5)
    async with opened() as door:
        for number in range(20):
            await door.http.get(f"/apis/made-up-{number}/v1/things")
            await door.http.request(f"VERB{number}", "/version")
        async with door.http.get("/metrics") as answer:
            lines = [line for line in (await answer.text()).splitlines() if "request_total{" in line]
        assert not any("VERB" in line for line in lines)
        assert len([line for line in lines if "made-up" in line]) <= 5
        assert any('verb="other"' in line and 'code="404"' in line for line in lines)
