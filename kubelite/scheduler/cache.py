"""All nodes, and where each pod is or is about to be; what plugins ask of all of them is kept up.

The cycle runs without a pause between messages: it reads the cache itself where kube-scheduler needs a
snapshot.

Source: pkg/scheduler/backend/cache/{cache,node_tree}.go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, Final

from kubelite.apimachinery.scheme import Object
from kubelite.scheduler.counters import NodeCounter, PodCounters
from kubelite.scheduler.nodeinfo import REGION, ZONE, NodeInfo
from kubelite.scheduler.podinfo import PodInfo
from kubelite.scheduler.termtable import TermTable

if TYPE_CHECKING:
    from kubelite.scheduler.terms import Term, Weighted

_NO_LABELS: Final[Mapping[str, str]] = {}
_MEMO_MAX: Final = 256


class Cache:
    """See the module's docstring.

    Attributes:
        topology_version: Grows when nodes come or go, or change labels or taints.
        nominated: The pods for which room was made on a node, by node and uid.
        image_nodes: How many nodes have an image, by its name.
        cordoned: How many nodes are unschedulable.
        tainted: How many have taints that keep pods away.
        softly_tainted: How many have taints that pods would rather avoid.
        anti_affinity: Pods that keep others away, per term.
        affinity: Pods that require others near, per term.
        preferences: Pods that would rather have others near (or not), per term and weight.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, NodeInfo] = {}
        self.topology_version = 0
        self.nominated: dict[str, dict[str, PodInfo]] = {}
        self.image_nodes: dict[str, int] = {}
        self.cordoned = self.tainted = self.softly_tainted = 0
        self.anti_affinity: TermTable[Term] = TermTable(self)
        self.affinity: TermTable[Term] = TermTable(self)
        self.preferences: TermTable[Weighted] = TermTable(self)
        self.claims: dict[str, int] = {}
        self._counters = PodCounters(self)
        self._listed: list[NodeInfo] | None = None
        self._where: dict[str, str] = {}
        self._nominations: dict[str, str] = {}
        self._memo: dict[Hashable, Any] = {}
        self._memo_version = -1

    def __repr__(self) -> str:
        return f"<Cache {len(self.nodes)} nodes, {len(self._where)} pods>"

    # -- nodes

    def set_node(self, name: str, node: Object | None) -> None:
        """A node came, changed, or went."""
        info = self.nodes.get(name)
        if info is None:
            info = self.nodes[name] = NodeInfo(name)
        before = info.node
        if before is not None:
            self._count_node(info, -1)
        info.set_node(node)
        if node is not None:
            self._count_node(info, 1)
        elif not info.pods:
            del self.nodes[name]
        if (
            before is None
            or node is None
            or before["metadata"].get("labels") != node["metadata"].get("labels")
            or before["spec"] != node["spec"]
        ):
            self.topology_version += 1
            self._listed = None

    def _count_node(self, info: NodeInfo, sign: int) -> None:
        self.cordoned += sign * info.unschedulable
        self.tainted += sign * info.is_tainted
        self.softly_tainted += sign * info.is_softly_tainted
        for image in info.images:
            left = self.image_nodes.get(image, 0) + sign
            if left:
                self.image_nodes[image] = left
            else:
                del self.image_nodes[image]

    def listed(self) -> list[NodeInfo]:
        """The nodes which exist: by name, those of different zones in turn."""
        if self._listed is None:
            zones: dict[tuple[str, str], list[NodeInfo]] = {}
            for name in sorted(self.nodes):
                node = self.nodes[name]
                if node.node is not None:
                    zone = node.labels.get(REGION, ""), node.labels.get(ZONE, "")
                    zones.setdefault(zone, []).append(node)
            rows = chain.from_iterable(zip_longest(*(zones[each] for each in sorted(zones))))
            self._listed = [node for node in rows if node is not None]
        return self._listed

    def existing(self, name: str) -> NodeInfo | None:
        """A node by its name, if it exists."""
        info = self.nodes.get(name)
        return None if info is None or info.node is None else info

    def labels(self, name: str) -> Mapping[str, str]:
        """A node's labels; none if it does not exist."""
        info = self.nodes.get(name)
        return _NO_LABELS if info is None or info.node is None else info.labels

    def memo(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What depends only on a key and on the nodes' labels and taints: made anew when these change."""
        if self._memo_version != self.topology_version or len(self._memo) > _MEMO_MAX:
            self._memo.clear()
            self._memo_version = self.topology_version
        if key not in self._memo:
            self._memo[key] = make()
        return self._memo[key]

    # -- pods

    def place(self, info: PodInfo, node_name: str) -> None:
        """A pod is on a node, or assumed to be; or it has changed there."""
        self.forget(info.uid)
        node = self.nodes.get(node_name)
        if node is None:
            node = self.nodes[node_name] = NodeInfo(node_name)
        node.add(info)
        self._where[info.uid] = node_name
        self._count_pod(info, node_name, 1)
        if info.uid in self._nominations:
            self.nominate(info, "")

    def refresh(self, uid: str, pod: Object) -> None:
        """A pod has changed, but in nothing that counts."""
        name = self._where.get(uid)
        if name is not None:
            self.nodes[name].pods[uid].pod = pod

    def node_of(self, uid: str) -> str | None:
        """Where a pod is, or is assumed to be."""
        return self._where.get(uid)

    def forget(self, uid: str) -> PodInfo | None:
        """A pod is gone, or was not bound after all."""
        name = self._where.pop(uid, None)
        if name is None:
            return None
        node = self.nodes[name]
        info = node.remove(uid)
        assert info is not None
        self._count_pod(info, name, -1)
        if node.node is None and not node.pods:
            del self.nodes[name]
        return info

    def _count_pod(self, info: PodInfo, node: str, sign: int) -> None:
        self._counters.count(info, node, sign)
        for name in info.claims:
            key = f"{info.namespace}/{name}"
            self.claims[key] = self.claims.get(key, 0) + sign
            if not self.claims[key]:
                del self.claims[key]
        if info.terms is not None:
            for term in info.terms.anti_affinity:
                self.anti_affinity.count(term, node, sign)
            for term in info.terms.affinity:
                self.affinity.count(term, node, sign)
            for preference in info.terms.preferred:
                self.preferences.count(preference, node, sign)

    @property
    def has_terms(self) -> bool:
        """Whether any pod has affinity or anti-affinity to others."""
        return bool(self.anti_affinity or self.affinity or self.preferences)

    def counter(
        self,
        key: Hashable,
        matches: Callable[[PodInfo], bool],
        namespaces: Collection[str],
        labels: Mapping[str, str],
    ) -> NodeCounter:
        """How many pods of a sort each node has; see `PodCounters.get`."""
        return self._counters.get(key, matches, namespaces, labels)

    # -- nominations

    def nominate(self, info: PodInfo, node_name: str) -> None:
        """Room was made for a pod on a node; "" takes it back."""
        before = self._nominations.pop(info.uid, None)
        if before is not None:
            pods = self.nominated[before]
            del pods[info.uid]
            if not pods:
                del self.nominated[before]
        if node_name:
            self._nominations[info.uid] = node_name
            self.nominated.setdefault(node_name, {})[info.uid] = info

    def nomination(self, uid: str) -> str:
        """The node on which room was made for a pod; "" for none."""
        return self._nominations.get(uid, "")
