"""The field managers of the endpoints: who owns which fields after a write.

Accounting happens between decoding and admission, so that what admission and the registry add is nobody's.
Source: k8s.io/apiserver/pkg/endpoints/handlers (create.go, update.go, patch.go);
k8s.io/apimachinery/pkg/util/managedfields (scalehandler.go).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from kubelite.api import scale
from kubelite.api.ownership import atom_of, empty_object
from kubelite.apimachinery.atoms import Atom
from kubelite.apimachinery.fieldmanager import FieldManager, reset_of
from kubelite.apimachinery.managedfields import ScaleFields
from kubelite.apimachinery.scheme import Object, Resource, Scheme
from kubelite.apimachinery.strategy import Strategy

SCALE: Final = "scale"


class ServedVersions(NamedTuple):
    """The versions in which a scheme serves a kind."""

    scheme: Scheme
    kind: str

    def strategy(self, api_version: str) -> Strategy | None:
        """The strategy of a version; None if it is not served."""
        resource = self.scheme.by_kind(api_version, self.kind)
        return None if resource is None else self.scheme.strategy(resource)

    def atom(self, api_version: str) -> Atom | None:
        """The kind's type in a version."""
        strategy = self.strategy(api_version)
        return None if strategy is None else strategy.atom()

    def convert(self, obj: Object, api_version: str) -> Object:
        """An object of any version in another."""
        given = obj["apiVersion"]
        if given == api_version:
            return obj
        source, target = self.strategy(given), self.strategy(api_version)
        assert source is not None
        assert target is not None
        return {**target.from_storage(source.to_storage(obj)), "apiVersion": api_version}


class OneVersion(NamedTuple):
    """A kind of bodies which is served in one version."""

    api_version: str
    kind: str

    def atom(self, api_version: str) -> Atom | None:
        """Its type."""
        return atom_of(self.api_version, self.kind) if api_version == self.api_version else None

    def convert(self, obj: Object, api_version: str) -> Object:
        """A body as it is."""
        return obj


def as_sent(made: Object, sent: Object) -> Object:
    """An object with its defaults, and the empty lists of what was sent: they become null when it is kept.

    Whoever sends one changes something, therefore, and owns it.

    Args:
        made: With defaults and in Go's form.
        sent: The same before.
    """
    if made is sent:
        return made
    changes = _empties(made, sent)
    if isinstance(spec := made.get("spec"), dict) and (inner := _empties(spec, sent.get("spec") or {})):
        changes["spec"] = {**spec, **inner}
    return {**made, **changes} if changes else made


def _empties(made: Object, sent: Object) -> dict[str, Any]:
    return {
        field: sent[field]
        for field, value in made.items()
        if value is None and isinstance(given := sent.get(field), list | dict) and not given
    }


class FieldManagers:
    """The field managers of a server, made when first asked for."""

    def __init__(self, scheme: Scheme) -> None:
        self._scheme = scheme
        self._made: dict[tuple[Resource, str], tuple[Strategy, FieldManager]] = {}
        self._of_bodies: dict[tuple[str, str, str], FieldManager] = {}

    def __repr__(self) -> str:
        return f"<FieldManagers {len(self._made)}>"

    def of_body(self, api_version: str, kind: str, subresource: str = "") -> FieldManager:
        """The manager of an endpoint whose bodies are of a built-in kind of their own (`Scale`, reviews)."""
        key = (api_version, kind, subresource)
        found = self._of_bodies.get(key)
        if found is None:
            empty, versions = empty_object(api_version, kind), OneVersion(api_version, kind)
            found = FieldManager(api_version, kind, subresource, empty, versions, {}, is_small=True)
            self._of_bodies[key] = found
        return found

    def updated(
        self,
        strategy: Strategy,
        live: Object | None,
        made: Object,
        sent: Object,
        manager: str,
        now: str,
        subresource: str = "",
    ) -> Object:
        """The object `made` with its managed fields, after an update by `manager`.

        Args:
            strategy: That of the kind.
            live: What is stored; None if the object is new.
            made: What is to be stored, with defaults.
            sent: The same before defaults.
            manager: Who writes; empty for one that is not known.
            now: The present time.
            subresource: The endpoint; empty for the object itself.
        """
        given = as_sent(made, sent)
        accounted = self.of(strategy, subresource).update(live, given, manager, now)
        return accounted if given is made else {**made, "metadata": accounted["metadata"]}

    def of(self, strategy: Strategy, subresource: str = "") -> FieldManager:
        """The manager of an endpoint."""
        if subresource == SCALE:
            return self.of_body(scale.API_VERSION, scale.KIND, SCALE)
        key = (strategy.resource, subresource)
        found = self._made.get(key)
        if found is not None and found[0] is strategy:
            return found[1]
        manager = self._make(strategy, subresource)
        self._made[key] = (strategy, manager)
        return manager

    def _make(self, strategy: Strategy, subresource: str) -> FieldManager:
        resource = strategy.resource
        served = ServedVersions(self._scheme, resource.kind)
        api_versions = [
            each.api_version
            for each in self._scheme.resources()
            if each.kind == resource.kind and self._scheme.strategy(each).storage == strategy.storage
        ]
        return FieldManager(
            resource.api_version,
            resource.kind,
            subresource,
            strategy.empty_object(),
            served,
            reset_of(api_versions, strategy.reset_filter(subresource)),
            strategy.unstructured,
        )

    def scale_fields(self, strategy: Strategy, parent: Object) -> ScaleFields:
        """How the managed fields of an object and of its scale become each other."""
        resource = strategy.resource
        paths = {
            each.api_version: path
            for each in self._scheme.resources()
            if each.group == resource.group and each.kind == resource.kind
            if (path := self._scheme.strategy(each).replicas_path) is not None
        }
        return ScaleFields(parent["metadata"].get("managedFields"), resource.api_version, paths)
