"""NodeUnschedulable: a cordoned node takes only pods that tolerate it.

Source: pkg/scheduler/framework/plugins/nodeunschedulable.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.tolerations import tolerates
from kubelite.scheduler.framework import Filtering, Plugin, Status
from kubelite.scheduler.nodeinfo import NodeInfo
from kubelite.scheduler.podinfo import PodInfo

TAINT: Final = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
REFUSED: Final = Status("NodeUnschedulable", ("node(s) were unschedulable",))


def test(node: NodeInfo) -> Status | None:
    """Whether a node takes pods."""
    return REFUSED if node.unschedulable else None


class NodeUnschedulable(Plugin):
    """See the module's docstring."""

    name = "NodeUnschedulable"

    def pre_filter(self, info: PodInfo) -> Filtering | None:
        """Pods that tolerate the taint go anywhere."""
        return None if tolerates(TAINT, info.tolerations) else Filtering(test)
