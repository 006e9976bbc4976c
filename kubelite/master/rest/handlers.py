"""Requests about resources: the query and the body into a message for the API server, its answer into bytes.

Source: k8s.io/apiserver/pkg/endpoints/handlers (create.go, get.go, update.go, patch.go, delete.go).
"""

from __future__ import annotations

from typing import Any, Final

import attrs
from aiohttp import web
from multidict import CIMultiDict

from kubelite.api.resources import subresource_of
from kubelite.apimachinery.apierrors import BadRequest, NotFound, ServiceUnavailable
from kubelite.apimachinery.scheme import Scheme
from kubelite.apimachinery.strategy import Strategy
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
)
from kubelite.master.apiserver.faultpoint import FaultPoint
from kubelite.master.rest import answers, bodies, connect, lists, options, proxy, responses, spdyconnect
from kubelite.master.rest.gate import Visit
from kubelite.master.rest.negotiation import OBJECT_FORMS, PROTOBUF, UNPRINTED_FORMS, Form, negotiate
from kubelite.master.rest.prompt import AnyRequest, whole
from kubelite.master.rest.reply import Reply
from kubelite.master.rest.requestinfo import RequestInfo
from kubelite.master.rest.routes import is_custom_group, route
from kubelite.master.rest.watches import Watches
from kubelite.runtime import Clock, Ref

_CONNECTS: Final = frozenset({"log", "exec", "attach", "portforward", "proxy"})
_UNPRINTED: Final = frozenset({"binding", "eviction", "token"})


class Handlers:
    """Serves requests about resources.

    Args:
        apiserver: Where they go.
        scheme: What is served.
        clock: For ages.
        watches: Serves those that watch.
        dialer: The way to kubelets; None if there are none.
        faults: Where fault plans take hold.
    """

    def __init__(
        self,
        *,
        apiserver: Ref[Message],
        scheme: Scheme,
        clock: Clock,
        watches: Watches,
        dialer: connect.KubeletDialer | None,
        faults: FaultPoint,
    ) -> None:
        self._apiserver = apiserver
        self._scheme = scheme
        self._clock = clock
        self._watches = watches
        self._dialer = dialer
        self._faults = faults

    async def serve(self, request: AnyRequest, visit: Visit, user: UserInfo) -> web.StreamResponse | Reply:
        """Answer a request about a resource of a group that is served.

        Raises:
            APIError: It cannot be done.
        """
        info, headers = visit.info, visit.headers
        if self._faults.engine is not None or info.verb == "watch":
            user = attrs.evolve(user, agent=visit.record.user_agent)
        try:
            resource = route(self._scheme, info)
        except NotFound as error:
            if not error.details and is_custom_group(self._scheme, info.group):
                return responses.not_found_text(headers)
            raise
        strategy = self._scheme.strategy(resource)
        if strategy.deprecation:
            responses.warn(headers, (strategy.deprecation,))
        common: dict[str, Any] = {
            "user": user,
            "resource": resource,
            "namespace": info.namespace,
            "name": info.name,
            "subresource": info.subresource,
            "agent": visit.record.user_agent,
        }
        if info.subresource in _CONNECTS:
            return await self._connect(await whole(request), info, common, headers)
        collection = not info.name
        is_printed = "get" in resource.verbs and info.subresource not in _UNPRINTED
        forms = OBJECT_FORMS if is_printed else UNPRINTED_FORMS
        form = negotiate(request.headers.get("Accept", ""), forms, lists=collection)
        if form.media_type == PROTOBUF and not form.kind:
            answers.check_protobuf(resource, is_list=collection)
        query, now = info.query, visit.record.received
        include = query.text("includeObject")
        if form.kind == "Table":
            answers.include_object(include)
        match info.verb:
            case "get":
                get = Get(**common, resource_version=query.text("resourceVersion"))
                answer = await get.ask(self._apiserver)
                return self._answer(answer, form, visit, strategy)
            case "list":
                options.check_list_options(query, watch=False)
                options.integer(query, "timeoutSeconds")  # must be a number, though lists are in time anyway
                listing = await List(
                    **common,
                    label_selector=query.text("labelSelector"),
                    field_selector=query.text("fieldSelector"),
                    resource_version=query.text("resourceVersion"),
                    resource_version_match=query.text("resourceVersionMatch"),
                    limit=options.integer(query, "limit") or 0,
                    continue_=query.text("continue"),
                ).ask(self._apiserver)
                return await lists.answer(request, visit, listing, form, strategy, now)
            case "watch":
                return await self._watches.serve(await whole(request), visit, common, form)
            case "deletecollection":
                body = await bodies.read_body(request)
                listing = await DeleteCollection(
                    **common,
                    label_selector=query.text("labelSelector"),
                    field_selector=query.text("fieldSelector"),
                    limit=options.integer(query, "limit") or 0,
                    continue_=query.text("continue"),
                    options=bodies.delete_options(body, request.headers.get("Content-Type", ""), query),
                ).ask(self._apiserver)
                return await lists.answer(request, visit, listing, form, strategy, now)
        answer = await self._write(request, visit, common)
        return self._answer(answer, form, visit, strategy)

    async def _write(self, request: AnyRequest, visit: Visit, common: dict[str, Any]) -> Answer:
        """Create, update, patch or delete one object."""
        info = visit.info
        query, resource = info.query, common["resource"]
        content_type = request.headers.get("Content-Type", "")
        patch_type = None
        if info.verb == "patch":
            patch_type = bodies.patch_type_of(content_type)
            options.check_patch_options(query, patch_type)
        elif info.verb != "delete":
            options.check_write_options(query, "CreateOptions" if info.verb == "create" else "UpdateOptions")
        body = await bodies.read_body(request)
        if info.verb == "delete":
            how = bodies.delete_options(body, content_type, query)
            return await Delete(**common, options=how).ask(self._apiserver)
        writing: dict[str, Any] = {
            "dry_run": options.dry_run(query),
            "field_manager": options.field_manager(query, visit.record.user_agent),
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
        if not visit.record.name:
            visit.record.name = name_of(parsed.value)
        message = Create if info.verb == "create" else Update
        request_message: Any = message(**common, **writing, object=parsed.value, problems=parsed.problems)
        answer: Answer = await request_message.ask(self._apiserver)
        return answer

    @staticmethod
    def _answer(answer: Answer, form: Form, visit: Visit, strategy: Strategy) -> Reply:
        """An answer of one object."""
        info, headers = visit.info, visit.headers
        if answer.warnings:
            responses.warn(headers, answer.warnings)
        include, now = info.query.text("includeObject"), visit.record.received
        body = answers.object_bytes(answer.item, form, strategy, info.subresource, now, include)
        return responses.response(answer.code, body, form.media_type, headers)

    async def _connect(
        self, request: web.BaseRequest, info: RequestInfo, common: dict[str, Any], headers: CIMultiDict[str]
    ) -> web.StreamResponse:
        """Logs, exec and proxies."""
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
        way = spdyconnect.Way(query, found, self._dialer, self._clock)
        return await spdyconnect.serve(request, way, info.subresource)


def name_of(obj: Any) -> str:
    """The name in a body; empty if it has none."""
    metadata = obj.get("metadata") if isinstance(obj, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else ""
