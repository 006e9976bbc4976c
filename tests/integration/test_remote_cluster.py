"""The methods of a cluster, on one that runs in another process; and tests that run on either."""

import asyncio
import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import kubelite
from kubelite.client import incluster
from kubelite.cluster.remote import Unsupported

ROOT = Path(__file__).parents[2]
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "registry.k8s.io/e2e-test-images/agnhost:2.53", args: [netexec]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""
DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: lamps.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: lamps, singular: lamp, kind: Lamp}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
"""


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory):
    """A cluster of two nodes in a process of its own."""
    path = tmp_path_factory.mktemp("elsewhere") / "kubeconfig"
    command = [sys.executable, "-m", "kubelite", "up", "--nodes", "2", "--kubeconfig", str(path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready")
        yield path
        process.terminate()
        process.wait()


@pytest.fixture
async def cluster(kubeconfig):
    async with kubelite.Cluster.connect(kubeconfig) as running:
        yield running


@pytest.fixture
async def space(cluster, request):
    """The cluster in a namespace of the test's own."""
    name = request.node.name.replace("_", "-")[:50].strip("-")
    await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    await cluster.wait_for("serviceaccount/default", "exists", namespace=name)
    yield cluster.in_namespace(name)
    await cluster.delete("namespace", name)


async def test_requests_go_through_services_to_pods_in_turns(space):
    await space.apply(WEB)
    await space.wait_for("deployment/web")
    names = set()
    async with space.http() as http:
        for host in ("web", "web", f"web.{space.namespace}.svc.cluster.local", *await space.resolve("web")):
            async with http.get(f"http://{host}/hostname", headers={"Connection": "close"}) as answer:
                names.add(await answer.text())
        async with http.post("http://web/echo?msg=" + "x" * 3000, data=b"x" * 300_000) as answer:
            assert len(await answer.read()) == 3000
    pods = await space.get("pods", selector="app=web")
    assert names == {each["metadata"]["name"] for each in pods}
    name = pods[0]["metadata"]["name"]
    async with space.http(name) as http, http.get("http://localhost:8080/hostname") as answer:
        assert await answer.text() == name


async def test_what_is_not_there_cannot_be_reached(space):
    await space.apply(WEB.replace("replicas: 2", "replicas: 0"))
    async with space.http() as http:
        for url in ("http://nobody/", "http://web/", "http://web:81/"):
            with pytest.raises(OSError, match="not known|no ready pod|no port 81"):
                await http.get(url)


async def test_a_service_is_ready_when_a_pod_of_it_is(space):
    manifest = WEB.replace("replicas: 2", "replicas: 0")
    await space.apply(manifest)
    with pytest.raises(kubelite.WaitTimeout, match="it has no endpoints: no pod with app=web is ready"):
        await space.wait_for("service/web", timeout=0.3)
    await space.apply(WEB)
    await space.wait_for("service/web")
    assert [pod for pod in await space.get("pods") if pod["status"]["phase"] == "Running"]


async def test_a_program_in_a_pod_connects_as_its_service_account(kubeconfig, tmp_path, monkeypatch):
    told = json.loads(kubeconfig.read_text())
    entry = told["clusters"][0]["cluster"]
    host, port = entry["server"].removeprefix("https://").split(":")
    (tmp_path / "ca.crt").write_bytes(base64.b64decode(entry["certificate-authority-data"]))
    (tmp_path / "token").write_text(told["users"][0]["user"]["token"])
    (tmp_path / "namespace").write_text("kube-system")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    with pytest.raises(FileNotFoundError, match="no kubeconfig, and this is no pod"):
        await kubelite.Cluster.connect().start()
    monkeypatch.setattr(incluster, "FOLDER", tmp_path)
    async with kubelite.Cluster.connect() as cluster:
        assert cluster.namespace == "kube-system"
        assert (await cluster.get("service", "kube-dns"))["spec"]["clusterIP"]
        path = cluster.kubeconfig
        written = json.loads(path.read_text())
    assert written["users"][0]["user"] == {"tokenFile": str(tmp_path / "token")}
    assert not path.exists()


async def test_logs_and_commands(space):
    await space.apply(WEB)
    await space.wait_for("deployment/web")
    pod = (await space.get("pods", selector="app=web"))[0]["metadata"]["name"]
    assert "Started HTTP server" in await space.logs(pod)
    done = await space.exec(pod, "echo out; echo err >&2; exit 3")
    assert (done.exit_code, done.stdout, done.stderr) == (3, "out\n", "err\n")
    assert (await space.exec(pod, ["cat"], stdin=b"abc")).stdout == "abc"
    with pytest.raises(kubelite.NotFound, match="nobody"):
        await space.exec("nobody", "true")
    with pytest.raises(kubelite.APIError, match="other"):
        await space.logs(pod, container="other")


async def test_objects_scale_and_go(space):
    await space.apply(WEB)
    await space.scale("deployment/web", 1)
    await space.wait_for("deployment/web", "jsonpath={.status.replicas}=1")
    waiting = asyncio.ensure_future(space.wait_for("pods", "deleted", selector="app=web"))
    await space.delete("deployment", "web")
    await waiting
    with pytest.raises(kubelite.NotFound):
        await space.get("deployment", "web")
    with pytest.raises(kubelite.APIError, match="unknown field"):
        await space.apply(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"containerz": []}}
        )


async def test_kinds_that_come_later_are_found(cluster):
    await cluster.apply(DEFINITION)
    await cluster.wait_for("crd/lamps.example.com")
    await cluster.apply({"apiVersion": "example.com/v1", "kind": "Lamp", "metadata": {"name": "desk"}})
    assert (await cluster.get("lamp/desk"))["kind"] == "Lamp"
    await cluster.delete("crd", "lamps.example.com")


async def test_a_wait_in_vain_says_why_and_what_to_try(space):
    with pytest.raises(kubelite.WaitTimeout, match=r"pod/web .* was not ready .* it does not exist"):
        await space.wait_for("pod/web", timeout=0.2)
    pod = {"containers": [{"name": "c", "image": "nobody/no:1"}]}
    await space.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bad"}, "spec": pod})
    await space.wait_for("pod/bad", "jsonpath={.status.containerStatuses[0].state.waiting}")
    with pytest.raises(kubelite.WaitTimeout) as caught:
        await space.wait_for("pod/bad", timeout=0.2)
    assert "Warning Failed pod/bad: Failed to pull image" in str(caught.value)
    assert "the image's spelling" in str(caught.value)


async def test_what_only_a_cluster_here_has_is_unsupported(cluster):
    for name in ("images", "seed", "fail_node", "metrics", "faults"):
        with pytest.raises(Unsupported, match=f"no '{name}'"):
            getattr(cluster, name)
    with pytest.raises(Unsupported, match="cannot be moved"):
        await cluster.clock.advance(5)


def test_the_blocking_twin_has_the_same_methods(kubeconfig):
    with kubelite.BlockingCluster.connect(kubeconfig, context="kubelite") as cluster:
        assert len(cluster.get("nodes")) == 2
        assert cluster.in_namespace("kube-system").get("service", "kube-dns")["kind"] == "Service"
        assert cluster.url.startswith("https://")
    with pytest.raises(ValueError, match=r"no context named 'other'; there are kubelite"):
        kubelite.BlockingCluster.connect(kubeconfig, context="other")


BOTH = f"""
import pytest
WEB = '''{WEB}'''

async def test_same(kubelite_cluster):
    await kubelite_cluster.apply(WEB)
    await kubelite_cluster.wait_for("deployment/web", "ready")
    pod = (await kubelite_cluster.get("pods", selector="app=web"))[0]["metadata"]["name"]
    assert (await kubelite_cluster.exec(pod, ["hostname"])).stdout.strip() == pod
    async with kubelite_cluster.http() as http, http.get("http://web/hostname") as answer:
        assert (await answer.text()).startswith("web-")

@pytest.mark.asyncio(loop_scope="module")
async def test_module(kubelite_cluster_module, kubelite_namespace):
    cluster = kubelite_cluster_module.in_namespace(kubelite_namespace)
    await cluster.apply(WEB)
    await cluster.wait_for("deployment/web")

@pytest.mark.kubelite(nodes=2)
def test_blocking(kubelite_cluster_sync):
    kubelite_cluster_sync.apply(WEB)
    kubelite_cluster_sync.wait_for("deployment/web")
    assert kubelite_cluster_sync.http("http://web/hostname")[0] == 200

@pytest.mark.kubelite(virtual_time=True)
async def test_time(kubelite_cluster): ...

async def test_images(kubelite_cluster):
    kubelite_cluster.images["shop:1"] = lambda: None

@pytest.mark.kubelite(nodes=50, max_pods=1)
async def test_size(kubelite_cluster): ...

@pytest.mark.kubelite(nodes=5)
async def test_nodes(kubelite_cluster): ...

async def test_fails(kubelite_cluster):
    await kubelite_cluster.apply(WEB)
    await kubelite_cluster.wait_for("pods", selector="app=web")
    assert False
"""


def test_a_test_suite_runs_on_kubelite_and_on_any_cluster(kubeconfig, tmp_path):
    file = tmp_path / "test_both.py"
    file.write_text(BOTH)
    answers = []
    for target in ("kubelite", "kubeconfig:kubelite"):
        plugin = () if _installed() else ("-p", "kubelite.pytest_plugin")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *plugin, "-p", "no:randomly", "-p", "no:schemathesis", "-rs"]
            + ["-W", "error", "-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"]
            + ["--kubelite-target", target, "--rootdir", str(tmp_path), str(file)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "KUBECONFIG": str(kubeconfig)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        answers.append(done.stdout + done.stderr)
    here, there = answers
    assert "1 failed, 7 passed" in here, here
    assert "1 failed, 3 passed, 4 skipped" in there, there
    for words in ("needs virtual time", "cannot run programs of this process", "(max_pods)", "needs 5 nodes"):
        assert words in there
    for text in answers:
        assert "kubelite_cluster, as it was" in text
        assert "log of " in text


def _installed():
    from importlib.metadata import entry_points

    return any(each.value == "kubelite.pytest_plugin" for each in entry_points(group="pytest11"))
