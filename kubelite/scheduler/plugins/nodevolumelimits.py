"""NodeVolumeLimits: a CSI driver attaches only so many volumes to a node.

Source: pkg/scheduler/framework/plugins/nodevolumelimits/csi.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kubelite.api.resources import CSINODES, PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, STORAGECLASSES
from kubelite.scheduler.framework import Filtering, Plugin, Status
from kubelite.scheduler.nodeinfo import NodeInfo
from kubelite.scheduler.podinfo import PodInfo

NAME: Final = "NodeVolumeLimits"
EXCEEDED: Final = Status(NAME, ("node(s) exceed max volume count",), resolvable=True)
Volume = tuple[str, str]
"""A driver, and what it calls the volume."""


class NodeVolumeLimits(Plugin):
    """See the module's docstring."""

    name = NAME

    def _volumes(self, info: PodInfo) -> Iterator[Volume]:
        """The CSI volumes of a pod, those still to be provisioned by the names of their claims."""
        lister = self.handle.lister
        for name in info.claims:
            claim = lister(PERSISTENTVOLUMECLAIMS).get(info.namespace, name)
            if claim is None:
                continue
            volume = lister(PERSISTENTVOLUMES).get(None, claim["spec"].get("volumeName") or "")
            if volume is not None:
                source = volume["spec"].get("csi")
                if source:
                    yield source["driver"], source["volumeHandle"]
                continue
            of_class = lister(STORAGECLASSES).get(None, claim["spec"].get("storageClassName") or "")
            if of_class is not None:
                yield of_class["provisioner"], f"{info.namespace}/{name}"

    def pre_filter(self, info: PodInfo) -> Filtering | None:
        """Nodes whose drivers can attach the pod's volumes beside those that are there."""
        wanted = set(self._volumes(info))
        if not wanted:
            return None
        nodes = self.handle.lister(CSINODES)

        def test(node: NodeInfo) -> Status | None:
            csi_node = nodes.get(None, node.name)
            limits = {
                each["name"]: each["allocatable"]["count"]
                for each in ((csi_node or {}).get("spec") or {}).get("drivers") or ()
                if (each.get("allocatable") or {}).get("count") is not None
            }
            if not limits:
                return None
            used = {volume for other in node.pods.values() if other.claims for volume in self._volumes(other)}
            for driver, limit in limits.items():
                new = sum(each[0] == driver for each in wanted - used)
                if new and sum(each[0] == driver for each in used) + new > limit:
                    return EXCEEDED
            return None

        return Filtering(test)
