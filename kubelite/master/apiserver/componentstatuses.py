"""ComponentStatus objects: made when they are asked for, never stored.

Source: k8s.io/kubernetes/pkg/registry/core/componentstatus/rest.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.resources import COMPONENTSTATUSES
from kubelite.apimachinery.scheme import Object

COMPONENTS: Final = ("controller-manager", "scheduler", "etcd-0")


def component_status(name: str) -> Object:
    """One that is well: a component that is not would have been restarted."""
    return {
        "kind": COMPONENTSTATUSES.kind,
        "apiVersion": COMPONENTSTATUSES.api_version,
        "metadata": {"name": name},
        "conditions": [{"type": "Healthy", "status": "True", "message": "ok"}],
    }


def objects(_: str) -> list[Object]:
    """All of them."""
    return [component_status(name) for name in COMPONENTS]
