"""A pod, and what the plugins ask of it, worked out once.

Source: pkg/scheduler/framework/types.go (PodInfo, calculateResource), pkg/scheduler/util/pod_resources.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from kubelite.api import podutil
from kubelite.api.podresize import spec_with_given
from kubelite.api.resourcelist import Amounts
from kubelite.apimachinery import meta
from kubelite.apimachinery.scheme import Object

if TYPE_CHECKING:
    from kubelite.scheduler.terms import AffinityTerms

HostPort = podutil.HostPort
ASSUMED_CPU_MILLI, ASSUMED_MEMORY_BYTES = 100, 200 * 1024**2
"""What a container without a request counts as when nodes are compared, so that such pods spread too."""
DISKS: Final = frozenset({"gcePersistentDisk", "awsElasticBlockStore", "rbd", "iscsi"})
_BASE: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
_NONE: Final[Mapping[str, Any]] = {}


@attrs.define(eq=False)
class PodInfo:
    """See the module's docstring.

    Attributes:
        cpu: Thousandths that it requests.
        memory: Bytes that it requests.
        ephemeral: Bytes of ephemeral storage that it requests.
        scalars: What else it requests.
        nonzero_cpu: As requested, with an assumption for each container that requests none.
        nonzero_memory: As above.
        terms: Its affinity and anti-affinity to other pods, if it has any.
        claims: The names of its PersistentVolumeClaims.
        has_disks: It names disks which not every other pod may share.
        terminating: Its deletion has begun.
    """

    pod: Object
    key: str
    uid: str
    namespace: str
    labels: Mapping[str, str]
    cpu: int
    memory: int
    ephemeral: int
    scalars: tuple[tuple[str, int], ...]
    nonzero_cpu: int
    nonzero_memory: int
    ports: tuple[HostPort, ...]
    tolerations: Sequence[Mapping[str, Any]]
    priority: int
    terms: AffinityTerms | None
    claims: tuple[str, ...]
    has_disks: bool
    terminating: bool

    def __repr__(self) -> str:
        return f"<PodInfo {self.key}>"

    @property
    def spec(self) -> Object:
        """The pod's spec."""
        spec: Object = self.pod["spec"]
        return spec

    @property
    def nominated(self) -> str:
        """The node on which room was made for it; "" for none."""
        return (self.pod.get("status") or {}).get("nominatedNodeName") or ""

    @classmethod
    def of(cls, pod: Object) -> PodInfo:
        """The facts of a pod."""
        spec, metadata = pod["spec"], pod["metadata"]
        requests = _requests(pod)
        cpu, memory = requests.get("cpu", 0), requests.get("memory", 0)
        volumes = spec.get("volumes")
        return cls(
            pod,
            meta.key(pod),
            metadata["uid"],
            metadata.get("namespace") or "",
            metadata.get("labels") or _NONE,
            cpu,
            memory,
            requests.get("ephemeral-storage", 0),
            tuple((name, amount) for name, amount in requests.items() if name not in _BASE),
            cpu + ASSUMED_CPU_MILLI * _silent(spec, "cpu"),
            memory + ASSUMED_MEMORY_BYTES * _silent(spec, "memory"),
            tuple(podutil.host_ports(spec)),
            spec.get("tolerations") or (),
            spec.get("priority") or 0,
            _terms(pod),
            _claims(metadata["name"], volumes) if volumes else (),
            bool(volumes) and any(not DISKS.isdisjoint(volume) for volume in volumes),
            "deletionTimestamp" in metadata,
        )


def _silent(spec: Object, resource: str) -> int:
    """How many containers that run all the time say nothing of a resource that the pod does not speak for."""
    count = 0
    for each in spec.get("containers") or ():
        count += resource not in ((each.get("resources") or _NONE).get("requests") or _NONE)
    for each in spec.get("initContainers") or ():
        if podutil.is_sidecar(each):
            count += resource not in ((each.get("resources") or _NONE).get("requests") or _NONE)
    if count and resource in ((spec.get("resources") or _NONE).get("requests") or _NONE):
        return 0
    return count


def _terms(pod: Object) -> AffinityTerms | None:
    affinity = pod["spec"].get("affinity")
    if not affinity or not (affinity.get("podAffinity") or affinity.get("podAntiAffinity")):
        return None
    from kubelite.scheduler.terms import parse_terms  # noqa: PLC0415 - few pods have any

    return parse_terms(pod)


def _claims(name: str, volumes: Sequence[Object]) -> tuple[str, ...]:
    found = []
    for volume in volumes:
        if claim := volume.get("persistentVolumeClaim"):
            found.append(claim["claimName"])
        elif "ephemeral" in volume:
            found.append(f"{name}-{volume['name']}")
    return tuple(found)


def _requests(pod: Object) -> Amounts:
    """What the scheduler sets aside: for a pod that is being resized the larger of what it has and wants."""
    return podutil.requests(spec_with_given(pod) if pod["spec"].get("nodeName") else pod["spec"])
