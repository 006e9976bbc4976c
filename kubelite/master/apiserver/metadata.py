"""What the API server itself writes into an object's metadata.

Keys are kept in Kubernetes' order. `resourceVersion` is the store's to write; its place is kept here.
Source: k8s.io/apiserver/pkg/registry/rest (meta.go, create.go, update.go).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kubelite.apimachinery.apierrors import unexpected
from kubelite.apimachinery.scheme import Object

KEYS: Final = (
    "name",
    "generateName",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
)
"""The keys of ObjectMeta in the order of the struct; there are no others (`selfLink` is never stored)."""

NAME_LENGTH_MAX: Final = 63
SUFFIX_LENGTH: Final = 5


def ordered(metadata: Mapping[str, Any]) -> Object:
    """The same metadata with its keys in Kubernetes' order."""
    return {key: metadata[key] for key in KEYS if key in metadata}


def with_metadata(obj: Object, metadata: Object) -> Object:
    """The object with other metadata; the spine is new."""
    return {**obj, "metadata": metadata}


def generated_name(prefix: str, suffix: str) -> str:
    """A name from `generateName`: a long prefix is cut so that the name fits a DNS label."""
    return prefix[: NAME_LENGTH_MAX - SUFFIX_LENGTH] + suffix


def new_metadata(metadata: Mapping[str, Any], *, namespace: str, name: str, uid: str, now: str) -> Object:
    """Metadata of an object to be created: the server's fields are the server's, whatever the client sent.

    Raises:
        APIError: A resourceVersion is given, which Kubernetes answers with 500.
    """
    if metadata.get("resourceVersion"):
        raise unexpected("resourceVersion should not be set on objects to be created")
    filled = {**metadata, "name": name, "uid": uid, "creationTimestamp": now}
    filled.pop("resourceVersion", None)
    filled.pop("deletionTimestamp", None)
    filled.pop("deletionGracePeriodSeconds", None)
    if namespace:
        filled["namespace"] = namespace
    return ordered(filled)


def updated_metadata(new: Mapping[str, Any], old: Mapping[str, Any]) -> Object:
    """Metadata of an update, with what an update cannot change taken from what is stored."""
    filled = {**new, "resourceVersion": old["resourceVersion"], "creationTimestamp": old["creationTimestamp"]}
    if not filled.get("uid"):
        filled["uid"] = old["uid"]
    filled.pop("generation", None)
    for key in ("generation", "deletionTimestamp"):
        if key in old:
            filled[key] = old[key]
    if filled.get("deletionGracePeriodSeconds") is None:
        filled.pop("deletionGracePeriodSeconds", None)
        if "deletionGracePeriodSeconds" in old:
            filled["deletionGracePeriodSeconds"] = old["deletionGracePeriodSeconds"]
    return ordered(filled)


def with_generation(obj: Object, generation: int) -> Object:
    """The object with another generation."""
    return with_metadata(obj, ordered({**obj["metadata"], "generation": generation}))


DUPLICATE_OWNERS: Final = (
    ".metadata.ownerReferences contains duplicate entries{}; API server dedups owner references in 1.20+, "
    "and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}"
)
AFTER_ADMISSION: Final = " after mutating admission happens"


def with_distinct_owners(obj: Object, when: str = "") -> tuple[Object, tuple[str, ...]]:
    """The object with every owner once, and a warning if one was there more than once.

    Args:
        obj: What is to be stored.
        when: When that was seen, for the warning.
    """
    owners = obj["metadata"].get("ownerReferences")
    if not owners or len(owners) == 1 or not isinstance(owners, list):
        return obj, ()
    kept: list[Any] = []
    repeated = []
    for owner in owners:
        if owner in kept:
            repeated.append(str(owner.get("uid") or "") if isinstance(owner, dict) else "")
        else:
            kept.append(owner)
    if not repeated:
        return obj, ()
    metadata = {**obj["metadata"], "ownerReferences": kept}
    return with_metadata(obj, metadata), (DUPLICATE_OWNERS.format(when, ", ".join(repeated)),)
