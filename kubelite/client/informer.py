"""Shared copies of collections, with look-ups and handlers.

An `InformerFactory` is a plain value that components are given; the actor of `factory.spec()` keeps its
informers up
to date. Level-triggered: after a lost watch the copy is compared with a new list, and handlers see the
difference.

Invariant: objects handed out are the very trees of the store; nobody changes them.
"""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Callable, Iterable
from typing import Any, Final, assert_never

import attrs

from kubelite.apimachinery.apierrors import APIError, NotFound
from kubelite.apimachinery.labels import Selector
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client import reflector
from kubelite.client.client import Client
from kubelite.client.index import Index, KeysOf, PartOf
from kubelite.client.watcher import Watcher, WatchEvent
from kubelite.runtime import Actor, ActorStopped, ChildSpec, Ref, Request, Shown, Signal
from kubelite.runtime.causes import current

Handler = Callable[[Object | None, Object | None], Any]
OWNER: Final = "owner"
SHORT_S: Final = 1.0
"""A watch that tells nothing and ends sooner has failed."""
LABEL_INDICES_MAX: Final = 32
"""Label keys that one informer indexes; selectors by further ones look at every object."""


def key_of(namespace: str | None, name: str) -> str:
    """The key of an object in an informer."""
    return f"{namespace or ''}/{name}"


def _key(obj: Object) -> str:
    metadata = obj["metadata"]
    return f"{metadata.get('namespace', '')}/{metadata['name']}"


def _owners(obj: Object) -> Any:
    return obj["metadata"].get("ownerReferences")


def _owner_uids(obj: Object) -> Iterable[str]:
    references = _owners(obj)
    return [reference["uid"] for reference in references] if references else ()


class Informer:
    """A copy of one collection. Made by `InformerFactory.informer`.

    Attributes:
        resource_version: Of the last change that it holds.
        is_given_up: It is of no use any more: its kind is gone.
    """

    def __init__(self, resource: Resource, *, namespace: str | None, field_selector: str) -> None:
        self.resource = resource
        self.namespace = namespace
        self.field_selector = field_selector
        self._objects: dict[str, Object] = {}
        self._namespaces: dict[str, dict[str, Object]] = {}
        self._indices: dict[str, Index] = {OWNER: Index(_owner_uids, _owners)}
        self._labels: dict[str, Index] = {}
        self._handlers: dict[int, Handler] = {}
        self._handlers_made = 0
        self._synced = asyncio.Event()
        self.resource_version = ""
        self.is_given_up = False

    # --- look-ups -------------------------------------------------------------------------------------------

    def get(self, namespace: str | None, name: str) -> Object | None:
        """The object, or None."""
        return self._objects.get(key_of(namespace, name))

    def list(self, namespace: str | None = None, selector: Selector | None = None) -> builtins.list[Object]:
        """The objects of a namespace (None: of all) which the selector (None: any) matches."""
        if selector is None or selector.empty:
            return list(
                (self._objects if namespace is None else self._namespaces.get(namespace, {})).values()
            )
        if selector.nothing:
            return []
        objects, keys = self._objects, self._labelled(selector)
        if keys is None:
            found: Iterable[Object] = self.list(namespace)
        else:
            prefix = "" if namespace is None else f"{namespace}/"
            found = [objects[key] for key in keys if key.startswith(prefix)]
            if len(selector.requirements) == 1:
                return found
        matches = selector.matches
        return [obj for obj in found if matches(obj["metadata"].get("labels"))]

    def _labelled(self, selector: Selector) -> Iterable[str] | None:
        """Keys of objects with the rarest label that the selector names; None if it names none by value."""
        smallest: Any = None
        for label, value in selector.exact.items():
            index = self._labels.get(label)
            if index is None:
                if len(self._labels) >= LABEL_INDICES_MAX:
                    continue
                index = self._labels[label] = self._filled(_label_values(label), _labels)
            keys = index.get(value)
            if smallest is None or len(keys) < len(smallest):
                smallest = keys
        found: Iterable[str] | None = smallest
        return found

    def add_index(self, name: str, values_of: KeysOf) -> None:
        """Keep an index: the keys under which each object is found. One of that name is replaced."""
        self._indices[name] = self._filled(values_of)

    def _filled(self, values_of: KeysOf, part_of: PartOf | None = None) -> Index:
        index = Index(values_of, part_of)
        for key, obj in self._objects.items():
            index.change(key, None, obj)
        return index

    def by_index(self, name: str, key: str) -> builtins.list[Object]:
        """The objects under a key of an index."""
        return [self._objects[each] for each in self._indices[name].get(key)]

    def by_owner(self, uid: str) -> builtins.list[Object]:
        """The objects which name that uid as an owner."""
        return self.by_index(OWNER, uid)

    def __len__(self) -> int:
        return len(self._objects)

    # --- changes --------------------------------------------------------------------------------------------

    def add_handler(self, handler: Handler) -> Callable[[], None]:
        """Call `handler(old, new)` for what exists, now, and for every change; what it gives ends this."""
        number = self._handlers_made = self._handlers_made + 1
        self._handlers[number] = handler
        before = current.set(None)
        for obj in tuple(self._objects.values()):
            current.set(obj["metadata"].get("resourceVersion"))
            handler(None, obj)
        current.reset(before)

        def remove() -> None:
            self._handlers.pop(number, None)

        return remove

    @property
    def has_synced(self) -> bool:
        """Whether the first list is in."""
        return self._synced.is_set()

    async def wait_synced(self) -> None:
        """Wait until the first list is in."""
        await self._synced.wait()

    def is_behind(self, objects: Iterable[Object], resource_version: str) -> bool:
        """Whether the copy is older than a list that was made meanwhile."""
        if int(self.resource_version or 0) >= int(resource_version):
            return False
        listed = {_key(obj): int(obj["metadata"]["resourceVersion"]) for obj in objects}
        held = {key: int(obj["metadata"]["resourceVersion"]) for key, obj in self._objects.items()}
        gone = any(version <= int(resource_version) for key, version in held.items() if key not in listed)
        return gone or any(held.get(key, 0) < version for key, version in listed.items())

    def replace(self, objects: Iterable[Object]) -> None:
        """Make the copy equal to a list; handlers see the difference."""
        fresh = {_key(obj): obj for obj in objects}
        for key in [key for key in self._objects if key not in fresh]:
            self._change(key, None)
        for key, obj in fresh.items():
            old = self._objects.get(key)
            if old is None or old["metadata"]["resourceVersion"] != obj["metadata"]["resourceVersion"]:
                before = current.set(obj["metadata"]["resourceVersion"])
                self._change(key, obj)
                current.reset(before)
        self._synced.set()

    def apply(self, events: Iterable[WatchEvent]) -> None:
        """Bring changes into the copy, in order."""
        before = current.set(None)
        for event in events:
            obj = event.object
            current.set(obj["metadata"].get("resourceVersion"))
            self._change(_key(obj), None if event.type == "DELETED" else obj)
        current.reset(before)

    def _change(self, key: str, new: Object | None) -> None:
        objects = self._objects
        old = objects.get(key)
        if new is None:
            if old is None:
                return
            del objects[key]
            namespace = key.partition("/")[0]
            del self._namespaces[namespace][key]
            if not self._namespaces[namespace]:
                del self._namespaces[namespace]
        else:
            objects[key] = new
            namespace = key.partition("/")[0]
            inside = self._namespaces.get(namespace)
            if inside is None:
                inside = self._namespaces[namespace] = {}
            inside[key] = new
        for index in self._indices.values():
            index.change(key, old, new)
        for index in self._labels.values():
            index.change(key, old, new)
        handlers = iter(tuple(self._handlers.values()))
        try:
            for handler in handlers:
                handler(old, new)
        finally:
            # One that raises crashes the runner; the change, which is made, is not told again after that.
            for handler in handlers:
                handler(old, new)

    def __repr__(self) -> str:
        state = "synced" if self.has_synced else "not synced"
        return f"<Informer {self.resource.group_resource} {len(self._objects)} objects, {state}>"


def _labels(obj: Object) -> Any:
    return obj["metadata"].get("labels")


def _label_values(label: str) -> KeysOf:
    def values_of(obj: Object) -> Iterable[str]:
        labels = _labels(obj)
        value = labels.get(label) if labels else None
        return () if value is None else (value,)

    return values_of


# --- who keeps them up to date ------------------------------------------------------------------------------


@attrs.frozen(eq=False, repr=False)
class Start(Shown):
    """Begin with an informer, or go on with it after a failure."""

    informer: Informer


@attrs.frozen(eq=False, repr=False)
class Stop(Shown):
    """An informer is of no use any more."""

    informer: Informer


@attrs.frozen(eq=False, repr=False)
class Drain(Shown):
    """A watch has something to take, or has ended."""

    informer: Informer
    watcher: Watcher


@attrs.frozen(eq=False, repr=False)
class Answered(Shown):
    """A list or a watch has been answered."""

    informer: Informer
    outcome: reflector.Listed | reflector.Failed | Watcher


class Flush(Signal, Request[None]):
    """Take what all watches have now: answered when the copies hold every write made before."""


Message = Start | Stop | Drain | Answered | Flush


class InformerFactory:
    """The informers of one component or of many: one for each collection, shared.

    Args:
        client: How they list and watch.
        name: Of the actor that keeps them up to date.
        bookmarks: Whether watches are told how far they are, which saves lists where watches end by
            themselves, as over HTTP.
    """

    def __init__(self, client: Client, *, name: str = "informers", bookmarks: bool = False) -> None:
        self.client = client
        self.name = name
        self.bookmarks = bookmarks
        self._informers: dict[tuple[Resource, str | None, str], Informer] = {}
        self._runner: Ref[Message] | None = None

    def informer(
        self, resource: Resource, *, field_selector: str = "", namespace: str | None = None
    ) -> Informer:
        """The informer of a collection; it fills as soon as the factory's actor runs."""
        key = resource, namespace, field_selector
        informer = self._informers.get(key)
        if informer is None:
            informer = Informer(resource, namespace=namespace, field_selector=field_selector)
            self._informers[key] = informer
            if self._runner is not None:
                self._runner.tell(Start(informer))
        return informer

    def forget(self, resource: Resource) -> None:
        """Give up the informers of a kind that is gone."""
        for key in [key for key in self._informers if key[0] == resource]:
            informer = self._informers.pop(key)
            if self._runner is not None:
                self._runner.tell(Stop(informer))

    def informers(self) -> tuple[Informer, ...]:
        """All that were asked for so far."""
        return tuple(self._informers.values())

    def spec(self) -> ChildSpec:
        """The actor that keeps the informers up to date; it must run for them to fill."""
        return ChildSpec(self.name, lambda: InformerRunner(self))

    def run_by(self, runner: Ref[Message] | None) -> None:
        """Tell who keeps the informers up to date from now on."""
        self._runner = runner

    async def flush(self) -> None:
        """Return when the copies hold every write that was made in this process before."""
        if self._runner is not None:
            await Flush().ask(self._runner)

    async def catch_up(self, resource: Resource) -> None:
        """Return when the copy of a kind is no older than the API server's answer to a list now.

        Raises:
            APIError: It cannot be listed.
        """
        informer = self.informer(resource)
        await informer.wait_synced()
        await self.flush()
        found = await self.client.list(resource)
        changed = asyncio.Event()
        remove = informer.add_handler(lambda _old, _new: changed.set())
        try:
            while informer.is_behind(found.items, found.resource_version):
                changed.clear()
                await changed.wait()
        finally:
            remove()

    async def wait_synced(self) -> None:
        """Wait until all informers asked for so far have their first list."""
        for informer in self.informers():
            await informer.wait_synced()

    def __repr__(self) -> str:
        return f"<InformerFactory {self.name} {len(self._informers)} informers>"


class InformerRunner(Actor[Message]):
    """Lists and watches for the informers of a factory. After a crash all are compared with new lists."""

    def __init__(self, factory: InformerFactory) -> None:
        self._factory = factory
        self._states: dict[Informer, reflector.State] = {}
        self._watchers: dict[Informer, Watcher] = {}
        self._opened_s: dict[Informer, float] = {}

    async def started(self) -> None:
        """Begin with all informers asked for so far."""
        self._factory.run_by(self.context.ref)
        for informer in self._factory.informers():
            self._input(informer, reflector.Begin())

    async def stopped(self) -> None:
        """End the watches."""
        self._factory.run_by(None)
        for watcher in self._watchers.values():
            watcher.on_ready = None
            watcher.stop()

    def receive(self, message: Message) -> None:
        """Feed the reflector of an informer."""
        match message:  # what is frequent comes first
            case Drain(informer=informer, watcher=watcher):
                self._drain(informer, watcher)
            case Start(informer=informer):
                self._input(informer, reflector.Begin())
            case Stop(informer=informer):
                informer.is_given_up = True
                self._close(informer)
                self._states.pop(informer, None)
            case Flush():
                for informer, watcher in tuple(self._watchers.items()):
                    self._drain(informer, watcher)
            case Answered(informer=informer, outcome=outcome):
                if isinstance(outcome, Watcher):
                    self._opened(informer, outcome)
                else:
                    self._input(informer, outcome)
            case _:
                assert_never(message)

    def _input(self, informer: Informer, event: reflector.Input) -> None:
        if informer.is_given_up:
            return
        state, effects = reflector.step(self._states.get(informer, reflector.IDLE), event)
        self._states[informer] = state
        for effect in effects:
            self._carry_out(informer, effect)
        informer.resource_version = state.resource_version

    def _carry_out(self, informer: Informer, effect: reflector.Effect) -> None:
        match effect:  # what is frequent comes first
            case reflector.Apply(events=events):
                informer.apply(events)
            case reflector.Replace(objects=objects):
                informer.replace(objects)
            case reflector.MakeList():
                self._close(informer)
                self.context.start_task(self._list(informer), name=f"list {informer.resource.plural}")
            case reflector.OpenWatch(resource_version=version):
                self._close(informer)
                self.context.start_task(
                    self._watch(informer, version), name=f"watch {informer.resource.plural}"
                )
            case reflector.Wait(seconds=seconds):
                self._close(informer)
                self.context.call_later(seconds * self.context.random.uniform(1.0, 2.0), Start(informer))
            case _:
                assert_never(effect)

    async def _list(self, informer: Informer) -> None:
        client = self._factory.client
        outcome: reflector.Listed | reflector.Failed
        try:
            found = await client.list(
                informer.resource, informer.namespace, field_selector=informer.field_selector
            )
            outcome = reflector.Listed(found.items, found.resource_version)
        except (APIError, ActorStopped, OSError) as error:
            outcome = self._failed(informer, error)
        self.context.ref.tell(Answered(informer, outcome))

    async def _watch(self, informer: Informer, version: str) -> None:
        outcome: Watcher | reflector.Failed
        try:
            outcome = await self._factory.client.watch(
                informer.resource,
                informer.namespace,
                resource_version=version,
                field_selector=informer.field_selector,
                bookmarks=self._factory.bookmarks,
            )
        except (APIError, ActorStopped, OSError) as error:
            outcome = self._failed(informer, error)
        self.context.ref.tell(Answered(informer, outcome))

    def _failed(self, informer: Informer, error: Exception) -> reflector.Failed:
        log = self.context.log
        # A custom kind may be gone before its informer is told to stop.
        tell = log.info if isinstance(error, NotFound) else log.warning
        tell("watch failed", resource=informer.resource.group_resource, error=str(error))
        return reflector.Failed(error.reason if isinstance(error, APIError) else "")

    def _opened(self, informer: Informer, watcher: Watcher) -> None:
        if informer.is_given_up:
            watcher.stop()
            return
        self._close(informer)  # a restarted runner may hear of a watch of its predecessor, besides its own
        tell, drain = self.context.ref.tell, Drain(informer, watcher)
        self._watchers[informer] = watcher
        self._opened_s[informer] = self.context.clock.monotonic()
        watcher.on_ready = lambda: tell(drain)
        self._input(informer, reflector.Opened())
        self._drain(informer, watcher)

    def _drain(self, informer: Informer, watcher: Watcher) -> None:
        if self._watchers.get(informer) is not watcher:
            return
        events = watcher.take()
        if events:
            self._input(informer, reflector.Seen(events))
        if watcher.ended and self._watchers.get(informer) is watcher:
            lasted_s = self.context.clock.monotonic() - self._opened_s[informer]
            self._input(informer, reflector.Ended(at_once=lasted_s < SHORT_S))

    def _close(self, informer: Informer) -> None:
        watcher = self._watchers.pop(informer, None)
        if watcher is not None:
            del self._opened_s[informer]
            watcher.on_ready = None
            watcher.stop()
