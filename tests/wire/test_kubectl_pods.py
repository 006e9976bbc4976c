"""kubectl works with pods and nodes: run, logs, exec, wait, cordon, drain."""

from __future__ import annotations

import json
import threading

import pytest

from tests.wire.kubectl import controller


def test_run_and_logs(kubectl):
    script = "echo out; echo err >&2; exit 3"
    kubectl("run", "job", "--image=busybox", "--restart=Never", "--", "sh", "-c", script)
    kubectl("wait", "--for=jsonpath={.status.phase}=Failed", "pod/job", "--timeout=20s")
    assert sorted(kubectl("logs", "job").splitlines()) == ["err", "out"]
    assert kubectl("logs", "job", "--tail=1", "--timestamps").split()[1] in {"err", "out"}
    (status,) = kubectl.json("get", "pod", "job")["status"]["containerStatuses"]
    assert status["state"]["terminated"]["exitCode"] == 3
    assert kubectl("get", "pod", "job", "--no-headers").split()[:4] == ["job", "0/1", "Error", "0"]


def test_logs_are_followed(kubectl):
    script = "for i in 1 2 3; do echo line $i; done; sleep 3600"
    kubectl("run", "talker", "--image=busybox", "--", "sh", "-c", script)
    kubectl("wait", "--for=condition=Ready", "pod/talker", "--timeout=20s")
    with kubectl.following("logs", "-f", "talker") as lines:
        assert [next(lines).strip() for _ in range(3)] == ["line 1", "line 2", "line 3"]


def test_logs_of_a_controllers_pods(kubectl):
    kubectl.backend(2)
    assert "ready for start up" in kubectl("logs", "rc/backend")
    together = kubectl("logs", "-l", "tier=backend", "--prefix", "--tail=-1")
    assert len({line.partition("]")[0] for line in together.splitlines()}) == 2


def test_the_previous_log_and_containers_by_name(kubectl):
    containers = [
        {"name": "first", "image": "busybox", "args": ["sh", "-c", "echo from first; sleep 3600"]},
        {"name": "second", "image": "busybox", "args": ["sh", "-c", "echo from second; sleep 3600"]},
    ]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "two"}, "spec": {"containers": containers}}
    kubectl("create", "-f", "-", stdin=pod)
    kubectl("wait", "--for=condition=Ready", "pod/two", "--timeout=20s")
    assert kubectl("logs", "two", "-c", "second") == "from second\n"
    together = kubectl("logs", "two", "--all-containers").splitlines()  # in any order
    assert sorted(together) == ["from first", "from second"]
    assert "previous terminated container" in kubectl.fails("logs", "two", "-c", "first", "--previous")
    assert "not valid for pod two" in kubectl.fails("logs", "two", "-c", "third")


def test_a_frontend_reaches_the_backend_by_name(kubectl):
    kubectl.frontend()
    kubectl.backend(2)
    second = "jsonpath={.subsets[0].addresses[1].targetRef.kind}=Pod"
    kubectl("wait", f"--for={second}", "ep/backend-service", "--timeout=20s")
    page = kubectl("exec", "frontend", "--", "wget", "-qO-", "http://backend-service/")
    assert "Welcome to nginx!" in page
    assert kubectl("exec", "-i", "frontend", "--", "cat", stdin="words in\n") == "words in\n"
    done = kubectl.run("exec", "frontend", "--", "sh", "-c", "echo oops >&2; exit 7")
    assert done.returncode == 7
    assert done.stderr.splitlines() == ["oops", "command terminated with exit code 7"]
    assert "executable file not found" in kubectl.fails("exec", "frontend", "--", "nosuch")
    assert kubectl("exec", "rc/backend", "--", "hostname").startswith("backend-")


def test_wait(kubectl):
    kubectl("create", "-f", "-", stdin=controller(1))
    kubectl.await_ready(1)
    assert kubectl("wait", "--for=condition=Ready", "pods", "--all", "--timeout=20s").endswith(
        "condition met\n"
    )
    assert "timed out" in kubectl.fails("wait", "--for=condition=Nope", "rc/backend", "--timeout=0.1s")
    waiting = kubectl.following("wait", "--for=delete", "rc/backend", "--timeout=20s")
    with waiting as lines:
        kubectl("delete", "rc", "backend")
        assert list(lines) in ([], ["replicationcontroller/backend condition met\n"])


@pytest.mark.kubectls(2)
def test_cordon_drain_and_uncordon(kubectl):
    """Pods move away within a disruption budget; those with no controller need --force."""
    kubectl.backend(3)
    node = kubectl("get", "pods", "-o", "jsonpath={.items[0].spec.nodeName}")
    kubectl("create", "pdb", "budget", "--selector=tier=backend", "--max-unavailable=2")
    kubectl("label", "pods", "--all", f"test={kubectl.namespace}")
    only = f"--pod-selector=test={kubectl.namespace}"  # a drain knows no namespaces
    try:
        assert kubectl("cordon", node) == f"node/{node} cordoned\n"
        assert f"node/{node} already cordoned" in kubectl("cordon", node)
        assert "SchedulingDisabled" in kubectl("get", "node", node)
        output = kubectl("drain", node, only, "--ignore-daemonsets", "--grace-period=1", "--timeout=20s")
        assert output.endswith(f"node/{node} drained\n")
        kubectl.await_ready(3)
        nodes = kubectl("get", "pods", "-o", "jsonpath={.items[*].spec.nodeName}").split()
        assert len(nodes) >= 3
        assert node not in nodes
    finally:
        kubectl("uncordon", node)
    assert "SchedulingDisabled" not in kubectl("get", "node", node)


def test_a_drain_asks_before_it_deletes_what_nobody_replaces(kubectl):
    kubectl.frontend()
    node = kubectl("get", "pod", "frontend", "-o", "jsonpath={.spec.nodeName}")
    kubectl("label", "pod", "frontend", f"test={kubectl.namespace}")
    only = ("drain", node, f"--pod-selector=test={kubectl.namespace}", "--grace-period=0", "--timeout=20s")
    try:
        assert "no controller (use --force to override)" in kubectl.fails(*only)
        assert "pod/frontend evicted" in kubectl(*only, "--force")
    finally:
        kubectl("uncordon", node)
    assert kubectl("get", "pods", "-o", "name") == ""


@pytest.mark.kubectls(2)
def test_a_budget_stops_an_eviction(kubectl):
    kubectl.backend(1)
    kubectl("create", "pdb", "budget", "--selector=tier=backend", "--min-available=1")
    kubectl("wait", "--for=jsonpath={.status.currentHealthy}=1", "pdb/budget", "--timeout=20s")
    name = kubectl("get", "pods", "-o", "jsonpath={.items[0].metadata.name}")
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    path = f"/api/v1/namespaces/{kubectl.namespace}/pods/{name}/eviction"
    complaint = kubectl.fails("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))
    assert "Cannot evict pod as it would violate the pod's disruption budget." in complaint


@pytest.mark.kubectls(2)
def test_many_at_once(kubectl):
    """Commands of several users at the same time."""
    names = [f"pod-{number}" for number in range(4)]
    threads = [
        threading.Thread(target=kubectl, args=("run", name, "--image=busybox", "--", "sleep", "3600"))
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kubectl("wait", "--for=condition=Ready", "pods", "--all", "--timeout=20s")
    assert kubectl("get", "pods", "-o", "jsonpath={.items[*].metadata.name}").split() == names
    kubectl("delete", "pods", "--all", "--now")
    assert kubectl("get", "pods", "-o", "name") == ""
