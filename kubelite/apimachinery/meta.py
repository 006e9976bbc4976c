"""What all objects have: names, owners, and how a changed copy is made without touching the original."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kubelite.apimachinery.scheme import Object


def key(obj: Object) -> str:
    """`namespace/name`, or the name of what has no namespace."""
    metadata = obj["metadata"]
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def split_key(text: str) -> tuple[str | None, str]:
    """Namespace (None if there is none) and name of a key."""
    namespace, slash, name = text.rpartition("/")
    return (namespace if slash else None), name


def controller_of(obj: Object) -> Object | None:
    """The owner reference which controls the object, if there is one."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            found: Object = reference
            return found
    return None


def is_being_deleted(obj: Object) -> bool:
    """Whether a deletion has begun."""
    return "deletionTimestamp" in obj["metadata"]


def updated(obj: Object, path: Sequence[str], value: Any) -> Object:
    """A copy with another value at a path: a new spine, the rest is shared. Missing objects are made."""
    head, *rest = path
    return {**obj, head: updated(obj.get(head) or {}, rest, value) if rest else value}


def without(obj: Object, path: Sequence[str]) -> Object:
    """A copy without what stands at a path; the object itself if nothing does."""
    head, *rest = path
    if head not in obj:
        return obj
    if not rest:
        return {name: value for name, value in obj.items() if name != head}
    inner = without(obj[head], rest)
    return obj if inner is obj[head] else {**obj, head: inner}


def with_status(obj: Object, status: Mapping[str, Any]) -> Object:
    """A copy with another status."""
    return {**obj, "status": status}


def with_metadata(obj: Object, **fields: Any) -> Object:
    """A copy whose metadata has these fields changed; None takes one out."""
    metadata = {**obj["metadata"], **fields}
    return {**obj, "metadata": {name: value for name, value in metadata.items() if value is not None}}


def lookup(obj: Any, path: Sequence[str | int], default: Any = None) -> Any:
    """What stands at a path, or the default."""
    for part in path:
        inside = isinstance(obj, Mapping) and part in obj
        if not inside and isinstance(obj, list) and isinstance(part, int):
            inside = -len(obj) <= part < len(obj)
        if inside:
            obj = obj[part]
        else:
            return default
    return obj
