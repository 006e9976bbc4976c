"""How an operator is tested: it runs as in production, against a cluster whose pods do serve."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

pytest.importorskip("kopf", reason="kopf is not installed")
pytest.importorskip("kubernetes", reason="the official client is not installed")

import kopf.testing
import kubernetes

from tests.examples import echoserver

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.usefixtures("rubbish"),
    pytest.mark.filterwarnings("ignore:unclosed (<socket|transport):ResourceWarning"),  # kopf's watches
]


def manifest(name, **spec):
    group = f"{echoserver.GROUP}/{echoserver.VERSION}"
    return {"apiVersion": group, "kind": "EchoServer", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def cluster(kubelite_cluster_sync, monkeypatch):
    running = kubelite_cluster_sync
    running.apply(echoserver.DEFINITION)
    running.wait_for(f"crd/{echoserver.PLURAL}.{echoserver.GROUP}", "condition=Established")
    monkeypatch.setenv("KUBECONFIG", str(running.kubeconfig))
    kubernetes.config.load_kube_config(str(running.kubeconfig))
    return running


@pytest.fixture
def operator(cluster):
    settings = kopf.OperatorSettings()
    settings.peering.standalone = True
    arguments = ["run", "--namespace=default", "--standalone"]
    with kopf.testing.KopfRunner(arguments, registry=echoserver.registry(), settings=settings) as runner:
        yield runner
    assert runner.exit_code == 0, runner.output


@pytest.mark.kubelite(nodes=2)
def test_an_echo_server_answers_scales_and_goes(cluster, operator):
    cluster.apply(manifest("hello", replicas=2))
    found = cluster.wait_for("echoserver/hello", lambda it: "create" in it.get("status", {}))
    address = found["status"]["create"]["address"]
    cluster.wait_for("deployment/hello", "ready")
    assert cluster.http(f"{address}echo?msg=good+morning") == (200, "good morning")

    cluster.apply(manifest("hello", replicas=3))
    cluster.wait_for("deployment/hello", "jsonpath={.status.readyReplicas}=3")

    cluster.delete("echoserver/hello")
    cluster.wait_for("deployment/hello", "deleted")
    cluster.wait_for("service/hello", "deleted")


@pytest.mark.asyncio
@pytest.mark.kubelite(virtual_time=True)
async def test_idle_servers_are_put_to_sleep_after_an_hour(kubelite_cluster, monkeypatch):
    """The same operator in the cluster's own loop: its timers follow virtual time, its threads hold it up."""
    cluster = kubelite_cluster
    await cluster.apply(echoserver.DEFINITION)
    await cluster.wait_for(f"crd/{echoserver.PLURAL}.{echoserver.GROUP}", "condition=Established")
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    _, kubeconfig = await cluster.open_outside()  # for the handlers, which are synchronous
    kubernetes.config.load_kube_config(str(kubeconfig))
    settings = kopf.OperatorSettings()
    operator = asyncio.ensure_future(
        kopf.operator(
            registry=echoserver.registry(), settings=settings, standalone=True, namespaces=["default"]
        )
    )
    try:
        await cluster.apply(manifest("hello", replicas=1))
        await cluster.wait_for("deployment/hello", "ready", timeout=60)
        await cluster.wait_for("deployment/hello", "jsonpath={.spec.replicas}=0", timeout=2 * 3600)
        assert 3600 <= cluster.clock.monotonic() < 3700
    finally:
        operator.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await operator
