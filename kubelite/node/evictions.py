"""Which pods have to go because they hold more of their node's disk than they may. Pure.

Source: pkg/kubelet/eviction/{eviction_manager,helpers}.go (localStorageEviction).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubelite.api import podutil
from kubelite.api.resourcelist import amount
from kubelite.apimachinery.scheme import Object

if TYPE_CHECKING:
    from kubelite.node.diskusage import Held

PERIOD_S: Final = 10.0
"""How often a kubelet looks."""
STORAGE: Final = "ephemeral-storage"


def is_limited(pod_spec: Object) -> bool:
    """Whether a pod may hold only so much."""
    sizes = ((volume.get("emptyDir") or {}).get("sizeLimit") for volume in pod_spec.get("volumes") or ())
    return any(sizes) or any(_limit(container) for container in podutil.containers(pod_spec))


def overuse(pod_spec: Object, held: Held) -> str:
    """How a pod holds more than it may, in the words of the Event; "" if it does not."""
    for volume in pod_spec.get("volumes") or ():
        size, disk = (volume.get("emptyDir") or {}).get("sizeLimit"), held.volumes.get(volume["name"])
        if size and disk is not None and disk.used > amount("memory", size) > 0:
            return f'Usage of EmptyDir volume "{volume["name"]}" exceeds the limit "{size}". '
    most = podutil.limits(pod_spec).get(STORAGE)
    if most is not None and held.disk.used > most:
        limits = [_limit(each) for each in pod_spec["containers"]]
        shown = next(iter(limits)) if len(limits) == 1 else str(most)
        return f"Pod ephemeral local storage usage exceeds the total limit of containers {shown}. "
    for container in podutil.containers(pod_spec):
        name, limit = container["name"], _limit(container)
        if limit and held.logs.get(name, 0) + held.written.get(name, 0) > amount(STORAGE, limit):
            return f'Container {name} exceeded its local ephemeral storage limit "{limit}". '
    return ""


def _limit(container: Object) -> str:
    limits = (container.get("resources") or {}).get("limits") or {}
    return str(limits.get(STORAGE) or "")
