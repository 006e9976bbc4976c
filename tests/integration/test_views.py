"""Objects as prompts and notebooks show them."""

import pytest

import kubelite
from kubelite.testing import VirtualClock

WEB = """
apiVersion: v1
kind: ReplicationController
metadata: {name: web}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: nginx, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=1, clock=VirtualClock()) as running:
        await running.apply(WEB)
        await running.wait_for("rc/web", "ready")
        yield running


async def test_a_view_shows_what_is_there_when_it_is_looked_at(cluster):
    pods = cluster.view("po")
    lines = repr(pods).splitlines()
    assert lines[0].split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert [line.split()[1:3] for line in lines[1:]] == [["1/1", "Running"]] * 2
    await cluster.view("rc")["web"].scale(0)
    await cluster.wait_for("pods", "deleted", selector="app=web")
    assert repr(pods) == "No resources found in default namespace"
    assert len(pods) == 0


async def test_views_select(cluster):
    pods = cluster.view("pods")
    assert len(pods.where("app=web")) == 2
    assert pods.where("app=other").names() == []
    assert cluster.view("pods", namespace="kube-system").names() == pods.of("kube-system").names()
    assert repr(cluster.view("services").everywhere).splitlines()[1].split()[:2] == ["default", "kubernetes"]
    assert "NODE" in repr(pods.wide)
    with pytest.raises(ValueError, match="there is no kind 'frobs'"):
        cluster.view("frobs")


async def test_an_object_can_be_looked_at_and_used(cluster):
    web = cluster.view("svc")["web"]
    answer = await web.get("/")
    assert answer.status == 200
    assert repr(answer).startswith("200 OK\n<!DOCTYPE html>")
    assert web["spec"]["selector"] == {"app": "web"}
    assert "managedFields" not in web.yaml
    assert web.yaml.startswith("apiVersion: v1\n")
    pod = next(iter(cluster.view("pods")))
    assert (await pod.get("/", method="HEAD")).text == ""
    assert (await pod.exec("hostname")).stdout == f"{pod.name}\n"
    assert "Started" in {event["reason"] for event in pod.events.objects}
    assert "HEAD / HTTP" in await pod.logs()
    await pod.delete()
    await cluster.wait_for(f"pod/{pod.name}", "deleted")
    with pytest.raises(kubelite.NotFound, match=f'pods "{pod.name}" not found'):
        pod.object  # noqa: B018
    with pytest.raises(kubelite.NotFound):
        cluster.view("pods")[pod.name]


async def test_notebooks_get_tables(cluster):
    assert cluster.view("svc")["web"]._repr_html_().startswith("<table><thead><tr><th>NAME</th>")
    assert cluster.view("pods")._repr_html_().count("<tr>") == 3


async def test_a_live_table_is_shown_anew_when_it_changes(cluster, capsys):
    await cluster.view("pods").live(0.5)
    assert capsys.readouterr().out.count("NAME") == 1
    await cluster.view("rc")["web"].scale(3)
    await cluster.view("pods").live(3)
    out = capsys.readouterr().out
    assert out.count("NAME") > 1
    assert "\x1b[4F\x1b[J" in out


def test_a_view_can_be_looked_at_from_another_thread():
    with kubelite.start(nodes=2) as running:
        assert running.view("nodes").names() == ["node-1", "node-2"]
        assert repr(running.view("nodes")).count("Ready") == 2
