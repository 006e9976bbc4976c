"""Resources whose objects are made when they are asked for, and never stored: reads of them.

Built in are the ComponentStatuses; others come and go as something outside the API server gives them, as an
aggregated API server would.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from kubelite.api.resources import COMPONENTSTATUSES
from kubelite.apimachinery.apierrors import NotFound
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.strategy import Strategy
from kubelite.client.requests import Item, List, Listing
from kubelite.master.apiserver import componentstatuses, reads

Objects: TypeAlias = Callable[[str], Sequence[Object]]
"""The objects of a namespace; of all, for the empty text."""


def computed_resources() -> dict[Resource, Objects]:
    """Those that every API server has."""
    return {COMPONENTSTATUSES: componentstatuses.objects}


def get(objects: Objects, resource: Resource, namespace: str, name: str) -> Item:
    """One of them.

    Raises:
        NotFound: There is none of that name.
    """
    for obj in objects(namespace):
        if obj["metadata"]["name"] == name:
            return Item(obj)
    raise NotFound(resource, name)


def list_all(objects: Objects, strategy: Strategy, request: List) -> Listing:
    """Those that the selectors choose."""
    selection = reads.select(strategy, "", request.label_selector, request.field_selector)
    return Listing([Item(obj) for obj in objects(request.namespace) if selection.matches(obj)], "")
