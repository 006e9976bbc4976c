"""What a plugin of the scheduler is, and in what terms it answers. Pure.

A plugin is asked once per pod and extension point, and answers with a function that is specialised for that
pod (or with None: the point can be skipped for it). What is asked once per node costs one call, and makes
nothing.

The cycle never waits, so that nothing changes while it runs: the cache itself is the snapshot that plugins
see.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/scheduling-framework/;
k8s.io/kube-scheduler/framework/interface.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Protocol

import attrs

from kubelite.apimachinery.scheme import Object, Resource

if TYPE_CHECKING:
    from kubelite.scheduler.cache import Cache
    from kubelite.scheduler.nodeinfo import NodeInfo
    from kubelite.scheduler.podinfo import PodInfo

BEST: Final = 100
"""The highest score of a node before weights."""


class Status(NamedTuple):
    """Why a plugin rejects a node, or a pod altogether.

    Attributes:
        plugin: Who says so.
        reasons: As kube-scheduler words them.
        resolvable: Whether deleting pods from the node could help ("Unschedulable"), or not
            ("UnschedulableAndUnresolvable").
    """

    plugin: str
    reasons: tuple[str, ...]
    resolvable: bool = False


class SchedulerError(Exception):
    """A cycle that could not be completed; the pod is tried again after its back-off."""


Test = Callable[["NodeInfo"], "Status | None"]
Scorer = Callable[[Sequence["NodeInfo"]], list[int]]


class Filtering:
    """What PreFilter found out about a pod.

    Attributes:
        test: The filter for this pod.
        names: The only nodes that need to be looked at; None is all.
    """

    __slots__ = ("names", "test")

    def __init__(self, test: Test, names: frozenset[str] | None = None) -> None:
        self.test = test
        self.names = names

    def copy(self) -> Filtering:
        """One that pods can be added to and removed from without consequences for this."""
        return self

    def add_pod(self, info: PodInfo, node: NodeInfo) -> None:
        """As if a pod were on a node."""

    def remove_pod(self, info: PodInfo, node: NodeInfo) -> None:
        """As if a pod were not on its node."""


class Lister(Protocol):
    """What plugins see of an informer."""

    def get(self, namespace: str | None, name: str) -> Object | None:
        """The object, or None."""
        ...

    def list(self, namespace: str | None = None) -> Sequence[Object]:
        """The objects of a namespace; None is all of them."""
        ...

    def by_index(self, name: str, key: str) -> Sequence[Object]:
        """The objects under a key of an index."""
        ...


@attrs.define(eq=False, repr=False)
class Handle:
    """What plugins are given to know the cluster by.

    Attributes:
        cache: Nodes and their pods.
        lister: The objects of another kind, by resource.
        random: A number from 0 up to below the given one, by chance.
    """

    cache: Cache
    lister: Callable[[Resource], Lister]
    random: Callable[[int], int]


class Plugin:
    """The default of each extension point: skipped. Made once per profile.

    Args:
        handle: The cluster.
        args: Of `pluginConfig`.
    """

    name: ClassVar[str]

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        self.handle = handle
        self.args = args

    def pre_filter(self, info: PodInfo) -> Filtering | Status | None:
        """PreFilter: the filter for a pod, why it can go nowhere, or None if every node will do."""
        raise NotImplementedError

    def pre_score(self, info: PodInfo, nodes: Sequence[NodeInfo]) -> Scorer | None:
        """PreScore: what gives each node a score for a pod; None if it is the same for all."""
        raise NotImplementedError

    def normalize(self, scores: list[int]) -> list[int]:
        """NormalizeScore: the scores as numbers from 0 to 100."""
        return scores

    def reserve(self, info: PodInfo, node: NodeInfo) -> Status | None:
        """Reserve: set aside what the pod needs there."""
        raise NotImplementedError

    def unreserve(self, info: PodInfo) -> None:
        """Unreserve: give back what was set aside."""
        raise NotImplementedError


def default_normalize(scores: list[int], *, reverse: bool = False) -> list[int]:
    """The scores in proportion to the highest, which becomes 100; the other way round if `reverse`.

    Source: pkg/scheduler/framework/plugins/helper/normalize_score.go.
    """
    most = max(scores, default=0)
    if most == 0:
        return [BEST] * len(scores) if reverse else scores
    if reverse:
        return [BEST - score * BEST // most for score in scores]
    return [score * BEST // most for score in scores]


def merged_names(filterings: Iterable[Filtering]) -> frozenset[str] | None:
    """The nodes that all filters leave; None for all nodes."""
    names: frozenset[str] | None = None
    for each in filterings:
        if each.names is not None:
            names = each.names if names is None else names & each.names
    return names
