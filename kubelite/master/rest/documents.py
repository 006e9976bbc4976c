"""All paths that are no resource: health, version, discovery, OpenAPI."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

import orjson
from aiohttp import web
from multidict import CIMultiDict

from kubelite.apimachinery.apierrors import MethodNotAllowed, NotAcceptable, NotFound
from kubelite.apimachinery.scheme import Scheme
from kubelite.master.auth.serviceaccounts import ServiceAccountTokens
from kubelite.master.rest import answers, nonresource, responses
from kubelite.master.rest.discovery import AGGREGATED_TYPE, Discovery
from kubelite.master.rest.negotiation import DISCOVERY_FORMS, JSON, NO_FORMS, PROTOBUF, Form, negotiate, takes
from kubelite.master.rest.reply import Reply
from kubelite.master.rest.requestinfo import RequestInfo
from kubelite.master.rest.routes import is_custom_group

if TYPE_CHECKING:
    from kubelite.master.rest.openapi import OpenAPIDocuments

_ISSUER_PATHS: Final = ("/.well-known/openid-configuration", "/openid/v1/jwks")
_KEYS_TYPE: Final = "application/jwk-set+json"
_PATHS: Final = (
    *("/api", "/apis", "/healthz", "/healthz/etcd", "/healthz/log", "/healthz/ping"),
    *("/livez", "/livez/etcd", "/livez/log", "/livez/ping", "/metrics", "/openapi/v2", "/openapi/v3"),
    *("/readyz", "/readyz/etcd", "/readyz/log", "/readyz/ping", "/readyz/shutdown", "/version"),
)


class Documents:
    """The answers which are documents about the server itself.

    Args:
        scheme: What is served.
        accounts: Issues tokens of service accounts, which others may verify; None if nobody does.
    """

    def __init__(self, scheme: Scheme, accounts: ServiceAccountTokens | None = None) -> None:
        self._scheme = scheme
        self._accounts = accounts
        self._discovery = Discovery(scheme)

    @cached_property
    def _openapi(self) -> OpenAPIDocuments:
        """Made and imported for the first who asks: many clients never do."""
        from kubelite.master.rest.openapi import OpenAPIDocuments  # noqa: PLC0415 - it brings all of OpenAPI

        return OpenAPIDocuments(self._scheme)

    def serves_group(self, group: str) -> bool:
        """Whether any kind of a group is served; the core group always is."""
        return not group or group in self._discovery.groups

    def answer(self, request: web.BaseRequest, info: RequestInfo, headers: CIMultiDict[str]) -> Reply:
        """Health, version, discovery, OpenAPI."""
        path = info.path
        health = nonresource.health_text(path, info.query)
        if health is not None:
            if nonresource.is_health_root(path):
                headers[responses.NOSNIFF] = "nosniff"
            return responses.text(200, health, headers)
        if path.startswith("//"):
            return responses.not_found_text(headers)
        accept = request.headers.get("Accept", "")
        parts = [part for part in path.split("/") if part]
        match parts:
            case ["version"]:
                return self._read_only(request, nonresource.version_document(), headers)
            case ["api"] | ["apis"]:
                return self._discovery_root(request, parts[0], accept, headers)
            case ["api", version]:
                found = self._discovery.resource_list("", version)
            case ["apis", group] if group in self._discovery.groups:
                found = self._discovery.group(group)
            case ["apis", group, version] if group in self._discovery.groups:
                found = self._discovery.resource_list(group, version)
            case ["openapi", *rest]:
                return self._openapi_document(request, rest, info, headers)
            case [".well-known", "openid-configuration"] | ["openid", "v1", "jwks"] if (
                self._accounts is not None
            ):
                return self._issuer_document(request, parts[-1], self._accounts, headers)
            case []:
                return self._read_only(request, orjson.dumps({"paths": self._paths()}), headers)
            case _:
                return responses.not_found_text(headers)
        if found is None:
            if is_custom_group(self._scheme, parts[1]):
                return responses.not_found_text(headers)
            raise NotFound.path()
        form = negotiate(accept, NO_FORMS)
        return self._read_only(request, found, headers, form)

    def _read_only(
        self, request: web.BaseRequest, body: bytes, headers: CIMultiDict[str], form: Form | None = None
    ) -> Reply:
        """A fixed document.

        Raises:
            MethodNotAllowed: The request is no GET.
        """
        if request.method not in {"GET", "HEAD"}:
            raise MethodNotAllowed
        media_type = form.media_type if form is not None else JSON
        if media_type not in {JSON, PROTOBUF}:
            body = answers.encode(orjson.loads(body), media_type)
        elif media_type != JSON:
            body = answers.encode({"apiVersion": "v1", **orjson.loads(body)}, media_type)
        return responses.response(200, body, media_type, headers)

    def _discovery_root(
        self, request: web.BaseRequest, root: str, accept: str, headers: CIMultiDict[str]
    ) -> Reply:
        """The documents of /api and /apis in the shape that the client takes."""
        form = negotiate(accept, DISCOVERY_FORMS)
        headers["Vary"] = "Accept"
        if not form.kind:
            address = request.headers.get("Host", "")
            core = root == "api"
            body = self._discovery.api_versions(address) if core else self._discovery.group_list()
            return self._read_only(request, body, headers, form)
        document = self._discovery.aggregated(core=root == "api")
        headers["ETag"] = document.etag
        headers["Cache-Control"] = "public"
        if request.headers.get("If-None-Match") == document.etag:
            return Reply(304, b"", headers)
        response = self._read_only(request, document.body, headers)
        response.headers["Content-Type"] = AGGREGATED_TYPE
        return response

    def _openapi_document(
        self, request: web.BaseRequest, rest: list[str], info: RequestInfo, headers: CIMultiDict[str]
    ) -> Reply:
        """The documents below /openapi."""
        document = self._openapi.find("/".join(rest), request.headers.get("Accept", ""))
        if document is None:
            return Reply(404, b"", headers)
        if rest != ["v3"]:
            headers["ETag"] = document.etag
        current, wanted = document.etag.strip('"'), info.query.text("hash")
        if wanted and rest[0] == "v3" and rest != ["v3"]:
            if wanted != current:  # what the client knew is of the past: it is shown to what is there now
                headers["Location"] = f"{request.path}?hash={current}"
                return Reply(301, b"", headers)
            headers["Vary"] = "Accept"
            headers["Cache-Control"] = "public, immutable"
        if request.headers.get("If-None-Match") == document.etag:
            return Reply(304, b"", headers)
        if request.method not in {"GET", "HEAD"}:
            raise MethodNotAllowed
        return responses.response(200, document.body, document.content_type, headers)

    def _issuer_document(
        self, request: web.BaseRequest, name: str, accounts: ServiceAccountTokens, headers: CIMultiDict[str]
    ) -> Reply:
        """How tokens of service accounts are verified.

        Raises:
            NotAcceptable: The client does not take the only form there is.

        Source: k8s.io/kubernetes/pkg/routes/openidmetadata.go.
        """
        media_type = _KEYS_TYPE if name == "jwks" else JSON
        if not takes(request.headers.get("Accept", ""), media_type):
            why = f"406: Not Acceptable\n\nAvailable representations: {media_type}"
            raise NotAcceptable(why, details={})
        headers["Cache-Control"] = "public, max-age=3600"
        if name == "jwks":
            response = self._read_only(request, orjson.dumps(accounts.key_set()), headers)
            response.headers["Content-Type"] = media_type
            return response
        base_url = f"{request.scheme}://{request.host}"
        return self._read_only(request, orjson.dumps(accounts.openid_configuration(base_url)), headers)

    def _paths(self) -> list[str]:
        """What / lists."""
        paths = {*_PATHS}
        if self._accounts is not None:
            paths |= {*_ISSUER_PATHS}
        for group, versions in self._discovery.groups.items():
            if group:
                paths.add(f"/apis/{group}")
            paths |= {f"/apis/{group}/{version}" if group else f"/api/{version}" for version in versions}
        return sorted(paths)
