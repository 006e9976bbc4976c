"""One object in one version, and what a write changed.

Entries are immutable: a write makes a new one. What was before is kept by the history for as long as watchers
and
consistent lists may ask for it.
"""

from __future__ import annotations

from typing import Final, Literal

import attrs
import orjson

from kubelite.apimachinery.scheme import Object
from kubelite.client.item import Item
from kubelite.client.watcher import WatchEvent

TREES: Final = frozenset({dict, list})
"""The classes of what is more than one value."""


@attrs.define(eq=False, weakref_slot=False, repr=False)
class Entry(Item):
    """An object as stored.

    Attributes:
        key: `namespace/name`, or `/name` for cluster-scoped kinds; lists are in the order of the keys.
        revision: The revision of the write that made this version; the object's resourceVersion.
    """

    key: str = attrs.field(kw_only=True)
    revision: int = attrs.field(kw_only=True)


def make_key(namespace: str, name: str) -> str:
    """The key of an object; sorts as etcd's keys do."""
    return f"{namespace}/{name}"


def with_revision(obj: Object, revision: int) -> Object:
    """The same object carrying `revision` as its resourceVersion; `kind` and `apiVersion` come first."""
    metadata = {**obj["metadata"], "resourceVersion": str(revision)}
    return {"kind": obj["kind"], "apiVersion": obj["apiVersion"], **obj, "metadata": metadata}


def sharing(obj: Object, former: Object, depth: int = 2) -> Object:
    """The same object made of the trees of its former version, as far as these are the same.

    What a client sends back of what it has read is a copy, which would be kept beside the original for as
    long as the history goes. The texts are compared, too: Python takes 1 and True for equal, and does not
    look at the order of names.
    """
    kept: Object = {}
    for name, value in obj.items():
        if not value or value.__class__ not in TREES:
            continue
        before = former.get(name)
        if value is before or value.__class__ is not before.__class__:
            continue
        if value == before:
            if orjson.dumps(value) == orjson.dumps(before):
                kept[name] = before
        elif depth > 1 and isinstance(value, dict):
            inner = sharing(value, before, depth - 1)
            if inner is not value:
                kept[name] = inner
    return {**obj, **kept} if kept else obj


class Change:
    """A write: which entry it made, and which it replaced.

    The events that watchers see of it are made when the first of them wants one, and shared by all.

    Attributes:
        entry: The new version; None for a deletion.
        previous: The version before; None for a creation.
    """

    __slots__ = ("_added", "_deleted", "_modified", "entry", "previous", "revision")

    def __init__(self, revision: int, entry: Entry | None, previous: Entry | None) -> None:
        assert entry is not None or previous is not None
        self.revision = revision
        self.entry = entry
        self.previous = previous
        self._added: WatchEvent | None = None
        self._modified: WatchEvent | None = None
        self._deleted: WatchEvent | None = None

    @property
    def key(self) -> str:
        """The key that was written."""
        entry = self.entry or self.previous
        assert entry is not None
        return entry.key

    def event(self, before: bool, after: bool) -> WatchEvent | None:
        """What a watcher sees whose selection the object belonged to `before`, and belongs to `after`."""
        if after:
            if before:
                return self._modified or self._make("MODIFIED")
            return self._added or self._make("ADDED")
        if before:
            return self._deleted or self._make("DELETED")
        return None

    def _make(self, type: Literal["ADDED", "MODIFIED", "DELETED"]) -> WatchEvent:  # noqa: A002
        if type == "DELETED":
            assert self.previous is not None
            self._deleted = WatchEvent(type, with_revision(self.previous.object, self.revision))
            return self._deleted
        assert self.entry is not None
        event = WatchEvent(type, self.entry.object, self.entry)
        if type == "ADDED":
            self._added = event
        else:
            self._modified = event
        return event

    def deleted_object(self) -> Object:
        """The last state with the version of the deletion."""
        event = self._deleted or self._make("DELETED")
        return event.object

    def forget_text(self) -> None:
        """Let go of events that can be made again, and of encoded texts but that of the new version."""
        self._added = self._modified = None
        if self.previous is not None:
            self.previous.forget_text()
        if self._deleted is not None:
            self._deleted.forget_text()
