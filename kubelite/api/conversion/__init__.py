"""Kinds that are served in more than one version, and how their objects become each other.

Source: k8s.io/kubernetes/pkg/apis/*/v*/conversion.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from kubelite.api import resources as r
from kubelite.api.conversion import autoscaling, events
from kubelite.apimachinery.scheme import Object, Resource


class Conversion(NamedTuple):
    """How the objects of one version are kept in another.

    Attributes:
        storage: The resource in whose version they are kept.
        to_storage: From the version served to that one.
        from_storage: The way back.
    """

    storage: Resource
    to_storage: Callable[[Object], Object]
    from_storage: Callable[[Object], Object]


CONVERSIONS: Final[Mapping[Resource, Conversion]] = {
    r.HORIZONTALPODAUTOSCALERS_V1: Conversion(
        r.HORIZONTALPODAUTOSCALERS, autoscaling.to_v2, autoscaling.to_v1
    ),
    r.EVENTS_V1: Conversion(r.EVENTS, events.to_core, events.from_core),
}
"""By the resource that is served; all others are kept as they are served."""
