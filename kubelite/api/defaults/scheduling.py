"""Defaults of priority classes.

Source: k8s.io/kubernetes/pkg/apis/scheduling/v1/defaults.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import resources as r
from kubelite.api.defaults.podspec import with_defaults
from kubelite.apimachinery.scheme import Object


def default_priority_class(priority_class: Object) -> Object:
    """Its pods may take the place of others."""
    return with_defaults(priority_class, {"preemptionPolicy": "PreemptLowerPriority"})


DEFAULTS: Final = {r.PRIORITYCLASSES: default_priority_class}
