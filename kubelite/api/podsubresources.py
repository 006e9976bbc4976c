"""What the subresources of a pod take from what a client sends: of everything else, what is stored stays.

Source: k8s.io/kubernetes/pkg/registry/core/pod/strategy.go (podEphemeralContainersStrategy,
podResizeStrategy); k8s.io/apimachinery/pkg/apis/meta/v1 (ResetObjectMetaForStatus).
"""

from __future__ import annotations

from typing import Final

from kubelite.apimachinery.scheme import Object

_RESET_METADATA: Final = (
    "generateName",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
)
"""Metadata that such an update cannot change."""

_RESIZED: Final = ("resources", "resizePolicy")


def with_stored_metadata(new: Object, old: Object) -> Object:
    """The object with the metadata that is stored, but for what identifies it."""
    metadata = {key: value for key, value in new["metadata"].items() if key not in _RESET_METADATA}
    stored = {key: value for key, value in old["metadata"].items() if key in _RESET_METADATA}
    return {**new, "metadata": {**metadata, **stored}}


def _counted(new: Object, old: Object) -> Object:
    """The pod with its generation raised if its spec differs."""
    if new["spec"] == old["spec"]:
        return new
    generation = (old["metadata"].get("generation") or 0) + 1
    return {**new, "metadata": {**new["metadata"], "generation": generation}}


def prepare_for_ephemeral_containers(new: Object, old: Object) -> Object:
    """The stored pod with the ephemeral containers of the new one."""
    spec = {key: value for key, value in old["spec"].items() if key != "ephemeralContainers"}
    containers = (new.get("spec") or {}).get("ephemeralContainers")
    if containers:
        spec["ephemeralContainers"] = containers
    return _counted({**with_stored_metadata(new, old), "spec": spec, **_status(old)}, old)


def prepare_for_resize(new: Object, old: Object) -> Object:
    """The stored pod with the resources and resize policies of the new one's containers.

    Containers that were added, removed, renamed or moved are left to validation, which refuses them.
    """
    after, before = new.get("spec") or {}, old["spec"]
    fields = ("containers", "initContainers")
    if any(len(after.get(field) or ()) != len(before.get(field) or ()) for field in fields):
        return _counted({**new, "spec": after, **_status(old)}, old)
    spec = dict(before)
    for field in fields:
        if after.get(field):
            spec[field] = _resized(after[field], before[field])
    return _counted({**with_stored_metadata(new, old), "spec": spec, **_status(old)}, old)


def _status(old: Object) -> Object:
    return {"status": old["status"]} if "status" in old else {}


def _resized(new: list[Object], old: list[Object]) -> list[Object]:
    if [container.get("name") for container in new] != [container["name"] for container in old]:
        return new
    merged = []
    for after, before in zip(new, old, strict=True):
        container = {key: value for key, value in before.items() if key not in _RESIZED}
        container.update({key: after[key] for key in _RESIZED if key in after})
        merged.append(container)
    return merged
