"""Kinds and the resources that serve them, and how one is found by the names people and clients use.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/ (standard API terminology).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

if TYPE_CHECKING:
    from kubelite.apimachinery.strategy import Strategy

Object: TypeAlias = dict[str, Any]
"""An API object: a JSON tree that is shared and never mutated. A change makes a new spine."""

ALL_VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@attrs.frozen(eq=False)
class Resource:
    """One resource of one API version: what a path names.

    Every request compares and looks up some, so that both are as quick as they can be.

    Attributes:
        group: "" for the core group.
        plural: As in paths: `pods`.
        singular: As in discovery; the kind in lower case if left empty.
        subresources: Names, as `status`.
        list_kind: The kind of its lists; `PodList` and the like if left empty.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    list_kind: str = attrs.field(default="", repr=False)
    api_version: str = attrs.field(init=False, repr=False)
    group_resource: str = attrs.field(init=False, repr=False)
    _prefix: str = attrs.field(init=False, repr=False)
    _identity: tuple[str, str, str, str, bool] = attrs.field(init=False, repr=False)
    _hash: int = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        group, version = self.group, self.version
        identity = (group, version, self.plural, self.kind, self.namespaced)
        derived = {
            "_identity": identity,
            "_hash": hash(identity),
            "singular": self.singular or self.kind.lower(),
            "list_kind": self.list_kind or self.kind + "List",
            "api_version": f"{group}/{version}" if group else version,
            "group_resource": f"{self.plural}.{group}" if group else self.plural,
            "_prefix": f"/apis/{group}/{version}" if group else f"/api/{version}",
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if other.__class__ is not Resource:
            return NotImplemented
        return self._hash == other._hash and self._identity == other._identity

    def __hash__(self) -> int:
        return self._hash

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str = "") -> str:
        """The URL path of a collection, an object, or a subresource."""
        parts = [self._prefix]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        if name:
            parts.append(name)
        if subresource:
            parts.append(subresource)
        return "/".join(parts)


class Scheme:
    """The resources that a server knows, each with its strategy; custom resources come and go.

    Args:
        strategy_of: Makes the strategy of a resource that is registered without one, when first asked for.
    """

    def __init__(self, strategy_of: Callable[[Resource], Strategy] | None = None) -> None:
        self._strategy_of = strategy_of
        self._strategies: dict[Resource, Strategy] = {}
        self._by_plural: dict[tuple[str, str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self.generation = 0

    def __repr__(self) -> str:
        return f"<Scheme {len(self._by_plural)} resources, generation {self.generation}>"

    def register(self, resource: Resource, strategy: Strategy | None = None) -> None:
        """Adds a resource; one of the same name and version is replaced."""
        self._strategies.pop(resource, None)
        if strategy is not None:
            self._strategies[resource] = strategy
        self._by_plural[resource.group, resource.version, resource.plural] = resource
        self._by_kind[resource.api_version, resource.kind] = resource
        self.generation += 1

    def unregister(self, resource: Resource) -> None:
        """Takes a resource out; nothing happens if it is not there."""
        self._by_plural.pop((resource.group, resource.version, resource.plural), None)
        self._by_kind.pop((resource.api_version, resource.kind), None)
        self._strategies.pop(resource, None)
        self.generation += 1

    def strategy(self, resource: Resource) -> Strategy:
        """The strategy of a resource.

        Raises:
            KeyError: The resource has none.
        """
        try:
            return self._strategies[resource]
        except KeyError:
            known = self._by_plural.get((resource.group, resource.version, resource.plural))
            if self._strategy_of is None or known != resource:
                raise
        found = self._strategies[resource] = self._strategy_of(resource)
        return found

    def by_plural(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource that a path names."""
        return self._by_plural.get((group, version, plural))

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource for an object's `apiVersion` and `kind`."""
        return self._by_kind.get((api_version, kind))

    def resources(self) -> Iterator[Resource]:
        """All resources, in the order of their registration."""
        return iter(tuple(self._by_plural.values()))

    def find(self, text: str) -> Resource | None:
        """The resource that a person means: plural, singular, short name, kind, each also with `.group`."""
        name, _, group = text.lower().partition(".")
        for resource in self._by_plural.values():
            names = {resource.plural, resource.singular, resource.kind.lower(), *resource.short_names}
            if name in names and (
                not group or group in {resource.group, f"{resource.version}.{resource.group}"}
            ):
                return resource
        return None
