"""What pods hold on the disk of their node: volumes, logs, and what containers wrote. Pure.

Source: pkg/kubelet/eviction/helpers.go (podLocalEphemeralStorageUsage, localEphemeralVolumeNames).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from kubelite.apimachinery.scheme import Object
from kubelite.images.inodes import Directory, File, Mount, Node

_ELSEWHERE: Final = frozenset({"hostPath", "image"})
"""Volumes that are none of the pod's own."""


class Disk(NamedTuple):
    """What is on a disk: bytes and files."""

    used: int = 0
    inodes: int = 0

    def plus(self, other: Disk) -> Disk:
        """Both together."""
        return Disk(self.used + other.used, self.inodes + other.inodes)


class Held(NamedTuple):
    """What a pod holds.

    Attributes:
        volumes: By name.
        local: The names of those that count as the pod's own part of the node's disk.
        logs: The bytes of each container's log.
        written: The bytes that each container wrote beside its volumes, as far as they are known.
    """

    volumes: Mapping[str, Disk]
    local: frozenset[str]
    logs: Mapping[str, int]
    written: Mapping[str, int]

    @property
    def disk(self) -> Disk:
        """The part of the node's disk that is the pod's."""
        found = Disk(sum(self.logs.values()) + sum(self.written.values()), len(self.logs))
        for name, volume in self.volumes.items():
            if name in self.local:
                found = found.plus(volume)
        return found


def disk_of(node: Node, *, mounts: bool = True) -> Disk:
    """What a file or a directory with all that is in it takes.

    Args:
        node: It.
        mounts: Whether what is mounted there counts.
    """
    if isinstance(node, Mount):
        return disk_of(node.target) if mounts else Disk()
    if isinstance(node, File):
        return Disk(len(node.data), 1)
    found = Disk(0, 1)
    if isinstance(node, Directory):
        for each in node.entries.values():
            found = found.plus(disk_of(each, mounts=mounts))
    return found


def own_volumes(pod_spec: Object) -> list[str]:
    """The names of the volumes of a pod whose size is known to its kubelet."""
    volumes = pod_spec.get("volumes") or ()
    return [each["name"] for each in volumes if _ELSEWHERE.isdisjoint(each)]


def local_volumes(pod_spec: Object) -> frozenset[str]:
    """The names of the volumes that are on the node's disk, and count as ephemeral storage."""
    return frozenset(
        volume["name"]
        for volume in pod_spec.get("volumes") or ()
        if "configMap" in volume or ("emptyDir" in volume and not is_in_memory(volume))
    )


def is_in_memory(volume: Object) -> bool:
    """Whether a volume is an emptyDir of the node's memory."""
    return (volume.get("emptyDir") or {}).get("medium") == "Memory"
