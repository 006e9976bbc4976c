"""The engine that holds everything in this process's memory.

The past is not stored: it is the newest state with the changes of the history undone, so that a write costs
nothing
more and a consistent list of an old revision costs as much as was written since.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from kubelite.apimachinery.apierrors import AlreadyExists, Conflict
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.watcher import Watcher, WatchEvent
from kubelite.master.store.collection import Collection, select_from
from kubelite.master.store.entry import Change, Entry, make_key, sharing, with_revision
from kubelite.master.store.history import History
from kubelite.master.store.hub import Hub, StoreWatcher
from kubelite.master.store.selection import Selection
from kubelite.master.store.store import Page, StoreConfig

MODIFIED: Final = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


class MemoryStore:
    """The memory engine.

    Attributes:
        on_change: Told of each write when it is done; it must not write itself.
    """

    def __init__(self, config: StoreConfig | None = None) -> None:
        self._config = config or StoreConfig()
        self._revision = self._config.first_revision
        self._floor = self._revision
        self._collections: dict[str, Collection] = {}
        self._awaited: list[tuple[int, Callable[[], None]]] = []
        self._bookmarked: dict[StoreWatcher, None] = {}
        self.on_change: Callable[[Resource, Change], None] | None = None

    @property
    def revision(self) -> int:
        """The newest revision."""
        return self._revision

    def _collection(self, resource: Resource) -> Collection:
        name = resource.group_resource
        collection = self._collections.get(name)
        if collection is None:
            collection = Collection(History(self._config.history_changes_max, self._floor))
            self._collections[name] = collection
        return collection

    # --- one object -----------------------------------------------------------------------------------------

    def get(self, resource: Resource, namespace: str, name: str) -> Entry | None:
        """The newest version of an object; None if there is none."""
        collection = self._collections.get(resource.group_resource)
        return None if collection is None else collection.entries.get(make_key(namespace, name))

    def create(self, resource: Resource, namespace: str, name: str, obj: Object) -> Entry:
        """Write an object that does not exist yet."""
        collection = self._collection(resource)
        key = make_key(namespace, name)
        if key in collection.entries:
            raise AlreadyExists(resource, name)
        return self._commit(resource, collection, namespace, key, obj, None)

    def update(self, resource: Resource, entry: Entry, obj: Object) -> Entry:
        """Replace the version `entry`."""
        collection = self._collection(resource)
        self._check(resource, collection, entry)
        return self._commit(
            resource,
            collection,
            entry.object["metadata"].get("namespace", ""),
            entry.key,
            sharing(obj, entry.object),
            entry,
        )

    def delete(self, resource: Resource, entry: Entry) -> Object:
        """Remove an object; gives its last state with the revision of the deletion."""
        collection = self._collection(resource)
        self._check(resource, collection, entry)
        self._revision += 1
        change = Change(self._revision, None, entry)
        collection.commit(entry.object["metadata"].get("namespace", ""), change)
        if self.on_change is not None:
            self.on_change(resource, change)
        self._wake()
        return change.deleted_object()

    def _check(self, resource: Resource, collection: Collection, entry: Entry) -> None:
        if collection.entries.get(entry.key) is not entry:
            raise Conflict(resource, entry.object["metadata"]["name"], MODIFIED)

    def _commit(
        self,
        resource: Resource,
        collection: Collection,
        namespace: str,
        key: str,
        obj: Object,
        previous: Entry | None,
    ) -> Entry:
        self._revision += 1
        entry = Entry(with_revision(obj, self._revision), key=key, revision=self._revision)
        change = Change(self._revision, entry, previous)
        collection.commit(namespace, change)
        if self.on_change is not None:
            self.on_change(resource, change)
        if self._awaited:
            self._wake()
        return entry

    # --- many -----------------------------------------------------------------------------------------------

    def list(
        self,
        resource: Resource,
        selection: Selection,
        *,
        limit: int = 0,
        after: str = "",
        revision: int | None = None,
    ) -> Page:
        """Objects in key order, at most `limit` from beyond the key `after`, at a revision or the newest."""
        collection = self._collection(resource)
        at = self._revision if revision is None else revision
        past = None if at == self._revision else collection.history.undo(collection.entries, at)
        found = collection.select(selection, after) if past is None else select_from(past, selection, after)
        if not limit or len(found) < limit:
            return Page(found, at)
        if len(found) > limit:
            return Page(found[:limit], at, len(found) - limit, goes_on=True)
        goes_on = selection.name is None and collection.goes_on(selection.namespace, found[-1].key, past)
        return Page(found, at, goes_on=goes_on)

    def count(self, resource: Resource) -> int:
        """How many objects there are."""
        return len(self._collection(resource).entries)

    # --- watchers -------------------------------------------------------------------------------------------

    def watch(
        self,
        resource: Resource,
        selection: Selection,
        *,
        revision: int | None,
        shown_as: Resource | None = None,
        convert: Callable[[Object], Object] | None = None,
        bookmarks: bool = False,
        initial_events_end: bool = False,
        waiting_max: int | None = None,
    ) -> Watcher:
        """Follow a selection; what it missed since `revision` is there at once."""
        collection = self._collection(resource)
        hub = collection.hub
        watcher = StoreWatcher(
            selection, shown_as or resource, waiting_max=waiting_max, bookmarks=bookmarks, convert=convert
        )
        if revision is None:
            for entry in collection.select(selection):
                watcher.push(WatchEvent("ADDED", entry.object, entry))
        else:
            for change in collection.history.since(revision):
                watcher.show(change)
        if initial_events_end:
            watcher.push_bookmark(self._revision, initial_events_end=True)
        if not watcher.ended:
            if revision is not None and revision > self._revision:  # nothing that comes before it is shown
                watcher.when_ended(self.on_revision(revision, lambda: self._begin(hub, watcher)))
            else:
                self._begin(hub, watcher)
            watcher.when_ended(lambda: self._end(hub, watcher))
        return watcher

    def _begin(self, hub: Hub, watcher: StoreWatcher) -> None:
        hub.add(watcher)
        if watcher.bookmarks:
            self._bookmarked[watcher] = None

    def _end(self, hub: Hub, watcher: StoreWatcher) -> None:
        hub.remove(watcher)
        self._bookmarked.pop(watcher, None)

    def watchers(self) -> Sequence[Watcher]:
        """All watchers, by resource and then as they were opened."""
        return [watcher for each in self._collections.values() for watcher in each.hub.watchers]

    def redefine(self, resource: Resource) -> None:
        """Objects of the resource are another thing from here on: watchers end, look-ups are made anew."""
        collection = self._collection(resource)
        collection.forget_indices()
        for watcher in tuple(collection.hub.watchers):
            watcher.end()

    def send_bookmarks(self) -> None:
        """Tell all watchers that want it how far they have seen everything."""
        for watcher in tuple(self._bookmarked):
            watcher.push_bookmark(self._revision)

    def on_revision(self, revision: int, reached: Callable[[], None]) -> Callable[[], None]:
        """Call `reached` once that revision exists; gives a function that calls this off."""
        awaited = (revision, reached)
        self._awaited.append(awaited)

        def call_off() -> None:
            if awaited in self._awaited:
                self._awaited.remove(awaited)

        return call_off

    def _wake(self) -> None:
        due = [each for each in self._awaited if each[0] <= self._revision]
        if due:
            self._awaited = [each for each in self._awaited if each[0] > self._revision]
            for _, reached in due:
                reached()

    # --- the past -------------------------------------------------------------------------------------------

    def compact(self, revision: int) -> None:
        """Forget what was before `revision`."""
        assert revision <= self._revision
        self._floor = max(self._floor, revision)
        for collection in self._collections.values():
            collection.history.compact(revision)

    def statistics(self) -> Mapping[str, object]:
        """Objects, watchers and remembered changes by resource."""
        return {
            "revision": self._revision,
            "compacted": self._floor,
            "resources": {
                name: {
                    "objects": len(collection.entries),
                    "watchers": len(collection.hub.watchers),
                    "changes": len(collection.history),
                }
                for name, collection in self._collections.items()
            },
        }

    def __repr__(self) -> str:
        objects = sum(len(collection.entries) for collection in self._collections.values())
        return f"<MemoryStore {objects} objects, revision {self._revision}, compacted {self._floor}>"
