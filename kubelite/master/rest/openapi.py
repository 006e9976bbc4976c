"""The OpenAPI documents on the wire: made when first asked for, kept until the scheme changes.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

import attrs
import orjson

from kubelite.api import descriptions, facts
from kubelite.api.resources import subresource_of
from kubelite.apimachinery import openapi, openapi_v2
from kubelite.apimachinery.openapi_schemas import Knowledge
from kubelite.apimachinery.scheme import Object, Resource, Scheme
from kubelite.master.rest.negotiation import JSON

V2_PROTOBUF: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""What is asked for has an @ before the version, which no media type may have."""
_V2_ASKED: Final = "application/com.github.proto-openapi.spec.v2"
_DISCOVERY: Final = (*openapi.OPENID_PATHS, "api", "apis", "version")
_INDEX_TYPE: Final = "text/plain; charset=utf-8"


@attrs.frozen
class OpenAPIDocument:
    """An encoded document, its entity tag and its media type."""

    body: bytes
    etag: str
    content_type: str = JSON

    @property
    def hash(self) -> str:
        """The entity tag without its quotes, as URLs hold it."""
        return self.etag.strip('"')


class OpenAPIDocuments:
    """The documents below /openapi."""

    def __init__(self, scheme: Scheme) -> None:
        self._scheme = scheme
        self._knowledge = Knowledge(
            facts.type_of,
            subresource_of,
            lambda resource: scheme.strategy(resource).describe(),
            descriptions.description_of,
        )
        self._generation = -1
        self._cache: dict[str, OpenAPIDocument] = {}
        self._told: dict[str, list[tuple[Resource, Object | None]]] = {}

    def __repr__(self) -> str:
        return f"<OpenAPIDocuments {len(self._cache)} made>"

    def find(self, path: str, accept: str) -> OpenAPIDocument | None:
        """A document by its path below /openapi, in the form that `accept` wants; None if there is none."""
        if self._generation != self._scheme.generation:
            self._forget_changed()
            self._generation = self._scheme.generation
        if path == "v2":
            if _V2_ASKED in accept:
                return self._made("v2 protobuf", self._v2_protobuf, V2_PROTOBUF)
            return self._made("v2", lambda: orjson.dumps(self._v2()))
        if path == "v3":
            return self._made("v3", self._index, _INDEX_TYPE)
        part = path.removeprefix("v3/")
        if part == path or part not in self._paths():
            return None
        return self._made(path, lambda: orjson.dumps(self._v3(part)))

    def _forget_changed(self) -> None:
        """Let go of documents that would be others now: the scheme has changed."""
        now = {
            f"v3/{path}": [(each, self._knowledge.schema_of(each)) for each in resources]
            for path, resources in self._by_path().items()
        }
        kept = {f"v3/{path}" for path in _DISCOVERY} | {path.rpartition("/")[0] for path in now}
        kept |= {path for path, told in now.items() if self._told.get(path) == told}
        self._cache = {path: document for path, document in self._cache.items() if path in kept}
        self._told = now

    def _v3(self, path: str) -> Object:
        resources = self._by_path().get(path)
        if resources is None:
            return openapi.build_v3_discovery(path, self._knowledge)
        return openapi.build_v3(resources[0].group, resources[0].version, resources, self._knowledge)

    def _paths(self) -> list[str]:
        """Every document of version 3: those of discovery and those of group versions."""
        by_path = self._by_path()
        groups = dict.fromkeys(
            path.rpartition("/")[0]
            for path, resources in by_path.items()
            if path.startswith("apis/") and self._knowledge.schema_of(resources[0]) is None
        )
        return [*_DISCOVERY, *groups, *by_path]

    def _made(self, key: str, make: Callable[[], bytes], content_type: str = JSON) -> OpenAPIDocument:
        """A document out of the cache."""
        found = self._cache.get(key)
        if found is None:
            body = make()
            found = OpenAPIDocument(body, f'"{hashlib.sha512(body).hexdigest().upper()}"', content_type)
            self._cache[key] = found
        return found

    def _by_path(self) -> dict[str, list[Resource]]:
        """The group versions by their paths: `api/v1`, `apis/apps/v1`."""
        found: dict[str, list[Resource]] = {}
        for resource in self._scheme.resources():
            path = f"apis/{resource.api_version}" if resource.group else f"api/{resource.version}"
            found.setdefault(path, []).append(resource)
        return found

    def _index(self) -> bytes:
        """The document that names the others, each with the hash of its content."""
        hashes = {}
        for path in self._paths():
            found = self.find(f"v3/{path}", JSON)
            assert found is not None
            hashes[path] = found.hash
        return orjson.dumps(openapi.build_v3_index(hashes))

    def _v2(self) -> Object:
        return openapi.build_v2(self._scheme.resources(), self._knowledge)

    def _v2_protobuf(self) -> bytes:
        return openapi_v2.encode_v2(self._v2(), facts.protobuf())
