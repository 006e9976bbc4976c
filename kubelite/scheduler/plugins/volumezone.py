"""VolumeZone: a pod goes where its volumes are, as the zone and region labels of these say.

Source: pkg/scheduler/framework/plugins/volumezone.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.resources import PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, STORAGECLASSES
from kubelite.scheduler.framework import Filtering, Plugin, Status
from kubelite.scheduler.nodeinfo import REGION, ZONE, NodeInfo
from kubelite.scheduler.podinfo import PodInfo

NAME: Final = "VolumeZone"
REFUSED: Final = Status(NAME, ("node(s) had no available volume zone",))
_LABELS: Final = {
    ZONE: "failure-domain.beta.kubernetes.io/zone",
    REGION: "failure-domain.beta.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone": ZONE,
    "failure-domain.beta.kubernetes.io/region": REGION,
}
"""Each label by the other name that it has on nodes."""
_SEPARATOR: Final = "__"


class VolumeZone(Plugin):
    """See the module's docstring."""

    name = NAME

    def pre_filter(self, info: PodInfo) -> Filtering | Status | None:
        """Nodes in the zones of all of the pod's volumes."""
        lister = self.handle.lister
        topologies: list[tuple[str, frozenset[str]]] = []
        for name in info.claims:
            claim = lister(PERSISTENTVOLUMECLAIMS).get(info.namespace, name)
            if claim is None:
                return Status(NAME, (f'persistentvolumeclaim "{name}" not found',))
            bound = claim["spec"].get("volumeName")
            if not bound:
                of_class = claim["spec"].get("storageClassName")
                if not of_class:
                    return Status(NAME, ("PersistentVolumeClaim had no pv name and storageClass name",))
                found = lister(STORAGECLASSES).get(None, of_class)
                if found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer":
                    continue
                return Status(NAME, ("PersistentVolume had no name",))
            volume = lister(PERSISTENTVOLUMES).get(None, bound)
            if volume is None:
                return Status(NAME, (f'persistentvolume "{bound}" not found',))
            labels = volume["metadata"].get("labels") or {}
            topologies += [
                (key, frozenset(labels[key].split(_SEPARATOR))) for key in _LABELS if key in labels
            ]
        if not topologies:
            return None

        def test(node: NodeInfo) -> Status | None:
            labels = node.labels
            for key, values in topologies:
                value = labels.get(key, labels.get(_LABELS[key]))
                if value not in values:
                    return REFUSED
            return None

        return Filtering(test)
