"""What was written, by whom and because of what: a bounded record, from which `cluster.why` tells.

A store tells of each change while the API server serves the request that makes it. Nothing of the objects is
kept but a few words on what changed; Events, and Leases, which are renewed all the time, are left out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import attrs

from kubelite.client.requests import Create, Delete, DeleteCollection, Patch, Update
from kubelite.runtime import Shown

if TYPE_CHECKING:
    from kubelite.apimachinery.scheme import Object, Resource
    from kubelite.client.requests import UserInfo, Watch
    from kubelite.client.watcher import Watcher
    from kubelite.master.store.entry import Change
    from kubelite.runtime.causes import Cause

LEFT_OUT: Final = frozenset({"events", "leases"})
VERBS: Final[Mapping[type, str]] = {
    Create: "create",
    Update: "update",
    Patch: "patch",
    Delete: "delete",
    DeleteCollection: "deletecollection",
}
OWN_AGENT: Final = "kube-apiserver"
CLUSTER_AGENT: Final = "cluster"
"""Of the methods of the cluster object."""
CREATED, CHANGED, MARKED, DELETED = "created", "changed", "marked for deletion", "deleted"
_OWN_VERBS: Final = {CREATED: "create", DELETED: "delete"}
PARTS_MAX: Final = 4
TEXT_MAX: Final = 60
WATCHES_MAX: Final = 512
"""Watches that are remembered."""
_METADATA: Final = ("labels", "annotations", "finalizers", "ownerReferences")
_USUAL: Final = frozenset({"status", "spec", "metadata", "kind", "apiVersion"})


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Write(Shown):
    """A change of an object.

    Attributes:
        number: Grows with each entry of the log.
        revision: The version that it made.
        at: Unix seconds.
        verb: Of the request: `create`, `update`, `patch`, `delete` or `deletecollection`; of the API server's
            own doings `create`, `update` or `delete`.
        subresource: Of the request.
        agent: The component, or the user agent of a client over HTTP.
        user: Who asked.
        is_outside: Whether it was a client's wish: no component acted upon a change.
        cause: What a component acted upon; None if that is not known.
        happened: `created`, `deleted`, `marked for deletion`, or `changed`.
        what: Which parts changed.
    """

    number: int
    revision: int
    at: float
    resource: Resource
    key: str
    verb: str
    subresource: str
    agent: str
    user: str
    is_outside: bool
    cause: Cause
    happened: str
    what: str


class Act(NamedTuple):
    """What was done to the cluster itself, as cutting the power of a node.

    Attributes:
        number: Grows with each entry of the log.
        at: Unix seconds.
        text: What.
        resource: The kind of the object that it concerns.
        key: Of that object.
    """

    number: int
    at: float
    text: str
    resource: Resource
    key: str


@attrs.define(eq=False, repr=False)
class Watching(Shown):
    """A watch that somebody had open.

    Attributes:
        agent: The client's user agent, or the component.
        resource: The kind that was watched.
        namespace: In which; empty for all.
        since: The number of the last entry before it.
        until: That of the last one before its end; None while it is open.
    """

    agent: str
    resource: Resource
    namespace: str
    since: int
    until: int | None = None


class WriteLog:
    """See the module's docstring.

    Args:
        now: The cluster's clock.
        entries_max: How many are kept; the oldest goes first. 0 keeps none.

    Attributes:
        request: What the API server is serving just now.
        watches: Which were open, the oldest first.
    """

    def __init__(self, now: Callable[[], float], entries_max: int) -> None:
        self._now = now
        # A tuple is made in a tenth of the time that a class takes.
        self._entries: deque[Act | tuple[Any, ...]] = deque(maxlen=entries_max)
        self._number = 0
        self.request: Any = None
        self.watches: deque[Watching] = deque(maxlen=WATCHES_MAX)

    @property
    def is_kept(self) -> bool:
        """Whether anything is kept."""
        return self._entries.maxlen != 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Write | Act]:
        for each in tuple(self._entries):
            yield each if isinstance(each, Act) else _write(*each)

    def act(self, text: str, resource: Resource, key: str) -> None:
        """Something was done to the cluster itself."""
        self._number += 1
        self._entries.append(Act(self._number, self._now(), text, resource, key))

    def watching(self, request: Watch, watcher: Watcher) -> None:
        """Somebody follows a collection."""
        if not self.is_kept:
            return
        known = Watching(request.user.agent, request.resource, request.namespace, self._number)
        self.watches.append(known)

        def ended() -> None:
            known.until = self._number

        watcher.when_ended(ended)

    def changed(self, resource: Resource, change: Change) -> None:
        """The store has made a change, for the request that is being served."""
        if resource.plural in LEFT_OUT:
            return
        request, previous, entry = self.request, change.previous, change.entry
        self._number += 1
        what = "" if previous is None or entry is None else parts_changed(previous.object, entry.object)
        marked = (
            previous is not None
            and entry is not None
            and "deletionTimestamp" in entry.object["metadata"]
            and "deletionTimestamp" not in previous.object["metadata"]
        )
        happened = (
            CREATED if previous is None else DELETED if entry is None else MARKED if marked else CHANGED
        )
        verb = VERBS.get(request.__class__, "")
        if verb:
            user, agent, cause, subresource = request.user, request.agent, request.cause, request.subresource
        else:
            user, agent, cause, subresource = None, "", None, ""
        self._entries.append(
            (
                self._number,
                change.revision,
                self._now(),
                resource,
                change.key,
                verb,
                subresource,
                agent,
                user,
                cause,
                happened,
                what,
            )
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {len(self)}/{self._entries.maxlen}>"


def _write(
    number: int,
    revision: int,
    at: float,
    resource: Resource,
    key: str,
    verb: str,
    subresource: str,
    agent: str,
    user: UserInfo | None,
    cause: Cause,
    happened: str,
    what: str,
) -> Write:
    """What was noted of a write, in full."""
    name = OWN_AGENT if user is None else user.name
    program = OWN_AGENT if user is None else agent or user.agent or name
    return Write(
        number=number,
        revision=revision,
        at=at,
        resource=resource,
        key=key,
        verb=verb or _OWN_VERBS.get(happened, "update"),
        subresource=subresource,
        agent=program,
        user=name,
        is_outside=bool(agent) or program == CLUSTER_AGENT,
        cause=cause,
        happened=happened,
        what=what,
    )


def parts_changed(old: Object, new: Object) -> str:
    """Which parts of an object changed, in a few words; empty if nothing that matters did."""
    parts: list[str] = []
    was, now = old.get("status"), new.get("status")
    if now is not was:
        parts += _status_parts(_fields(was), _fields(now))
    was, now = old.get("spec"), new.get("spec")
    if now is not was:
        parts += _spec_parts(_fields(was), _fields(now))
    before, after = old["metadata"], new["metadata"]
    for name in _METADATA:
        was, now = before.get(name), after.get(name)
        if was is not now and was != now:
            parts.append(f"metadata.{name}")
    for name, value in new.items():
        if name not in _USUAL and value is not old.get(name) and value != old.get(name):
            parts.append(name)
    if len(parts) > PARTS_MAX:
        parts = [*parts[:PARTS_MAX], "…"]
    return ", ".join(parts)


def _fields(value: Any) -> Object:
    """The fields of a value; none of one that is no object, as custom resources may have."""
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> list[Object]:
    """The objects in a list; none in anything else."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _status_parts(old: Object, new: Object) -> list[str]:
    """Conditions that turned and the phase; where there are none, counts."""
    parts: list[str] = []
    if new.get("phase") != old.get("phase"):
        parts.append(f"phase {old.get('phase') or 'none'} → {new.get('phase') or 'none'}")
    before, after = old.get("conditions"), new.get("conditions")
    if before is not after:
        known = {str(each.get("type")): each.get("status") for each in _items(before)}
        turned = [each for each in _items(after) if known.get(str(each.get("type"))) != each.get("status")]
        turned.sort(key=lambda each: each.get("type") != "Ready")
        parts += [f"{each.get('type')}={each.get('status')}" for each in turned]
    if not parts and new.get("containerStatuses") != old.get("containerStatuses"):
        parts += _container_parts(_items(old.get("containerStatuses")), _items(new.get("containerStatuses")))
    if not parts:
        parts += [
            f"status.{name} {before} → {after}"
            for name in {**old, **new}
            if name != "observedGeneration"
            for before, after in [(old.get(name, 0), new.get(name, 0))]
            if isinstance(before, int) and isinstance(after, int) and before != after
        ]
    return parts


def _container_parts(old: Sequence[Object], new: Sequence[Object]) -> Iterator[str]:
    """What containers do now, where that is something else."""
    before = {str(each.get("name")): _fields(each.get("state")) for each in old}
    for each in new:
        container = str(each.get("name"))
        for name, found in _fields(each.get("state")).items():
            reason = _fields(found).get("reason")
            was = before.get(container, {}).get(name)
            if was is None or _fields(was).get("reason") != reason:
                yield f"container {container} {name} {reason or ''}".strip()


def _spec_parts(old: Object, new: Object) -> list[str]:
    parts = []
    for name in {**old, **new}:
        before, after = old.get(name), new.get(name)
        if before is after or before == after:
            continue
        if isinstance(after, str | int) and isinstance(before, str | int | None):
            said = f"spec.{name} {before} → {after}" if before is not None else f"spec.{name} {after}"
            parts.append(said if len(said) <= TEXT_MAX else f"spec.{name}")
        else:
            parts.append(f"spec.{name}")
    return parts
