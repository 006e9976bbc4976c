"""NodePorts: host ports must be free.

Source: pkg/scheduler/framework/plugins/nodeports.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import podutil
from kubelite.scheduler.framework import Filtering, Plugin, Status
from kubelite.scheduler.nodeinfo import NodeInfo
from kubelite.scheduler.podinfo import PodInfo

REFUSED: Final = Status(
    "NodePorts", ("node(s) didn't have free ports for the requested pod ports",), resolvable=True
)


class NodePorts(Plugin):
    """See the module's docstring."""

    name = "NodePorts"

    def pre_filter(self, info: PodInfo) -> Filtering | None:
        """Nodes on which all of the pod's host ports are free."""
        ports = info.ports
        if not ports:
            return None

        def test(node: NodeInfo) -> Status | None:
            return REFUSED if node.ports and podutil.ports_conflict(ports, node.ports) else None

        return Filtering(test)
