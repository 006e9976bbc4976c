"""The annotation in which a client-side `kubectl apply` keeps what it applied, as server-side apply knows it.

Source: k8s.io/apimachinery/pkg/util/managedfields/internal (lastapplied.go, lastappliedmanager.go,
lastappliedupdater.go).
"""

from __future__ import annotations

from typing import Final

import orjson

from kubelite.apimachinery import fieldset as fs
from kubelite.apimachinery.atoms import Atom
from kubelite.apimachinery.fieldset import FieldSet
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.typed import compare, field_set

ANNOTATION: Final = "kubectl.kubernetes.io/last-applied-configuration"
MANAGER: Final = "kubectl"
"""The applier whose applies go on where a client-side apply left off."""

ANNOTATIONS_LENGTH_MAX: Final = 256 * 1024


def fields(atom: Atom, live: Object, api_version: str) -> FieldSet | None:
    """The fields which the last client-side apply set and nobody changed since; None if there was none."""
    text = (live["metadata"].get("annotations") or {}).get(ANNOTATION)
    if not text:
        return None
    try:
        applied = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(applied, dict) or applied.get("apiVersion") != api_version:
        return None
    change = compare(atom, applied, live)
    left = field_set(atom, applied)
    for changed in (change.modified, change.added, change.removed):
        left = fs.difference(left, changed)
    return left


def synchronised(obj: Object, applied: Object) -> Object:
    """The object with the annotation as a client-side apply of the same configuration would leave it."""
    annotations = obj["metadata"].get("annotations") or {}
    if ANNOTATION not in annotations:
        return obj
    metadata = dict(applied.get("metadata") or {})
    given = metadata.get("annotations")
    if given:
        metadata["annotations"] = {key: value for key, value in given.items() if key != ANNOTATION}
        if not metadata["annotations"]:
            del metadata["annotations"]
    text = fs.go_json({**applied, "metadata": metadata}) + "\n"
    others = {key: value for key, value in annotations.items() if key != ANNOTATION}
    length = sum(len(key.encode()) + len(value.encode()) for key, value in others.items())
    if length + len(ANNOTATION) + len(text.encode()) <= ANNOTATIONS_LENGTH_MAX:
        others[ANNOTATION] = text
    return {**obj, "metadata": {**obj["metadata"], "annotations": others}}
