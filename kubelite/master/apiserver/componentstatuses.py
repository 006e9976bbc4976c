"""ComponentStatus objects: made when they are asked for, never stored.

Source: k8s.io/kubernetes/pkg/registry/core/componentstatus/rest.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.resources import COMPONENTSTATUSES
from kubelite.apimachinery.apierrors import NotFound
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.strategy import Strategy
from kubelite.client.requests import Item, List, Listing
from kubelite.master.apiserver import reads

COMPONENTS: Final = ("controller-manager", "scheduler", "etcd-0")


def component_status(name: str) -> Object:
    """One that is well: a component that is not would have been restarted."""
    return {
        "kind": COMPONENTSTATUSES.kind,
        "apiVersion": COMPONENTSTATUSES.api_version,
        "metadata": {"name": name},
        "conditions": [{"type": "Healthy", "status": "True", "message": "ok"}],
    }


def get(name: str) -> Item:
    """The status of a component.

    Raises:
        NotFound: There is no such component.
    """
    if name not in COMPONENTS:
        raise NotFound(COMPONENTSTATUSES, name)
    return Item(component_status(name))


def list_all(strategy: Strategy, request: List) -> Listing:
    """Those that the selectors choose."""
    selection = reads.select(strategy, "", request.label_selector, request.field_selector)
    made = map(component_status, COMPONENTS)
    return Listing([Item(obj) for obj in made if selection.matches(obj)], "")
