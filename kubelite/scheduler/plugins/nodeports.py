"""NodePorts: host ports must be free.

Source: pkg/scheduler/framework/plugins/nodeports.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from kubelite.scheduler.framework import Filtering, Plugin, Status
from kubelite.scheduler.nodeinfo import NodeInfo
from kubelite.scheduler.podinfo import HostPort, PodInfo

REFUSED: Final = Status(
    "NodePorts", ("node(s) didn't have free ports for the requested pod ports",), resolvable=True
)
_ANY_ADDRESS: Final = frozenset({"", "0.0.0.0"})  # noqa: S104 - the wildcard that is compared with


def conflict(wanted: Sequence[HostPort], taken: Collection[HostPort]) -> bool:
    """Whether one of the ports is taken; the wildcard address conflicts with every address."""
    for address, protocol, port in wanted:
        for other, other_protocol, other_port in taken:
            if (protocol, port) == (other_protocol, other_port) and (
                address == other or address in _ANY_ADDRESS or other in _ANY_ADDRESS
            ):
                return True
    return False


class NodePorts(Plugin):
    """See the module's docstring."""

    name = "NodePorts"

    def pre_filter(self, info: PodInfo) -> Filtering | None:
        """Nodes on which all of the pod's host ports are free."""
        ports = info.ports
        if not ports:
            return None

        def test(node: NodeInfo) -> Status | None:
            return REFUSED if node.ports and conflict(ports, node.ports) else None

        return Filtering(test)
