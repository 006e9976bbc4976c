"""One HTTP request to one message of the API server and back: the router of the REST door.

authenticate → authorize → route by the scheme → read and parse the body → ask the API server → answer in the
form that was negotiated. Whatever goes wrong becomes a `Status`.

Source: k8s.io/apiserver/pkg/endpoints (installer.go, handlers), pkg/server/config.go (the order of the
filters).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

import orjson
import structlog
from aiohttp import web
from multidict import CIMultiDict

from kubelite.api.resources import subresource_of
from kubelite.apimachinery.apierrors import (
    APIError,
    BadRequest,
    Forbidden,
    InternalError,
    MethodNotAllowed,
    NotFound,
    ServiceUnavailable,
    Unauthorized,
)
from kubelite.apimachinery.scheme import Resource, Scheme
from kubelite.client.requests import (
    Answer,
    Connect,
    Create,
    Delete,
    DeleteCollection,
    Get,
    List,
    Message,
    Patch,
    Update,
    UserInfo,
    Watch,
)
from kubelite.master.apiserver import authorization
from kubelite.master.auth.authenticator import Authenticator, impersonated
from kubelite.master.rest import answers, bodies, connect, nonresource, options
from kubelite.master.rest.discovery import AGGREGATED_TYPE, Discovery
from kubelite.master.rest.negotiation import (
    DISCOVERY_FORMS,
    JSON,
    NO_FORMS,
    Form,
    negotiate,
)
from kubelite.master.rest.openapi import OpenAPIDocuments
from kubelite.master.rest.requestinfo import RequestInfo, parse_request
from kubelite.master.rest.streams import WatchStream
from kubelite.runtime import ActorStopped, Clock, Randomness, Ref

TEXT: Final = "text/plain; charset=utf-8"
WATCH_TIMEOUT_MIN_S: Final = 1800.0
"""A watch that names no timeout ends after this to twice this, by chance."""

_CONNECTS: Final = frozenset({"log", "exec", "attach", "portforward", "proxy"})
_METHOD_VERBS: Final = {"POST": "create", "GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_NOSNIFF: Final = "X-Content-Type-Options"

log = structlog.get_logger(component="apiserver")


class App:
    """The handler of all requests.

    Args:
        apiserver: Where resource requests go.
        scheme: What is served.
        clock: For ages, time-outs and watches.
        random: For audit ids and the time-outs of watches.
        authenticator: Who asks.
        dialer: The way to kubelets; None if there are none.
    """

    def __init__(
        self,
        *,
        apiserver: Ref[Message],
        scheme: Scheme,
        clock: Clock,
        random: Randomness,
        authenticator: Authenticator,
        dialer: connect.KubeletDialer | None,
    ) -> None:
        self._apiserver = apiserver
        self._scheme = scheme
        self._clock = clock
        self._random = random
        self._authenticator = authenticator
        self._dialer = dialer
        self._discovery = Discovery(scheme)
        self._openapi = OpenAPIDocuments(scheme)
        self._streams: set[WatchStream] = set()
        self._head = {
            "Cache-Control": "no-cache, private",
            "Server": "kubelite",
            "X-Kubernetes-Pf-Flowschema-Uid": random.uuid4(),
            "X-Kubernetes-Pf-Prioritylevel-Uid": random.uuid4(),
        }

    def end_streams(self) -> None:
        """End all watches in good order."""
        for stream in tuple(self._streams):
            stream.finish()

    @property
    def streams_open(self) -> int:
        """How many watches are running."""
        return len(self._streams)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        raw_path, _, raw_query = request.raw_path.partition("?")
        info = parse_request(request.method, raw_path, raw_query)
        headers: CIMultiDict[str] = CIMultiDict(self._head)
        headers["Audit-Id"] = request.headers.get("Audit-Id") or self._random.uuid4()
        try:
            user = self._user(request, headers)
            self._authorize(user, info, headers)
            if info.is_resource:
                return await self._resource(request, info, user, headers)
            return await self._non_resource(request, info, headers)
        except APIError as error:
            return _error(error, headers)
        except ActorStopped:
            return _error(ServiceUnavailable("the API server is shutting down"), headers)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception:
            log.exception("request failed", method=request.method, path=info.path)
            return _error(InternalError("the request made the API server fail; see its log"), headers)

    def _user(self, request: web.BaseRequest, headers: CIMultiDict[str]) -> UserInfo:
        """Who asks, or on whose behalf.

        Raises:
            APIError: The credentials are not good.
        """
        transport = request.transport
        certificate = transport.get_extra_info("peercert") if transport is not None else None
        try:
            user = self._authenticator.authenticate(request.headers.get("Authorization", ""), certificate)
            if any(name.lower().startswith("impersonate-") for name in request.headers):
                return impersonated(user, request.headers)
        except APIError as error:
            if not isinstance(error, Unauthorized):
                headers[_NOSNIFF] = "nosniff"
            _unlimited(headers)
            raise
        return user

    def _authorize(self, user: UserInfo, info: RequestInfo, headers: CIMultiDict[str]) -> None:
        """Refuse before anything is looked up.

        Raises:
            Forbidden: The user may not do this.
        """
        if authorization.is_superuser(user):
            return
        headers[_NOSNIFF] = "nosniff"
        if not info.is_resource:
            if not authorization.may_use_path(user, info.verb, info.path):
                raise Forbidden(authorization.path_refusal(user, info.verb, info.path), details={})
        else:
            resource = Resource(info.group, info.version, info.plural, "", namespaced=bool(info.namespace))
            namespace = info.name if info.plural == "namespaces" else info.namespace
            if info.subresource in _CONNECTS:
                _unlimited(headers)
            why = authorization.refusal(user, info.verb, resource, info.subresource, namespace)
            raise Forbidden(why, resource=resource, name=info.name)
        del headers[_NOSNIFF]

    # --- resources --------------------------------------------------------------------------------------

    def _route(self, info: RequestInfo) -> Resource:
        """The resource that a path names, if it may be used in this way.

        Raises:
            NotFound: There is no such resource, or not there.
            MethodNotAllowed: It does not know the method.
        """
        resource = self._scheme.by_plural(info.group, info.version, info.plural)
        if resource is None:
            raise NotFound.path()
        if info.namespace and not resource.namespaced:
            raise NotFound.path()
        if info.name and resource.namespaced and not info.namespace:
            raise NotFound.path()
        if info.subresource:
            if info.subresource not in resource.subresources:
                raise NotFound.path()
            found = subresource_of(resource, info.subresource)
            verbs: Iterable[str] = found.verbs if found is not None else ("get", "patch", "update")
            if _METHOD_VERBS.get(info.method, "") not in verbs:
                raise MethodNotAllowed
            if info.rest:
                raise NotFound.path()
            return resource
        allowed = info.verb in resource.verbs and info.method != "HEAD"
        if info.name:
            allowed = allowed and info.verb in {"get", "update", "patch", "delete", "watch"}
        else:
            allowed = allowed and info.verb in {"create", "list", "watch", "deletecollection"}
            if info.verb == "create" and resource.namespaced and not info.namespace:
                allowed = False
        if not allowed:
            raise MethodNotAllowed
        return resource

    async def _resource(
        self, request: web.BaseRequest, info: RequestInfo, user: UserInfo, headers: CIMultiDict[str]
    ) -> web.StreamResponse:
        """A request about a resource."""
        if info.group and info.group not in self._discovery.groups:
            return _not_found_text(headers)
        resource = self._route(info)
        common: dict[str, Any] = {
            "user": user,
            "resource": resource,
            "namespace": info.namespace,
            "name": info.name,
            "subresource": info.subresource,
        }
        if info.subresource in _CONNECTS:
            return await self._connect(request, info, common, headers)
        collection = not info.name
        form = negotiate(request.headers.get("Accept", ""), lists=collection)
        query, now = info.query, self._clock.now()
        include = query.text("includeObject")
        if form.kind == "Table":
            answers.include_object(include)
        match info.verb:
            case "get":
                get = Get(**common, resource_version=query.text("resourceVersion"))
                answer = await get.ask(self._apiserver)
                return self._answer(answer, form, info, resource, headers)
            case "list":
                options.check_list_options(query, watch=False)
                listing = await List(
                    **common,
                    label_selector=query.text("labelSelector"),
                    field_selector=query.text("fieldSelector"),
                    resource_version=query.text("resourceVersion"),
                    resource_version_match=query.text("resourceVersionMatch"),
                    limit=options.integer(query, "limit") or 0,
                    continue_=query.text("continue"),
                ).ask(self._apiserver)
                body = answers.list_bytes(listing, form, resource, now, include)
                return _response(200, body, form.media_type, headers)
            case "watch":
                return await self._watch(request, info, common, form, headers)
            case "deletecollection":
                body = await bodies.read_body(request, self._clock)
                listing = await DeleteCollection(
                    **common,
                    label_selector=query.text("labelSelector"),
                    field_selector=query.text("fieldSelector"),
                    options=bodies.delete_options(body, request.headers.get("Content-Type", ""), query),
                ).ask(self._apiserver)
                body = answers.list_bytes(listing, form, resource, now, include)
                return _response(200, body, form.media_type, headers)
        answer = await self._write(request, info, common)
        return self._answer(answer, form, info, resource, headers)

    async def _write(self, request: web.BaseRequest, info: RequestInfo, common: dict[str, Any]) -> Answer:
        """Create, update, patch or delete one object."""
        query, resource = info.query, common["resource"]
        content_type = request.headers.get("Content-Type", "")
        patch_type = None
        if info.verb == "patch":
            patch_type = bodies.patch_type_of(content_type)
            options.check_patch_options(query, patch_type)
        elif info.verb != "delete":
            options.check_write_options(query, "CreateOptions" if info.verb == "create" else "UpdateOptions")
        body = await bodies.read_body(request, self._clock)
        if info.verb == "delete":
            how = bodies.delete_options(body, content_type, query)
            return await Delete(**common, options=how).ask(self._apiserver)
        writing: dict[str, Any] = {
            "dry_run": options.dry_run(query),
            "field_manager": options.field_manager(query, request.headers.get("User-Agent", "")),
            "field_validation": options.field_validation(query),
        }
        if patch_type is not None:
            patch = bodies.parse_patch(body, patch_type)
            return await Patch(
                **common,
                **writing,
                patch=patch.value,
                patch_type=patch_type,
                problems=patch.problems,
                force=query.flag("force"),
            ).ask(self._apiserver)
        duplicates = writing["field_validation"] != "Ignore"
        subresource = subresource_of(resource, info.subresource) if info.subresource else None
        kind = (subresource.kind if subresource is not None else "") or resource.kind
        parsed = bodies.parse_object(body, content_type, kind, duplicates=duplicates)
        message = Create if info.verb == "create" else Update
        request_message: Any = message(**common, **writing, object=parsed.value, problems=parsed.problems)
        answer: Answer = await request_message.ask(self._apiserver)
        return answer

    def _answer(
        self, answer: Answer, form: Form, info: RequestInfo, resource: Resource, headers: CIMultiDict[str]
    ) -> web.Response:
        """An answer of one object."""
        include = info.query.text("includeObject")
        body = answers.object_bytes(answer.item, form, resource, info.subresource, self._clock.now(), include)
        _warn(headers, answer.warnings)
        return _response(answer.code, body, form.media_type, headers)

    async def _watch(
        self,
        request: web.BaseRequest,
        info: RequestInfo,
        common: dict[str, Any],
        form: Form,
        headers: CIMultiDict[str],
    ) -> web.StreamResponse:
        """Stream events until the client goes, time is up, or the watch ends."""
        query = info.query
        options.check_list_options(query, watch=True)
        timeout_s = options.integer(query, "timeoutSeconds")
        selector = query.text("fieldSelector")
        if info.name:
            selector = ",".join(filter(None, (selector, f"metadata.name={info.name}")))
            common["name"] = ""
        limit_s = float(timeout_s) if timeout_s else WATCH_TIMEOUT_MIN_S * (1 + self._random.random())
        watcher = await Watch(
            **common,
            label_selector=query.text("labelSelector"),
            field_selector=selector,
            resource_version=query.text("resourceVersion"),
            resource_version_match=query.text("resourceVersionMatch"),
            bookmarks=query.flag("allowWatchBookmarks"),
            send_initial_events=query.flag("sendInitialEvents") if query.has("sendInitialEvents") else None,
            timeout_s=limit_s,
        ).ask(self._apiserver)
        try:
            response = web.StreamResponse(headers=headers)
            response.headers["Content-Type"] = JSON
            chunked = request.version >= (1, 1)
            if chunked:
                response.enable_chunked_encoding()
            writer = await response.prepare(request)
            transport = request.transport
            if transport is None or writer is None:
                return response
            encoder = answers.FrameEncoder(form, common["resource"], query.text("includeObject"))
            stream = WatchStream(
                watcher,
                writer,
                transport,
                lambda event: encoder(event, self._clock.now()),
                chunked=chunked,
            )
            timer = self._clock.call_later(limit_s, stream.finish)
            self._streams.add(stream)
            try:
                await stream.run()
            finally:
                timer.cancel()
                self._streams.discard(stream)
        finally:
            watcher.stop()
        return response

    async def _connect(
        self, request: web.BaseRequest, info: RequestInfo, common: dict[str, Any], headers: CIMultiDict[str]
    ) -> web.StreamResponse:
        """Logs and exec."""
        _unlimited(headers)
        query = info.query
        if info.subresource == "log":
            connect.check_log_options(query, info.name)
        found = await Connect(
            **common,
            verb=info.verb,
            container=query.text("container"),
            previous=query.flag("previous"),
        ).ask(self._apiserver)
        if not found.node or not found.host:
            if info.subresource == "log":
                return web.Response(status=204, headers=headers)
            raise BadRequest(f"pod {info.name} does not have a host assigned")
        if self._dialer is None:
            raise ServiceUnavailable("this API server has no way to reach kubelets")
        if info.subresource == "log":
            return await connect.stream_log(request, query, found, self._dialer, headers)
        return await connect.run_exec(request, query, found, self._dialer)

    # --- all other paths --------------------------------------------------------------------------------

    async def _non_resource(
        self, request: web.BaseRequest, info: RequestInfo, headers: CIMultiDict[str]
    ) -> web.Response:
        """Health, version, discovery, OpenAPI."""
        path = info.path
        health = nonresource.health_text(path, info.query)
        if health is not None:
            if nonresource.is_health_root(path):
                headers[_NOSNIFF] = "nosniff"
            return _text(200, health, headers)
        if path.startswith("//"):
            return _not_found_text(headers)
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
                return await self._openapi_document(request, rest, info, headers)
            case []:
                return self._read_only(request, orjson.dumps({"paths": self._paths()}), headers)
            case _:
                return _not_found_text(headers)
        if found is None:
            raise NotFound.path()
        form = negotiate(accept, NO_FORMS)
        return self._read_only(request, found, headers, form)

    def _read_only(
        self, request: web.BaseRequest, body: bytes, headers: CIMultiDict[str], form: Form | None = None
    ) -> web.Response:
        """A fixed document.

        Raises:
            MethodNotAllowed: The request is no GET.
        """
        if request.method not in {"GET", "HEAD"}:
            raise MethodNotAllowed
        media_type = form.media_type if form is not None else JSON
        if media_type not in {JSON, "application/vnd.kubernetes.protobuf"}:
            body = answers.encode(orjson.loads(body), media_type)
        elif media_type != JSON:
            body = answers.encode({"apiVersion": "v1", **orjson.loads(body)}, media_type)
        return _response(200, body, media_type, headers)

    def _discovery_root(
        self, request: web.BaseRequest, root: str, accept: str, headers: CIMultiDict[str]
    ) -> web.Response:
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
            return web.Response(status=304, headers=headers)
        response = self._read_only(request, document.body, headers)
        response.headers["Content-Type"] = AGGREGATED_TYPE
        return response

    async def _openapi_document(
        self, request: web.BaseRequest, rest: list[str], info: RequestInfo, headers: CIMultiDict[str]
    ) -> web.Response:
        """The documents below /openapi."""
        document = self._openapi.find("/".join(rest), request.headers.get("Accept", ""))
        if document is None:
            return web.Response(status=404, headers=headers)
        headers["ETag"] = document.etag
        if document.etag.strip('"') == info.query.text("hash"):
            headers["Cache-Control"] = "public, immutable"
        if request.headers.get("If-None-Match") == document.etag:
            return web.Response(status=304, headers=headers)
        if request.method not in {"GET", "HEAD"}:
            raise MethodNotAllowed
        return _response(200, document.body, document.content_type, headers)

    def _paths(self) -> list[str]:
        """What / lists."""
        paths = {"/api", "/apis", "/healthz", "/livez", "/readyz", "/openapi/v2", "/openapi/v3", "/version"}
        for group, versions in self._discovery.groups.items():
            if group:
                paths.add(f"/apis/{group}")
            paths |= {f"/apis/{group}/{version}" if group else f"/api/{version}" for version in versions}
        return sorted(paths)


def _unlimited(headers: CIMultiDict[str]) -> None:
    """Long-running requests and refused credentials are outside of priority and fairness."""
    headers.popall("X-Kubernetes-Pf-Flowschema-Uid", None)
    headers.popall("X-Kubernetes-Pf-Prioritylevel-Uid", None)


def _warn(headers: CIMultiDict[str], warnings: Iterable[str]) -> None:
    """Warnings as headers."""
    for text in dict.fromkeys(warnings):
        escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ").replace("\r", " ")
        headers.add("Warning", f'299 - "{escaped}"')


def _response(status: int, body: bytes, content_type: str, headers: CIMultiDict[str]) -> web.Response:
    headers["Content-Type"] = content_type
    return web.Response(status=status, body=body, headers=headers)


def _text(status: int, text: str, headers: CIMultiDict[str]) -> web.Response:
    headers["Content-Type"] = TEXT
    return web.Response(status=status, body=text.encode(), headers=headers)


def _not_found_text(headers: CIMultiDict[str]) -> web.Response:
    """The answer to a path of which nothing is known."""
    headers[_NOSNIFF] = "nosniff"
    return _text(404, "404 page not found\n", headers)


def _error(error: APIError, headers: CIMultiDict[str]) -> web.Response:
    """An error as its `Status`."""
    _warn(headers, getattr(error, "warnings", ()))
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    return _response(error.code, orjson.dumps(error.status()), JSON, headers)
