"""What the server serves, told in both shapes: the plain lists, and the aggregated document.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api; k8s.io/apiserver
discovery.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Final

import attrs
import orjson

from kubelite.api.resources import SCALE, STATUS, Subresource, subresource_of
from kubelite.apimachinery.scheme import Object, Resource, Scheme
from kubelite.apimachinery.strategy import Strategy
from kubelite.master.rest.negotiation import DISCOVERY_GROUP, DISCOVERY_LIST

AGGREGATED_TYPE: Final = f"application/json;g={DISCOVERY_GROUP};v=v2;as={DISCOVERY_LIST}"
_CUSTOM: Final = {"status": STATUS, "scale": SCALE}
_STORED: Final = frozenset({"create", "list"})
_HASH_BYTES: Final = 8
_STORAGE_VERSIONS: Final = {
    "customresourcedefinitions.apiextensions.k8s.io": "v1beta1",
    "mutatingadmissionpolicies.admissionregistration.k8s.io": "v1beta1",
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": "v1beta1",
}
"""Where the real server says that it stores another version than it serves: what came with 1.36 is stored so
that 1.35 can read it. Source: KEP-4330 (emulated versions)."""


@attrs.frozen
class Document:
    """An encoded document and its entity tag."""

    body: bytes
    etag: str


class Discovery:
    """The discovery documents of a scheme, made when first asked for and kept until the scheme changes."""

    def __init__(self, scheme: Scheme) -> None:
        self._scheme = scheme
        self._generation = -1
        self._groups: dict[str, dict[str, list[Resource]]] = {}
        self._cache: dict[tuple[str, ...], Document | None] = {}

    def __repr__(self) -> str:
        return f"<Discovery {len(self._groups)} groups, {len(self._cache)} documents>"

    @property
    def groups(self) -> dict[str, dict[str, list[Resource]]]:
        """Resources by group and version, in the order of the scheme."""
        if self._generation != self._scheme.generation:
            self._groups, self._cache = {}, {}
            for resource in self._scheme.resources():
                versions = self._groups.setdefault(resource.group, {})
                versions.setdefault(resource.version, []).append(resource)
            self._generation = self._scheme.generation
        return self._groups

    def api_versions(self, address: str) -> bytes:
        """The document of /api; `address` is the server's host:port as the client knows it."""
        return orjson.dumps(
            {
                "kind": "APIVersions",
                "versions": list(self.groups.get("", {})),
                "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
            }
        )

    def group_list(self) -> bytes:
        """The document of /apis."""
        groups = [_group(name, versions) for name, versions in self.groups.items() if name]
        return orjson.dumps({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})

    def group(self, name: str) -> bytes | None:
        """The document of /apis/GROUP; None if there is no such group."""
        versions = self.groups.get(name)
        if versions is None:
            return None
        return orjson.dumps({"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)})

    def resource_list(self, group: str, version: str) -> bytes | None:
        """The document of /api/v1 or /apis/GROUP/VERSION; None if there is no such version."""
        resources = self.groups.get(group, {}).get(version)
        if resources is None:
            return None
        key = ("list", group, version)
        found = self._cache.get(key)
        if found is None:
            head: Object = {"kind": "APIResourceList"}
            if group:
                head["apiVersion"] = "v1"
            head["groupVersion"] = f"{group}/{version}" if group else version
            head["resources"] = [
                entry
                for resource in sorted(resources, key=lambda each: each.plural)
                for entry in _plain_entries(self._scheme.strategy(resource))
            ]
            found = self._cache[key] = _document(head)
        return found.body

    def aggregated(self, *, core: bool) -> Document:
        """The aggregated document of /api (core) or /apis (all others)."""
        groups = self.groups
        key = ("aggregated", str(core))
        found = self._cache.get(key)
        if found is None:
            items = [
                _aggregated_group(name, versions, self._scheme)
                for name, versions in groups.items()
                if core == (not name)
            ]
            found = self._cache[key] = _document(
                {
                    "kind": DISCOVERY_LIST,
                    "apiVersion": f"{DISCOVERY_GROUP}/v2",
                    "metadata": {},
                    "items": items,
                }
            )
        return found


def _document(value: Object) -> Document:
    body = orjson.dumps(value)
    return Document(body, f'"{hashlib.sha512(body).hexdigest().upper()}"')


def _group(name: str, versions: dict[str, list[Resource]]) -> Object:
    """A group as the plain lists show it; the first version is the preferred one."""
    named = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": named, "preferredVersion": named[0]}


def _subresources(resource: Resource) -> Iterator[Subresource]:
    """The subresources by name; those of custom resources as they are given, known from their names."""
    known = {name: subresource_of(resource, name) for name in resource.subresources}
    for name in known if None in known.values() else sorted(known):
        yield known[name] or _CUSTOM.get(name) or Subresource(name)


def _plain_entries(strategy: Strategy) -> Iterator[Object]:
    """A resource and its subresources in a plain list."""
    resource = strategy.resource
    entry: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(strategy.discovered_verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if _STORED.issubset(resource.verbs):
        entry["storageVersionHash"] = storage_version_hash(strategy.storage)
    yield entry
    for subresource in _subresources(resource):
        entry = {"name": f"{resource.plural}/{subresource.name}", "singularName": ""}
        entry["namespaced"] = resource.namespaced
        if subresource.group:
            entry["group"] = subresource.group
        if subresource.version:
            entry["version"] = subresource.version
        entry["kind"] = subresource.kind or resource.kind
        entry["verbs"] = list(subresource.verbs)
        yield entry


def _aggregated_group(name: str, versions: dict[str, list[Resource]], scheme: Scheme) -> Object:
    """A group in the aggregated document; the core group has no name."""
    return {
        "metadata": {"name": name} if name else {},
        "versions": [
            {
                "version": version,
                "resources": [
                    _aggregated_entry(scheme.strategy(each))
                    for each in sorted(resources, key=lambda each: each.plural)
                ],
                "freshness": "Current",
            }
            for version, resources in versions.items()
        ],
    }


def _aggregated_entry(strategy: Strategy) -> Object:
    """A resource in the aggregated document."""
    resource = strategy.resource
    entry: Object = {
        "resource": resource.plural,
        "responseKind": {"group": "", "version": "", "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(strategy.discovered_verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    subresources = [
        {
            "subresource": each.name,
            "responseKind": {
                "group": each.group,
                "version": each.version,
                "kind": each.kind or resource.kind,
            },
            "verbs": list(each.verbs),
        }
        for each in _subresources(resource)
    ]
    if subresources:
        entry["subresources"] = subresources
    return entry


def storage_version_hash(storage: Resource) -> str:
    """What tells clients that a kind's stored version is the same everywhere.

    Args:
        storage: In whose version the objects are kept.

    Source: k8s.io/apiserver/pkg/endpoints/discovery/storageversionhash.go.
    """
    version = _STORAGE_VERSIONS.get(storage.group_resource, storage.version)
    text = f"{storage.group}/{version}/{storage.kind}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:_HASH_BYTES]).decode()
