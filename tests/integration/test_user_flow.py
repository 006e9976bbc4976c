"""What a user tries first, mistakes included."""

import asyncio
import subprocess
import sys
import threading

import pytest

import kubelite
from kubelite.testing import VirtualClock


def config_map(name, **labels):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}}


async def test_delete_takes_a_selector_as_get_does():
    async with kubelite.Cluster(clock=VirtualClock(), seed=1) as cluster:
        await cluster.apply([config_map("a", tier="x"), config_map("b", tier="y")])
        await cluster.delete("cm", selector={"tier": "x"})
        left = {each["metadata"]["name"] for each in await cluster.get("cm")}
        assert "a" not in left
        assert "b" in left


async def test_a_service_is_ready_when_somebody_answers_there():
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]},
    }
    alone = {**service, "metadata": {"name": "alone"}, "spec": {"ports": [{"port": 80}]}}
    async with kubelite.Cluster(clock=VirtualClock(), seed=1) as cluster:
        await cluster.apply([service, alone])
        await cluster.wait_for("service/alone")
        with pytest.raises(kubelite.WaitTimeout, match="it has no endpoints: no pod with app=web is ready"):
            await cluster.wait_for("service/web", timeout=5)
        await cluster.wait_for("service/web", "exists")
        await cluster.apply({**pod, "spec": {"containers": [{"name": "c", "image": "nowhere/web:9"}]}})
        with pytest.raises(kubelite.WaitTimeout, match="ErrImagePull|ImagePullBackOff"):
            await cluster.wait_for("service/web", timeout=5)
        await cluster.delete("pod", "web")
        await cluster.wait_for("pod/web", "deleted")
        waiting = asyncio.ensure_future(cluster.wait_for("service/web", timeout=5))
        await cluster.apply(pod)
        await waiting
        assert (await cluster.get("pod", "web"))["status"]["phase"] == "Running"


async def test_a_stopped_cluster_leaves_no_task_of_its_pods():
    before = asyncio.all_tasks()
    async with kubelite.Cluster() as cluster:
        pod = {"containers": [{"name": "c", "image": "nginx"}]}
        await cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": pod})
        await cluster.wait_for("pod/p")
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


def test_the_blocking_handle_has_what_the_cluster_has():
    with kubelite.start() as cluster:
        assert cluster.clock.monotonic() > 0
        assert cluster.dns_address[1] > 0
        assert cluster.statistics()["nodes"]["node-1"]["running"] == 0
        for wrong in ("pod/", "pod/a/b"):
            with pytest.raises(ValueError, match=f"'{wrong}' is not KIND or KIND/NAME"):
                cluster.wait_for(wrong)
        for ask in (lambda: cluster.get("pod", "none"), lambda: cluster.wait_for("pod/none", timeout=0.01)):
            with pytest.raises((kubelite.NotFound, kubelite.WaitTimeout)) as raised:
                ask()
            assert not [each.path for each in raised.traceback if "anyio" in str(each.path)]


@pytest.mark.parametrize("is_virtual", [True, False])
async def test_who_still_waits_when_the_cluster_stops_is_told_so(is_virtual):
    async with kubelite.Cluster(nodes=0, clock=VirtualClock() if is_virtual else None) as cluster:
        waiting = asyncio.ensure_future(cluster.wait_for("pod/none", timeout=None if is_virtual else 60))
        await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="the cluster stopped while pod/none was waited for"):
        await waiting


def test_a_blocking_cluster_that_stops_does_not_wait_for_calls_and_says_so():
    begun, found = threading.Event(), []

    async def wait():
        begun.set()
        await asyncio.Event().wait()

    def call(function):
        try:
            function()
        except RuntimeError as error:
            found.append(str(error))

    cluster = kubelite.start(nodes=0)

    async def from_within():
        call(lambda: cluster.get("pods"))

    cluster.call(from_within)
    waiting = threading.Thread(target=call, args=(lambda: cluster.call(wait),))
    waiting.start()
    assert begun.wait(30)
    cluster.stop()
    waiting.join(30)
    call(lambda: cluster.get("pods"))
    own, meanwhile, after = found
    assert "await the same method of `.cluster`" in own
    assert meanwhile == "the cluster was stopped meanwhile"
    assert after.endswith("does not run any more")


@pytest.mark.parametrize("text", ["hello", "[1, 2]", "a: b", "{a: ["])
def test_a_manifest_without_objects_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "manifest.yaml"
    path.write_text(text)
    command = [sys.executable, "-m", "kubelite", "up", "--manifest", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert str(path) in done.stderr


@pytest.mark.parametrize(
    ("manifest", "text"),
    [
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yes}", "cannot unmarshal bool"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: x", "cannot unmarshal string"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: 7", "cannot unmarshal number"),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containerz: []}",
            'unknown field "spec.containerz"',
        ),
        ("apiVersion: v1\nkind: ConfigMap", "name or generateName is required"),
    ],
)
async def test_a_mistyped_manifest_is_refused_and_the_api_server_lives_on(manifest, text):
    async with kubelite.Cluster(clock=VirtualClock(), seed=1) as cluster:
        with pytest.raises(kubelite.APIError, match=text):
            await cluster.apply(manifest)
        assert not cluster.statistics()["actors"].get("restarts")
        await cluster.apply(config_map("fine"))


@pytest.mark.parametrize("manifest", [5, None, {"apiVersion": 1, "kind": ["x"]}, "just text"])
async def test_what_is_no_manifest_is_refused_in_words(manifest):
    async with kubelite.Cluster(clock=VirtualClock(), seed=1) as cluster:
        with pytest.raises(TypeError, match="manifest"):
            await cluster.apply(manifest)


async def test_a_request_that_breaks_the_api_server_costs_only_its_sender():
    from kubelite.api.resources import CONFIGMAPS

    async with kubelite.Cluster(nodes=0) as cluster:
        with pytest.raises(kubelite.APIError):
            await cluster.client.create(CONFIGMAPS, {"metadata": {"name": 7, "labels": 5}}, "default")
        restarts = cluster.statistics()["actors"]["apiserver"]["restarts"]
        assert restarts == 0
        assert (await cluster.get("cm", "kube-root-ca.crt"))["metadata"]["name"] == "kube-root-ca.crt"


@pytest.mark.parametrize(
    "options",
    [{"node_cpu": "abc"}, {"port": 99999}, {"node_ports": (5, 1)}, {"domain": "Bad Domain"}, {"nodes": 1.5}],
)
def test_impossible_options_are_refused_in_words(options):
    with pytest.raises(ValueError, match=next(iter(options)).removesuffix("s")):
        kubelite.Cluster(**options)
