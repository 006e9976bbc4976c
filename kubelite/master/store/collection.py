"""The objects of one resource: the newest versions, their order, what can be looked up, who watches.

Look-ups go by namespace and name, or by an index over a label or a field; an index is made when a list first
asks for
it and kept up by every write from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from kubelite.apimachinery.scheme import Object
from kubelite.client.index import Index
from kubelite.master.store.entry import Change, Entry, make_key
from kubelite.master.store.history import History
from kubelite.master.store.hub import Hub
from kubelite.master.store.selection import Attribute, Selection

INDICES_MAX: Final = 32
"""Indices of one collection; lists by further labels look at every object."""


def _values_of(attribute: Attribute) -> Callable[[Object], Iterable[str]]:
    def values_of(obj: Object) -> Iterable[str]:
        value = attribute.read(obj)
        return () if value is None else (value,)

    return values_of


class Collection:
    """All objects of one resource in their newest versions.

    Args:
        history: The writes which this collection and its watchers came from.
    """

    __slots__ = ("_indices", "_listed", "_sorted", "entries", "history", "hub", "namespaces")

    def __init__(self, history: History) -> None:
        self.entries: dict[str, Entry] = {}
        self.namespaces: dict[str, dict[str, Entry]] = {}
        self.history = history
        self.hub = Hub()
        self._indices: dict[str, Index] = {}
        self._sorted: dict[str, list[str]] = {}
        self._listed: dict[str, list[Entry]] = {}

    # no await in here: a write is one step
    def commit(self, namespace: str, change: Change) -> None:
        """Make a change visible: newest state, indices, history, watchers."""
        self._listed.clear()
        key, entry, previous = change.key, change.entry, change.previous
        if entry is None:
            del self.entries[key]
            inside = self.namespaces[namespace]
            del inside[key]
            if not inside:
                del self.namespaces[namespace]
        else:
            self.entries[key] = entry
            self.namespaces.setdefault(namespace, {})[key] = entry
        if entry is None or previous is None:
            self._sorted.pop("", None)
            self._sorted.pop(namespace, None)
        if self._indices:
            old = None if previous is None else previous.object
            new = None if entry is None else entry.object
            for index in self._indices.values():
                index.change(key, old, new)
        self.history.append(change)
        self.hub.publish(namespace, change)

    def select(self, selection: Selection, after: str = "") -> list[Entry]:
        """The newest versions of what belongs to the selection, in key order, from beyond the key `after`.

        The list may be given to others as well; nobody changes it.
        """
        keys = self._candidates(selection)
        if after:
            keys = [key for key in keys if key > after]
        entries = self.entries
        if selection.is_everything:
            if after:
                return [entries[key] for key in keys]
            listed = self._listed.get(selection.namespace)
            if listed is None:
                listed = self._listed[selection.namespace] = [entries[key] for key in keys]
            return listed
        matches = selection.matches
        return [entry for key in keys if matches((entry := entries[key]).object)]

    def _candidates(self, selection: Selection) -> list[str]:
        """Keys in order, among them those of all objects of the selection."""
        namespace = selection.namespace
        if selection.name is not None:
            if namespace:
                key = make_key(namespace, selection.name)
                return [key] if key in self.entries else []
            found = (make_key(each, selection.name) for each in self.namespaces)
            return sorted(key for key in found if key in self.entries)
        if selection.exact and (index := self._index(selection.exact[0][0])) is not None:
            return sorted(index.get(selection.exact[0][1]))
        return self._sorted_keys(namespace)

    def _sorted_keys(self, namespace: str) -> list[str]:
        """The keys of a namespace (empty for all) in order."""
        keys = self._sorted.get(namespace)
        if keys is None:
            keys = self._sorted[namespace] = sorted(
                self.namespaces.get(namespace, ()) if namespace else self.entries
            )
        return keys

    def _index(self, attribute: Attribute) -> Index | None:
        index = self._indices.get(attribute.name)
        if index is None and len(self._indices) < INDICES_MAX:
            index = self._indices[attribute.name] = Index(_values_of(attribute))
            for key, entry in self.entries.items():
                index.change(key, None, entry.object)
        return index

    def forget_indices(self) -> None:
        """Make indices anew when they are asked for: fields are read otherwise from now on."""
        self._indices.clear()

    def goes_on(self, namespace: str, after: str, past: dict[str, Entry] | None = None) -> bool:
        """Whether there is any object of a namespace (empty for all) beyond the key `after`.

        Args:
            namespace: Where to look.
            after: The key of the last object that was seen.
            past: The objects of a former state; None for the newest.
        """
        if past is not None:
            prefix = f"{namespace}/" if namespace else ""
            return any(key > after and key.startswith(prefix) for key in past)
        keys = self._sorted_keys(namespace)
        return bool(keys) and keys[-1] > after


def select_from(entries: dict[str, Entry], selection: Selection, after: str = "") -> list[Entry]:
    """As `Collection.select`, of a former state."""
    matches = selection.matches
    return [entries[key] for key in sorted(entries) if key > after and matches(entries[key].object)]
