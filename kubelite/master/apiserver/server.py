"""The API server: an actor that every request goes through, one after the other.

authorize → decode → mutate → default → prepare → validate → admit → store. All of it is synchronous, so that
a request
of an idle server is answered in the asker's stack; what has to wait (a read of a version of the future) is
answered
by a task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, assert_never

import attrs

from kubelite.api.resources import CUSTOMRESOURCEDEFINITIONS, EVENTS
from kubelite.api.scale import API_VERSION as SCALE_VERSION
from kubelite.api.scale import KIND as SCALE_KIND
from kubelite.apimachinery.apierrors import (
    APIError,
    Conflict,
    Forbidden,
    InternalError,
    MethodNotAllowed,
    NotFound,
)
from kubelite.apimachinery.managedfields import with_entries
from kubelite.apimachinery.scheme import Object, Resource, Scheme
from kubelite.apimachinery.strategy import Strategy
from kubelite.client.requests import (
    Answer,
    AuthorizePath,
    Connect,
    ConnectInfo,
    Create,
    Delete,
    DeleteCollection,
    Get,
    Item,
    List,
    Listing,
    Message,
    Patch,
    ResourceRequest,
    Update,
    UserInfo,
    Watch,
)
from kubelite.client.watcher import Watcher, WatchEvent
from kubelite.master.apiserver import computed, decoding, deletion, reads, writes
from kubelite.master.apiserver import metadata as meta
from kubelite.master.apiserver.authorization import (
    Attributes,
    allows,
    is_superuser,
    may_use_path,
    path_refusal,
    refusal,
)
from kubelite.master.apiserver.bootstrap import bootstrap, reconcile, restore
from kubelite.master.apiserver.config import APIServerConfig
from kubelite.master.apiserver.connect import connect
from kubelite.master.apiserver.environment import Environment, shown
from kubelite.master.apiserver.errors import too_large_revision
from kubelite.master.apiserver.expiry import Expiry
from kubelite.master.apiserver.faultpoint import FaultPoint
from kubelite.master.apiserver.patches import applied, check_name, patched
from kubelite.master.apiserver.servicenumbers import ServiceNumbers
from kubelite.master.apiserver.settling import SETTLED, settle
from kubelite.master.apiserver.subresources import act, action_of
from kubelite.master.auth.authenticator import Authenticator
from kubelite.master.auth.jwt import TokenKey
from kubelite.master.auth.serviceaccounts import ServiceAccountTokens
from kubelite.master.store.entry import Entry
from kubelite.master.store.selection import EVERYTHING
from kubelite.master.store.store import Store
from kubelite.runtime import Actor, Clock, Randomness, Shown, Signal

if TYPE_CHECKING:
    from kubelite.master.apiserver.crds import CustomResources
    from kubelite.master.writelog import WriteLog

T = TypeVar("T")


class SendBookmarks(Signal):
    """Time for bookmarks."""


@attrs.frozen(eq=False, repr=False)
class Compact(Shown):
    """Time to forget what is older than the interval before."""

    revision: int


class Reconcile(Signal):
    """Time to look after the `kubernetes` Service and after Events that are too old."""


class LookAtDefinitions(Signal):
    """Definitions of custom resources were written."""


@attrs.frozen(eq=False, repr=False)
class LookAtDefinition(Shown):
    """Time to look at a definition again."""

    name: str


class Settle(Signal):
    """Time to say what is to be said of what was written."""


Internal = SendBookmarks | Compact | Reconcile | LookAtDefinitions | LookAtDefinition | Settle
SYSTEM_METADATA = frozenset({"resourceVersion", "generation", "creationTimestamp", "deletionTimestamp"})
"""What an apply cannot set of an object that it makes."""
WRITE_BODY_KINDS = {"scale": (SCALE_VERSION, SCALE_KIND)}
"""Kinds of bodies at subresources, where they differ from the resource's."""


class APIServer(Actor[Message | Internal]):
    """One API server.

    Args:
        store: Outlives this actor: after a crash its successor goes on with it.
        scheme: The kinds served.
        tokens: Issues the tokens of service accounts; with a key of its own if not given.
        authenticator: Knows whose tokens are shown; by default only those of service accounts.
        faults: Where fault plans take hold; nowhere if not given.
        computed_resources: What is served without being stored.
        log: Is told for which request the store is changed.
    """

    reply_errors: ClassVar[tuple[type[Exception], ...]] = (APIError,)

    def __init__(
        self,
        *,
        store: Store,
        scheme: Scheme,
        clock: Clock,
        random: Randomness,
        config: APIServerConfig | None = None,
        tokens: ServiceAccountTokens | None = None,
        authenticator: Authenticator | None = None,
        faults: FaultPoint | None = None,
        computed_resources: dict[Resource, computed.Objects] | None = None,
        log: WriteLog | None = None,
    ) -> None:
        self._log = log
        self._faults = faults or FaultPoint()
        config = config or APIServerConfig()
        numbers = ServiceNumbers(config, random.fork("services"))
        tokens = tokens or ServiceAccountTokens(TokenKey(), store, clock.now)
        authenticator = authenticator or Authenticator(accounts=tokens)
        self._env = Environment(store, scheme, clock, random, config, numbers, tokens, authenticator)
        self._expiry = Expiry(config.event_ttl_s)
        self._reconciled = 0
        self._warnings: tuple[str, ...] = ()  # about the fields of the object at hand, for refusals, too
        self._computed = computed.computed_resources() if computed_resources is None else computed_resources
        self._custom: CustomResources | None = None
        self._custom_awake = False
        self._settling = False
        bootstrap(self._env)

    async def started(self) -> None:
        """Arm the periodic duties."""
        self._definitions = self._env.store.watch(CUSTOMRESOURCEDEFINITIONS, EVERYTHING, revision=None)
        self._definitions.on_ready = self._wake_custom
        self._wake_custom()
        config = self._env.config
        self.context.call_later(config.bookmark_interval_s, SendBookmarks())
        self.context.call_later(config.compaction_interval_s, Compact(self._env.store.revision))
        self.context.call_later(config.reconcile_interval_s, Reconcile())

    async def stopped(self) -> None:
        """Follow the definitions of custom resources no more."""
        self._definitions.end()
        if self._custom is not None:
            self._custom.close()

    def _wake_custom(self) -> None:
        if not self._custom_awake:
            self._custom_awake = True
            self.context.ref.tell(LookAtDefinitions())

    def _look_at_definitions(self) -> None:
        """Follow what was written, our own writes included."""
        self._custom_awake = False
        while (events := self._definitions.take()) or self._custom is not None:
            names = {event.object["metadata"]["name"]: None for event in events}
            self._custom_resources().look(names)
            if not events:
                break

    def _custom_resources(self) -> CustomResources:
        if self._custom is None:
            from kubelite.master.apiserver.crds import (  # noqa: PLC0415 - few clusters have any
                CustomResources,
            )

            self._custom = CustomResources(self._env, self._wake_custom, self._wake_custom_later)
        return self._custom

    def _wake_custom_later(self, delay_s: float, name: str) -> None:
        self.context.call_later(delay_s, LookAtDefinition(name))

    def receive(self, message: Message | Internal) -> Any:
        """Answer one request.

        Raises:
            APIError: The answer. A request that breaks an assumption is one, too: it costs its sender a 500,
                and nobody else anything, for nothing is written before the commit.
        """
        if self._faults.engine is not None and isinstance(message, ResourceRequest):
            reply = self._faults.engine.meet(message, self.receive, self.context.start_task)
            if reply is not None:
                return reply
        self._warnings = ()
        if self._log is not None:
            self._log.request = message
        try:
            return self._handle(message)
        except APIError as error:
            error.warnings = error.warnings or self._warnings
            raise
        except Exception as error:
            if isinstance(message, Internal):
                raise
            self.context.log.exception("request failed", request=type(message).__name__)
            raise InternalError(f"{type(error).__name__}: {error}") from error

    def _handle(self, message: Message | Internal) -> Any:
        match message:
            case Get():
                self._authorize(message, "get")
                return self._get(message)
            case Create():
                self._authorize(message, "create")
                return self._create(message)
            case Update():
                self._authorize(message, "update")
                return self._update(message)
            case Patch():
                self._authorize(message, "patch")
                return self._patch(message)
            case Delete():
                self._authorize(message, "delete")
                return self._delete(message)
            case List():
                self._authorize(message, "list")
                return self._list(message)
            case Watch():
                self._authorize(message, "watch")
                return self._watch(message)
            case DeleteCollection():
                self._authorize(message, "deletecollection")
                return self._delete_collection(message)
            case Connect():
                return self._connect(message)
            case AuthorizePath(user=user, verb=verb, path=path):
                return self._authorize_path(user, verb, path)
            case SendBookmarks():
                self._env.store.send_bookmarks()
                self.context.call_later(self._env.config.bookmark_interval_s, SendBookmarks())
            case Compact(revision=revision):
                self._env.store.compact(revision)
                self.context.call_later(
                    self._env.config.compaction_interval_s, Compact(self._env.store.revision)
                )
            case Reconcile():
                self._reconcile()
            case LookAtDefinitions():
                self._look_at_definitions()
            case LookAtDefinition(name=name):
                self._custom_resources().look_at(name)
            case Settle():
                self._settling = False
                settle(self._env)
            case _:
                assert_never(message)
        return None

    # --- authorization --------------------------------------------------------------------------------------

    def _authorize(self, request: ResourceRequest[Any], verb: str) -> None:
        resource = request.resource
        if not is_superuser(request.user) and not allows(request.user, _asked(request, verb)):
            text = refusal(request.user, verb, resource, request.subresource, request.namespace)
            raise Forbidden(text, resource=resource, name=request.name)
        if not request.subresource and verb not in resource.verbs:
            raise MethodNotAllowed

    @staticmethod
    def _authorize_path(user: UserInfo, verb: str, path: str) -> None:
        if not may_use_path(user, verb, path):
            raise Forbidden(path_refusal(user, verb, path), details={})

    # --- reads ----------------------------------------------------------------------------------------------

    def _get(self, request: Get) -> Answer | asyncio.Future[Answer]:
        version = reads.parse_version(request.resource_version) if request.resource_version else 0
        if version > self._env.store.revision:
            return self._later(version, lambda: self._read(request))
        return self._read(request)

    def _read(self, request: Get) -> Answer:
        objects = self._computed.get(request.resource)
        if objects is not None:
            return Answer(computed.get(objects, request.resource, request.namespace, request.name))
        entry = self._entry(request)
        strategy = self._env.strategy(request.resource)
        if request.subresource == "scale":
            return Answer(Item(strategy.read_scale(strategy.from_storage(entry.object))))
        return Answer(shown(strategy, entry))

    def _entry(self, request: ResourceRequest[Any]) -> Entry:
        subresource = request.subresource
        if subresource and subresource not in request.resource.subresources:
            raise NotFound.path()
        return self._env.must_get(request.resource, request.namespace, request.name)

    def _list(self, request: List) -> Listing | asyncio.Future[Listing]:
        reads.check_list(request)
        objects = self._computed.get(request.resource)
        if objects is not None:
            return computed.list_all(objects, self._env.strategy(request.resource), request)
        version = reads.future_version(self._env, request)
        if version is not None:
            return self._later(version, lambda: reads.list_objects(self._env, request))
        return reads.list_objects(self._env, request)

    def _later(self, version: int, read: Callable[[], T]) -> asyncio.Future[T]:
        reply: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        reached = asyncio.Event()
        call_off = self._env.store.on_revision(version, reached.set)
        waits = self._when_reached(version, reached, read, reply)
        task = self.context.start_task(waits, name=f"read at {version}")
        task.add_done_callback(lambda _: call_off())
        return reply

    async def _when_reached(
        self, version: int, reached: asyncio.Event, read: Callable[[], T], reply: asyncio.Future[T]
    ) -> None:
        try:
            async with self._env.clock.timeout(self._env.config.future_revision_wait_s):
                await reached.wait()
            result = read()
        except TimeoutError:
            _fail(reply, too_large_revision(version, self._env.store.revision))
        except APIError as error:
            _fail(reply, error)
        else:
            if not reply.done():
                reply.set_result(result)

    def _watch(self, request: Watch) -> Watcher | asyncio.Future[Watcher]:
        reads.check_watch(request)
        version = reads.parse_version(request.resource_version) if request.resource_version else 0
        if request.send_initial_events and version > self._env.store.revision:
            return self._later(version, lambda: self._open(request))
        return self._open(request)

    def _open(self, request: Watch) -> Watcher:
        watcher = reads.watch(self._env, request)
        watcher.origin = request
        if request.timeout_s is not None and not watcher.ended:
            self._end_later(watcher, request, request.timeout_s)
        return watcher

    def _end_later(self, watcher: Watcher, request: Watch, timeout_s: float) -> None:
        clock, store = self._env.clock, self._env.store
        timers = [clock.call_later(timeout_s, watcher.end)]
        if request.bookmarks:
            kind, api_version = request.resource.kind, request.resource.api_version

            def last_bookmark() -> None:
                metadata = {"resourceVersion": str(store.revision)}
                obj = {"kind": kind, "apiVersion": api_version, "metadata": metadata}
                watcher.push(WatchEvent("BOOKMARK", obj))

            before_end_s = max(0.0, timeout_s - self._env.config.bookmark_before_end_s)
            timers.append(clock.call_later(before_end_s, last_bookmark))
        for timer in timers:
            watcher.when_ended(timer.cancel)

    # --- writes ---------------------------------------------------------------------------------------------

    def _create(self, request: Create) -> Answer:
        action = action_of(request.resource, request.subresource)
        if action is not None:
            obj, warnings = self._body(request, action.kind)
            answer = act(self._env, action, request, obj)
            return attrs.evolve(answer, warnings=(*warnings, *answer.warnings)) if warnings else answer
        obj, warnings = self._body(request, None)
        written = writes.create(
            self._env,
            request.resource,
            request.namespace,
            obj,
            user=request.user,
            manager=request.field_manager,
            dry_run=request.dry_run,
        )
        return self._written(request.resource, written, warnings)

    def _body(self, request: Create | Update, kind: tuple[str, str] | None) -> tuple[Object, tuple[str, ...]]:
        strategy = self._env.strategy(request.resource)
        obj, warnings = decoding.body(
            strategy, request.object, request.field_validation, request.problems, kind=kind
        )
        obj, more = meta.with_distinct_owners(obj)
        self._warnings = (*warnings, *more)
        return obj, self._warnings

    def _written(self, resource: Resource, written: writes.Written, warnings: tuple[str, ...]) -> Answer:
        """The answer to a write, after what else it sets off."""
        entry = written.entry
        if entry is not None and self._env.strategy(resource).storage == EVENTS:
            self._expiry.note(entry, self._env.clock.now())
        self._settle_soon(resource)
        return written.answer(warnings)

    def _settle_soon(self, resource: Resource) -> None:
        if resource in SETTLED and not self._settling:
            self._settling = True
            self.context.call_later(self._env.config.settle_after_s, Settle())

    def _update(self, request: Update) -> Answer:
        env, resource = self._env, request.resource
        strategy = env.strategy(resource)
        if request.subresource != "scale" and not strategy.updates(request.subresource):
            raise MethodNotAllowed
        obj, warnings = self._body(request, WRITE_BODY_KINDS.get(request.subresource))
        check_name(obj, request.name)
        obj = writes.check_namespace(resource, obj, request.namespace)
        absent = env.get(resource, request.namespace, request.name) is None
        if absent and not request.subresource and strategy.rules.creates_on_update:
            if obj["metadata"].get("resourceVersion"):
                raise NotFound(resource, request.name)
            written = writes.create(
                env,
                resource,
                request.namespace,
                obj,
                user=request.user,
                manager=request.field_manager,
                dry_run=request.dry_run,
            )
            return self._written(resource, written, warnings)
        entry = self._entry(request)
        self._check_uid(request, obj, entry)
        return self._replace(request, entry, obj, warnings)

    @staticmethod
    def _check_uid(request: Update, obj: Object, entry: Entry) -> None:
        given, stored = obj["metadata"].get("uid"), entry.object["metadata"]["uid"]
        if given and given != stored:
            key = f"/registry/{request.resource.plural}/{entry.key}"
            why = (
                f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
                f"Precondition failed: UID in precondition: {given}, UID in object meta: {stored}"
            )
            raise Conflict(request.resource, request.name, why)

    def _replace(
        self,
        request: Update | Patch,
        entry: Entry,
        obj: Object,
        warnings: tuple[str, ...],
        *,
        accounted: bool = False,
    ) -> Answer:
        env, resource, subresource = self._env, request.resource, request.subresource
        strategy = env.strategy(resource)
        if subresource == "scale":
            obj, subresource = self._scaled(request, strategy, entry, obj, accounted=accounted), ""
            accounted = True
        writes.check_version(strategy, obj, entry)
        written = writes.update(
            env,
            resource,
            entry,
            obj,
            subresource=subresource,
            user=request.user,
            manager=None if accounted else request.field_manager,
            dry_run=request.dry_run,
        )
        answer = self._written(resource, written, warnings)
        if request.subresource == "scale":
            return Answer(Item(strategy.scale_of(answer.object)), warnings=warnings)
        return answer

    def _scaled(
        self, request: Update | Patch, strategy: Strategy, entry: Entry, given: Object, *, accounted: bool
    ) -> Object:
        """The object with what a write of its scale changes, managed fields included."""
        env = self._env
        parent = strategy.from_storage(entry.object)
        fields = env.field_managers.scale_fields(strategy, parent)
        if not accounted:
            live = with_entries(strategy.scale_of(parent), fields.of_scale())
            manager = env.field_managers.of(strategy, "scale")
            given = manager.update(live, given, request.field_manager, env.now_text())
        entries = fields.of_parent(given["metadata"].get("managedFields"))
        return with_entries(strategy.scaled(parent, given), entries)

    def _patch(self, request: Patch) -> Answer:
        subresource, resource = request.subresource, request.resource
        strategy = self._env.strategy(resource)
        if subresource != "scale" and not strategy.updates(subresource):
            raise MethodNotAllowed
        if request.patch_type == "apply":
            return self._apply(request, strategy)
        entry = self._entry(request)
        current = strategy.from_storage(entry.object)
        if subresource == "scale":
            current = strategy.scale_of(current)
        obj, warnings = patched(request, strategy, current, WRITE_BODY_KINDS.get(subresource))
        self._warnings = warnings
        obj = writes.check_namespace(resource, obj, request.namespace)
        obj, more = meta.with_distinct_owners(obj, meta.AFTER_ADMISSION)
        return self._replace(request, entry, obj, (*warnings, *more))

    def _apply(self, request: Patch, strategy: Strategy) -> Answer:
        """Server-side apply: creates what is not there."""
        env, resource, subresource = self._env, request.resource, request.subresource
        entry = env.get(resource, request.namespace, request.name)
        if subresource and (entry is None or subresource not in resource.subresources):
            entry = self._entry(request)
        live = None if entry is None else strategy.from_storage(entry.object)
        if live is not None and subresource == "scale":
            fields = env.field_managers.scale_fields(strategy, live)
            live = with_entries(strategy.scale_of(live), fields.of_scale())
        manager = env.field_managers.of(strategy, subresource)
        obj, warnings = applied(request, strategy, manager, live, env.now_text())
        if entry is None and obj["metadata"].get("uid"):
            uid = obj["metadata"]["uid"]
            why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise Conflict(resource, request.name, why)
        obj = writes.check_namespace(resource, obj, request.namespace)
        check_name(obj, request.name)
        if entry is not None:
            return self._replace(request, entry, obj, warnings, accounted=True)
        self._authorize(request, "create")
        metadata = {key: value for key, value in obj["metadata"].items() if key not in SYSTEM_METADATA}
        written = writes.create(
            env,
            resource,
            request.namespace,
            {**obj, "metadata": metadata},
            user=request.user,
            manager=None,
            dry_run=request.dry_run,
        )
        return self._written(resource, written, warnings)

    # --- deletes --------------------------------------------------------------------------------------------

    def _delete(self, request: Delete) -> Answer:
        if request.subresource:
            raise MethodNotAllowed
        self._settle_soon(request.resource)
        return deletion.delete(self._env, request.resource, request.namespace, request.name, request.options)

    def _delete_collection(self, request: DeleteCollection) -> Listing:
        deletion.check_options(request.options)
        env, resource = self._env, request.resource
        asked = List(
            user=request.user,
            resource=resource,
            namespace=request.namespace,
            label_selector=request.label_selector,
            field_selector=request.field_selector,
            limit=request.limit,
            continue_=request.continue_,
        )
        listing = reads.list_objects(env, asked)
        self._settle_soon(resource)
        for item in listing.items:
            metadata = item.object["metadata"]
            entry = env.get(resource, metadata.get("namespace", ""), metadata["name"])
            if entry is not None:
                deletion.delete_entry(env, resource, entry, request.options)
        return listing

    def _connect(self, request: Connect) -> ConnectInfo:
        self._authorize(request, request.verb)
        return connect(self._env, request)

    # --- duties ---------------------------------------------------------------------------------------------

    def _reconcile(self) -> None:
        env = self._env
        if env.store.revision != self._reconciled:
            reconcile(env)
            restore(env)
            self._reconciled = env.store.revision
        for entry in self._expiry.expired(env.clock.now()):
            namespace = entry.object["metadata"]["namespace"]
            if env.store.get(EVENTS, namespace, entry.object["metadata"]["name"]) is entry:
                env.store.delete(EVENTS, entry)
        self.context.call_later(env.config.reconcile_interval_s, Reconcile())

    def __repr__(self) -> str:
        return f"<APIServer {self._env.store!r}>"


def _asked(request: ResourceRequest[Any], verb: str) -> Attributes:
    """A request in the authorizer's words."""
    return Attributes(
        verb=verb,
        group=request.resource.group,
        plural=request.resource.plural,
        subresource=request.subresource,
        namespace=request.namespace,
        name=request.name,
    )


def _fail(reply: asyncio.Future[Any], error: APIError) -> None:
    if not reply.done():
        reply.set_exception(error)
