"""Kubernetes' own tutorials "Hello Minikube" and "Kubernetes Basics", command for command.

minikube's own commands, port-forward and top aside.
"""

from __future__ import annotations

import json
import re
import urllib.request

import pytest

from tests.wire.kubectl import COMMAND_TIMEOUT_S

pytestmark = [pytest.mark.kubectls(2), pytest.mark.timeout(60)]

APP = "kubernetes-bootcamp"
V1, V2 = f"gcr.io/google-samples/{APP}:v1", f"docker.io/jocatalin/{APP}:v2"
V10 = f"gcr.io/google-samples/{APP}:v10"
NAMES = '{{range .items}}{{.metadata.name}}{{"\\n"}}{{end}}'


def fetch(url):
    with urllib.request.urlopen(url, timeout=COMMAND_TIMEOUT_S) as answer:
        return answer.read().decode()


def rows(table):
    """The lines of a table below its heads, as words."""
    return [line.split() for line in table.splitlines()[1:]]


def backs_off(pod):
    waiting = [each["state"].get("waiting", {}) for each in pod["status"].get("containerStatuses", ())]
    return "ImagePullBackOff" in [state.get("reason") for state in waiting]


@pytest.fixture
def node_url(cluster, kubectl):
    """What the tutorials ask of the node port of a Service, once it can be reached."""

    def url(service=APP):
        cluster.wait_for(f"svc/{service}", namespace=kubectl.namespace)
        port = kubectl("get", f"services/{service}", "-o", "go-template={{(index .spec.ports 0).nodePort}}")
        node = cluster.get("nodes")[0]["status"]["addresses"][0]["address"]
        return f"http://{node}:{port}"

    return url


@pytest.fixture
def bootcamp(kubectl):
    """The application is deployed."""

    def deployed(replicas=1):
        kubectl("create", "deployment", APP, f"--image={V1}", f"--replicas={replicas}")
        kubectl("rollout", "status", f"deployment/{APP}", "--timeout=20s")
        return kubectl("get", "pods", "-o", "go-template", "--template", NAMES).split()

    return deployed


def test_hello_minikube(kubectl, cluster, node_url):
    image = "registry.k8s.io/e2e-test-images/agnhost:2.53"
    command = ("--", "/agnhost", "netexec", "--http-port=8080")
    made = kubectl("create", "deployment", "hello-node", f"--image={image}", *command)
    assert made == "deployment.apps/hello-node created\n"
    kubectl("rollout", "status", "deployment/hello-node", "--timeout=20s")
    (row,) = rows(kubectl("get", "deployments"))
    assert row[:4] == ["hello-node", "1/1", "1", "1"]
    (row,) = rows(kubectl("get", "pods"))
    assert row[1:4] == ["1/1", "Running", "0"]
    pod = row[0]
    assert re.fullmatch(r"hello-node-[0-9a-f]{8,10}-[a-z0-9]{5}", pod)
    events = kubectl("get", "events")
    assert f"Created pod: {pod}" in events
    assert "Container started" in events
    assert "current-context:" in kubectl("config", "view")
    lines = kubectl("logs", pod).splitlines()
    stamp = r"I\d{4} \d\d:\d\d:\d\d\.\d{6}       1 log\.go:\d+\] "
    assert re.fullmatch(stamp + "Started HTTP server on port 8080", lines[0])
    assert re.fullmatch(stamp + "Started UDP server on port  8081", lines[1])
    exposed = kubectl("expose", "deployment", "hello-node", "--type=LoadBalancer", "--port=8080")
    assert exposed == "service/hello-node exposed\n"
    (row,) = rows(kubectl("get", "services"))
    assert row[:2] == ["hello-node", "LoadBalancer"]
    assert re.fullmatch(r"8080:3\d{4}/TCP", row[4])
    assert fetch(node_url("hello-node")).startswith("NOW: ")
    assert "service/kube-dns" in kubectl("get", "pod,svc", "-n", "kube-system")
    assert 'service "hello-node" deleted' in kubectl("delete", "service", "hello-node")
    assert 'deployment.apps "hello-node" deleted' in kubectl("delete", "deployment", "hello-node")


def test_basics_deploy_and_explore(kubectl, bootcamp):
    assert all(row[1] == "Ready" for row in rows(kubectl("get", "nodes")))
    (pod,) = bootcamp()
    (row,) = rows(kubectl("get", "deployments"))
    assert row[:4] == [APP, "1/1", "1", "1"]
    hello = f"Hello Kubernetes bootcamp! | Running on: {pod} | v=1\n"
    with kubectl.following("proxy", "--port=0") as lines:
        local = "http://" + re.search(r"Starting to serve on (\S+)", next(lines))[1]
        assert json.loads(fetch(f"{local}/version"))["gitVersion"].startswith("v1.36")
        path = f"/api/v1/namespaces/{kubectl.namespace}/pods/{pod}:8080/proxy/"
        assert fetch(local + path) == hello
    described = kubectl("describe", "pods")
    assert re.search(rf"Image: +{V1}\n", described)
    assert re.search(r"Status: +Running\n", described)
    started, _, requested = kubectl("logs", pod).splitlines()
    assert re.fullmatch(rf"Kubernetes Bootcamp App Started At: \S+Z \| Running On:  {pod} ", started)
    assert requested.startswith(f"Running On: {pod} | Total Requests: 1 | App Uptime: ")
    environment = kubectl("exec", pod, "--", "env").splitlines()
    assert f"HOSTNAME={pod}" in environment
    assert "HOME=/root" in environment
    console = kubectl(
        "exec", "-i", pod, "--", "bash", stdin="cat server.js\ncurl http://localhost:8080\nexit\n"
    )
    assert "require('http')" in console
    assert console.endswith(hello)


def test_basics_expose(kubectl, bootcamp, node_url):
    (pod,) = bootcamp()
    assert "No resources found" in kubectl.run("get", "services").stderr
    exposed = kubectl("expose", f"deployment/{APP}", "--type=NodePort", "--port", "8080")
    assert exposed == f"service/{APP} exposed\n"
    (row,) = rows(kubectl("get", "services"))
    assert row[:2] == [APP, "NodePort"]
    url = node_url()
    described = kubectl("describe", f"services/{APP}")
    assert re.search(rf"Selector: +app={APP}\n", described)
    assert re.search(r"NodePort: +<unset>  \d+/TCP\n", described)
    assert re.search(r"Endpoints: +127[0-9.]+:8080\n", described)
    assert fetch(url) == f"Hello Kubernetes bootcamp! | Running on: {pod} | v=1\n"
    assert re.search(rf"Labels: +app={APP}\n", kubectl("describe", "deployment"))
    assert rows(kubectl("get", "pods", "-l", f"app={APP}"))[0][0] == pod
    assert rows(kubectl("get", "services", "-l", f"app={APP}"))[0][0] == APP
    assert kubectl("label", "pods", pod, "version=v1") == f"pod/{pod} labeled\n"
    assert re.search(r"version=v1\n", kubectl("describe", "pods", pod))
    assert rows(kubectl("get", "pods", "-l", "version=v1"))[0][0] == pod
    kubectl("delete", "service", "-l", f"app={APP}")
    assert "No resources found" in kubectl.run("get", "services").stderr
    assert kubectl("exec", "-i", pod, "--", "curl", "http://localhost:8080").endswith(" | v=1\n")


def test_basics_scale(kubectl, bootcamp, node_url):
    bootcamp()
    kubectl("expose", f"deployment/{APP}", "--type=LoadBalancer", "--port", "8080")
    (row,) = rows(kubectl("get", "rs"))
    assert row[1:4] == ["1", "1", "1"]
    assert kubectl("scale", f"deployments/{APP}", "--replicas=4") == f"deployment.apps/{APP} scaled\n"
    kubectl("rollout", "status", f"deployments/{APP}", "--timeout=20s")
    (row,) = rows(kubectl("get", "deployments"))
    assert row[:4] == [APP, "4/4", "4", "4"]
    pods = rows(kubectl("get", "pods", "-o", "wide"))
    assert len({row[5] for row in pods}) == 4  # each with its own address
    described = kubectl("describe", f"deployments/{APP}")
    assert re.search(
        r"Replicas: +4 desired \| 4 updated \| 4 total \| 4 available \| 0 unavailable\n", described
    )
    assert re.search(r"ScalingReplicaSet .* Scaled up replica set \S+ from 1 to 4\n", described)
    assert f"<unset>  {node_url().rpartition(':')[2]}/TCP" in kubectl("describe", f"services/{APP}")
    answers = {re.search(r"Running on: (\S+) ", fetch(node_url()))[1] for _ in range(4)}
    assert answers <= {row[0] for row in pods}
    kubectl("scale", f"deployments/{APP}", "--replicas=2")
    kubectl("wait", "--for=jsonpath={.status.replicas}=2", f"deployments/{APP}", "--timeout=20s")
    (row,) = rows(kubectl("get", "deployments"))
    assert row[:4] == [APP, "2/2", "2", "2"]


def test_basics_update(kubectl, cluster, bootcamp, node_url):
    """An update to version 2, one to a version that there is not, and the way back."""
    bootcamp(4)
    kubectl("expose", f"deployment/{APP}", "--type=NodePort", "--port", "8080")
    updated = f"deployment.apps/{APP} image updated\n"
    assert kubectl("set", "image", f"deployments/{APP}", f"{APP}={V2}") == updated
    rolled = kubectl("rollout", "status", f"deployments/{APP}", "--timeout=20s")
    assert rolled.endswith(f'deployment "{APP}" successfully rolled out\n')
    cluster.wait_for("pods", namespace=kubectl.namespace, selector=f"app={APP}")  # the old ones are gone
    assert fetch(node_url()).endswith(" | v=2\n")
    assert kubectl("describe", "pods").count(f"Image:          {V2}\n") == 4
    assert kubectl("set", "image", f"deployments/{APP}", f"{APP}={V10}") == updated

    def half_way(deployment):
        return deployment["status"].get("updatedReplicas") == 2

    cluster.wait_for(f"deployment/{APP}", half_way, namespace=kubectl.namespace)
    for pod in cluster.get("pods", namespace=kubectl.namespace):
        if pod["spec"]["containers"][0]["image"] == V10:
            cluster.wait_for(f"pod/{pod['metadata']['name']}", backs_off, namespace=kubectl.namespace)
    (row,) = rows(kubectl("get", "deployments"))
    assert row[:4] == [APP, "3/4", "2", "3"]
    assert [row[2] for row in rows(kubectl("get", "pods"))].count("ImagePullBackOff") == 2
    described = kubectl("describe", "pods", "--show-events=true")
    assert f'Failed to pull image "{V10}": rpc error: code = NotFound' in described
    assert "Error: ErrImagePull" in described
    assert kubectl("rollout", "undo", f"deployments/{APP}") == f"deployment.apps/{APP} rolled back\n"
    kubectl("rollout", "status", f"deployments/{APP}", "--timeout=20s")
    assert all(row[2] == "Running" for row in rows(kubectl("get", "pods")) if row[2] != "Terminating")
    assert V10 not in kubectl("describe", f"deployments/{APP}")
    kubectl("delete", f"deployments/{APP}", f"services/{APP}", "--wait=false")
