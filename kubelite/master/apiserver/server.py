"""The API server: an actor that every request goes through, one after the other.

authorize → decode → mutate → default → prepare → validate → admit → store. All of it is synchronous, so that
a request of an idle server is answered in the asker's stack; what has to wait (a read of a version of the
future) is answered by a task. Reads are in `readrequests`, writes in `writerequests`, deletes in `deletion`;
here are who may do what, and the duties that come with time.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, assert_never

import attrs

from kubelite.api.resources import CUSTOMRESOURCEDEFINITIONS, EVENTS, IPADDRESSES, SECRETS
from kubelite.apimachinery.apierrors import (
    APIError,
    Forbidden,
    InternalError,
    MethodNotAllowed,
)
from kubelite.apimachinery.scheme import Object, Resource, Scheme
from kubelite.client.requests import (
    Answer,
    AuthorizePath,
    Connect,
    ConnectInfo,
    Create,
    Delete,
    DeleteCollection,
    Get,
    List,
    Listing,
    Message,
    Patch,
    ResourceRequest,
    Update,
    UserInfo,
    Watch,
)
from kubelite.client.watcher import Watcher
from kubelite.master.apiserver import computed, deletion, reads, writes
from kubelite.master.apiserver.authorization import (
    Attributes,
    allows,
    is_superuser,
    may_use_path,
    path_refusal,
    refusal,
)
from kubelite.master.apiserver.bootstrap import KEPT, bootstrap, reconcile, restore
from kubelite.master.apiserver.config import APIServerConfig
from kubelite.master.apiserver.connect import connect
from kubelite.master.apiserver.environment import Environment
from kubelite.master.apiserver.expiry import Expiry
from kubelite.master.apiserver.faultpoint import FaultPoint
from kubelite.master.apiserver.readrequests import ReadRequests
from kubelite.master.apiserver.servicenumbers import ServiceNumbers
from kubelite.master.apiserver.settling import SETTLED, settle
from kubelite.master.apiserver.writerequests import WriteRequests
from kubelite.master.auth.authenticator import Authenticator
from kubelite.master.auth.jwt import TokenKey
from kubelite.master.auth.serviceaccounts import LAST_USED, ServiceAccountTokens
from kubelite.master.store.entry import Entry
from kubelite.master.store.selection import EVERYTHING
from kubelite.master.store.store import Store
from kubelite.runtime import Actor, Clock, Randomness, Shown, Signal

if TYPE_CHECKING:
    from kubelite.apimachinery.strategy import Strategy
    from kubelite.master.apiserver.crds import CustomResources
    from kubelite.master.writelog import WriteLog
    from kubelite.runtime import TimerHandle


class SendBookmarks(Signal):
    """Time for bookmarks."""


@attrs.frozen(eq=False, repr=False)
class Compact(Shown):
    """Time to forget what is older than the interval before."""

    revision: int


class Reconcile(Signal):
    """Time to look after the `kubernetes` Service and after Events that are too old."""


class RepairAddresses(Signal):
    """Time to look whether all cluster addresses have their objects."""


class LookAtDefinitions(Signal):
    """Definitions of custom resources were written."""


@attrs.frozen(eq=False, repr=False)
class LookAtDefinition(Shown):
    """Time to look at a definition again."""

    name: str


class Settle(Signal):
    """Time to say what is to be said of what was written."""


@attrs.frozen(eq=False, repr=False)
class LabelSecret(Shown):
    """The token of a Secret was used, on a day of which the Secret does not say so yet."""

    secret: Object
    day: str


Internal = (
    SendBookmarks
    | Compact
    | Reconcile
    | LookAtDefinitions
    | LookAtDefinition
    | Settle
    | LabelSecret
    | RepairAddresses
)


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
        numbers = ServiceNumbers(config, store, random.fork("services"))
        tokens = tokens or ServiceAccountTokens(TokenKey(), store, clock.now)
        authenticator = authenticator or Authenticator(accounts=tokens)
        self._env = Environment(store, scheme, clock, random, config, numbers, tokens, authenticator)
        self._expiry = Expiry(config.event_ttl_s)
        self._began = clock.monotonic()
        self._duty: TimerHandle | None = None
        self._writes = WriteRequests(
            self._env, lambda request: self._authorize(request, "create"), self._on_written
        )
        self._computed = computed.computed_resources() if computed_resources is None else computed_resources
        self._custom: CustomResources | None = None
        self._custom_awake = False
        self._settling = False
        self._repairing = False
        bootstrap(self._env)
        for entry in store.list(EVENTS, EVERYTHING).entries:  # of before a restart
            self._expiry.note(entry, clock.now())

    async def started(self) -> None:
        """Arm the periodic duties."""
        self._reads = ReadRequests(self._env, self._computed, self.context.start_task)
        self._definitions = self._env.store.watch(CUSTOMRESOURCEDEFINITIONS, EVERYTHING, revision=None)
        self._definitions.on_ready = self._wake_custom
        self._wake_custom()
        self._env.tokens.on_used = self._note_use
        config = self._env.config
        self.context.call_later(config.bookmark_interval_s, SendBookmarks())
        self.context.call_later(config.compaction_interval_s, Compact(self._env.store.revision))
        self._arm()

    async def stopped(self) -> None:
        """Follow the definitions of custom resources no more."""
        self._env.tokens.on_used = None
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
        self._writes.warnings = ()
        if self._log is not None:
            self._log.request = message
        try:
            return self._handle(message)
        except APIError as error:
            error.warnings = error.warnings or self._writes.warnings
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
                return self._reads.get(message)
            case Create():
                self._authorize(message, "create")
                return self._writes.create(message)
            case Update():
                self._authorize(message, "update")
                return self._writes.update(message)
            case Patch():
                self._authorize(message, "patch")
                return self._writes.patch(message)
            case Delete():
                self._authorize(message, "delete")
                return self._delete(message)
            case List():
                self._authorize(message, "list")
                return self._reads.list(message)
            case Watch():
                self._authorize(message, "watch")
                watcher = self._reads.watch(message)
                if self._log is not None and isinstance(watcher, Watcher):
                    self._log.watching(message, watcher)
                return watcher
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
            case RepairAddresses():
                self._repairing = False
                self._repair_addresses()
            case LabelSecret(secret=secret, day=day):
                self._label(secret, day)
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

    # --- writes --------------------------------------------------------------------------------------------

    def _note_use(self, secret: Object, day: str) -> None:
        self.context.ref.tell(LabelSecret(secret, day))

    def _label(self, secret: Object, day: str) -> None:
        """Write to a Secret when its token was used last, unless somebody replaced it meanwhile."""
        metadata = secret["metadata"]
        patch = {"metadata": {"uid": metadata["uid"], "labels": {LAST_USED: day}}}
        with suppress(APIError):
            self._writes.patch(
                Patch(
                    user=writes.APISERVER,
                    resource=SECRETS,
                    namespace=metadata["namespace"],
                    name=metadata["name"],
                    patch=patch,
                    patch_type="merge",
                )
            )

    def _on_written(self, strategy: Strategy, entry: Entry | None) -> None:
        """What else a write sets off."""
        if entry is not None and strategy.storage == EVENTS:
            self._expiry.note(entry, self._env.clock.now())
            if self._duty is None:
                self._arm()
        self._look_soon(strategy.resource)

    def _look_soon(self, resource: Resource) -> None:
        if resource.group_resource == IPADDRESSES.group_resource:
            self._repair_later()
        if resource in SETTLED and not self._settling:
            self._settling = True
            self.context.call_later(self._env.config.settle_after_s, Settle())
        if resource in KEPT:
            self._arm(at_once=True)

    def _delete(self, request: Delete) -> Answer:
        if request.subresource:
            raise MethodNotAllowed
        self._look_soon(request.resource)
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
        self._look_soon(resource)
        for item in listing.items:
            metadata = item.object["metadata"]
            entry = env.get(resource, metadata.get("namespace", ""), metadata["name"])
            if entry is not None:
                deletion.delete_entry(env, resource, entry, request.options)
        return listing

    def _connect(self, request: Connect) -> ConnectInfo:
        self._authorize(request, request.verb)
        return connect(self._env, request)

    def _repair_later(self) -> None:
        """Look at IPAddress objects at the next turn; turns come at equal intervals."""
        if not self._repairing:
            self._repairing = True
            interval_s = self._env.config.repair_interval_s
            passed_s = self._env.clock.monotonic() - self._began
            self.context.call_later(interval_s - passed_s % interval_s, RepairAddresses())

    def _repair_addresses(self) -> None:
        from kubelite.master.apiserver.addressrepair import repair  # noqa: PLC0415 - rarely needed

        events, waits = repair(self._env)
        for event in events:
            namespace = event["metadata"]["namespace"]
            with suppress(APIError):  # the namespace may be going away
                self._writes.create(
                    Create(user=writes.APISERVER, resource=EVENTS, namespace=namespace, object=event)
                )
        if waits:
            self._repair_later()

    # --- duties ---------------------------------------------------------------------------------------------

    def _reconcile(self) -> None:
        """Set right what was changed, and forget old Events."""
        env = self._env
        self._duty = None
        reconcile(env)
        restore(env)
        for entry in self._expiry.expired(env.clock.now()):
            namespace = entry.object["metadata"]["namespace"]
            if env.store.get(EVENTS, namespace, entry.object["metadata"]["name"]) is entry:
                env.store.delete(EVENTS, entry)
        self._arm()

    def _arm(self, *, at_once: bool = False) -> None:
        """Look again at the next turn at which there is something to do; turns come at equal intervals.

        Args:
            at_once: At the next one, whatever it is for; else when an Event is too old.
        """
        due_s = 0.0 if at_once else self._expiry.due_in(self._env.clock.now())
        if due_s is None:
            return
        now_s, interval_s = self._env.clock.monotonic() - self._began, self._env.config.reconcile_interval_s
        turn = max(math.ceil((now_s + due_s) / interval_s), math.floor(now_s / interval_s) + 1)
        at = self._began + turn * interval_s
        if self._duty is not None:
            if self._duty.due_s <= at:
                return
            self.context.call_off(self._duty)
        self._duty = self.context.call_later(turn * interval_s - now_s, Reconcile())

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
