"""The reflector's steps, without an event loop."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from kubelite.client.reflector import (
    Apply,
    Begin,
    Ended,
    Failed,
    Listed,
    MakeList,
    Opened,
    OpenWatch,
    Phase,
    Replace,
    Seen,
    State,
    Wait,
    step,
)
from kubelite.client.watcher import WatchEvent


def event(type_, version):
    return WatchEvent(type_, {"kind": "Pod", "metadata": {"name": "p", "resourceVersion": version}})


def error(reason, code):
    return WatchEvent("ERROR", {"kind": "Status", "reason": reason, "code": code})


def test_begins_with_a_list_then_watches_from_its_version():
    state, effects = step(State(), Begin())
    assert (state.phase, effects) == (Phase.LISTING, (MakeList(),))
    state, effects = step(state, Listed(["x"], "7"))
    assert (state, effects) == (State(Phase.OPENING, "7"), (Replace(["x"]), OpenWatch("7")))
    state, effects = step(state, Opened())
    assert (state.phase, effects) == (Phase.WATCHING, ())


def test_bookmarks_move_the_version_and_change_nothing():
    watching = State(Phase.WATCHING, "7")
    assert step(watching, Seen([event("BOOKMARK", "9")])) == (State(Phase.WATCHING, "9"), ())
    added = event("ADDED", "10")
    assert step(watching, Seen([added, event("BOOKMARK", "12")])) == (
        State(Phase.WATCHING, "12"),
        (Apply([added]),),
    )


def test_ended_watch_goes_on_and_expired_lists_anew():
    watching = State(Phase.WATCHING, "7")
    assert step(watching, Ended()) == (State(Phase.OPENING, "7"), (OpenWatch("7"),))
    modified = event("MODIFIED", "8")
    state, effects = step(watching, Seen([modified, error("Expired", 410)]))
    assert (state.phase, state.resource_version) == (Phase.LISTING, "")
    assert effects == (Apply([modified]), MakeList())
    assert step(state, Ended()) == (state, ())


def test_a_watch_that_ends_at_once_without_a_word_has_failed():
    opened, _ = step(State(Phase.OPENING, "7"), Opened())
    assert step(opened, Ended(at_once=True)) == (State(Phase.WAITING, "7", 1), (Wait(0.8),))
    assert step(opened, Ended())[1] == (OpenWatch("7"),)
    told, _ = step(opened, Seen([event("BOOKMARK", "8")]))
    assert step(told, Ended(at_once=True))[1] == (OpenWatch("8"),)


def test_a_watch_that_expires_before_it_has_told_anything_lists_anew_after_a_wait():
    opened, _ = step(State(Phase.OPENING, "7"), Opened())
    state, effects = step(opened, Seen([error("Expired", 410)]))
    assert (state, effects) == (State(Phase.WAITING, "", 1), (Wait(0.8),))
    assert step(state, Begin())[1] == (MakeList(),)


def test_other_errors_wait_and_keep_the_version():
    state, effects = step(State(Phase.WATCHING, "7"), Seen([error("InternalError", 500)]))
    assert (state, effects) == (State(Phase.WAITING, "7", 1), (Wait(0.8),))
    assert step(state, Begin()) == (State(Phase.OPENING, "7", 1), (OpenWatch("7"),))
    assert step(state, Failed("Expired"))[0].resource_version == ""


@given(st.integers(0, 60))
def test_waits_grow_to_a_bound(failures):
    _, (wait,) = step(State(failures=failures), Failed())
    assert 0.8 <= wait.seconds <= 30
