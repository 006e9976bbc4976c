"""What is said by `Cluster.metrics`, and what autoscalers are told of it."""

from __future__ import annotations

import pytest

from kubelite.apimachinery.labels import EVERYTHING, parse_selector
from kubelite.cluster.metrics import Metrics
from kubelite.controllers.podautoscaler.metrics import MetricsError, Sample

NOW = 100.0


def make_pod(
    name="web-1", labels=None, *, namespace="default", phase="Running", containers=("c",), sidecars=()
):
    spec = {
        "containers": [{"name": each} for each in containers],
        "initContainers": [
            {"name": "init"},
            *({"name": each, "restartPolicy": "Always"} for each in sidecars),
        ],
    }
    metadata = {"name": name, "namespace": namespace, "labels": {"app": "web"} if labels is None else labels}
    return {"metadata": metadata, "spec": spec, "status": {"phase": phase}}


@pytest.fixture
def metrics():
    return Metrics(lambda: NOW)


def used(metrics, *pods, resource="cpu", container=""):
    samples = metrics.resource(resource, "default", pods, container)
    return {name: sample.milli for name, sample in samples.items()}


@pytest.mark.parametrize("pods", ["", "app=web", "app in (web)", {"app": "web"}, "web-1", "pod/web-1"])
def test_pods_are_named_or_selected(metrics, pods):
    metrics.set_pod_usage(pods, cpu="200m")
    assert used(metrics, make_pod()) == {"web-1": 200}
    with pytest.raises(MetricsError, match="no metrics returned from resource metrics API"):
        used(metrics, make_pod(namespace="other"))


def test_what_is_said_last_counts_and_can_be_taken_back(metrics):
    metrics.set_pod_usage("app=web", cpu="200m", memory="1Ki")
    metrics.set_pod_usage("web-1", cpu=0.3)
    metrics.set_pod_usage("app=web", cpu="100m")
    assert used(metrics, make_pod()) == {"web-1": 100}
    metrics.set_pod_usage("app=web", cpu=None)
    assert used(metrics, make_pod(), make_pod("web-2")) == {"web-1": 300}
    assert used(metrics, make_pod("web-2"), resource="memory") == {"web-2": 1_024_000}
    metrics.clear()
    with pytest.raises(
        MetricsError, match=r"could not find the requested resource \(get pods\.metrics\.k8s\.io\)"
    ):
        used(metrics, make_pod())


def test_a_callable_is_asked_at_each_look(metrics):
    amounts = iter(["100m", 2, None])
    metrics.set_pod_usage("app=web", cpu=lambda pod: next(amounts) if pod["metadata"]["name"] else 0)
    assert [used(metrics, make_pod()) for _ in range(2)] == [{"web-1": 100}, {"web-1": 2000}]
    with pytest.raises(MetricsError, match="no metrics returned"):
        used(metrics, make_pod())


def test_a_callable_that_raises_is_an_api_that_fails(metrics):
    def fail(*_):
        raise RuntimeError("the server is currently unable to handle the request")

    metrics.set_pod_usage(cpu=fail)
    metrics.set_external_metric("depth", fail)
    words = "metrics API: the server is currently unable to handle the request"
    with pytest.raises(MetricsError, match=f"unable to fetch metrics from resource {words}"):
        used(metrics, make_pod())
    with pytest.raises(MetricsError, match=f"unable to fetch metrics from external {words}"):
        metrics.external("depth", "default", EVERYTHING)


def test_amounts_are_checked_when_they_are_said(metrics):
    with pytest.raises(ValueError, match="quantities must match"):
        metrics.set_pod_usage(cpu="much")
    with pytest.raises(ValueError, match="kind/name"):
        metrics.set_object_metric("front", "hits", 1)
    with pytest.raises(ValueError, match="found '='"):
        metrics.set_pod_usage("a=b=c", cpu=1)


def test_usage_of_a_pod_is_that_of_its_first_container(metrics):
    pod = make_pod(containers=("app", "log"), sidecars=("proxy",))
    metrics.set_pod_usage(cpu="200m")
    metrics.set_pod_usage(container="log", cpu="50m")
    assert metrics.usage(pod) == {"proxy": {"cpu": 200}, "app": {"cpu": 0}, "log": {"cpu": 50}}


def test_a_container_is_asked_for_by_its_name(metrics):
    pod = make_pod(containers=("app", "log"))
    metrics.set_pod_usage(container="app", cpu="200m")
    assert used(metrics, pod, container="app") == {"web-1": 200}
    words = "failed to get container metrics: container log not present in metrics for pod default/web-1"
    with pytest.raises(MetricsError, match=words):
        used(metrics, pod, container="log")


def test_a_pod_is_missing_unless_all_its_containers_are_known(metrics):
    metrics.set_pod_usage("web-1", cpu="200m")
    metrics.set_pod_usage("web-2", container="log", memory="1Mi")
    two = ("app", "log")
    assert used(metrics, make_pod(), make_pod("web-2", containers=two)) == {"web-1": 200}


def test_pods_that_do_not_run_use_nothing(metrics):
    metrics.set_pod_usage(cpu="200m")
    metrics.set_pod_metric("", "hits", 5)
    pods = [make_pod(), make_pod("web-2", phase="Pending"), make_pod("web-3", phase="Succeeded")]
    assert used(metrics, *pods) == {"web-1": 200}
    assert metrics.custom("hits", "default", pods, EVERYTHING) == {"web-1": Sample(5000, NOW, 0.0)}


def test_samples_tell_of_now_and_of_the_window(metrics):
    metrics.set_pod_usage(cpu=1)
    metrics.window_s = 30.0
    assert metrics.resource("cpu", "default", [make_pod()], "") == {"web-1": Sample(1000, NOW, 30.0)}


def test_metrics_of_pods(metrics):
    with pytest.raises(MetricsError, match=r"no custom metrics API \(custom.metrics.k8s.io\) registered"):
        metrics.custom("hits", "default", [make_pod()], EVERYTHING)
    metrics.set_pod_metric("app=web", "hits", 5)
    metrics.set_pod_metric("app=web", "hits", 7, labels={"verb": "GET"})
    get, put = parse_selector("verb=GET"), parse_selector("verb=PUT")
    assert metrics.custom("hits", "default", [make_pod()], get)["web-1"].milli == 7000
    with pytest.raises(MetricsError, match="the server could not find the metric hits for pods"):
        metrics.custom("hits", "default", [make_pod()], put)
    with pytest.raises(MetricsError, match="no metrics returned from custom metrics API"):
        metrics.custom("hits", "default", [make_pod(labels={})], EVERYTHING)


def test_metrics_of_objects(metrics):
    front = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "front"}
    metrics.set_object_metric("ingress/front", "hits", lambda: "2k")
    assert metrics.object("hits", "default", front, EVERYTHING) == 2_000_000
    with pytest.raises(MetricsError, match="could not find the metric hits for ingress front"):
        metrics.object("hits", "other", front, EVERYTHING)
    metrics.set_object_metric("ingress/front", "hits", lambda: None)
    with pytest.raises(MetricsError, match="could not find the metric hits for ingress front"):
        metrics.object("hits", "default", front, EVERYTHING)


def test_external_metrics_have_several_values(metrics):
    with pytest.raises(MetricsError, match=r"\(get depth\.external\.metrics\.k8s\.io\)"):
        metrics.external("depth", "default", EVERYTHING)
    metrics.set_external_metric("depth", 3, labels={"queue": "a"})
    metrics.set_external_metric("depth", 4, labels={"queue": "b"}, namespace="default")
    assert sorted(metrics.external("depth", "default", EVERYTHING)) == [3000, 4000]
    assert metrics.external("depth", "other", EVERYTHING) == [3000]
    with pytest.raises(MetricsError, match="no metrics returned from external metrics API"):
        metrics.external("depth", "default", parse_selector("queue=c"))


def test_its_text_tells_how_much_is_known(metrics):
    metrics.set_pod_usage(cpu=1, memory=1)
    assert repr(metrics) == "<Metrics 2 usages, 0 of pods, 0 of objects, 0 external>"
