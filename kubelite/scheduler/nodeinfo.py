"""A node, and the sums over its pods; kept incrementally, read by the cycle.

Invariant: what is free, `ports`, `claims` and the sums are those over `pods`; a pod that was assumed counts
like one that is bound.

Source: pkg/scheduler/framework/types.go (NodeInfo).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kubelite.api.resourcelist import Amounts, amounts_of
from kubelite.apimachinery.scheme import Object
from kubelite.scheduler.podinfo import HostPort, PodInfo

HARD_EFFECTS: Final = frozenset({"NoSchedule", "NoExecute"})
SOFT_EFFECT: Final = "PreferNoSchedule"
ZONE: Final = "topology.kubernetes.io/zone"
REGION: Final = "topology.kubernetes.io/region"
HOSTNAME: Final = "kubernetes.io/hostname"
_NONE: Final[Mapping[str, Any]] = {}


class NodeInfo:
    """See the module's docstring.

    Attributes:
        node: None while only pods of it are known.
        allocatable: All resources.
        free_pods: How many more it takes.
        used_scalars: Requests for resources beyond cpu, memory and ephemeral storage.
        images: Sizes by name.
        claims: How many pods use each PersistentVolumeClaim, by `namespace/name`.
    """

    __slots__ = (
        "allocatable",
        "allowed_pods",
        "claims",
        "cpu",
        "ephemeral",
        "free_cpu",
        "free_ephemeral",
        "free_memory",
        "free_pods",
        "images",
        "is_softly_tainted",
        "is_tainted",
        "labels",
        "memory",
        "name",
        "node",
        "nonzero_cpu",
        "nonzero_memory",
        "pods",
        "ports",
        "taints",
        "unschedulable",
        "used_scalars",
    )

    def __init__(self, name: str, node: Object | None = None) -> None:
        self.name = name
        self.node: Object | None = None
        self.allocatable: Amounts = {}
        self.allowed_pods = self.cpu = self.memory = self.ephemeral = 0
        self.free_cpu = self.free_memory = self.free_ephemeral = self.free_pods = 0
        self.nonzero_cpu = self.nonzero_memory = 0
        self.taints: tuple[Mapping[str, Any], ...] = ()
        self.is_tainted = self.is_softly_tainted = self.unschedulable = False
        self.labels: Mapping[str, str] = {}
        self.images: Mapping[str, int] = {}
        self.used_scalars: dict[str, int] = {}
        self.pods: dict[str, PodInfo] = {}
        self.ports: set[HostPort] = set()
        self.claims: dict[str, int] = {}
        if node is not None:
            self.set_node(node)

    def __repr__(self) -> str:
        return f"<NodeInfo {self.name} {len(self.pods)} pods>"

    def set_node(self, node: Object | None) -> None:
        """The node as it is now."""
        before = self.node
        self.node = node
        status: Mapping[str, Any] = (node or _NONE).get("status") or _NONE
        spec: Mapping[str, Any] = (node or _NONE).get("spec") or _NONE
        if before is None or before.get("status", _NONE).get("allocatable") is not status.get("allocatable"):
            self._set_allocatable(amounts_of(status.get("allocatable")))
        self.taints = tuple(spec.get("taints") or ())
        self.is_tainted = any(each["effect"] in HARD_EFFECTS for each in self.taints)
        self.is_softly_tainted = any(each["effect"] == SOFT_EFFECT for each in self.taints)
        self.labels = (node["metadata"].get("labels") if node else None) or {}
        self.unschedulable = bool(spec.get("unschedulable"))
        images = status.get("images")
        self.images = (
            {name: image.get("sizeBytes", 0) for image in images for name in image.get("names") or ()}
            if images
            else {}
        )

    def _set_allocatable(self, amounts: Amounts) -> None:
        cpu, memory = amounts.get("cpu", 0), amounts.get("memory", 0)
        ephemeral, pods = amounts.get("ephemeral-storage", 0), amounts.get("pods", 0)
        self.free_cpu += cpu - self.cpu
        self.free_memory += memory - self.memory
        self.free_ephemeral += ephemeral - self.ephemeral
        self.free_pods += pods - self.allowed_pods
        self.cpu, self.memory, self.ephemeral, self.allowed_pods = cpu, memory, ephemeral, pods
        self.allocatable = amounts

    def add(self, info: PodInfo) -> None:
        """One more pod."""
        self.pods[info.uid] = info
        self._count(info, 1)
        if info.ports:
            self.ports.update(info.ports)

    def remove(self, uid: str) -> PodInfo | None:
        """One pod less; nothing happens if it was not there."""
        info = self.pods.pop(uid, None)
        if info is not None:
            self._count(info, -1)
            if info.ports:
                self.ports = {port for other in self.pods.values() for port in other.ports}
        return info

    def _count(self, info: PodInfo, sign: int) -> None:
        self.free_cpu -= sign * info.cpu
        self.free_memory -= sign * info.memory
        self.free_pods -= sign
        self.nonzero_cpu += sign * info.nonzero_cpu
        self.nonzero_memory += sign * info.nonzero_memory
        if info.ephemeral:
            self.free_ephemeral -= sign * info.ephemeral
        for name, amount in info.scalars:
            self.used_scalars[name] = self.used_scalars.get(name, 0) + sign * amount
        for name in info.claims:
            key = f"{info.namespace}/{name}"
            left = self.claims.get(key, 0) + sign
            if left:
                self.claims[key] = left
            else:
                del self.claims[key]

    def copy(self) -> NodeInfo:
        """One whose pods can be added and removed without consequences for this."""
        made = NodeInfo.__new__(NodeInfo)
        for name in NodeInfo.__slots__:
            setattr(made, name, getattr(self, name))
        made.pods, made.ports = dict(self.pods), set(self.ports)
        made.used_scalars, made.claims = dict(self.used_scalars), dict(self.claims)
        return made
