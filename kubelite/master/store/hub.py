"""Who of a resource's watchers sees a change.

Watchers are filed by what their selection requires: a name, a value of a field, a namespace, or nothing. A
change is shown only to those it can concern, so that a thousand kubelets cost a pod's write no more than one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.watcher import Watcher, WatchEvent
from kubelite.master.store.entry import Change
from kubelite.master.store.selection import Attribute, Selection

OBJECT_EVENTS: Final = frozenset({"ADDED", "MODIFIED", "DELETED"})
INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"


class StoreWatcher(Watcher):
    """A watcher of the store.

    Args:
        selection: What it sees.
        resource: The kind and version that its bookmarks name.
        waiting_max: Events that may wait to be taken; a watcher further behind is ended, never skipped.
            None for no bound.
        bookmarks: Whether it is sent bookmarks.
        convert: Makes objects as they are served out of stored ones.
    """

    def __init__(
        self,
        selection: Selection,
        resource: Resource,
        *,
        waiting_max: int | None,
        bookmarks: bool,
        convert: Callable[[Object], Object] | None = None,
    ) -> None:
        super().__init__()
        self._resource = resource
        self._convert = convert
        self.selection = selection
        self.bookmarks = bookmarks
        self._waiting_max = waiting_max

    def show(self, change: Change) -> None:
        """Push what this watcher sees of a change, if anything."""
        matches = self.selection.matches
        before = change.previous is not None and matches(change.previous.object)
        after = change.entry is not None and matches(change.entry.object)
        event = change.event(before, after)
        if event is not None:
            self.offer(event)

    def offer(self, event: WatchEvent) -> None:
        """Push what has just happened, if the watcher is not too far behind."""
        if self._ended:
            return
        if self._convert is not None and event.type in OBJECT_EVENTS:
            event = event.converted(self._convert)
        events = self._events
        if not events:
            events.append(event)
            self._wake()
            return
        events.append(event)
        if self._waiting_max is not None and len(events) > self._waiting_max:
            self.end()  # as Kubernetes does with a client that does not read

    def push(self, event: WatchEvent) -> None:
        """Add an event, in the version that is served."""
        super().push(self.as_served(event))

    def as_served(self, event: WatchEvent) -> WatchEvent:
        """An event in the version that is served."""
        if self._convert is not None and event.type in OBJECT_EVENTS:
            return event.converted(self._convert)
        return event

    def push_bookmark(self, revision: int, *, initial_events_end: bool = False) -> None:
        """Tell how far this watcher has seen everything."""
        kind, api_version = self._resource.kind, self._resource.api_version
        metadata: dict[str, object] = {"resourceVersion": str(revision)}
        if initial_events_end:
            metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
        self.push(WatchEvent("BOOKMARK", {"kind": kind, "apiVersion": api_version, "metadata": metadata}))


class Hub:
    """The watchers of one resource, by what they require."""

    __slots__ = ("_all", "_attributes", "_by_namespace", "_by_value", "_everywhere", "watchers")

    def __init__(self) -> None:
        self.watchers: dict[StoreWatcher, None] = {}
        self._all: dict[StoreWatcher, None] = {}
        self._everywhere: dict[StoreWatcher, None] = {}
        self._by_namespace: dict[str, dict[StoreWatcher, None]] = {}
        self._attributes: dict[str, Attribute] = {}
        self._by_value: dict[str, dict[str, dict[StoreWatcher, None]]] = {}

    def add(self, watcher: StoreWatcher) -> None:
        """File a watcher, which from now on sees every change that concerns it."""
        self.watchers[watcher] = None
        selection = watcher.selection
        place = _place_of(selection)
        if place is not None:
            attribute, value = place
            self._attributes.setdefault(attribute.name, attribute)
            self._by_value.setdefault(attribute.name, {}).setdefault(value, {})[watcher] = None
        elif selection.namespace:
            self._by_namespace.setdefault(selection.namespace, {})[watcher] = None
        else:
            self._wide_file(selection)[watcher] = None

    def remove(self, watcher: StoreWatcher) -> None:
        """Take a watcher out; nothing happens if it is not there."""
        if watcher not in self.watchers:
            return
        del self.watchers[watcher]
        selection = watcher.selection
        place = _place_of(selection)
        if place is not None:
            attribute, value = place
            files = self._by_value[attribute.name]
            _take_out(files, value, watcher)
            if not files:
                del self._by_value[attribute.name]
                del self._attributes[attribute.name]
        elif selection.namespace:
            _take_out(self._by_namespace, selection.namespace, watcher)
        else:
            del self._wide_file(selection)[watcher]

    def _wide_file(self, selection: Selection) -> dict[StoreWatcher, None]:
        return self._all if selection.is_everything else self._everywhere

    def publish(self, namespace: str, change: Change) -> None:
        """Show a change to the watchers which it may concern."""
        if self._all:
            event = change.event(change.previous is not None, change.entry is not None)
            assert event is not None
            for watcher in tuple(self._all):
                watcher.offer(event)
        for watcher in tuple(self._everywhere):
            watcher.show(change)
        if self._by_namespace:
            for watcher in tuple(self._by_namespace.get(namespace, ())):
                watcher.show(change)
        for name, attribute in tuple(self._attributes.items()):
            new = None if change.entry is None else attribute.read(change.entry.object)
            old = None if change.previous is None else attribute.read(change.previous.object)
            files = self._by_value.get(name, {})  # gone if its last watcher was ended just now
            for value in (old,) if new == old else (old, new):
                if value is not None:
                    for watcher in tuple(files.get(value, ())):
                        watcher.show(change)


NAME_ATTRIBUTE: Final = Attribute("field:metadata.name", lambda obj: obj["metadata"]["name"])


def _place_of(selection: Selection) -> tuple[Attribute, str] | None:
    """The attribute and its value by which a watcher is filed; None if its selection requires none."""
    if selection.name is not None:
        return NAME_ATTRIBUTE, selection.name
    return selection.exact[0] if selection.exact else None


def _take_out(files: dict[str, dict[StoreWatcher, None]], key: str, watcher: StoreWatcher) -> None:
    """Take a watcher out of its file, and the file away when it is empty."""
    file = files[key]
    del file[watcher]
    if not file:
        del files[key]
