"""Warnings about metadata.

Source: k8s.io/apiextensions-apiserver/pkg/registry/customresource/strategy.go (generateWarningsFromObj).
"""

from __future__ import annotations

from typing import Final

from kubelite.apimachinery.scheme import Object

STANDARD_FINALIZERS: Final = frozenset({"kubernetes", "orphan", "foregroundDeletion"})


def finalizer_warnings(metadata: Object, old: Object | None = None) -> list[str]:
    """The warnings about new finalizers of a custom object that are not named as they should be."""
    before = (old or {}).get("finalizers") or ()
    return [
        f'metadata.finalizers: "{finalizer}": prefer a domain-qualified finalizer name including a '
        f"path (/) to "
        "avoid accidental conflicts with other finalizer writers"
        for finalizer in metadata.get("finalizers") or ()
        if finalizer not in before and "/" not in finalizer and finalizer not in STANDARD_FINALIZERS
    ]
