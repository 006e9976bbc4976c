"""VolumeRestrictions: disks that cannot be shared, and claims that only one pod may use.

Source: pkg/scheduler/framework/plugins/volumerestrictions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kubelite.api.resources import PERSISTENTVOLUMECLAIMS
from kubelite.apimachinery.scheme import Object
from kubelite.scheduler.framework import Filtering, Plugin, Status
from kubelite.scheduler.nodeinfo import NodeInfo
from kubelite.scheduler.podinfo import PodInfo

NAME: Final = "VolumeRestrictions"
DISK: Final = Status(NAME, ("node(s) had no available disk",), resolvable=True)
ONE_POD: Final = Status(
    NAME,
    ("node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode",),
    resolvable=True,
)
READ_WRITE_ONCE_POD: Final = "ReadWriteOncePod"


def is_same_disk(first: Object, second: Object) -> bool:
    """Whether two volumes are one disk which both pods cannot have on one node."""
    if (one := first.get("gcePersistentDisk")) and (other := second.get("gcePersistentDisk")):
        both_read = bool(one.get("readOnly")) and bool(other.get("readOnly"))
        return bool(one["pdName"] == other["pdName"]) and not both_read
    if (one := first.get("awsElasticBlockStore")) and (other := second.get("awsElasticBlockStore")):
        return bool(one["volumeID"] == other["volumeID"])
    if (one := first.get("iscsi")) and (other := second.get("iscsi")):
        both_read = bool(one.get("readOnly")) and bool(other.get("readOnly"))
        return bool(one["iqn"] == other["iqn"]) and not both_read
    if (one := first.get("rbd")) and (other := second.get("rbd")):
        same = (
            set(one["monitors"]) & set(other["monitors"])
            and (one.get("pool") or "rbd") == (other.get("pool") or "rbd")
            and one["image"] == other["image"]
        )
        both_read = bool(one.get("readOnly")) and bool(other.get("readOnly"))
        return bool(same) and not both_read
    return False


class Restrictions(Filtering):
    """The filter for one pod; pods can be added and removed.

    Args:
        disks: The volumes of the pod, if disks are among them.
        alone: Its claims, as `namespace/name`, that no other pod may use.
        users: How many pods use one of these, on all nodes.
    """

    __slots__ = ("_alone", "_disks", "_users")

    def __init__(self, disks: Sequence[Object], alone: frozenset[str], users: int) -> None:
        super().__init__(self._test)
        self._disks, self._alone, self._users = disks, alone, users

    def _test(self, node: NodeInfo) -> Status | None:
        for volume in self._disks:
            for other in node.pods.values():
                if other.has_disks and any(is_same_disk(volume, each) for each in other.spec["volumes"]):
                    return DISK
        return ONE_POD if self._users > 0 else None

    def copy(self) -> Restrictions:
        """See `Filtering.copy`."""
        return Restrictions(self._disks, self._alone, self._users)

    def add_pod(self, info: PodInfo, node: NodeInfo) -> None:
        """See `Filtering.add_pod`."""
        self._users += self._uses(info)

    def remove_pod(self, info: PodInfo, node: NodeInfo) -> None:
        """See `Filtering.remove_pod`."""
        self._users -= self._uses(info)

    def _uses(self, info: PodInfo) -> int:
        return sum(f"{info.namespace}/{name}" in self._alone for name in info.claims)


class VolumeRestrictions(Plugin):
    """See the module's docstring."""

    name = NAME

    def pre_filter(self, info: PodInfo) -> Filtering | Status | None:
        """Nodes where no other pod has what this one wants for itself."""
        claims, alone = self.handle.lister(PERSISTENTVOLUMECLAIMS) if info.claims else None, set()
        for name in info.claims:
            claim = claims.get(info.namespace, name) if claims else None
            if claim is None:
                return Status(NAME, (f'persistentvolumeclaim "{name}" not found',))
            if READ_WRITE_ONCE_POD in (claim["spec"].get("accessModes") or ()):
                alone.add(f"{info.namespace}/{name}")
        if not alone and not info.has_disks:
            return None
        users = sum(self.handle.cache.claims.get(key, 0) for key in alone)
        return Restrictions(info.spec["volumes"] if info.has_disks else (), frozenset(alone), users)
