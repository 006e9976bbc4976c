"""What a store does, whatever engine holds the objects.

One writer, one rising sequence of revisions over all kinds; a revision is the resourceVersion of what it
wrote.
All methods are synchronous and atomic: nothing can happen between a check and its write.

Source: etcd's data model; k8s.io/apiserver/pkg/storage (interfaces.go).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import attrs

from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.watcher import Watcher
from kubelite.master.store.entry import Entry
from kubelite.master.store.selection import Selection


class Page(NamedTuple):
    """A part of a consistent snapshot, in key order.

    Attributes:
        revision: Of the snapshot, not of the page's objects.
        remaining: How many objects of the selection come after this page.
        goes_on: Whether any object comes after this page, of the selection or not: when a page is full, it is
            not known yet whether what comes behind it is selected.
    """

    entries: Sequence[Entry]
    revision: int
    remaining: int = 0
    goes_on: bool = False


@attrs.frozen(kw_only=True, eq=False)
class StoreConfig:
    """Bounds of a store.

    Attributes:
        history_changes_max: Writes of one resource that watchers and consistent lists can go back.
        first_revision: Revisions begin after this one.
    """

    history_changes_max: int = 20_000
    first_revision: int = 1


class Store(Protocol):
    """The seam between the API server and an engine."""

    @property
    def revision(self) -> int:
        """The newest revision."""
        ...

    def get(self, resource: Resource, namespace: str, name: str) -> Entry | None:
        """The newest version of an object; None if there is none."""
        ...

    def create(self, resource: Resource, namespace: str, name: str, obj: Object) -> Entry:
        """Write an object that does not exist yet.

        Raises:
            AlreadyExists: It does.
        """
        ...

    def update(self, resource: Resource, entry: Entry, obj: Object) -> Entry:
        """Replace the version `entry`.

        Raises:
            Conflict: That is not the newest version any more.
        """
        ...

    def delete(self, resource: Resource, entry: Entry) -> Object:
        """Remove the object in the version `entry`; gives its last state with the new revision.

        Raises:
            Conflict: That is not the newest version any more.
        """
        ...

    def list(
        self,
        resource: Resource,
        selection: Selection,
        *,
        limit: int = 0,
        after: str = "",
        revision: int | None = None,
    ) -> Page:
        """Objects in key order, at most `limit` (0 for all) from beyond the key `after`.

        Args:
            resource: The kind.
            selection: Which of its objects.
            limit: The size of the page.
            after: Where the page before ended.
            revision: The state to list; None for the newest.

        Raises:
            Expired: That state is forgotten.
        """
        ...

    def count(self, resource: Resource) -> int:
        """How many objects there are."""
        ...

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
        """Follow a selection.

        Args:
            resource: The kind.
            selection: Which of its objects.
            revision: See what comes after it, be it of the future; None begins with ADDED for what exists.
            shown_as: The resource that bookmarks name, if it is another version of the kind.
            convert: Makes objects as they are served out of stored ones.
            bookmarks: Whether `send_bookmarks` concerns this watcher.
            initial_events_end: Send the annotated bookmark after the events that tell what exists.
            waiting_max: Events that may wait to be taken before a slow watcher is ended; None for no bound.

        Raises:
            Expired: `revision` is forgotten.
        """
        ...

    def watchers(self) -> Sequence[Watcher]:
        """All watchers, in a fixed order."""
        ...

    def redefine(self, resource: Resource) -> None:
        """Objects of the resource are another thing from here on: watchers end, look-ups are made anew."""
        ...

    def send_bookmarks(self) -> None:
        """Tell all watchers that want it how far they have seen everything."""
        ...

    def on_revision(self, revision: int, reached: Callable[[], None]) -> Callable[[], None]:
        """Call `reached` once that revision exists; gives a function that calls this off."""
        ...

    def compact(self, revision: int) -> None:
        """Forget what was before `revision`: older watches and lists get `Expired`."""
        ...
