"""`cluster.why`: the chain of what led to an object's state, or to one change of it.

    >>> cluster.why("pod/web-2")
    pod/web-2: its last change, and what led to it
    00:05:47  pod/web-2 created by replicaset-controller (create, version 812)
    00:05:47  ← pod/web-1 marked for deletion by taint-eviction-controller (delete, version 811)
    00:00:47  ← node/node-2 changed by node-lifecycle-controller (patch, version 430): spec.taints
    00:00:47  ← node/node-2 changed by node-lifecycle-controller (update status, version 429): Ready=Unknown
    00:00:06  ← fail_node("node-2")

Pure, from a record of writes (`master.writelog`). Where a component acted upon several changes, the one that
weighs most is followed: what was made or removed before what was wanted, and that before what was told.

What a client over HTTP acts upon only the client knows. If it watches (a program of the same user agent),
the last change by somebody else which it was told of a moment before is taken, and called a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import attrs

from kubelite.master.writelog import CHANGED, CREATED, Act, Watching, Write
from kubelite.runtime.causes import Happened

if TYPE_CHECKING:
    from kubelite.apimachinery.scheme import Resource
    from kubelite.runtime.causes import Cause

STEPS_MAX: Final = 40
GUESS_S: Final = 1.0
"""How long before a client's write a change is at most that may have led to it."""
PEOPLES: Final = ("kubectl", "helm")
"""Programs that do what somebody types, whatever another of them watches."""
LINE_MAX: Final = 160
"""Of a line where many stand together."""


@attrs.frozen
class Step:
    """One link of the chain.

    Attributes:
        at: Unix seconds; None if that is not known.
        what: What happened.
        object: What it happened to, as `pod/web-1`; empty for the cluster itself.
        agent: The component that asked for it, or the client's user agent; empty if nobody did.
        user: Who asked.
        verb: Of the request, with the subresource.
        version: That the change made; 0 if it made none.
        parts: What changed.
    """

    at: float | None
    what: str
    object: str = ""
    agent: str = ""
    user: str = ""
    verb: str = ""
    version: int = 0
    parts: str = ""

    def __str__(self) -> str:
        """In a line."""
        if not self.object:
            return self.what
        user = f" as {self.user}" if self.user else ""
        said = f"{self.object} {self.what} by {self.agent}{user} ({self.verb}, version {self.version})"
        return f"{said}: {self.parts}" if self.parts else said


@attrs.frozen
class Why:
    """What led to a change; `print` shows it.

    Attributes:
        about: The object, as `pod/web-1`.
        steps: The change first, then what led to it, and so on.
        is_whole: Whether the end is the beginning: false if what came before is forgotten.
        is_recorded: Whether a record is kept at all.
    """

    about: str
    steps: Sequence[Step]
    is_whole: bool = True
    is_recorded: bool = True

    def lines(self, steps_max: int = STEPS_MAX) -> list[str]:
        """A line for each step, the middle ones left out if there are more than so many."""
        steps: list[Step | None] = list(self.steps)
        if len(steps) > steps_max:
            tail = steps_max // 2
            steps = [*steps[: steps_max - tail - 1], None, *steps[-tail:]]
        lines = []
        for number, step in enumerate(steps):
            if step is None:
                lines.append(f"          … {len(self.steps) - steps_max + 1} more")
                continue
            lines.append(_timed(step, "← " if number else ""))
        if not self.is_whole:
            lines.append("          … what came before is not remembered")
        return lines

    def __str__(self) -> str:
        """The whole chain."""
        if not self.is_recorded:
            return f"{self.about}: nothing is remembered (causes_max=0)"
        if not self.steps:
            return f"{self.about}: no change of it is remembered"
        head = f"{self.about}: its last change, and what led to it"
        return "\n".join([head, *self.lines()])

    __repr__ = __str__


def why(
    entries: Iterable[Write | Act],
    resource: Resource,
    key: str,
    *,
    version: int | None = None,
    is_recorded: bool = True,
    watches: Iterable[Watching] = (),
) -> Why:
    """The chain that led to the last change of an object.

    Args:
        entries: The record, oldest first.
        resource: The object's kind.
        key: Its key in the store.
        version: Of another change than the last.
        is_recorded: Whether a record is kept.
        watches: Which were open when.
    """
    history = _History(entries, watches)
    start = history.last(resource, key, version)
    about = _named(resource, key)
    if start is None:
        return Why(about, (), is_recorded=is_recorded)
    steps: list[Step] = []
    entry: Write | Act | None = start
    while entry is not None and len(steps) < 10 * STEPS_MAX:
        steps.append(_step(entry))
        entry, more, whole = history.before(entry)
        steps += more
        if entry is None:
            return Why(about, tuple(steps), is_whole=whole)
    return Why(about, tuple(steps))


def last_changes(entries: Iterable[Write | Act], count: int) -> list[str]:
    """The newest entries of a record, oldest first, a line each."""
    return [_timed(_step(each), "")[:LINE_MAX] for each in list(entries)[-count:]]


def _timed(step: Step, mark: str) -> str:
    time = "" if step.at is None else datetime.fromtimestamp(step.at, UTC).strftime("%H:%M:%S")
    return f"{time:8}  {mark}{step}"


class _History:
    """Look-ups in the record."""

    def __init__(self, entries: Iterable[Write | Act], watches: Iterable[Watching] = ()) -> None:
        self._entries = list(entries)
        self._watches = list(watches)
        self._by_version = {each.revision: each for each in self._entries if isinstance(each, Write)}
        self._first = self._entries[0].number if self._entries else 0

    def last(self, resource: Resource, key: str, version: int | None) -> Write | None:
        """The last change of an object, or that which made a version."""
        for each in reversed(self._entries):
            if not isinstance(each, Write) or not _is_about(each, resource, key):
                continue
            if version is None or each.revision == version:
                return each
        return None

    def before(self, entry: Write | Act) -> tuple[Write | Act | None, list[Step], bool]:
        """What led to an entry: another one, what happened in between, and whether that is all."""
        if isinstance(entry, Act):
            return None, [], True
        if entry.is_outside:
            found = self._guessed(entry)
            return found, [] if found is None else [Step(None, _guess(entry, found))], True
        causes = entry.cause if isinstance(entry.cause, tuple) else (entry.cause,)
        known = [(each, found) for each in causes if (found := self._of(each, entry)) is not None]
        if known:
            cause, found = max(known, key=lambda pair: _weight(pair[1], entry))
        else:
            cause = next((each for each in causes if isinstance(each, Happened)), None)
            return self._without(entry, cause, forgotten=any(each is not None for each in causes))
        return found, [Step(None, cause.text)] if isinstance(cause, Happened) else [], True

    def _guessed(self, entry: Write) -> Write | None:
        """The last change that a client was told of by a watch before it wrote."""
        watches = [
            each
            for each in self._watches
            if each.agent == entry.agent and not entry.agent.startswith(PEOPLES)
        ]
        if not watches:
            return None
        for each in reversed(self._entries):
            if not isinstance(each, Write) or each.number >= entry.number or each.agent == entry.agent:
                continue
            if entry.at - each.at > GUESS_S:
                return None
            if any(_was_told(watch, each) for watch in watches):
                return each
        return None

    def _without(
        self, entry: Write, cause: Happened | None, *, forgotten: bool
    ) -> tuple[Write | Act | None, list[Step], bool]:
        """Where no change is known that led to an entry: what happened to the same object before."""
        more = [Step(None, cause.text)] if cause is not None else []
        found = self._same_object(entry)
        if found is not None:
            return found, more, True
        return None, more, not forgotten and (entry.happened == CREATED or self._first == 1)

    def _of(self, cause: Cause, entry: Write) -> Write | None:
        """The write that made a version."""
        version = cause.version if isinstance(cause, Happened) else cause
        if not isinstance(version, str) or not version.isdigit():
            return None
        found = self._by_version.get(int(version))
        return found if found is not None and found.number < entry.number else None

    def _same_object(self, entry: Write) -> Write | Act | None:
        """Where nobody knows what led to a change: what happened to the object before."""
        for each in reversed(self._entries):
            if each.number < entry.number and _is_about(each, entry.resource, entry.key):
                return each
        return None


def _was_told(watch: Watching, change: Write) -> bool:
    """Whether a change was shown by a watch; selectors are not looked at."""
    namespace = change.key.partition("/")[0] if "/" in change.key else ""
    return (
        watch.resource.group_resource == change.resource.group_resource
        and watch.namespace in {"", namespace}
        and watch.since < change.number
        and (watch.until is None or change.number <= watch.until)
    )


def _guess(entry: Write, found: Write) -> str:
    agent = entry.agent.partition(" ")[0]
    return f"perhaps, for {agent} watches {found.resource.plural}, and had just been told:"


def _is_about(entry: Write | Act, resource: Resource, key: str) -> bool:
    return entry.key == key and entry.resource.group_resource == resource.group_resource


def _weight(cause: Write, effect: Write) -> tuple[int, bool, int]:
    """How much a change counts among those that a component acted upon together."""
    if cause.happened != CHANGED:
        weight = 3
    elif cause.subresource != "status":
        weight = 2
    elif cause.agent != effect.agent:
        weight = 1 if cause.what else 0
    else:
        weight = -1  # an echo of what it told itself
    return weight, cause.key == effect.key, cause.number


def _named(resource: Resource, key: str) -> str:
    namespace, _, name = key.partition("/")
    where = f"{namespace}/" if namespace not in {"", "default"} else ""
    return f"{resource.singular}/{where}{name}"


def _step(entry: Write | Act) -> Step:
    if isinstance(entry, Act):
        return Step(entry.at, entry.text)
    agent = entry.agent.partition(" ")[0]
    return Step(
        entry.at,
        entry.happened,
        object=_named(entry.resource, entry.key),
        agent=agent,
        user=entry.user if entry.is_outside and agent != "cluster" else "",
        verb=" ".join(filter(None, (entry.verb, entry.subresource))),
        version=entry.revision,
        parts=entry.what,
    )
