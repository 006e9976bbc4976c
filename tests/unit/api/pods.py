"""Pods for the tests of this package, as they are once the API server has taken them."""

from __future__ import annotations

from kubelite.api.defaults import apply_defaults
from kubelite.api.resources import PODS
from kubelite.api.strategy import prepare_for_create


def defaulted_pod(*, metadata=None, **spec):
    """A pod with defaults, in its first generation."""
    made = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": "p",
            "namespace": "default",
            "uid": "u",
            "resourceVersion": "1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            **(metadata or {}),
        },
        "spec": spec,
    }
    return prepare_for_create(PODS, apply_defaults(PODS, made))
