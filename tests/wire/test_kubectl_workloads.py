"""kubectl and what it does with workloads: rollouts, autoscalers, Jobs, drains and taints, deletions."""

from __future__ import annotations

import re
import subprocess

import pytest

import kubelite

pytestmark = [pytest.mark.kubectls(2), pytest.mark.timeout(60)]

ROLLED_OUT = 'deployment "web" successfully rolled out\n'


@pytest.fixture(scope="module")
def cluster():
    """Its autoscalers look more often than every 15 s."""
    with kubelite.start(nodes=3, autoscaler_period_s=0.2) as running:
        yield running


def deploy(kubectl, replicas=2, image="nginx"):
    kubectl("create", "deployment", "web", f"--image={image}", f"--replicas={replicas}")
    rolled_out(kubectl)


def rolled_out(kubectl):
    status = kubectl("rollout", "status", "deployment/web", "--timeout=20s")
    assert status.endswith(ROLLED_OUT)
    return status


def revisions(kubectl, what="deployment/web"):
    lines = kubectl("rollout", "history", what).splitlines()[2:]
    return [int(line.split()[0]) for line in lines if line]


def container(kubectl, kind="deployment", name="web"):
    return kubectl.json("get", kind, name)["spec"]["template"]["spec"]["containers"][0]


def test_a_rollout_forth_and_back(kubectl):
    deploy(kubectl)
    assert (
        kubectl("set", "image", "deployment/web", "nginx=nginx:1.27") == "deployment.apps/web image updated\n"
    )
    rolled_out(kubectl)
    kubectl("annotate", "deployment/web", "kubernetes.io/change-cause=newer")
    history = kubectl("rollout", "history", "deployment/web")
    assert history.splitlines()[1].split() == ["REVISION", "CHANGE-CAUSE"]
    assert history.splitlines()[3].split() == ["2", "newer"]
    details = kubectl("rollout", "history", "deployment/web", "--revision=2")
    assert re.search(r"Image:\s+nginx:1.27\n", details)
    assert kubectl("rollout", "undo", "deployment/web") == "deployment.apps/web rolled back\n"
    rolled_out(kubectl)
    assert container(kubectl)["image"] == "nginx"
    assert revisions(kubectl) == [2, 3]
    assert "skipped rollback" in kubectl("rollout", "undo", "deployment/web", "--to-revision=3")
    assert "unable to find specified revision 9" in kubectl.fails(
        "rollout", "undo", "deployment/web", "--to-revision=9"
    )
    kubectl("rollout", "undo", "deployment/web", "--to-revision=2")
    rolled_out(kubectl)
    assert container(kubectl)["image"] == "nginx:1.27"
    assert revisions(kubectl) == [3, 4]


def test_a_paused_rollout_goes_on_when_it_is_resumed(kubectl):
    deploy(kubectl)
    kubectl("set", "image", "deployment/web", "nginx=nginx:1.27")
    rolled_out(kubectl)
    assert kubectl("rollout", "pause", "deployment/web") == "deployment.apps/web paused\n"
    assert "already paused" in kubectl.fails("rollout", "pause", "deployment/web")
    kubectl("set", "env", "deployment/web", "COLOUR=red")
    limits = ("--limits=cpu=200m,memory=64Mi", "--requests=cpu=100m")
    assert kubectl("set", "resources", "deployment/web", *limits).endswith("resource requirements updated\n")
    with kubectl.following("rollout", "status", "deployment/web") as lines:
        assert "0 out of 2 new replicas have been updated..." in next(lines)
    assert "cannot rollback a paused deployment" in kubectl.fails("rollout", "undo", "deployment/web")
    assert revisions(kubectl) == [1, 2]
    assert kubectl("rollout", "resume", "deployment/web") == "deployment.apps/web resumed\n"
    rolled_out(kubectl)
    made = container(kubectl)
    assert made["env"] == [{"name": "COLOUR", "value": "red"}]
    assert made["resources"]["requests"] == {"cpu": "100m"}
    assert kubectl("set", "env", "deployment/web", "--list").splitlines()[1:] == ["COLOUR=red"]
    before = set(kubectl("get", "rs", "-o", "name").split())
    assert kubectl("rollout", "restart", "deployment/web") == "deployment.apps/web restarted\n"
    rolled_out(kubectl)
    (new,) = set(kubectl("get", "rs", "-o", "name").split()) - before
    annotations = kubectl.json("get", new)["spec"]["template"]["metadata"]["annotations"]
    assert list(annotations) == ["kubectl.kubernetes.io/restartedAt"]


@pytest.mark.kubectls(1)
def test_a_rollout_that_does_not_get_on(kubectl):
    deploy(kubectl)
    patch = '{"spec": {"progressDeadlineSeconds": 1, "minReadySeconds": 0}}'
    kubectl("patch", "deployment", "web", "-p", patch)
    kubectl("set", "image", "deployment/web", "nginx=no/such:image")
    stuck = kubectl.run("rollout", "status", "deployment/web", "--timeout=20s")
    assert stuck.stderr == 'error: deployment "web" exceeded its progress deadline\n'
    assert re.search(
        r"Progressing +False +ProgressDeadlineExceeded\n", kubectl("describe", "deployment", "web")
    )


def test_stateful_sets_and_daemon_sets_roll_out(kubectl):
    labels = {"app": "db"}
    pod = {"terminationGracePeriodSeconds": 0, "containers": [{"name": "c", "image": "nginx"}]}
    spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
    stateful = {"replicas": 2, "serviceName": "db", **spec}
    for kind, given in (("StatefulSet", stateful), ("DaemonSet", spec)):
        made = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "db"}, "spec": given}
        kubectl("create", "-f", "-", stdin=made)
        what = f"{kind.lower()}/db"
        kubectl("rollout", "status", what, "--timeout=20s")
        kubectl("set", "image", what, "c=nginx:1.27")
        status = kubectl("rollout", "status", what, "--timeout=20s")
        done = (
            "partitioned roll out complete: 2 new pods have been updated..."
            if kind == "StatefulSet"
            else 'daemon set "db" successfully rolled out'
        )
        assert done in status
        assert revisions(kubectl, what) == [1, 2]
        kubectl("rollout", "undo", what)
        kubectl("rollout", "status", what, "--timeout=20s")
        assert container(kubectl, kind, "db")["image"] == "nginx"
        kubectl("delete", what, "--wait=false")


def test_an_autoscaler_follows_what_is_known(kubectl, cluster):
    deploy(kubectl)
    kubectl("set", "resources", "deployment/web", "--requests=cpu=100m")
    rolled_out(kubectl)
    percent = "--cpu=50%" if kubectl.version >= (1, 34) else "--cpu-percent=50"
    made = kubectl("autoscale", "deployment", "web", "--min=1", "--max=3", percent)
    assert made == "horizontalpodautoscaler.autoscaling/web autoscaled\n"
    kubectl("wait", "--for=condition=ScalingActive=False", "hpa/web", "--timeout=20s")
    row = kubectl("get", "hpa", "web", "--no-headers")
    assert re.fullmatch(r"web +Deployment/web +(cpu: )?<unknown>/50% +1 +3 +2 +\S+\n", row)
    described = kubectl("describe", "hpa", "web")
    assert re.search(r"resource cpu on pods +\(as a percentage of request\): +<unknown> / 50%\n", described)
    assert re.search(r"ScalingActive +False +FailedGetResourceMetric +the HPA was unable to", described)
    assert re.search(
        r"Warning +FailedGetResourceMetric .* horizontal-pod-autoscaler +failed to get", described
    )
    cluster.metrics.set_pod_usage("app=web", namespace=kubectl.namespace, cpu="80m")
    kubectl("wait", "--for=jsonpath={.status.currentReplicas}=3", "hpa/web", "--timeout=20s")
    rolled_out(kubectl)
    described = kubectl("describe", "hpa", "web")
    assert re.search(r"\(as a percentage of request\): +80% \(80m\) / 50%\n", described)
    assert re.search(r"Deployment pods: +3 current / 3 desired\n", described)
    size = r"New size: 3; reason: cpu resource utilization \(percentage of request\) above target"
    assert re.search(rf"Normal +SuccessfulRescale .* horizontal-pod-autoscaler +{size}\n", described)


def test_top(kubectl, cluster):
    pod = {"app": "top"}
    kubectl("run", "top", "--image=nginx", "--labels=app=top")
    kubectl("wait", "--for=condition=Ready", "pod/top", "--timeout=20s")
    cluster.metrics.set_pod_usage(pod, namespace=kubectl.namespace, cpu="250m", memory="64Mi")
    lines = kubectl("top", "pods").splitlines()
    assert [line.split() for line in lines] == [
        ["NAME", "CPU(cores)", "MEMORY(bytes)"],
        ["top", "250m", "64Mi"],
    ]
    node = kubectl("get", "pod", "top", "-o", "jsonpath={.spec.nodeName}")
    row = kubectl("top", "node", node, "--no-headers").split()
    assert row[0] == node
    assert int(row[1].removesuffix("m")) >= 250
    row = kubectl("get", "pods.metrics.k8s.io", "--no-headers").split()
    assert row == ["top", "250m", "64Mi", "0s"]
    cluster.metrics.set_pod_usage(pod, namespace=kubectl.namespace, cpu=None, memory=None)


def test_jobs(kubectl):
    kubectl("create", "cronjob", "often", "--image=busybox", "--schedule=0 0 1 1 *", "--", "echo", "hello")
    assert kubectl("create", "job", "now", "--from=cronjob/often") == "job.batch/now created\n"
    kubectl("create", "job", "once", "--image=busybox", "--", "sh", "-c", "echo once")
    done = kubectl("wait", "--for=condition=complete", "job/now", "job/once", "--timeout=20s")
    assert done == "job.batch/now condition met\njob.batch/once condition met\n"
    assert kubectl("logs", "job/now") == "hello\n"
    described = kubectl("describe", "job", "now")
    owner = kubectl.json("get", "job", "now")["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["name"]) == ("CronJob", "often")
    assert re.search(r"Pods Statuses: +0 Active \(0 Ready\) / 1 Succeeded / 0 Failed\n", described)
    assert re.search(r"cronjob.kubernetes.io/instantiate: manual\n", described)
    assert re.search(r"Normal +Completed .* Job completed\n", described)
    described = kubectl("describe", "cronjob", "often")
    assert re.search(r"Schedule: +0 0 1 1 \*\n", described)
    assert re.search(r"Last Schedule Time: +<unset>\n", described)
    kubectl("create", "job", "fails", "--image=busybox", "--", "sh", "-c", "exit 1")
    kubectl("patch", "job", "fails", "-p", '{"spec": {"activeDeadlineSeconds": 1}}')
    kubectl("wait", "--for=condition=failed", "job/fails", "--timeout=20s")
    assert re.search(r"Warning +DeadlineExceeded", kubectl("describe", "job", "fails"))
    kubectl("delete", "cronjob", "often")
    kubectl("wait", "--for=delete", "job/now", "--timeout=20s")


def test_a_drain_waits_for_a_budget(kubectl, cluster):
    """The last pod may not go until another one runs elsewhere."""
    deploy(kubectl, 1)
    kubectl("create", "pdb", "web", "--selector=app=web", "--max-unavailable=0")
    kubectl("label", "pods", "--all", f"test={kubectl.namespace}")
    (pod,) = kubectl("get", "pods", "-o", "jsonpath={.items[*].metadata.name}").split()
    node = kubectl("get", "pod", pod, "-o", "jsonpath={.spec.nodeName}")
    kubectl("wait", "--for=jsonpath={.status.expectedPods}=1", "pdb/web", "--timeout=20s")
    only = ("drain", node, f"--pod-selector=test={kubectl.namespace}", "--grace-period=1")
    again = f'error when evicting pods/"{pod}" -n "{kubectl.namespace}" (will retry after 5s): '
    try:
        with kubectl.following(*only, stderr=subprocess.STDOUT) as lines:  # and no wait for the five seconds
            assert next(lines) == f"node/{node} cordoned\n"
            refused = next(line for line in lines if line.startswith("error"))
            assert refused == again + "Cannot evict pod as it would violate the pod's disruption budget.\n"
        kubectl("patch", "pdb", "web", "-p", '{"spec": {"maxUnavailable": 1}}')
        kubectl("wait", "--for=jsonpath={.status.disruptionsAllowed}=1", "pdb/web", "--timeout=20s")
        drained = kubectl(*only, "--timeout=20s").splitlines()
        assert drained[-3:] == [
            f"evicting pod {kubectl.namespace}/{pod}",
            f"pod/{pod} evicted",
            f"node/{node} drained",
        ]
    finally:
        kubectl("uncordon", node)
    rolled_out(kubectl)


def test_taints_keep_pods_away(kubectl):
    key = f"{kubectl.namespace}.example.com/only"
    assert kubectl("taint", "nodes", "--all", f"{key}=yes:NoSchedule").count("tainted\n") == 3
    try:
        complaint = kubectl.fails("taint", "nodes", "node-1", f"{key}=no:NoSchedule")
        assert "already has" in complaint
        kubectl("run", "stays", "--image=nginx")
        kubectl("wait", "--for=condition=PodScheduled=false", "pod/stays", "--timeout=20s")
        problem = "0/3 nodes are available: 3 node(s) had untolerated taint(s)."
        assert problem in kubectl("describe", "pod", "stays") or key in kubectl("describe", "pod", "stays")
        assert re.search(rf"Taints: +{key}=yes:NoSchedule\n", kubectl("describe", "node", "node-1"))
    finally:
        assert kubectl("taint", "nodes", "--all", f"{key}-").count("untainted\n") == 3
    kubectl("wait", "--for=condition=Ready", "pod/stays", "--timeout=20s")
    assert "not found" in kubectl.fails("taint", "nodes", "node-1", f"{key}-")


@pytest.mark.parametrize("cascade", ["background", "foreground", "orphan"])
def test_deletions_cascade(kubectl, cascade):
    deploy(kubectl)
    kubectl("delete", "deployment", "web", f"--cascade={cascade}", "--timeout=20s")
    if cascade == "orphan":
        (row,) = kubectl("get", "rs", "--no-headers").splitlines()
        assert row.split()[1:4] == ["2", "2", "2"]
        assert "ownerReferences" not in kubectl.json("get", "rs")["items"][0]["metadata"]
        kubectl("delete", "rs", "-l", "app=web", "--cascade=foreground", "--timeout=20s")
    kubectl("wait", "--for=delete", "rs,pods", "-l", "app=web", "--timeout=20s")
    assert kubectl("get", "rs,pods", "-o", "name") == ""
