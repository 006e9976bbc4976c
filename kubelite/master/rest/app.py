"""One HTTP request to one message of the API server and back: the router of the REST door.

authenticate → authorize → route by the scheme → read and parse the body → ask the API server → answer in the
form that was negotiated. Whatever goes wrong becomes a `Status`.

Source: k8s.io/apiserver/pkg/endpoints (installer.go, handlers), pkg/server/config.go (the order of the
filters).
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from typing import Final

import attrs
import orjson
from aiohttp import web
from multidict import CIMultiDict

from kubelite.apimachinery.apierrors import (
    APIError,
    Forbidden,
    InternalError,
    ServiceUnavailable,
    Unauthorized,
)
from kubelite.apimachinery.scheme import Resource, Scheme
from kubelite.client.requests import (
    SYSTEM_AUTHENTICATED,
    SYSTEM_MASTERS,
    List,
    Message,
    UserInfo,
)
from kubelite.master.apiserver import authorization
from kubelite.master.apiserver.faultpoint import FaultPoint
from kubelite.master.audit import AuditLog
from kubelite.master.auth.authenticator import Authenticator, impersonated, websocket_token
from kubelite.master.rest import connect, metrics, nonresource, responses
from kubelite.master.rest.documents import Documents
from kubelite.master.rest.gate import Gate, Visit
from kubelite.master.rest.handlers import Handlers
from kubelite.master.rest.inflight import timed_out
from kubelite.master.rest.limits import DEFAULT_LIMITS, RESTLimits
from kubelite.master.rest.prompt import AnyRequest, Begun, Prompt, begin, whole
from kubelite.master.rest.reply import Reply
from kubelite.master.rest.requestinfo import RequestInfo, origin_form, parse_request
from kubelite.master.rest.watches import Watches
from kubelite.runtime import ActorStopped, Clock, Randomness, Ref
from kubelite.runtime.logs import get_logger

METRICS_PATH: Final = "/metrics"
_SELF: Final = UserInfo("system:apiserver", (SYSTEM_MASTERS, SYSTEM_AUTHENTICATED))
CLIENT_GONE: Final = 499
"""What is counted and recorded for a request whose client did not wait for the answer."""

log = get_logger(component="apiserver")


@attrs.frozen(eq=False)
class Unfinished:
    """A request that was begun at once and has to wait."""

    begun: Begun[web.StreamResponse | Reply]
    prompt: Prompt
    visit: Visit
    gate: Gate

    async def finish(self, request: web.BaseRequest) -> web.StreamResponse | Reply:
        """Go on with it, in a task of its own; `request` is the same as aiohttp's own."""
        self.gate.goes_on(self.visit)
        self.prompt.complete(request)
        return await self.begun

    def cancel(self) -> None:
        """The client has gone before a task could go on with it."""
        self.begun.cancel()


class App:
    """The handler of all requests.

    Args:
        apiserver: Where resource requests go.
        scheme: What is served.
        clock: For ages, time-outs and watches.
        random: For audit ids and the time-outs of watches.
        authenticator: Who asks.
        dialer: The way to kubelets; None if there are none.
        audit: Where requests are recorded.
        faults: Where fault plans take hold.
        limits: Bounds.
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
        audit: AuditLog,
        faults: FaultPoint,
        limits: RESTLimits = DEFAULT_LIMITS,
    ) -> None:
        self._apiserver = apiserver
        self._scheme = scheme
        self._clock = clock
        self._random = random
        self._authenticator = authenticator
        self._faults = faults
        self._documents = Documents(scheme, authenticator.accounts)
        self._gate = Gate(
            apiserver=apiserver,
            clock=clock,
            random=random,
            audit=audit,
            limits=limits,
            version=lambda: orjson.loads(nonresource.version_document()),
        )
        self._watches = Watches(
            apiserver=apiserver, scheme=scheme, clock=clock, random=random, metrics=self._gate.metrics
        )
        self._handlers = Handlers(
            apiserver=apiserver,
            scheme=scheme,
            clock=clock,
            watches=self._watches,
            dialer=dialer,
            faults=faults,
        )

    def close(self) -> None:
        """Let go of what outlives requests."""
        self._gate.close()

    def end_streams(self) -> None:
        """End all watches in good order."""
        self._watches.end_all()

    @property
    def streams_open(self) -> int:
        """How many watches are running."""
        return len(self._watches)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse | Reply:
        """Answer one request, in a task of its own."""
        visit = self._gate.arrive(request, _info(request))
        visit.task = asyncio.current_task()
        return await self._answer(request, visit)

    def begin(self, request: Prompt) -> Reply | Unfinished | None:
        """Answer one request at once, or as far as that goes without waiting; None if it may last."""
        info = _info(request)
        if not info.is_resource or info.method == "HEAD" or info.lasts:
            return None
        visit = self._gate.arrive(request, info)
        begun = begin(self._answer(request, visit))
        if isinstance(begun, Begun):
            return Unfinished(begun, request, visit, self._gate)
        assert isinstance(begun, Reply), "only what waits can have sent something"
        return begun

    async def _answer(self, request: AnyRequest, visit: Visit) -> web.StreamResponse | Reply:
        """The answer of a request that has arrived, whatever happens."""
        code = InternalError.code
        try:
            response = await self._answer_or_status(request, visit)
            code = response.status
        except (asyncio.CancelledError, ConnectionError):
            code = CLIENT_GONE
            raise
        finally:
            self._gate.leave(visit)
            self._gate.conclude(visit, code)
        if isinstance(response, Reply):
            responses.prettier(response, visit.info, visit.record.user_agent)
        return response

    async def _answer_or_status(self, request: AnyRequest, visit: Visit) -> web.StreamResponse | Reply:
        """The answer; or what went wrong, as a `Status`."""
        try:
            return await self._serve(request, visit)
        except APIError as error:
            if error.is_connection_lost and request.transport is not None:
                request.transport.abort()  # the answer reaches nobody
            failure = error
            visit.record.status = failure.status()
        except ActorStopped:
            failure = ServiceUnavailable("the API server is shutting down")
        except asyncio.CancelledError:
            if not self._gate.leave(visit):
                raise
            failure = timed_out()
            visit.record.status = failure.status()
        except ConnectionError:
            raise
        except Exception:
            log.exception("request failed", method=request.method, path=visit.info.path)
            failure = InternalError("the request made the API server fail; see its log")
        try:
            return responses.failure(failure, visit.headers, request.headers.get("Accept", ""))
        except Exception:
            log.exception("answer failed", method=request.method, path=visit.info.path)
            nothing = InternalError("the request made the API server fail; see its log")
            return responses.failure(nothing, visit.headers)

    async def _serve(self, request: AnyRequest, visit: Visit) -> web.StreamResponse | Reply:
        """Find out who asks and whether they may, and give the answer.

        Raises:
            APIError: It is no.
        """
        info, headers, gate = visit.info, visit.headers, self._gate
        gate.watch_over(visit)
        user = self._user(request, visit)
        if gate.is_stale:
            await gate.refresh()
        if not gate.admit(visit, user):
            return responses.too_many_requests(headers)
        self._authorize(user, info, headers, visit)
        if info.is_resource:
            if not self._documents.serves_group(info.group):
                return responses.not_found_text(headers)
            return await self._handlers.serve(request, visit, user)
        request = await whole(request)
        if self._faults.engine is not None:
            agent = visit.record.user_agent
            await self._faults.engine.meet_path(info.verb, info.path, user, agent)
        if info.path == METRICS_PATH and request.method == "GET":
            return await self._metrics(request, headers)
        return self._documents.answer(request, info, headers)

    def _user(self, request: AnyRequest, visit: Visit) -> UserInfo:
        """Who asks, or on whose behalf.

        Raises:
            APIError: The credentials are not good.
        """
        transport = request.transport
        certificate = transport.get_extra_info("peercert") if transport is not None else None
        try:
            user = self._authenticator.authenticate(credentials(request), certificate)
            visit.record.user = user
            if impersonates(request.headers):
                user = impersonated(user, request.headers)
                visit.record.impersonated = user
        except APIError as error:
            if not isinstance(error, Unauthorized):
                visit.headers[responses.NOSNIFF] = "nosniff"
            raise
        return user

    @staticmethod
    def _authorize(user: UserInfo, info: RequestInfo, headers: CIMultiDict[str], visit: Visit) -> None:
        """Refuse before anything is looked up.

        Raises:
            Forbidden: The user may not do this.
        """
        visit.record.decision = "allow"
        if authorization.is_superuser(user):
            return
        headers[responses.NOSNIFF] = "nosniff"
        if not info.is_resource:
            if not authorization.may_use_path(user, info.verb, info.path):
                visit.record.decision = "forbid"
                raise Forbidden(authorization.path_refusal(user, info.verb, info.path), details={})
        else:
            visit.record.decision = "forbid"
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
                visit.record.decision = "allow"
                del headers[responses.NOSNIFF]
                return
            why = authorization.refusal(user, info.verb, resource, info.subresource, namespace)
            raise Forbidden(why, resource=resource, name=info.name)
        del headers[responses.NOSNIFF]

    async def _metrics(self, request: web.BaseRequest, headers: CIMultiDict[str]) -> Reply:
        """What was counted, and how many objects there are."""
        stored = {}
        for resource in self._scheme.resources():
            if "list" in resource.verbs and (resource.group, resource.plural) not in stored:
                listing = await List(user=_SELF, resource=resource, limit=1).ask(self._apiserver)
                stored[resource.group, resource.plural] = len(listing.items) + (listing.remaining or 0)
        body = self._gate.metrics.exposition(stored)
        headers["Content-Type"] = metrics.CONTENT_TYPE
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, compresslevel=1)
            headers["Content-Encoding"] = "gzip"
        return Reply(200, body, headers)


def _info(request: AnyRequest) -> RequestInfo:
    raw_path, _, raw_query = origin_form(request.raw_path).partition("?")
    return parse_request(request.method, raw_path, raw_query)


def impersonates(headers: Mapping[str, str]) -> bool:
    """Whether the sender of these headers may act for somebody else; asked of every request, so quickly."""
    return "impersonate-" in "\n".join(headers).lower()


def credentials(request: AnyRequest) -> str:
    """The `Authorization` of a request; browsers' websockets have a subprotocol for it."""
    sent = request.headers
    authorization_header = sent.get("Authorization", "")
    if not authorization_header and "Sec-WebSocket-Protocol" in sent:
        token = websocket_token(sent["Sec-WebSocket-Protocol"])
        return f"Bearer {token}" if token else ""
    return authorization_header
