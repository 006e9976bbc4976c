"""What a kubelet tells Prometheus: of itself, of what containers use, and of their probes. Pure.

Source: pkg/kubelet/metrics, pkg/kubelet/metrics/collectors/resource_metrics.go,
github.com/google/cadvisor/metrics.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from kubelite.api.resourcelist import amount
from kubelite.node.containerstate import Stage
from kubelite.node.exposition import Family, Sample
from kubelite.node.usage import Amounts, ContainerUsage, PodUsage, total

if TYPE_CHECKING:
    from kubelite.node.podworker import PodWorker

_SECOND: Final = 1e9
_PERIOD_US: Final = 100_000

Labels = Mapping[str, str]


def of_kubelet(node: str, version: str, workers: Sequence[PodWorker]) -> Iterator[Family]:
    """`/metrics`: what the kubelet knows of itself."""
    containers = [state for worker in workers for state in worker.state.containers.values()]
    stages = Counter(_runtime_state(state.stage) for state in containers if state.container_id)
    running = sum(any(each.alive for each in worker.state.containers.values()) for worker in workers)
    active = sum(not worker.ended for worker in workers)
    yield Family("kubelet_node_name", "gauge", "The node's name.", [Sample({"node": node}, 1)])
    yield Family("kubelet_running_pods", "gauge", "Pods that have a sandbox.", [Sample({}, running)])
    yield Family(
        "kubelet_running_containers",
        "gauge",
        "Containers by the state that the runtime says.",
        [Sample({"container_state": state}, count) for state, count in sorted(stages.items())],
    )
    yield Family("kubelet_active_pods", "gauge", "Pods that are not at an end.", _static(active))
    yield Family("kubelet_desired_pods", "gauge", "Pods that are to be on the node.", _static(len(workers)))
    yield Family("kubelet_mirror_pods", "gauge", "Mirrors of static pods.", [Sample({}, 0)])
    build = {"git_version": version, "major": "1", "minor": version.split(".")[1]}
    yield Family("kubernetes_build_info", "gauge", "What this kubelet is.", [Sample(build, 1)])


def _static(count: int) -> list[Sample]:
    """Pods that are not static, and those that are, of which there are none."""
    return [Sample({"static": ""}, count), Sample({"static": "true"}, 0)]


def _runtime_state(stage: Stage) -> str:
    return "running" if stage in {Stage.RUNNING, Stage.STARTING, Stage.STOPPING} else "exited"


def of_resources(pods: Sequence[PodUsage], now: float) -> Iterator[Family]:
    """`/metrics/resource`: what metrics-server asks for."""
    containers = [(_of_container(pod, each), each) for pod in pods for each in pod.containers]
    node = total(pod.amounts for pod in pods)
    yield _cpu("container", [(labels, each.amounts) for labels, each in containers], now)
    yield _memory("container", [(labels, each.amounts) for labels, each in containers], now)
    yield Family(
        "container_start_time_seconds",
        "gauge",
        "When the container began, in Unix seconds.",
        [Sample(labels, each.state.started_at) for labels, each in containers],
    )
    yield _cpu("node", [({}, node)], now)
    yield _memory("node", [({}, node)], now)
    yield _cpu("pod", [(_of_pod(pod), pod.amounts) for pod in pods], now)
    yield _memory("pod", [(_of_pod(pod), pod.amounts) for pod in pods], now)
    yield Family(
        "resource_scrape_error", "gauge", "1 if what is used could not be found out.", [Sample({}, 0)]
    )


def _cpu(what: str, amounts: Iterable[tuple[Labels, Amounts]], now: float) -> Family:
    return Family(
        f"{what}_cpu_usage_seconds_total",
        "counter",
        f"Seconds of a core that the {what} has used.",
        [Sample(labels, each.cpu_total_nano / _SECOND, now) for labels, each in amounts],
    )


def _memory(what: str, amounts: Iterable[tuple[Labels, Amounts]], now: float) -> Family:
    return Family(
        f"{what}_memory_working_set_bytes",
        "gauge",
        f"Memory that the {what} uses.",
        [Sample(labels, each.memory, now) for labels, each in amounts],
    )


def _of_pod(pod: PodUsage) -> dict[str, str]:
    metadata = pod.worker.base["metadata"]
    return {"namespace": metadata["namespace"], "pod": metadata["name"]}


def _of_container(pod: PodUsage, container: ContainerUsage) -> dict[str, str]:
    return {**_of_pod(pod), "container": container.state.spec.name}


def of_cadvisor(
    capacity: Mapping[str, str], version: str, pods: Sequence[PodUsage], now: float
) -> Iterator[Family]:
    """`/metrics/cadvisor`: what containers use and may use, and what the machine has."""
    found = [(_of_cgroup(pod, each), each) for pod in pods for each in pod.containers]
    info = {"cadvisorRevision": "", "cadvisorVersion": "", "dockerVersion": "", "osVersion": version}
    yield Family("cadvisor_version_info", "gauge", "What tells this.", [Sample(info, 1)])

    def family(name: str, text: str, value: Mapping[int, float], *, counter: bool = False) -> Family:
        samples = [Sample(labels, value[at], now) for at, (labels, _) in enumerate(found) if at in value]
        return Family(f"container_{name}", "counter" if counter else "gauge", text, samples)

    cpu = {at: each.amounts.cpu_total_nano / _SECOND for at, (_, each) in enumerate(found)}
    memory: dict[int, float] = {at: each.amounts.memory for at, (_, each) in enumerate(found)}
    yield family("cpu_usage_seconds_total", "Seconds of a core that were used.", cpu, counter=True)
    yield family("last_seen", "When the container was seen last.", dict.fromkeys(memory, int(now)))
    for name in ("memory_rss", "memory_usage_bytes", "memory_working_set_bytes"):
        yield family(name, "Memory that is used.", memory)
    begun = {at: each.state.started_at for at, (_, each) in enumerate(found)}
    yield family("start_time_seconds", "When the container began, in Unix seconds.", begun)
    limits = [_limits(each) for _, each in found]
    quota = {at: cpu * _PERIOD_US / 1000 for at, (cpu, _) in enumerate(limits) if cpu}
    yield family("spec_cpu_period", "The period of its quota.", dict.fromkeys(memory, _PERIOD_US))
    yield family("spec_cpu_quota", "How much of each period it may use.", quota)
    yield family(
        "spec_memory_limit_bytes",
        "Memory that it may use.",
        {at: each for at, (_, each) in enumerate(limits)},
    )
    cores, bytes_ = amount("cpu", capacity["cpu"]) / 1000, amount("memory", capacity["memory"])
    yield Family("machine_cpu_cores", "gauge", "Cores that the machine has.", [Sample({}, cores)])
    yield Family("machine_memory_bytes", "gauge", "Memory that the machine has.", [Sample({}, bytes_)])


def _of_cgroup(pod: PodUsage, container: ContainerUsage) -> dict[str, str]:
    uid, state = pod.worker.uid, container.state
    name = state.container_id.removeprefix("containerd://")
    return {
        **_of_container(pod, container),
        "id": f"/kubepods/pod{uid}/{name}",
        "image": state.spec.image,
        "name": name,
    }


def _limits(container: ContainerUsage) -> tuple[int, int]:
    """Of CPU in thousandths, of memory in bytes; 0 for none."""
    limits = (container.state.spec.raw.get("resources") or {}).get("limits") or {}
    return amount("cpu", limits.get("cpu") or "0"), amount("memory", limits.get("memory") or "0")


def of_probes(workers: Iterable[PodWorker]) -> Iterator[Family]:
    """`/metrics/probes`: how often probes ended how."""
    samples = []
    for worker in workers:
        metadata = worker.base["metadata"]
        for (container, kind, result), count in sorted(worker.probe_results.items()):
            labels = {
                "container": container,
                "namespace": metadata["namespace"],
                "pod": metadata["name"],
                "pod_uid": worker.uid,
                "probe_type": kind.capitalize(),
                "result": result,
            }
            samples.append(Sample(labels, count))
    yield Family("prober_probe_total", "counter", "Probes by how they ended.", samples)
