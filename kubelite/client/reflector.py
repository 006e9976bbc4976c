"""Keeping a copy of a collection: list, then watch, and again when that ends.

Pure; `informer` carries it out.

    IDLE ──begin──▶ LISTING ──listed──▶ OPENING ──opened──▶ WATCHING
                       ▲                   ▲                   │ ended: goes on where it was
                       │                   └───────────────────┤
                       └────── expired (410): list anew ───────┘
    a failure: WAITING (0.8 s doubling to 30 s, with jitter), then the same again; a watch that expires before
    it has told anything, or ends at once, is one: a server that ends all watches is not asked in a tight loop

Source: k8s.io/client-go/tools/cache/reflector.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final, assert_never

import attrs

from kubelite.apimachinery.scheme import Object
from kubelite.client.watcher import WatchEvent
from kubelite.runtime import Shown, Signal

BACKOFF_FIRST_S: Final = 0.8
BACKOFF_MAX_S: Final = 30.0
GONE: Final = frozenset({"Expired", "Gone"})
CHANGES: Final = frozenset({"ADDED", "MODIFIED", "DELETED"})


class Phase(Enum):
    """What a reflector is at."""

    IDLE = "idle"
    """It has not begun."""
    LISTING = "listing"
    """A list is under way."""
    OPENING = "opening"
    """A watch is being opened."""
    WATCHING = "watching"
    """Events come in."""
    WAITING = "waiting"
    """It failed, and waits before it tries again."""


@attrs.frozen
class State:
    """Where a reflector stands.

    Attributes:
        resource_version: The newest version that it has seen; empty if it has to list.
        failures: Failures in a row.
        is_new: The watch is open and has told nothing yet.
    """

    phase: Phase = Phase.IDLE
    resource_version: str = ""
    failures: int = 0
    is_new: bool = False


IDLE: Final = State()

# --- what happens -------------------------------------------------------------------------------------------


class Begin(Signal):
    """Start, or go on after having waited."""


@attrs.frozen(eq=False, repr=False)
class Listed(Shown):
    """The list is in."""

    objects: Sequence[Object]
    resource_version: str


class Opened(Signal):
    """The watch is open."""


@attrs.frozen(eq=False, repr=False)
class Seen(Shown):
    """Events came in, in order."""

    events: Sequence[WatchEvent]


@attrs.frozen(eq=False, repr=False)
class Ended(Shown):
    """The watch has ended; `at_once` if it had hardly begun."""

    at_once: bool = False


@attrs.frozen(eq=False, repr=False)
class Failed(Shown):
    """A list or watch was refused, or could not be made; `reason` is that of the API's error, if any."""

    reason: str = ""


Input = Begin | Listed | Opened | Seen | Ended | Failed

# --- what to do ---------------------------------------------------------------------------------------------


class MakeList(Signal):
    """List the collection."""


@attrs.frozen(repr=False)
class OpenWatch(Shown):
    """Watch from (after) a version."""

    resource_version: str


@attrs.frozen(repr=False)
class Replace(Shown):
    """The copy is this, and nothing else."""

    objects: Sequence[Object]


@attrs.frozen(repr=False)
class Apply(Shown):
    """Bring these changes into the copy."""

    events: Sequence[WatchEvent]


@attrs.frozen(repr=False)
class Wait(Shown):
    """Begin again after about so many seconds."""

    seconds: float


Effect = MakeList | OpenWatch | Replace | Apply | Wait


def step(state: State, event: Input) -> tuple[State, tuple[Effect, ...]]:
    """What comes of an input: the next state, and what is to be done."""
    match event:
        case Seen(events=events):
            return _seen(state, events)
        case Begin():
            if state.resource_version:
                return attrs.evolve(state, phase=Phase.OPENING), (OpenWatch(state.resource_version),)
            return attrs.evolve(state, phase=Phase.LISTING), (MakeList(),)
        case Listed(objects=objects, resource_version=version):
            return State(Phase.OPENING, version), (Replace(objects), OpenWatch(version))
        case Opened():
            return attrs.evolve(state, phase=Phase.WATCHING, failures=0, is_new=True), ()
        case Ended(at_once=at_once):
            if state.phase is not Phase.WATCHING:
                return state, ()
            if at_once and state.is_new:
                return step(state, Failed())
            return attrs.evolve(state, phase=Phase.OPENING), (OpenWatch(state.resource_version),)
        case Failed(reason=reason):
            version = "" if reason in GONE else state.resource_version
            wait = min(BACKOFF_FIRST_S * 2**state.failures, BACKOFF_MAX_S)
            return State(Phase.WAITING, version, state.failures + 1), (Wait(wait),)
        case _:
            assert_never(event)


def _seen(state: State, events: Sequence[WatchEvent]) -> tuple[State, tuple[Effect, ...]]:
    """Events up to an error are applied; an error ends the watch."""
    kinds = {event.type for event in events}
    if not kinds:
        return state, ()
    if kinds <= CHANGES:
        version = events[-1].object["metadata"].get("resourceVersion") or state.resource_version
        return State(state.phase, version, state.failures), (Apply(events),)
    for index, event in enumerate(events):
        if event.type == "ERROR":
            state, effects = _seen(state, events[:index])
            if event.object.get("reason") in GONE and not state.is_new:
                return State(Phase.LISTING, "", state.failures), (*effects, MakeList())
            after, waits = step(state, Failed(event.object.get("reason", "")))
            return after, (*effects, *waits)
    version = events[-1].object["metadata"].get("resourceVersion") or state.resource_version
    changes = [event for event in events if event.type != "BOOKMARK"]
    effects_: tuple[Effect, ...] = (Apply(changes),) if changes else ()
    return State(state.phase, version, state.failures), effects_
