"""Watching: selections, transitions, bookmarks, slowness, history."""

from __future__ import annotations

import gc
import weakref

import orjson
import pytest

from kubelite.api.resources import PODS, SECRETS
from kubelite.apimachinery.apierrors import Expired
from kubelite.apimachinery.fields import parse_selector as fields
from kubelite.apimachinery.labels import parse_selector as labels
from kubelite.master.store.history import TEXTS_KEPT
from kubelite.master.store.memory import MemoryStore
from kubelite.master.store.selection import EVERYTHING, Selection
from kubelite.master.store.store import StoreConfig

READERS = {
    "metadata.name": lambda obj: obj["metadata"]["name"],
    "spec.nodeName": lambda obj: obj["spec"].get("nodeName", ""),
    "status.phase": lambda obj: obj.get("status", {}).get("phase", ""),
}


def pod(name, *, node="", phase="Pending", **metadata):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ns", **metadata},
        "spec": {"nodeName": node} if node else {},
        "status": {"phase": phase},
    }


def seen(watcher):
    return [(event.type, event.object["metadata"].get("name")) for event in watcher.take()]


@pytest.fixture
def store():
    return MemoryStore()


def create(store, name, **how):
    return store.create(PODS, "ns", name, pod(name, **how))


def test_watch_without_a_version_begins_with_what_exists_in_key_order(store):
    create(store, "b")
    create(store, "a")
    watcher = store.watch(PODS, EVERYTHING, revision=None, initial_events_end=True)
    events = watcher.take()
    assert [(e.type, e.object["metadata"].get("name")) for e in events] == [
        ("ADDED", "a"),
        ("ADDED", "b"),
        ("BOOKMARK", None),
    ]
    assert events[-1].object["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_watch_by_node_sees_binding_as_added_and_leaving_as_deleted_with_the_former_state(store):
    selection = Selection("", None, fields("spec.nodeName=n1"), READERS)
    watcher = store.watch(PODS, selection, revision=store.revision)
    entry = create(store, "a")
    assert seen(watcher) == []
    entry = store.update(PODS, entry, pod("a", node="n1"))
    entry = store.update(PODS, entry, pod("a", node="n1", phase="Running"))
    entry = store.update(PODS, entry, pod("a", node="n2"))
    events = watcher.take()
    assert [e.type for e in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert events[-1].object["spec"] == {"nodeName": "n1"}
    assert events[-1].object["metadata"]["resourceVersion"] == str(entry.revision)


def test_two_field_requirements_are_both_asked(store):
    selection = Selection("", None, fields("spec.nodeName=n1,status.phase!=Failed"), READERS)
    watcher = store.watch(PODS, selection, revision=store.revision)
    entry = create(store, "a", node="n1")
    store.update(PODS, entry, pod("a", node="n1", phase="Failed"))
    assert seen(watcher) == [("ADDED", "a"), ("DELETED", "a")]


def test_watch_by_name_sees_no_other(store):
    watcher = store.watch(
        PODS, Selection("ns", None, fields("metadata.name=b"), READERS), revision=store.revision
    )
    for name in "abc":
        create(store, name)
    assert seen(watcher) == [("ADDED", "b")]


def test_deleted_event_has_the_last_state_and_the_version_of_the_deletion(store):
    entry = create(store, "a", phase="Running")
    watcher = store.watch(PODS, EVERYTHING, revision=store.revision)
    store.delete(PODS, entry)
    (event,) = watcher.take()
    assert event.type == "DELETED"
    assert event.object["status"] == {"phase": "Running"}
    assert event.object["metadata"]["resourceVersion"] == str(store.revision) > str(entry.revision)


def test_watchers_with_the_same_view_share_one_event_and_its_text(store):
    first = store.watch(PODS, EVERYTHING, revision=store.revision)
    second = store.watch(PODS, Selection("ns", labels("l=x")), revision=store.revision)
    create(store, "a", labels={"l": "x"})
    (one,), (other,) = first.take(), second.take()
    assert one is other
    assert one.frame() == other.frame()
    assert store.get(PODS, "ns", "a").tail() is store.get(PODS, "ns", "a").tail()
    assert orjson.loads(one.frame()) == {"type": "ADDED", "object": one.object}


def test_bookmark_tells_the_store_revision_to_those_who_want_it(store):
    wanting = store.watch(PODS, EVERYTHING, revision=store.revision, bookmarks=True)
    other = store.watch(PODS, EVERYTHING, revision=store.revision)
    store.create(SECRETS, "ns", "s", {**pod("s"), "kind": "Secret"})
    store.send_bookmarks()
    (event,) = wanting.take()
    assert event.object == {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"resourceVersion": str(store.revision)},
    }
    assert other.take() == []


def test_slow_watcher_is_ended_and_never_skipped(store):
    watcher = store.watch(PODS, EVERYTHING, revision=store.revision, waiting_max=2)
    for name in "abcd":
        create(store, name)
    assert watcher.ended
    assert seen(watcher) == [("ADDED", "a"), ("ADDED", "b"), ("ADDED", "c")]
    assert store.statistics()["resources"]["pods"]["watchers"] == 0


def test_slow_watchers_that_a_write_ends_keep_it_from_nobody(store):
    """Each is the last of its file, and each is ended while the files are gone through."""
    selections = [
        Selection("", None, fields("metadata.name=a"), READERS),
        Selection("", labels("l=x")),
        Selection("", None, fields("spec.nodeName=n"), READERS),
        Selection("ns"),
        EVERYTHING,
    ]
    slow = [store.watch(PODS, each, revision=store.revision, waiting_max=1) for each in selections]
    entry = create(store, "a", node="n", labels={"l": "x"})
    patient = [store.watch(PODS, each, revision=store.revision) for each in selections]
    store.update(PODS, entry, pod("a", node="n", labels={"l": "x"}, annotations={"a": "b"}))
    assert all(watcher.ended for watcher in slow)
    assert [seen(watcher) for watcher in slow] == [[("ADDED", "a"), ("MODIFIED", "a")]] * 5
    assert [seen(watcher) for watcher in patient] == [[("MODIFIED", "a")]] * 5
    assert store.statistics()["resources"]["pods"]["watchers"] == 5


def test_one_of_several_watchers_of_a_value_may_stop(store):
    first, second, other = (
        store.watch(PODS, Selection("", None, fields(f"spec.nodeName={node}"), READERS), revision=None)
        for node in ("n", "n", "m")
    )
    first.stop()
    create(store, "a", node="n")
    create(store, "b", node="m")
    assert (seen(second), seen(other)) == ([("ADDED", "a")], [("ADDED", "b")])
    second.stop()
    create(store, "c", node="m")
    assert seen(other) == [("ADDED", "c")]


def test_stopped_watcher_is_forgotten(store):
    watchers = [
        store.watch(PODS, selection, revision=store.revision)
        for selection in (
            EVERYTHING,
            Selection("ns"),
            Selection("", None, fields("spec.nodeName=n"), READERS),
        )
    ]
    for watcher in watchers:
        watcher.stop()
        watcher.stop()
    create(store, "a", node="n")
    assert all(watcher.take() == [] for watcher in watchers)
    assert store.statistics()["resources"]["pods"]["watchers"] == 0
    known = [weakref.ref(watcher) for watcher in watchers]
    del watcher, watchers
    gc.collect()
    assert [each() for each in known] == [None] * 3


def test_history_is_bounded_and_names_how_far_it_goes(store):
    store = MemoryStore(StoreConfig(history_changes_max=2, first_revision=10))
    for name in "abcd":
        create(store, name)
    with pytest.raises(Expired, match=r"too old resource version: 11 \(12\)"):
        store.watch(PODS, EVERYTHING, revision=11)
    assert seen(store.watch(PODS, EVERYTHING, revision=12)) == [("ADDED", "c"), ("ADDED", "d")]


def test_on_ready_is_called_once_until_all_is_taken(store):
    calls = []
    watcher = store.watch(PODS, EVERYTHING, revision=store.revision)
    watcher.on_ready = lambda: calls.append(len(calls))
    create(store, "a")
    create(store, "b")
    assert calls == [0]
    watcher.take()
    create(store, "c")
    assert calls == [0, 1]


async def test_async_iteration_ends_with_the_watch(store):
    watcher = store.watch(PODS, EVERYTHING, revision=None)
    create(store, "a")
    create(store, "b")
    watcher.end()
    assert [event.object["metadata"]["name"] async for event in watcher] == ["a", "b"]


def test_on_revision_calls_when_it_is_there(store):
    calls = []
    store.on_revision(store.revision + 2, lambda: calls.append("two"))
    call_off = store.on_revision(store.revision + 1, lambda: calls.append("never"))
    call_off()
    create(store, "a")
    assert calls == []
    create(store, "b")
    assert calls == ["two"]


def test_encoded_text_is_kept_and_lists_leave_out_the_kind(store):
    entry = create(store, "a")
    assert entry.tail() is entry.tail()
    assert orjson.loads(entry.json()) == entry.object
    listed = orjson.loads(entry.list_json())
    assert listed == {key: value for key, value in entry.object.items() if key not in {"kind", "apiVersion"}}


def test_reprs_show_state(store):
    create(store, "a")
    assert repr(store) == "<MemoryStore 1 objects, revision 2, compacted 1>"
    watcher = store.watch(PODS, EVERYTHING, revision=None)
    assert repr(watcher) == "<StoreWatcher open, 1 waiting, 0 taken>"
    assert repr(watcher.take()) == "[<ADDED Pod ns/a @2>]"


def test_former_versions_keep_no_text_but_the_newest_of_them(store):
    entry = create(store, "a")
    former = []
    for number in range(TEXTS_KEPT + 10):
        entry.json()
        former.append(entry)
        entry = store.update(PODS, entry, pod("a", phase=str(number)))
    assert [each.text is None for each in former] == [True] * 10 + [False] * TEXTS_KEPT
    event = store.watch(PODS, EVERYTHING, revision=former[0].revision - 1).take()[0]
    assert orjson.loads(event.frame())["object"] == former[0].object


def test_a_new_version_is_made_of_the_trees_of_the_former_one(store):
    first = store.create(PODS, "ns", "a", {**pod("a", labels={"l": "x"}), "spec": {"nested": [{"x": "y"}]}})
    sent = orjson.loads(first.json())
    sent["status"] = {"phase": "Running"}
    second = store.update(PODS, first, sent)
    assert second.object["status"] == {"phase": "Running"}
    assert second.object["spec"] is first.object["spec"]
    assert second.object["metadata"]["labels"] is first.object["metadata"]["labels"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"x": 1}, {"x": True}),
        ({"x": 1}, {"x": 1.0}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ([1], [True]),
        ([], {}),
    ],
)
def test_what_only_python_takes_for_equal_is_written_as_it_is(store, before, after):
    first = store.create(PODS, "ns", "a", {**pod("a"), "spec": {"free": before}})
    second = store.update(PODS, first, {**pod("a"), "spec": {"free": after}})
    assert orjson.dumps(second.object["spec"]) == orjson.dumps({"free": after})


def test_watch_from_a_version_of_the_future_shows_nothing_that_comes_before_it(store):
    watcher = store.watch(PODS, EVERYTHING, revision=store.revision + 2)
    ended = store.watch(PODS, EVERYTHING, revision=store.revision + 2)
    ended.stop()
    for name in ("a", "b", "c"):
        create(store, name)
    assert seen(watcher) == [("ADDED", "c")]
    assert seen(ended) == []
    assert store.statistics()["resources"]["pods"]["watchers"] == 1


def listed(store, namespace=""):
    return [entry.object["metadata"]["name"] for entry in store.list(PODS, Selection(namespace)).entries]


def test_lists_that_are_asked_for_again_tell_what_was_written_between(store):
    create(store, "b")
    assert (listed(store), listed(store, "ns"), listed(store, "other")) == (["b"], ["b"], [])
    before = store.list(PODS, EVERYTHING).entries
    create(store, "a")
    store.create(PODS, "other", "c", pod("c", namespace="other"))
    assert (listed(store), listed(store, "ns"), listed(store, "other")) == (
        ["a", "b", "c"],
        ["a", "b"],
        ["c"],
    )
    changed = store.update(PODS, store.get(PODS, "ns", "a"), pod("a", phase="Running"))
    assert store.list(PODS, Selection("ns")).entries[0] is changed
    store.delete(PODS, changed)
    assert (listed(store), listed(store, "ns")) == (["b", "c"], ["b"])
    assert [entry.object["metadata"]["name"] for entry in before] == ["b"]
