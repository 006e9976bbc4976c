"""kubectl shows things: tables, documents, selections, descriptions, and what there is to be had."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from tests.wire.kubectl import LABELS


def cells(table):
    """The rows of a table without its headline; cells are parted by two blanks at least."""
    return [re.split(r" {2,}", line.strip()) for line in table.splitlines()[1:] if line]


def test_nodes(story):
    rows = cells(story("get", "nodes"))
    assert [row[:3] for row in rows] == [[f"node-{number}", "Ready", "<none>"] for number in (1, 2, 3)]
    wide = story("get", "nodes", "-o", "wide").splitlines()[0].split()
    assert wide[:6] == ["NAME", "STATUS", "ROLES", "AGE", "VERSION", "INTERNAL-IP"]


def test_versions_and_health(story):
    assert json.loads(story("version", "-o", "json"))["serverVersion"]["major"] == "1"
    assert story("get", "--raw", "/readyz") == "ok"
    assert "Kubernetes control plane" in story("cluster-info")


def test_tables_of_several_kinds(story):
    blocks = story("get", "rc,svc,ep,pods", "-o", "wide", "--show-labels").strip().split("\n\n")
    tables = dict(zip(("rc", "svc", "ep", "pods"), blocks, strict=True))
    (controller,) = cells(tables["rc"])
    assert controller[0] == "replicationcontroller/backend"
    assert controller[1:4] == ["2", "2", "2"]
    assert controller[5:] == ["web", "nginx", "app=myapp,tier=backend", "app=myapp,tier=backend"]
    (service,) = cells(tables["svc"])
    assert [service[index] for index in (0, 1, 3, 4)] == [
        "service/backend-service", "ClusterIP", "<none>", "80/TCP",
    ]  # fmt: skip
    assert service[6:] == ["app=myapp,tier=backend", "<none>"]
    pods = cells(tables["pods"])
    assert [row[1:4] for row in pods] == [["1/1", "Running", "0"]] * 2
    assert {row[-1] for row in pods} == {"app=myapp,tier=backend"}
    assert all(row[0].startswith("pod/backend-") for row in pods)
    addresses = {f"{row[5]}:80" for row in pods}
    (endpoints,) = cells(tables["ep"])
    assert set(endpoints[1].split(",")) == addresses


def test_everything_at_once(story):
    names = [row[0] for row in cells(story("get", "all")) if "/" in row[0]]
    assert [name.partition("/")[0] for name in names] == ["pod", "pod", "replicationcontroller", "service"]


def test_documents(story):
    document = yaml.safe_load(story("get", "rc", "backend", "-o", "yaml"))
    assert document["apiVersion"] == "v1"
    assert document["spec"]["selector"] == LABELS
    assert document["status"]["readyReplicas"] == 2
    assert document == story.json("get", "rc", "backend")
    listed = story.json("get", "pods")
    assert (listed["kind"], len(listed["items"])) == ("List", 2)
    assert story("get", "svc", "backend-service", "-o", "jsonpath={.spec.ports[0].targetPort}") == "80"
    assert story("get", "pods", "-o", "jsonpath={.items[*].status.phase}") == "Running Running"
    assert story("get", "rc", "-o", "name").strip() == "replicationcontroller/backend"
    assert story("get", "rc", "-o", "custom-columns=N:.metadata.name,R:.spec.replicas").split() == [
        "N", "R", "backend", "2",
    ]  # fmt: skip
    assert len(cells(story("get", "pods", "--sort-by=.spec.nodeName"))) == 2
    assert len(cells(story("get", "pods", "--chunk-size=1"))) == 2


@pytest.mark.kubectls(2)
@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("tier=backend,app=myapp", 2),
        ("tier==backend,app!=other", 2),
        ("tier in (backend,frontend),!debug", 2),
        ("tier notin (backend)", 0),
        ("debug", 0),
    ],
)
def test_label_selectors(story, selector, found):
    assert len(story("get", "pods", "-l", selector, "-o", "name").split()) == found


def test_field_selectors(story):
    name = story("get", "pods", "-o", "jsonpath={.items[0].metadata.name}")
    assert (
        story("get", "pods", f"--field-selector=metadata.name={name}", "-o", "name").strip() == f"pod/{name}"
    )
    assert story("get", "pods", "--field-selector=status.phase!=Running", "-o", "name") == ""


@pytest.mark.kubectls(2)
@pytest.mark.parametrize(
    ("what", "lines"),
    [
        ("rc/backend", ["Replicas: 2 current / 2 desired", "Normal SuccessfulCreate", "http-get http://:80/"]),
        ("svc/backend-service", ["Selector: app=myapp,tier=backend", "Type: ClusterIP", "Endpoints: 127."]),
        ("ep/backend-service", ["NotReadyAddresses: <none>", "<unset> 80 TCP"]),
        ("pods", ["Controlled By: ReplicationController/backend", "QoS Class: BestEffort", "Ready True"]),
        ("node/node-1", ["Taints: <none>", "Ready True", "pods: 110", "HolderIdentity: node-1"]),
        ("sa/default", ["Name: default", "Labels: <none>"]),
        ("cm/kube-root-ca.crt", ["BEGIN CERTIFICATE"]),
        ("endpointslices", ["AddressType: IPv4", "TargetRef: Pod/backend-"]),
        ("lease/node-1 -n kube-node-lease", ["Holder Identity: node-1"]),
    ],
)  # fmt: skip
def test_descriptions(story, what, lines):
    text = re.sub(r"[ \t]+", " ", story("describe", *what.split()))
    assert [line for line in lines if line not in text] == []


def test_the_namespace_is_described(story):
    assert "Status:       Active" in story("describe", "namespace", story.namespace)


def test_a_pods_description_tells_what_happened(story):
    name = story("get", "pods", "-o", "jsonpath={.items[0].metadata.name}")
    text = story("describe", "pod", name)
    reasons = [line.split()[1] for line in text.partition("Events:")[2].splitlines()[3:]]
    assert reasons == ["Scheduled", "Pulling", "Pulled", "Created", "Started"]


def test_events(story):
    for command in (("get", "events"), ("events",)):
        reasons = {row[2] for row in cells(story(*command))}
        assert {"SuccessfulCreate", "Scheduled", "Pulled", "Created", "Started"} <= reasons
    (kind,) = {row[3].partition("/")[0] for row in cells(story("events", "--for=rc/backend"))}
    assert kind == "ReplicationController"


def test_what_there_is(story):
    table = {row[0]: row for row in cells(story("api-resources"))}
    assert table["replicationcontrollers"][1:] == ["rc", "v1", "true", "ReplicationController"]
    assert table["endpointslices"][1:] == ["discovery.k8s.io/v1", "true", "EndpointSlice"]
    assert {
        "pods",
        "services",
        "endpoints",
        "nodes",
        "events",
        "leases",
        "poddisruptionbudgets",
    } <= table.keys()
    assert {"v1", "policy/v1", "discovery.k8s.io/v1"} <= set(story("api-versions").split())


def test_explanations(story):
    text = story("explain", "rc.spec")
    assert "ReplicationController" in text.splitlines()[0]
    fields = dict(re.findall(r"^  (\w+)\t<(.*)>", text, flags=re.MULTILINE))
    assert fields == {
        "minReadySeconds": "integer",
        "replicas": "integer",
        "selector": "map[string]string",
        "template": "PodTemplateSpec",
    }
    assert "containerPort\t<integer>" in story("explain", "pod.spec.containers", "--recursive")
