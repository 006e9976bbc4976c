"""ImageLocality: a node that has the pod's large images already is the better one.

An image counts by its size and by the share of nodes that have it, lest all pods go where the first went.

Source: pkg/scheduler/framework/plugins/imagelocality.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kubelite.scheduler.framework import BEST, Plugin, Scorer
from kubelite.scheduler.nodeinfo import NodeInfo
from kubelite.scheduler.podinfo import PodInfo

MEGABYTE: Final = 1024 * 1024
SIZE_MIN: Final = 23 * MEGABYTE
"""What is less than a small image is not worth a thought."""
CONTAINER_SIZE_MAX: Final = 1000 * MEGABYTE


def normalized_name(image: str) -> str:
    """With the tag that is meant if none is given."""
    return image if image.rfind(":") > image.rfind("/") else f"{image}:latest"


def scaled(total: int, containers: int) -> int:
    """A score for so many bytes."""
    most = CONTAINER_SIZE_MAX * containers
    return BEST * (max(SIZE_MIN, min(most, total)) - SIZE_MIN) // (most - SIZE_MIN)


class ImageLocality(Plugin):
    """See the module's docstring."""

    name = "ImageLocality"

    def pre_score(self, info: PodInfo, nodes: Sequence[NodeInfo]) -> Scorer | None:
        """See the module's docstring."""
        spec, known = info.spec, self.handle.cache.image_nodes
        containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
        images = [normalized_name(each.get("image") or "") for each in containers]
        images += [
            each["image"]["reference"]
            for each in spec.get("volumes") or ()
            if (each.get("image") or {}).get("reference")
        ]
        shares = {
            name: known[name] / max(1, len(self.handle.cache.listed())) for name in images if known.get(name)
        }
        if not shares:
            return None

        def score(node: NodeInfo) -> int:
            total = sum(int(node.images.get(name, 0) * shares[name]) for name in images if name in shares)
            return scaled(total, len(images))

        return lambda nodes: [score(node) for node in nodes]
