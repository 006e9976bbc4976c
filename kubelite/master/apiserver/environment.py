"""What the parts of the API server share: the store, the kinds, time, chance, ranges of numbers."""

from __future__ import annotations

from typing import Any

import attrs

from kubelite.apimachinery.apierrors import NotFound
from kubelite.apimachinery.scheme import Object, Resource, Scheme
from kubelite.apimachinery.strategy import Strategy
from kubelite.apimachinery.timestamps import format_time
from kubelite.client.requests import Item, ResourceRequest
from kubelite.master.apiserver.config import APIServerConfig
from kubelite.master.apiserver.fieldmanagers import FieldManagers
from kubelite.master.apiserver.servicenumbers import ServiceNumbers
from kubelite.master.auth.authenticator import Authenticator
from kubelite.master.auth.serviceaccounts import ServiceAccountTokens
from kubelite.master.store.entry import Entry
from kubelite.master.store.store import Store
from kubelite.runtime import Clock, Randomness


@attrs.frozen(eq=False, repr=False)
class Environment:
    """The API server's surroundings; one per server."""

    store: Store
    scheme: Scheme
    clock: Clock
    random: Randomness
    config: APIServerConfig
    numbers: ServiceNumbers
    tokens: ServiceAccountTokens
    authenticator: Authenticator
    field_managers: FieldManagers = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "field_managers", FieldManagers(self.scheme))

    def now_text(self) -> str:
        """The present time as objects write it."""
        return format_time(self.clock.now())

    def strategy(self, resource: Resource) -> Strategy:
        """The rules of a resource.

        Raises:
            NotFound: It is not served, or not any more.
        """
        try:
            return self.scheme.strategy(resource)
        except KeyError:
            raise NotFound.path() from None

    def get(self, resource: Resource, namespace: str, name: str) -> Entry | None:
        """The newest version of an object as it is stored; None if there is none."""
        return self.store.get(self.strategy(resource).storage, namespace, name)

    def must_get(self, resource: Resource, namespace: str, name: str) -> Entry:
        """The newest version of an object as it is stored.

        Raises:
            NotFound: There is none.
        """
        entry = self.get(resource, namespace, name)
        if entry is None:
            raise NotFound(resource, name)
        return entry


def shown(strategy: Strategy, entry: Entry) -> Item:
    """A stored object in the version in which it is served."""
    if not strategy.converts:
        return entry
    obj: Object = strategy.from_storage(entry.object)
    return entry if obj is entry.object else Item(obj)


def stored(env: Environment, request: ResourceRequest[Any]) -> Entry:
    """The entry that a request means.

    Raises:
        NotFound: There is none, or no such subresource.
    """
    subresource = request.subresource
    if subresource and subresource not in request.resource.subresources:
        raise NotFound.path()
    return env.must_get(request.resource, request.namespace, request.name)
