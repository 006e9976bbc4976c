"""The plugins of kube-scheduler, one file each; this is their table, in the order in which they are asked.

A plugin's file is imported when the first pod needs it: `filters` and `scores` say, at the cost of a glance,
whether a pod could need the plugin there at all.

Source: pkg/scheduler/apis/config/v1/default_plugins.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from kubelite.api import resources as r
from kubelite.apimachinery.scheme import Resource

if TYPE_CHECKING:
    from kubelite.scheduler.cache import Cache
    from kubelite.scheduler.podinfo import PodInfo

Needed = Callable[["PodInfo", "Cache"], object]
POINTS: Final = (
    "preEnqueue",
    "queueSort",
    "preFilter",
    "filter",
    "postFilter",
    "preScore",
    "score",
    "reserve",
    "permit",
    "preBind",
    "bind",
    "postBind",
)
_FILTER: Final = frozenset({"filter"})
_FILTERS: Final = frozenset({"preFilter", "filter"})
_SCORES: Final = frozenset({"preScore", "score"})


class Entry(NamedTuple):
    """A plugin.

    Attributes:
        module: Where it is, in this package; "" for one that is part of the queue or the actor.
        filters: Whether PreFilter and Filter need to be asked about a pod; None if the plugin has none.
        scores: The same for PreScore and Score.
        resources: The kinds that it looks at for a pod, beside pods and nodes.
        weight: Of its score, in the default profile.
        points: The extension points that it has, as they are called in a profile.
    """

    module: str = ""
    filters: Needed | None = None
    scores: Needed | None = None
    resources: Callable[[PodInfo], tuple[Resource, ...]] | None = None
    weight: int = 1
    points: frozenset[str] = frozenset()


def _node_affinity(info: PodInfo, kind: str) -> object:
    affinity = info.spec.get("affinity")
    return affinity and (affinity.get("nodeAffinity") or {}).get(kind)


def _filters_affinity(info: PodInfo, cache: Cache) -> object:
    return info.spec.get("nodeSelector") or _node_affinity(
        info, "requiredDuringSchedulingIgnoredDuringExecution"
    )


def _scores_affinity(info: PodInfo, cache: Cache) -> object:
    return _node_affinity(info, "preferredDuringSchedulingIgnoredDuringExecution")


def _siblings(info: PodInfo) -> tuple[Resource, ...]:
    if info.spec.get("topologySpreadConstraints"):
        return ()
    from kubelite.scheduler.siblings import owner_resource  # noqa: PLC0415 - imported with the plugin

    owner = owner_resource(info.pod)
    return (r.SERVICES,) if owner is None else (r.SERVICES, owner[0])


def _volumes(info: PodInfo) -> tuple[Resource, ...]:
    return _VOLUME_KINDS if info.claims else ()


_VOLUME_KINDS: Final = (
    r.PERSISTENTVOLUMECLAIMS,
    r.PERSISTENTVOLUMES,
    r.STORAGECLASSES,
    r.CSINODES,
    r.CSIDRIVERS,
    r.CSISTORAGECAPACITIES,
)

PLUGINS: Final[Mapping[str, Entry]] = {
    "SchedulingGates": Entry(points=frozenset({"preEnqueue"})),
    "PrioritySort": Entry(points=frozenset({"queueSort"})),
    "NodeUnschedulable": Entry("nodeunschedulable", filters=lambda _, cache: cache.cordoned, points=_FILTER),
    "NodeName": Entry("nodename", filters=lambda info, _: info.spec.get("nodeName"), points=_FILTER),
    "TaintToleration": Entry(
        "tainttoleration",
        filters=lambda _, cache: cache.tainted,
        scores=lambda _, cache: cache.softly_tainted,
        weight=3,
        points=_FILTER | _SCORES,
    ),
    "NodeAffinity": Entry(
        "nodeaffinity",
        filters=_filters_affinity,
        scores=_scores_affinity,
        weight=2,
        points=_FILTERS | _SCORES,
    ),
    "NodePorts": Entry("nodeports", filters=lambda info, _: info.ports, points=_FILTERS),
    "NodeResourcesFit": Entry(
        "noderesourcesfit", filters=lambda *_: True, scores=lambda *_: True, points=_FILTERS | _SCORES
    ),
    "VolumeRestrictions": Entry(
        "volumerestrictions",
        filters=lambda info, _: info.claims or info.has_disks,
        resources=_volumes,
        points=_FILTERS,
    ),
    "NodeVolumeLimits": Entry(
        "nodevolumelimits", filters=lambda info, _: info.claims, resources=_volumes, points=_FILTERS
    ),
    "VolumeBinding": Entry(
        "volumebinding",
        filters=lambda info, _: info.claims,
        resources=_volumes,
        points=_FILTERS | _SCORES | {"reserve", "preBind"},
    ),
    "VolumeZone": Entry(
        "volumezone", filters=lambda info, _: info.claims, resources=_volumes, points=_FILTERS
    ),
    "PodTopologySpread": Entry(
        "podtopologyspread",
        filters=lambda info, _: info.spec.get("topologySpreadConstraints"),
        scores=lambda info, _: info.labels or info.spec.get("topologySpreadConstraints"),
        resources=_siblings,
        weight=2,
        points=_FILTERS | _SCORES,
    ),
    "InterPodAffinity": Entry(
        "interpodaffinity",
        filters=lambda info, cache: info.terms or cache.anti_affinity,
        scores=lambda info, cache: info.terms or cache.has_terms,
        resources=lambda _: (r.NAMESPACES,),
        weight=2,
        points=_FILTERS | _SCORES,
    ),
    "DynamicResources": Entry(points=_FILTERS | {"preEnqueue", "postFilter", "score", "reserve", "preBind"}),
    "DefaultPreemption": Entry(points=frozenset({"preEnqueue", "postFilter"})),
    "NodeResourcesBalancedAllocation": Entry("balancedallocation", scores=lambda *_: True, points=_SCORES),
    "ImageLocality": Entry(
        "imagelocality", scores=lambda _, cache: cache.image_nodes, points=frozenset({"score"})
    ),
    "DefaultBinder": Entry(points=frozenset({"bind"})),
}
ELSEWHERE: Final = frozenset({"GangScheduling", "NodeDeclaredFeatures"})
"""Plugins of kube-scheduler for what does not exist here: they may be named, and do nothing."""
