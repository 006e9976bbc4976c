"""What a kubelet tells of itself and of its pods over HTTP: shapes, amounts, metrics, files."""

from __future__ import annotations

import pytest

from kubelite.images.inodes import Directory, File, Symlink
from kubelite.network import client_session
from kubelite.node.diskusage import Disk, disk_of
from kubelite.node.exposition import Family, Sample, exposition
from kubelite.node.usage import Amounts, UsageMeter

NANO = 10**9


def is_ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))


async def pause(container):
    container.log("begun")
    await container.terminating.wait()


@pytest.fixture
async def http(node):
    node.images["talker"] = pause
    node.machine.usage = lambda pod: {"c": {"cpu": 250, "memory": 64 * 2**20 * 1000}}
    limits = {"cpu": "500m", "memory": "128Mi"}
    probe = {"exec": {"command": ["true"]}, "periodSeconds": 1}
    container = {"name": "c", "image": "talker", "resources": {"limits": limits}, "livenessProbe": probe}
    await node.run(containers=[container], volumes=[{"name": "v", "emptyDir": {}}])
    await node.until(is_ready)
    async with client_session(node.machine.network) as session:
        session.base = f"http://{node.machine.address}:10250"
        yield session


async def get(http, path):
    async with http.get(http.base + path) as answer:
        assert answer.status == 200
        return await (answer.json() if answer.content_type == "application/json" else answer.text())


async def test_the_pods_of_a_node_are_those_of_the_api(node, http):
    listed = await get(http, "/pods")
    assert (listed["kind"], listed["apiVersion"], listed["metadata"]) == ("PodList", "v1", {})
    [pod] = listed["items"]
    stored = await node.get()
    assert pod["metadata"]["uid"] == stored["metadata"]["uid"]
    assert pod["metadata"]["annotations"]["kubernetes.io/config.source"] == "api"
    assert (pod["spec"], pod["status"]["phase"]) == (stored["spec"], "Running")


async def test_the_runtime_knows_little_of_what_runs(http):
    [pod] = (await get(http, "/runningpods/"))["items"]
    assert sorted(pod["metadata"]) == ["name", "namespace", "uid"]
    assert pod["spec"] == {"containers": [{"name": "c", "image": "talker", "resources": {}}]}


async def test_a_summary_tells_what_is_used(node, http):
    await node.clock.sleep(100)
    found = await get(http, "/stats/summary")
    [pod] = found["pods"]
    [container] = pod["containers"]
    assert (found["node"]["nodeName"], pod["podRef"]["name"]) == ("n1", "web")
    for one in (found["node"], pod, container):
        assert one["cpu"]["usageNanoCores"] == NANO // 4
        assert one["memory"]["workingSetBytes"] == 64 * 2**20
    assert 25 * NANO <= container["cpu"]["usageCoreNanoSeconds"] < 26 * NANO
    assert container["memory"]["availableBytes"] == 64 * 2**20
    assert container["logs"]["usedBytes"] == len("begun\n")
    assert [(each["name"], each["usedBytes"]) for each in pod["volume"]] == [("v", 0)]
    assert found["node"]["fs"]["capacityBytes"] == 100 * 2**30
    short = await get(http, "/stats/summary?only_cpu_and_memory=true")
    assert "fs" not in short["node"]
    assert {"volume", "ephemeral-storage"}.isdisjoint(short["pods"][0])


async def test_settings_are_told(http):
    found = (await get(http, "/configz"))["kubeletconfig"]
    assert (found["maxPods"], found["port"]) == (110, 10250)
    assert found["nodeStatusReportFrequency"] == "5m0s"


async def test_metrics_tell_of_kubelet_resources_and_probes(node, http):
    await node.clock.sleep(10)
    own = await get(http, "/metrics")
    assert 'kubelet_node_name{node="n1"} 1\n' in own
    assert 'kubelet_running_containers{container_state="running"} 1\n' in own
    resources = await get(http, "/metrics/resource")
    where = 'container="c",namespace="default",pod="web"'
    assert f"container_memory_working_set_bytes{{{where}}} 67108864 " in resources
    assert "# TYPE node_cpu_usage_seconds_total counter\n" in resources
    assert resources.endswith("resource_scrape_error 0\n")
    cadvisor = await get(http, "/metrics/cadvisor")
    assert 'container_spec_cpu_quota{container="c",id="/kubepods/pod' in cadvisor
    assert "machine_cpu_cores 8\n" in cadvisor
    probes = await get(http, "/metrics/probes")
    assert 'probe_type="Liveness",result="unknown"} ' in probes


async def test_logs_of_the_node_are_served_as_files(node, http):
    node.machine.files.mkdir("/var/log/audit")
    node.machine.files.write("/var/log/kubelet.log", "all is well\n")
    node.machine.files.write("/etc/secret", "no")
    page = await get(http, "/logs/")
    assert '<a href="audit/">audit/</a>\n<a href="kubelet.log">kubelet.log</a>\n' in page
    assert await get(http, "/logs/kubelet.log") == "all is well\n"
    for path in ("/logs/none", "/logs/..%2f..%2fetc/secret", "/spec", "/stats/other"):
        async with http.get(http.base + path) as answer:
            assert answer.status == 404


async def test_what_only_reads_is_only_read(http):
    async with http.post(http.base + "/pods") as answer:
        assert answer.status == 405


# --- the parts ----------------------------------------------------------------------------------------------


def test_a_sum_of_usage_never_goes_down(workers_of_one):
    worker, uses = workers_of_one
    meter = UsageMeter(lambda pod: {"c": {"cpu": uses[0]}})

    def read(now):
        [pod] = meter.read([worker], now)
        return pod.amounts.cpu_total_nano

    assert read(10.0) == 10 * NANO
    uses[0] = 0
    assert read(15.0) == 15 * NANO
    uses[0] = 500
    assert read(20.0) == 15 * NANO
    assert read(22.0) == 16 * NANO


@pytest.fixture
def workers_of_one():
    class Spec:
        name = "c"

    class State:
        spec, container_id, started_at, alive = Spec, "x", 0.0, True

    class Worker:
        base = None

        class state:  # noqa: N801
            containers = {"c": State}

    return Worker, [1000]


def test_amounts_add_up():
    assert Amounts(1, 2, 3).plus(Amounts(10, 20, 30)) == (11, 22, 33)


def test_a_directory_takes_what_is_in_it():
    inner = Directory({"a": File(b"1234"), "b": Symlink("a")})
    assert disk_of(Directory({"d": inner, "e": File(b"1")})) == Disk(5, 5)


def test_texts_of_metrics_are_escaped_and_numbers_short():
    samples = [Sample({"b": 'a"\\\n'}, 0.25, 1.5), Sample({}, 3.0)]
    assert exposition([Family("m", "gauge", "T.", samples), Family("n", "gauge", "None.", [])]) == (
        '# HELP m T.\n# TYPE m gauge\nm{b="a\\"\\\\\\n"} 0.25 1500\nm 3\n'
    )
