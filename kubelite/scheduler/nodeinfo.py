"""What the scheduler knows of nodes and pods: kept incrementally, read by the cycle.

Invariant: `used`, `ports` and `groups` are the sums over `pods`; a pod that was assumed counts like one
that is bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from kubelite.api import podutil
from kubelite.api.resourcelist import Amounts, amounts_of
from kubelite.apimachinery import meta
from kubelite.apimachinery.scheme import Object
from kubelite.runtime.values import Value

HostPort = tuple[str, str, int]
ASSUMED_CPU_MILLI, ASSUMED_MEMORY_BYTES = 100, 200 * 1024**2
"""What a container without a request counts as when nodes are compared, so that such pods spread too."""


@attrs.frozen(eq=False, repr=False)
class PodInfo(Value):
    """A pod, and what the plugins ask of it, worked out once.

    Attributes:
        requests: Amounts that it asks for, one of `pods` among them.
        assumed_cpu_milli: As requested, with an assumption for each container that requests none.
        assumed_memory_bytes: As above.
        group: What it is spread with: the uid of its controller, "" if it has none.
    """

    pod: Object
    key: str
    uid: str
    requests: Amounts
    assumed_cpu_milli: int
    assumed_memory_bytes: int
    ports: tuple[HostPort, ...]
    group: str
    tolerations: tuple[Mapping[str, Any], ...]
    priority: int

    @classmethod
    def of(cls, pod: Object) -> PodInfo:
        """The facts of a pod."""
        spec, owner = pod["spec"], meta.controller_of(pod)
        requests = podutil.requests(spec)
        return cls(
            pod,
            meta.key(pod),
            pod["metadata"]["uid"],
            {**requests, "pods": 1},
            requests.get("cpu", 0) + ASSUMED_CPU_MILLI * _silent(spec, "cpu"),
            requests.get("memory", 0) + ASSUMED_MEMORY_BYTES * _silent(spec, "memory"),
            tuple(podutil.host_ports(spec)),
            owner["uid"] if owner else "",
            tuple(spec.get("tolerations") or ()),
            spec.get("priority") or 0,
        )


def _silent(spec: Object, resource: str) -> int:
    """How many containers that run all the time say nothing of a resource."""
    running = [
        *(spec.get("containers") or ()),
        *(each for each in spec.get("initContainers") or () if podutil.is_sidecar(each)),
    ]
    return sum(resource not in ((each.get("resources") or {}).get("requests") or ()) for each in running)


@attrs.define(eq=False)
class NodeInfo:
    """A node, and the sums over its pods."""

    name: str
    node: Object | None = None
    allocatable: Amounts = attrs.field(factory=dict)
    taints: tuple[Mapping[str, Any], ...] = ()
    labels: Mapping[str, str] = attrs.field(factory=dict)
    unschedulable: bool = False
    used: dict[str, int] = attrs.field(factory=dict)
    assumed_cpu_milli: int = 0
    assumed_memory_bytes: int = 0
    pods: dict[str, PodInfo] = attrs.field(factory=dict)
    ports: set[HostPort] = attrs.field(factory=set)
    groups: dict[str, int] = attrs.field(factory=dict)

    def set_node(self, node: Object | None) -> None:
        """The node as it is now."""
        self.node = node
        if node is None:
            return
        self.allocatable = amounts_of((node.get("status") or {}).get("allocatable"))
        self.taints = tuple(node["spec"].get("taints") or ())
        self.labels = node["metadata"].get("labels") or {}
        self.unschedulable = bool(node["spec"].get("unschedulable"))

    def add(self, info: PodInfo) -> None:
        """One more pod."""
        self.remove(info.uid)
        self.pods[info.uid] = info
        used = self.used
        for name, amount in info.requests.items():
            used[name] = used.get(name, 0) + amount
        self.assumed_cpu_milli += info.assumed_cpu_milli
        self.assumed_memory_bytes += info.assumed_memory_bytes
        self.ports.update(info.ports)
        if info.group:
            self.groups[info.group] = self.groups.get(info.group, 0) + 1

    def remove(self, uid: str) -> None:
        """One pod less; nothing happens if it was not there."""
        info = self.pods.pop(uid, None)
        if info is None:
            return
        for name, amount in info.requests.items():
            self.used[name] -= amount
        self.assumed_cpu_milli -= info.assumed_cpu_milli
        self.assumed_memory_bytes -= info.assumed_memory_bytes
        if info.ports:
            self.ports = {port for other in self.pods.values() for port in other.ports}
        if info.group:
            self.groups[info.group] -= 1
            if not self.groups[info.group]:
                del self.groups[info.group]


class Cache:
    """All nodes, and where each pod is or is about to be."""

    def __init__(self) -> None:
        self.nodes: dict[str, NodeInfo] = {}
        self._ready: list[NodeInfo] | None = None
        self._where: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<Cache {len(self.nodes)} nodes, {len(self._where)} pods>"

    def set_node(self, name: str, node: Object | None) -> None:
        """A node came, changed, or went."""
        info = self.nodes.get(name)
        if info is None:
            info = self.nodes[name] = NodeInfo(name)
        info.set_node(node)
        if node is None and not info.pods:
            del self.nodes[name]
        self._ready = None

    def listed(self) -> list[NodeInfo]:
        """The nodes which exist, by name."""
        if self._ready is None:
            self._ready = [
                self.nodes[name] for name in sorted(self.nodes) if self.nodes[name].node is not None
            ]
        return self._ready

    def place(self, info: PodInfo, node_name: str) -> None:
        """A pod is on a node, or assumed to be."""
        before = self._where.get(info.uid)
        if before is not None and before != node_name:
            self.forget(info.uid)
        if node_name not in self.nodes:
            self.nodes[node_name] = NodeInfo(node_name)
        self.nodes[node_name].add(info)
        self._where[info.uid] = node_name

    def node_of(self, uid: str) -> str | None:
        """Where a pod is, or is assumed to be."""
        return self._where.get(uid)

    def forget(self, uid: str) -> None:
        """A pod is gone, or was not bound after all."""
        name = self._where.pop(uid, None)
        if name is None:
            return
        info = self.nodes[name]
        info.remove(uid)
        if info.node is None and not info.pods:
            del self.nodes[name]
