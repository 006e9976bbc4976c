"""NodeAffinity: the nodes that a pod selects, and those that it prefers.

Source: pkg/scheduler/framework/plugins/nodeaffinity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kubelite.api.nodeselector import allows_node, matches_terms
from kubelite.apimachinery.scheme import Object
from kubelite.scheduler.framework import Filtering, Plugin, Scorer, Status, default_normalize
from kubelite.scheduler.nodeinfo import NodeInfo
from kubelite.scheduler.podinfo import PodInfo

NAME: Final = "NodeAffinity"
REFUSED: Final = Status(NAME, ("node(s) didn't match Pod's node affinity/selector",))
ENFORCED: Final = Status(NAME, ("node(s) didn't match scheduler-enforced node affinity",))
CONFLICT: Final = Status(NAME, ("pod affinity terms conflict",))
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"


def named_nodes(spec: Object) -> frozenset[str] | None:
    """The nodes that required terms name; None unless every term names some."""
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(_REQUIRED)
    if not required or not required.get("nodeSelectorTerms"):
        return None
    found: set[str] = set()
    for term in required["nodeSelectorTerms"]:
        names: set[str] | None = None
        for field in term.get("matchFields") or ():
            if field["key"] == "metadata.name" and field["operator"] == "In":
                values = set(field.get("values") or ())
                names = values if names is None else names & values
        if names is None:
            return None
        found |= names
    return frozenset(found)


class NodeAffinity(Plugin):
    """See the module's docstring."""

    name = NAME

    def _added(self) -> Mapping[str, Any]:
        """The affinity that a profile adds to that of its pods."""
        return self.args.get("addedAffinity") or {}

    def pre_filter(self, info: PodInfo) -> Filtering | Status | None:
        """Nodes that `nodeSelector` and the required affinity allow."""
        spec = info.spec
        names = named_nodes(spec)
        if names is not None and not names:
            return CONFLICT
        added = self._added().get(_REQUIRED)

        def test(node: NodeInfo) -> Status | None:
            if added and not matches_terms(added["nodeSelectorTerms"], node.labels, node.name):
                return ENFORCED
            return None if allows_node(spec, node.labels, node.name) else REFUSED

        return Filtering(test, names)

    def pre_score(self, info: PodInfo, nodes: Sequence[NodeInfo]) -> Scorer | None:
        """The sum of the weights of the preferences that are met."""
        own = ((info.spec.get("affinity") or {}).get("nodeAffinity") or {}).get(_PREFERRED) or ()
        wishes = [
            (each["weight"], (each.get("preference") or {},))
            for each in (*own, *(self._added().get(_PREFERRED) or ()))
        ]
        if not wishes:
            return None
        return lambda nodes: [
            sum(weight for weight, terms in wishes if matches_terms(terms, node.labels, node.name))
            for node in nodes
        ]

    def normalize(self, scores: list[int]) -> list[int]:
        """In proportion to the best."""
        return default_normalize(scores)
