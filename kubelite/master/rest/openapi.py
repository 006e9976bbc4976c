"""The OpenAPI documents on the wire: made when first asked for, kept until the scheme changes.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

import attrs
import orjson

from kubelite.apimachinery.scheme import Object, Resource, Scheme
from kubelite.master.rest import openapischema, openapiv2
from kubelite.master.rest.negotiation import JSON

V2_PROTOBUF: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""What is asked for has an @ before the version, which no media type may have."""
_V2_ASKED: Final = "application/com.github.proto-openapi.spec.v2"
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
        self._generation = -1
        self._cache: dict[str, OpenAPIDocument] = {}

    def __repr__(self) -> str:
        return f"<OpenAPIDocuments {len(self._cache)} made>"

    def find(self, path: str, accept: str) -> OpenAPIDocument | None:
        """A document by its path below /openapi, in the form that `accept` wants; None if there is none."""
        if self._generation != self._scheme.generation:
            self._cache.clear()
            self._generation = self._scheme.generation
        if path == "v2":
            if _V2_ASKED in accept:
                return self._made("v2 protobuf", self._v2_protobuf, V2_PROTOBUF)
            return self._made("v2", lambda: orjson.dumps(self._v2()))
        if path == "v3":
            return self._made("v3", self._index, _INDEX_TYPE)
        part = path.removeprefix("v3/")
        resources = self._by_path().get(part)
        if resources is None or part == path:
            return None
        return self._made(path, lambda: orjson.dumps(openapischema.document_v3(resources)))

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
        """The document that names the others.

        A hash is of the resources, not of the document, so that asking for the index makes no documents.
        """
        entries = {}
        for path, resources in self._by_path().items():
            digest = hashlib.sha512(repr(resources).encode()).hexdigest().upper()
            entries[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
        return orjson.dumps({"paths": entries})

    def _v2(self) -> Object:
        return openapischema.document_v2(list(self._scheme.resources()))

    def _v2_protobuf(self) -> bytes:
        return openapiv2.encode(self._v2())
