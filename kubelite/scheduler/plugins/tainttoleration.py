"""TaintToleration: hard taints must be tolerated, soft ones should be.

Source: pkg/scheduler/framework/plugins/tainttoleration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from kubelite.api.tolerations import tolerates
from kubelite.scheduler.framework import Filtering, Plugin, Scorer, Status, default_normalize
from kubelite.scheduler.nodeinfo import HARD_EFFECTS, SOFT_EFFECT, NodeInfo
from kubelite.scheduler.podinfo import PodInfo

REFUSED: Final = Status("TaintToleration", ("node(s) had untolerated taint(s)",))
Taints = Iterable[Mapping[str, Any]]


def tolerates_hard(taints: Taints, tolerations: Taints) -> bool:
    """Whether every taint that keeps pods away is tolerated."""
    return all(each["effect"] not in HARD_EFFECTS or tolerates(each, tolerations) for each in taints)


def soft_taints(taints: Taints, tolerations: Taints) -> int:
    """How many PreferNoSchedule taints are not tolerated."""
    return sum(each["effect"] == SOFT_EFFECT and not tolerates(each, tolerations) for each in taints)


class TaintToleration(Plugin):
    """See the module's docstring."""

    name = "TaintToleration"

    def pre_filter(self, info: PodInfo) -> Filtering:
        """Nodes without taints, or with tolerated ones."""
        tolerations = info.tolerations

        def test(node: NodeInfo) -> Status | None:
            if not node.is_tainted or tolerates_hard(node.taints, tolerations):
                return None
            return REFUSED

        return Filtering(test)

    def pre_score(self, info: PodInfo, nodes: Sequence[NodeInfo]) -> Scorer:
        """Counts what is not tolerated."""
        tolerations = [
            each for each in info.tolerations if not each.get("effect") or each["effect"] == SOFT_EFFECT
        ]
        return lambda nodes: [
            soft_taints(node.taints, tolerations) if node.is_softly_tainted else 0 for node in nodes
        ]

    def normalize(self, scores: list[int]) -> list[int]:
        """The fewer, the better."""
        return default_normalize(scores, reverse=True)
