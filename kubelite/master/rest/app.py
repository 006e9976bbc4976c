"""One HTTP request to one message of the API server and back: the router of the REST door.

authenticate → authorize → route by the scheme → read and parse the body → ask the API server → answer in the
form that was negotiated. Whatever goes wrong becomes a `Status`.

Source: k8s.io/apiserver/pkg/endpoints (installer.go, handlers), pkg/server/config.go (the order of the
filters).
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog
from aiohttp import web
from multidict import CIMultiDict

from kubelite.api.resources import subresource_of
from kubelite.api.warnings import deprecation_warning
from kubelite.apimachinery.apierrors import (
    APIError,
    BadRequest,
    Forbidden,
    InternalError,
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
from kubelite.master.rest import answers, bodies, connect, options, proxy, responses
from kubelite.master.rest.documents import Documents
from kubelite.master.rest.negotiation import (
    JSON,
    Form,
    negotiate,
)
from kubelite.master.rest.requestinfo import RequestInfo, parse_request
from kubelite.master.rest.routes import route
from kubelite.master.rest.streams import WatchStream
from kubelite.runtime import ActorStopped, Clock, Randomness, Ref

WATCH_TIMEOUT_MIN_S: Final = 1800.0
"""A watch that names no timeout ends after this to twice this, by chance."""

_CONNECTS: Final = frozenset({"log", "exec", "attach", "portforward", "proxy"})

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
        self._documents = Documents(scheme, authenticator.accounts)
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
            return self._documents.answer(request, info, headers)
        except APIError as error:
            return responses.failure(error, headers)
        except ActorStopped:
            return responses.failure(ServiceUnavailable("the API server is shutting down"), headers)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception:
            log.exception("request failed", method=request.method, path=info.path)
            return responses.failure(
                InternalError("the request made the API server fail; see its log"), headers
            )

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
                headers[responses.NOSNIFF] = "nosniff"
            responses.unlimited(headers)
            raise
        return user

    def _authorize(self, user: UserInfo, info: RequestInfo, headers: CIMultiDict[str]) -> None:
        """Refuse before anything is looked up.

        Raises:
            Forbidden: The user may not do this.
        """
        if authorization.is_superuser(user):
            return
        headers[responses.NOSNIFF] = "nosniff"
        if not info.is_resource:
            if not authorization.may_use_path(user, info.verb, info.path):
                raise Forbidden(authorization.path_refusal(user, info.verb, info.path), details={})
        else:
            resource = Resource(info.group, info.version, info.plural, "", namespaced=bool(info.namespace))
            namespace = info.name if info.plural == "namespaces" else info.namespace
            asked = authorization.Attributes(
                verb=info.verb,
                group=info.group,
                plural=info.plural,
                subresource=info.subresource,
                namespace=namespace,
                name=info.name,
            )
            if authorization.allows(user, asked):
                del headers[responses.NOSNIFF]
                return
            if info.subresource in _CONNECTS:
                responses.unlimited(headers)
            why = authorization.refusal(user, info.verb, resource, info.subresource, namespace)
            raise Forbidden(why, resource=resource, name=info.name)
        del headers[responses.NOSNIFF]

    # --- resources --------------------------------------------------------------------------------------

    async def _resource(
        self, request: web.BaseRequest, info: RequestInfo, user: UserInfo, headers: CIMultiDict[str]
    ) -> web.StreamResponse:
        """A request about a resource."""
        if not self._documents.serves_group(info.group):
            return responses.not_found_text(headers)
        resource = route(self._scheme, info)
        outdated = deprecation_warning(resource)
        if outdated:
            responses.warn(headers, (outdated,))
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
                body = answers.list_bytes(listing, form, self._scheme.strategy(resource), now, include)
                return responses.response(200, body, form.media_type, headers)
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
                body = answers.list_bytes(listing, form, self._scheme.strategy(resource), now, include)
                return responses.response(200, body, form.media_type, headers)
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
        strategy = self._scheme.strategy(resource)
        body = answers.object_bytes(answer.item, form, strategy, info.subresource, self._clock.now(), include)
        responses.warn(headers, answer.warnings)
        return responses.response(answer.code, body, form.media_type, headers)

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
            encoder = answers.FrameEncoder(
                form, self._scheme.strategy(common["resource"]), query.text("includeObject")
            )
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
        """Logs, exec and proxies."""
        responses.unlimited(headers)
        query = info.query
        if info.subresource == "log":
            connect.check_log_options(query, info.name)
        found = await Connect(
            **common,
            verb=info.verb,
            container=query.text("container"),
            previous=query.flag("previous"),
        ).ask(self._apiserver)
        if info.subresource == "proxy":
            if self._dialer is None:
                raise ServiceUnavailable("this API server has no way to reach pods")
            return await proxy.carry(request, found, self._dialer, headers)
        if not found.node or not found.host:
            if info.subresource == "log":
                return web.Response(status=204, headers=headers)
            raise BadRequest(f"pod {info.name} does not have a host assigned")
        if self._dialer is None:
            raise ServiceUnavailable("this API server has no way to reach kubelets")
        if info.subresource == "log":
            return await connect.stream_log(request, query, found, self._dialer, headers)
        return await connect.join(request, query, found, self._dialer)
