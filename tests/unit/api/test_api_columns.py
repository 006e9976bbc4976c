import json
from pathlib import Path

import pytest

from kubelite.api import resources as r
from kubelite.api.columns import columns_for, row_conditions
from kubelite.api.columns.text import human_duration

RECORDED = Path(__file__).parents[2] / "oracle" / "recorded"


def definitions(scenario):
    for line in (RECORDED / f"{scenario}.jsonl").read_text().splitlines():
        body = json.loads(line).get("body")
        if isinstance(body, dict) and body.get("kind") == "Table" and body["columnDefinitions"]:
            return [(c["name"], c["type"], c["format"], c["priority"]) for c in body["columnDefinitions"]]
    raise AssertionError(scenario)


@pytest.mark.parametrize(
    ("scenario", "resource"),
    [
        ("table-pod", r.PODS), ("table-node", r.NODES), ("table-endpoints", r.ENDPOINTS),
        ("table-event", r.EVENTS),
        ("table-pdb", r.PODDISRUPTIONBUDGETS), ("table-secret", r.SECRETS), ("services-2", r.SERVICES),
        ("table-serviceaccount", r.SERVICEACCOUNTS),
        ("table-csidriver", r.CSIDRIVERS), ("table-volumeattachment", r.VOLUMEATTACHMENTS),
        ("table-role", r.ROLES), ("table-rolebinding", r.ROLEBINDINGS),
        ("table-clusterrolebinding", r.CLUSTERROLEBINDINGS), ("table-priorityclass", r.PRIORITYCLASSES),
        ("table-ingress", r.INGRESSES), ("table-ingressclass", r.INGRESSCLASSES),
        ("table-eventsv1", r.EVENTS_V1), ("table-runtimeclass", r.RUNTIMECLASSES),
        ("table-flowschema", r.FLOWSCHEMAS), ("table-prioritylevel", r.PRIORITYLEVELCONFIGURATIONS),
        ("table-mutatingwebhook", r.MUTATINGWEBHOOKCONFIGURATIONS),
        ("table-validatingwebhook", r.VALIDATINGWEBHOOKCONFIGURATIONS),
        ("table-vapbinding", r.VALIDATINGADMISSIONPOLICYBINDINGS),
    ],
)  # fmt: skip
def test_columns_are_those_recorded(scenario, resource):
    ours = [(c.name, c.type, c.format, c.priority) for c in columns_for(resource)]
    assert ours == definitions(scenario)


def test_the_scale_has_columns_of_its_own():
    columns = columns_for(r.REPLICATIONCONTROLLERS, "scale")
    assert [c.name for c in columns] == ["Name", "Desired", "Available", "Age"]


def cells(resource, obj, now=0.0):
    return {column.name: column.cell(obj, now) for column in columns_for(resource)}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (599, "9m59s"), (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"), (7 * 3600 + 61, "7h1m"), (47 * 3600, "47h"), (48 * 3600, "2d"), (51 * 3600, "2d3h"),
        (9 * 86400, "9d"), (2 * 365 * 86400, "2y"), (-5, "<invalid>"),
    ],
)  # fmt: skip
def test_ages(seconds, text):
    assert human_duration(seconds) == text


def make_pod(statuses, *, phase="Running", init=(), **metadata):
    spec = {"containers": [{"name": "c"}], "initContainers": [{"name": s["name"]} for s in init]}
    return {
        "metadata": {"name": "p", **metadata},
        "spec": spec,
        "status": {"phase": phase, "containerStatuses": statuses, "initContainerStatuses": list(init)},
    }


def status(state, **more):
    return {"name": "c", "state": state, **more}


@pytest.mark.parametrize(
    ("pod", "text"),
    [
        (make_pod([status({"running": {}}, ready=True)]), "Running"),
        (make_pod([status({"waiting": {"reason": "CrashLoopBackOff"}}, restartCount=3)]), "CrashLoopBackOff"),
        (make_pod([status({"terminated": {"exitCode": 0, "reason": "Completed"}})]), "Completed"),
        (make_pod([status({"terminated": {"exitCode": 3}})], phase="Failed"), "ExitCode:3"),
        (make_pod([], phase="Pending"), "Pending"),
        (make_pod([status({"running": {}})], deletionTimestamp="2026-01-01T00:00:00Z"), "Terminating"),
        (make_pod([], phase="Pending", init=[{"name": "i", "state": {"running": {}}}]), "Init:0/1"),
        (make_pod([], init=[{"name": "i", "state": {"terminated": {"exitCode": 2}}}]), "Init:ExitCode:2"),
    ],
)  # fmt: skip
def test_the_status_of_a_pod_in_one_word(pod, text):
    assert cells(r.PODS, pod)["Status"] == text


def test_restarts_say_when():
    last = {"terminated": {"exitCode": 1, "finishedAt": "1970-01-01T00:00:10Z"}}
    pod = make_pod([status({"running": {}}, ready=True, restartCount=2, lastState=last)])
    assert cells(r.PODS, pod, now=70.0)["Restarts"] == "2 (60s ago)"
    assert cells(r.PODS, pod)["Ready"] == "1/1"


def test_a_finished_pod_marks_its_row():
    assert row_conditions(r.PODS, make_pod([], phase="Succeeded"))[0]["reason"] == "Succeeded"
    assert row_conditions(r.PODS, make_pod([])) == []


def test_a_load_balancer_waits_for_its_address():
    service = {
        "metadata": {"name": "s"},
        "spec": {
            "type": "LoadBalancer",
            "clusterIPs": ["127.1.0.5"],
            "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}],
        },
    }
    row = cells(r.SERVICES, service)
    assert (row["External-IP"], row["Port(s)"], row["Selector"]) == ("<pending>", "80:30080/TCP", "<none>")
    service["status"] = {"loadBalancer": {"ingress": [{"ip": "127.1.9.1"}]}}
    assert cells(r.SERVICES, service)["External-IP"] == "127.1.9.1"


def test_long_lists_are_cut():
    subset = {"addresses": [{"ip": f"10.0.0.{n}"} for n in range(5)], "ports": [{"port": 80}]}
    row = cells(r.ENDPOINTS, {"metadata": {"name": "e"}, "subsets": [subset]})
    assert row["Endpoints"] == "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more..."


def test_nodes_and_events():
    node = {
        "metadata": {"name": "n", "labels": {"node-role.kubernetes.io/control-plane": ""}},
        "spec": {"unschedulable": True},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
    row = cells(r.NODES, node)
    assert (row["Status"], row["Roles"]) == ("Ready,SchedulingDisabled", "control-plane")
    event = {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "p"},
        "source": {"component": "kubelet", "host": "n"},
    }
    row = cells(r.EVENTS, event)
    assert (row["Object"], row["Source"], row["Count"]) == ("pod/p", "kubelet, n", 1)
