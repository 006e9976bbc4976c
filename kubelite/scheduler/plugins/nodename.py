"""NodeName: a pod may name its node.

Source: pkg/scheduler/framework/plugins/nodename.
"""

from __future__ import annotations

from typing import Final

from kubelite.scheduler.framework import Filtering, Plugin, Status
from kubelite.scheduler.nodeinfo import NodeInfo
from kubelite.scheduler.podinfo import PodInfo

REFUSED: Final = Status("NodeName", ("node(s) didn't match the requested node name",))


class NodeName(Plugin):
    """See the module's docstring."""

    name = "NodeName"

    def pre_filter(self, info: PodInfo) -> Filtering | None:
        """Only that node."""
        wanted = info.spec.get("nodeName")
        if not wanted:
            return None

        def test(node: NodeInfo) -> Status | None:
            return None if node.name == wanted else REFUSED

        return Filtering(test)
