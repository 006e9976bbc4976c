"""Which class of a kind is the default: the newest that is annotated so, by name if several are as new.

Source: k8s.io/kubernetes/pkg/volume/util/storageclass.go, plugin/pkg/admission/network/defaultingressclass.
"""

from __future__ import annotations

from kubelite.apimachinery.scheme import Object, Resource
from kubelite.master.store.selection import EVERYTHING
from kubelite.master.store.store import Store


def default_class(store: Store, resource: Resource, annotations: tuple[str, ...]) -> Object | None:
    """The default of these classes; None if none is."""
    found = [
        entry.object
        for entry in store.list(resource, EVERYTHING).entries
        if any((entry.object["metadata"].get("annotations") or {}).get(key) == "true" for key in annotations)
    ]
    if not found:
        return None
    newest = max(each["metadata"]["creationTimestamp"] for each in found)
    return min(
        (each for each in found if each["metadata"]["creationTimestamp"] == newest),
        key=lambda each: str(each["metadata"]["name"]),
    )
