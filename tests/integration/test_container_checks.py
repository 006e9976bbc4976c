"""gRPC probes, users of containers and their volumes, in a whole cluster."""

from __future__ import annotations

import pytest

import kubelite
from kubelite.api.resources import PODS
from kubelite.runtime import VirtualClock

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.47"


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=1, clock=VirtualClock(), seed=1) as running:
        yield running


def pod(name, image, args=None, *, container=None, **spec):
    only = {"name": "c", "image": image, **({"args": args} if args else {}), **(container or {})}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [only], **spec},
    }


def probe(port, **fields):
    return {"livenessProbe": {"grpc": {"port": port, **fields}, "periodSeconds": 1, "failureThreshold": 1}}


def state_of(pod, container):
    [status] = [each for each in pod["status"]["containerStatuses"] if each["name"] == container]
    return status["state"]


async def restarts(cluster, name):
    return (await cluster.get("pod", name))["status"]["containerStatuses"][0]["restartCount"]


async def unhealthy(cluster, name):
    events = await cluster.get("events")
    return {
        each["message"]
        for each in events
        if each["reason"] == "Unhealthy" and each["involvedObject"]["name"] == name
    }


async def test_grpc_probes_restart_what_does_not_serve(cluster):
    server = ["grpc-health-checking"]
    await cluster.apply(pod("well", AGNHOST, server, container=probe(5000)))
    await cluster.apply(pod("deaf", AGNHOST, server, container=probe(2333)))
    await cluster.apply(pod("ill", AGNHOST, [*server, "--delay-unhealthy-sec=5"], container=probe(5000)))
    await cluster.apply(pod("strange", AGNHOST, server, container=probe(5000, service="absent")))
    await cluster.apply(pod("http", "nginx", container=probe(80)))
    await cluster.clock.sleep(30)
    assert await restarts(cluster, "well") == 0
    for name in ("deaf", "ill", "strange", "http"):
        assert await restarts(cluster, name) > 0
    (deaf,) = await unhealthy(cluster, "deaf")
    assert "timeout: failed to connect service" in deaf
    assert await unhealthy(cluster, "ill") == {
        'Liveness probe failed: service unhealthy (responded with "NOT_SERVING")'
    }


async def test_containers_run_as_their_security_context_says(cluster):
    script = "id; test -r /v/token && echo read; touch /no || echo no; touch /v2/f; stat -c %u:%g /v2/f"
    volumes = [
        {"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
        {"name": "v2", "emptyDir": {}},
    ]
    mounts = [{"name": "v", "mountPath": "/v"}, {"name": "v2", "mountPath": "/v2"}]
    await cluster.apply(
        pod(
            "p",
            "busybox",
            container={"command": ["sh", "-c", script], "volumeMounts": mounts},
            restartPolicy="Never",
            securityContext={"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000},
            volumes=volumes,
        )
    )
    await cluster.wait_for("pod/p", "jsonpath=.status.phase=Succeeded")
    lines = (await cluster.logs("p")).splitlines()
    assert lines[:2] == ["uid=1000 gid=3000 groups=3000,2000", "read"]
    assert lines[2:] == ["touch: /no: Permission denied", "no", "1000:2000"]


async def test_who_must_not_be_root_does_not_start_as_root(cluster):
    await cluster.apply(pod("p", "busybox", securityContext={"runAsNonRoot": True}))
    found = await cluster.wait_for(
        "pod/p", "jsonpath=.status.containerStatuses[0].state.waiting.reason=CreateContainerConfigError"
    )
    message = found["status"]["containerStatuses"][0]["state"]["waiting"]["message"]
    assert message.startswith("container has runAsNonRoot and image will run as root (pod: ")


async def test_a_pod_with_a_setting_that_is_not_safe_is_refused(cluster):
    await cluster.apply(
        pod("p", "busybox", securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]})
    )
    found = await cluster.wait_for("pod/p", "jsonpath=.status.reason=SysctlForbidden")
    assert found["status"]["phase"] == "Failed"
    assert found["status"]["message"] == 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted'


async def test_host_network_shows_the_hosts_of_the_node(cluster):
    await cluster.apply(
        pod("p", "busybox", container={"command": ["sleep", "inf"]}, hostNetwork=True,
            hostAliases=[{"ip": "1.2.3.4", "hostnames": ["a", "b"]}])
    )  # fmt: skip
    await cluster.wait_for("pod/p", "ready")
    text = (await cluster.exec("p", ["cat", "/etc/hosts"])).stdout
    assert text.startswith("# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n")
    assert "\tnode-1\n" in text
    assert text.endswith("\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n")


async def test_an_image_volume_shows_the_files_of_an_image(cluster):
    volume = {"name": "v", "image": {"reference": "registry.k8s.io/e2e-test-images/kitten:1.8"}}
    command = ["sh", "-c", "cat /v/data.json /v/etc/os-release; touch /v/x || sleep inf"]
    container = {"command": command, "volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    await cluster.apply(pod("p", "busybox", container=container, volumes=[volume]))
    await cluster.wait_for("pod/p", "ready")
    text = await cluster.logs("p")
    assert '"image": "kitten.jpg"' in text
    assert "Alpine Linux" in text
    assert "touch: /v/x: Read-only file system" in text


async def test_a_container_waits_for_the_image_of_its_volume(cluster):
    async def idle(container):
        await container.terminating.wait()

    volume = {"name": "v", "image": {"reference": "data:1"}}
    mounting = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    made = pod("p", "busybox", container={"command": ["sleep", "inf"], **mounting}, volumes=[volume])
    made["spec"]["containers"].append({"name": "other", "image": "pause"})
    await cluster.apply(made)
    await cluster.wait_for("pod/p", lambda each: "running" in state_of(each, "other"))
    held = await cluster.wait_for(
        "pod/p", lambda each: state_of(each, "c")["waiting"]["reason"] == "ImagePullBackOff"
    )
    message = state_of(held, "c")["waiting"]["message"]
    assert message.startswith(
        'Back-off pulling image "data:1": ErrImagePull: rpc error: code = NotFound desc = '
    )
    told = [
        (event["reason"], event["involvedObject"].get("fieldPath")) for event in await cluster.get("events")
    ]
    assert ("BackOff", None) in told
    assert ("Failed", "spec.containers{c}") in told
    assert "FailedMount" not in {reason for reason, _ in told}
    cluster.images["data:1"] = idle
    await cluster.wait_for("pod/p", "ready", timeout=60)


async def test_limits_in_the_cgroup_follow_a_resize(cluster):
    def resources(cpu):
        return {"limits": {"cpu": cpu, "memory": "64Mi"}, "requests": {"cpu": cpu, "memory": "64Mi"}}

    command = ["sleep", "inf"]
    await cluster.apply(pod("p", "busybox", container={"command": command, "resources": resources("100m")}))
    await cluster.wait_for("pod/p", "ready")
    read = ["cat", "/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/memory.max"]
    assert (await cluster.exec("p", read)).stdout == "10000 100000\n67108864\n"
    change = {"spec": {"containers": [{"name": "c", "resources": resources("200m")}]}}
    await cluster.client.patch(PODS, "p", change, "default", patch_type="strategic", subresource="resize")
    await cluster.wait_for("pod/p", "jsonpath=.status.containerStatuses[0].allocatedResources.cpu=200m")
    assert (await cluster.exec("p", read)).stdout == "20000 100000\n67108864\n"


async def test_web_servers_serve_without_being_root_or_writing_to_their_image(cluster):
    root = {"securityContext": {"readOnlyRootFilesystem": True}}
    await cluster.apply(
        pod("p", "nginxinc/nginx-unprivileged", container=root, securityContext={"runAsUser": 101})
    )
    await cluster.apply(
        pod("q", "kubernetes-bootcamp:v1", container=root, securityContext={"runAsUser": 1000})
    )
    pages = {"p": "/usr/share/nginx/html/index.html", "q": "server.js"}
    for name, page in pages.items():
        await cluster.wait_for(f"pod/{name}", "ready")
        assert (await cluster.exec(name, ["head", "-n", "1", page])).stdout


async def test_programs_of_ones_own_write_wherever_they_want_whoever_they_are(cluster):
    async def main(container):
        container.files.write("/state", "1")
        container.files.mkdir("/etc/app")
        container.log(str(container.files.user.uid))

    cluster.images["mine"] = main
    context = {"runAsUser": 1000, "runAsNonRoot": True}
    await cluster.apply(pod("p", "mine", securityContext=context, restartPolicy="Never"))
    await cluster.wait_for("pod/p", "jsonpath=.status.phase=Succeeded")
    assert await cluster.logs("p") == "1000\n"
