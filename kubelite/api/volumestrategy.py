"""What the API server sets in volumes and claims before it validates and stores them.

Source: k8s.io/kubernetes/pkg/registry/core/{persistentvolume,persistentvolumeclaim}/strategy.go,
pkg/api/persistentvolumeclaim/util.go.
"""

from __future__ import annotations

from kubelite.apimachinery.scheme import Object


def create_volume(volume: Object) -> Object:
    """Pending since now."""
    status = {"phase": "Pending", "lastPhaseTransitionTime": volume["metadata"].get("creationTimestamp")}
    return {**volume, "status": status}


def with_transition_time(new: Object, old: Object, now: str) -> Object:
    """The time at which a volume came into its phase, unless who writes the status knows it."""
    status, before = new.get("status") or {}, old.get("status") or {}
    key = "lastPhaseTransitionTime"
    if status.get("phase") == before.get("phase") or status.get(key) not in {None, before.get(key)}:
        return new
    return {**new, "status": {**status, key: now}}


def create_claim(claim: Object) -> Object:
    """Pending, with the source of its data under both names."""
    spec = _without_foreign_sources(claim["spec"])
    return {**claim, "spec": _with_both_sources(spec), "status": {"phase": "Pending"}}


def update_claim(new: Object, old: Object) -> Object:
    """The source of the data under both names; what was allowed once stays so."""
    spec, before = new["spec"], old.get("spec") or {}
    if before.get("dataSource") is None and before.get("dataSourceRef") is None:
        spec = _without_foreign_sources(spec)
    return {**new, "spec": _with_both_sources(spec)}


def _without_foreign_sources(spec: Object) -> Object:
    """`dataSource` may only name a claim or a snapshot, `dataSourceRef` nothing in another namespace."""
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    dropped = set()
    if source is not None and not _is_claim_or_snapshot(source):
        dropped.add("dataSource")
    if reference is not None and reference.get("namespace"):
        dropped.add("dataSourceRef")
    return {key: value for key, value in spec.items() if key not in dropped} if dropped else spec


def _is_claim_or_snapshot(source: Object) -> bool:
    named = (source.get("apiGroup") or "", source.get("kind"))
    return named in {("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot")}


def _with_both_sources(spec: Object) -> Object:
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is not None and reference is None:
        return {**spec, "dataSourceRef": source}
    if reference is not None and source is None and not reference.get("namespace"):
        return {**spec, "dataSource": {key: value for key, value in reference.items() if key != "namespace"}}
    return spec
