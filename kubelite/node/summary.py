"""`/stats/summary`: what a node and its pods use, as autoscalers and dashboards ask for it. Pure.

Networks and disks are not measured: of those only what is in memory volumes and logs is known.

Source: k8s.io/kubelet/pkg/apis/stats/v1alpha1/types.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from kubelite.api.resourcelist import amount
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_time
from kubelite.node.diskusage import Disk, Held
from kubelite.node.usage import Amounts, ContainerUsage, PodUsage, total

INODES: Final = 1 << 20
"""How many files a node has room for."""


def summary(
    name: str,
    capacity: Mapping[str, str],
    started: float,
    pods: Sequence[tuple[PodUsage, Held]],
    now: float,
    *,
    only_cpu_and_memory: bool = False,
) -> Object:
    """The whole of it.

    Args:
        name: Of the node.
        capacity: What the node has, as quantities.
        started: When it began, in Unix seconds.
        pods: Those that run, and what they hold.
        now: Unix seconds.
        only_cpu_and_memory: Leave out what is on disks.
    """
    memory, size = amount("memory", capacity["memory"]), amount("memory", capacity["ephemeral-storage"])
    all_of_them = total(usage.amounts for usage, _ in pods)
    of_pods = {"name": "pods", "startTime": format_time(started), **_usage(all_of_them, now, memory)}
    node: Object = {
        "nodeName": name,
        "systemContainers": [of_pods],
        "startTime": format_time(started),
        **_usage(all_of_them, now, memory),
    }
    if not only_cpu_and_memory:
        disk = Disk()
        for _, held in pods:
            disk = disk.plus(held.disk)
        filesystem = _filesystem(disk, size, now)
        node |= {"fs": filesystem, "runtime": {"imageFs": filesystem, "containerFs": filesystem}}
    shown = [_pod(usage, held, now, size, only_cpu_and_memory=only_cpu_and_memory) for usage, held in pods]
    return {"node": node, "pods": shown}


def _pod(usage: PodUsage, held: Held, now: float, size: int, *, only_cpu_and_memory: bool) -> Object:
    metadata = usage.worker.base["metadata"]
    found: Object = {
        "podRef": {key: metadata[key] for key in ("name", "namespace", "uid")},
        "startTime": format_time(usage.worker.state.start_time),
        "containers": [
            _container(each, held.logs, now, size, only_cpu_and_memory=only_cpu_and_memory)
            for each in usage.containers
        ],
        **_usage(usage.amounts, now),
    }
    if not only_cpu_and_memory:
        volumes = [{**_filesystem(disk, size, now), "name": name} for name, disk in held.volumes.items()]
        if volumes:
            found["volume"] = volumes
        found["ephemeral-storage"] = _filesystem(held.disk, size, now)
        found["process_stats"] = {"process_count": len(usage.containers)}
    return found


def _container(
    usage: ContainerUsage, logs: Mapping[str, int], now: float, size: int, *, only_cpu_and_memory: bool
) -> Object:
    spec = usage.state.spec
    limit = ((spec.raw.get("resources") or {}).get("limits") or {}).get("memory")
    found: Object = {
        "name": spec.name,
        "startTime": format_time(usage.state.started_at),
        **_usage(usage.amounts, now, amount("memory", limit) if limit else None),
    }
    if not only_cpu_and_memory and spec.name in logs:
        found["logs"] = _filesystem(Disk(logs[spec.name], 1), size, now)
    return found


def _usage(amounts: Amounts, now: float, memory_limit: int | None = None) -> Object:
    time = format_time(now)
    memory: Object = {"time": time}
    if memory_limit is not None:
        memory["availableBytes"] = max(memory_limit - amounts.memory, 0)
    used = dict.fromkeys(("usageBytes", "workingSetBytes", "rssBytes"), amounts.memory)
    return {
        "cpu": {
            "time": time,
            "usageNanoCores": amounts.cpu_nano,
            "usageCoreNanoSeconds": amounts.cpu_total_nano,
        },
        "memory": {**memory, **used, "pageFaults": 0, "majorPageFaults": 0},
    }


def _filesystem(disk: Disk, size: int, now: float) -> Object:
    return {
        "time": format_time(now),
        "availableBytes": max(size - disk.used, 0),
        "capacityBytes": size,
        "usedBytes": disk.used,
        "inodesFree": max(INODES - disk.inodes, 0),
        "inodes": INODES,
        "inodesUsed": disk.inodes,
    }
