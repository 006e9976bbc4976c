"""The store against a dictionary: whatever is done, both agree, and every watcher sees all of it."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from kubelite.api.resources import PODS
from kubelite.apimachinery.apierrors import AlreadyExists, Conflict, Expired
from kubelite.apimachinery.fields import parse_selector as parse_field_selector
from kubelite.apimachinery.labels import parse_selector
from kubelite.master.store.memory import MemoryStore
from kubelite.master.store.selection import EVERYTHING, Selection

NAMESPACES = st.sampled_from(["a", "a-b", "b"])
NAMES = st.sampled_from(["p", "q", "r"])
VALUES = st.sampled_from(["x", "y", ""])


def pod(namespace, name, value):
    labels = {"l": value} if value else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
    }


READERS = {
    "metadata.name": lambda obj: obj["metadata"]["name"],
    "metadata.namespace": lambda obj: obj["metadata"]["namespace"],
    "value": lambda obj: obj["metadata"]["labels"].get("l", ""),
}
SELECTORS = {
    ("", ""): lambda key, value: True,
    ("l=x", ""): lambda key, value: value == "x",
    ("l!=x", ""): lambda key, value: value != "x",
    ("l in (x,y)", ""): lambda key, value: value in {"x", "y"},
    ("!l", ""): lambda key, value: value == "",
    ("", "value=x"): lambda key, value: value == "x",
    ("", "value!=x"): lambda key, value: value != "x",
    ("", "value="): lambda key, value: value == "",
    ("", "metadata.name=p"): lambda key, value: key.endswith("/p"),
    ("l=y", "metadata.name!=p"): lambda key, value: value == "y" and not key.endswith("/p"),
    ("l", "value=x,metadata.namespace=a"): lambda key, value: value == "x" and key.startswith("a/"),
}
"""Label and field selectors, and what they mean."""


def make_selection(selectors, namespace):
    labels, fields = selectors
    return Selection(
        namespace,
        parse_selector(labels) if labels else None,
        parse_field_selector(fields) if fields else None,
        READERS,
    )


def selected(state, selectors, namespace):
    """The part of a state that selectors mean."""
    means = SELECTORS[selectors]
    return {
        key: value
        for key, value in state.items()
        if means(key, value) and (not namespace or key.startswith(f"{namespace}/"))
    }


class Follower:
    """What a consumer of a watch knows: applies events to its copy and checks that they fit."""

    def __init__(self, watcher, copy, revision):
        self.watcher, self.copy, self.revision = watcher, copy, revision

    def catch_up(self):
        for event in self.watcher.take():
            metadata = event.object["metadata"]
            key = f"{metadata['namespace']}/{metadata['name']}"
            revision = int(metadata["resourceVersion"])
            assert revision > self.revision
            self.revision = revision
            match event.type:
                case "ADDED":
                    assert key not in self.copy
                    self.copy[key] = metadata["labels"].get("l", "")
                case "MODIFIED":
                    assert key in self.copy
                    self.copy[key] = metadata["labels"].get("l", "")
                case "DELETED":
                    assert self.copy.pop(key) == metadata["labels"].get("l", "")
        return self.copy


class StoreMachine(RuleBasedStateMachine):
    revisions = Bundle("revisions")

    def __init__(self):
        super().__init__()
        self.store = MemoryStore()
        self.model = {}
        self.past = {self.store.revision: {}}
        self.floor = self.store.revision
        self.followers = []

    def entries(self, selection=EVERYTHING, **how):
        return {
            entry.key: entry.object["metadata"]["labels"].get("l", "")
            for entry in self.store.list(PODS, selection, **how).entries
        }

    def written(self):
        self.past[self.store.revision] = dict(self.model)
        return self.store.revision

    @rule(target=revisions, namespace=NAMESPACES, name=NAMES, value=VALUES)
    def create(self, namespace, name, value):
        key = f"{namespace}/{name}"
        if key in self.model:
            with pytest.raises(AlreadyExists):
                self.store.create(PODS, namespace, name, pod(namespace, name, value))
            return self.store.revision
        entry = self.store.create(PODS, namespace, name, pod(namespace, name, value))
        assert entry.object["metadata"]["resourceVersion"] == str(self.store.revision)
        self.model[key] = value
        return self.written()

    @rule(target=revisions, namespace=NAMESPACES, name=NAMES, value=VALUES)
    def update(self, namespace, name, value):
        entry = self.store.get(PODS, namespace, name)
        assert (entry is not None) == (f"{namespace}/{name}" in self.model)
        if entry is None:
            return self.store.revision
        self.store.update(PODS, entry, pod(namespace, name, value))
        with pytest.raises(Conflict):
            self.store.update(PODS, entry, pod(namespace, name, value))
        self.model[f"{namespace}/{name}"] = value
        return self.written()

    @rule(target=revisions, namespace=NAMESPACES, name=NAMES)
    def delete(self, namespace, name):
        entry = self.store.get(PODS, namespace, name)
        if entry is None:
            return self.store.revision
        last = self.store.delete(PODS, entry)
        assert last["metadata"]["resourceVersion"] == str(self.store.revision)
        del self.model[f"{namespace}/{name}"]
        return self.written()

    @rule(revision=revisions)
    def compact(self, revision):
        if revision <= self.store.revision - 3:
            self.store.compact(revision)
            self.floor = max(self.floor, revision)

    @rule(revision=revisions)
    def list_the_past(self, revision):
        if revision < self.floor:
            with pytest.raises(Expired):
                self.entries(revision=revision)
        else:
            assert self.entries(revision=revision) == self.past[revision]

    @rule(
        revision=revisions,
        limit=st.integers(1, 3),
        writes=st.lists(NAMES, max_size=2),
        selectors=st.sampled_from(list(SELECTORS)),
        namespace=st.sampled_from(["", "a"]),
    )
    def page_through(self, revision, limit, writes, selectors, namespace):
        """All pages together are the snapshot, whatever is written meanwhile."""
        if revision < self.floor:
            return
        selection, seen, after = make_selection(selectors, namespace), [], ""
        while True:
            page = self.store.list(PODS, selection, limit=limit, after=after, revision=revision)
            seen += [entry.key for entry in page.entries]
            if writes:
                self.create("b", writes.pop(), "z")
            assert page.goes_on or not page.remaining
            if not page.goes_on:
                break
            after = seen[-1]
        assert seen == sorted(selected(self.past[revision], selectors, namespace))

    @rule(
        revision=revisions,
        selectors=st.sampled_from(list(SELECTORS)),
        namespace=st.sampled_from(["", "a"]),
    )
    def follow(self, revision, selectors, namespace):
        selection = make_selection(selectors, namespace)
        if revision < self.floor:
            with pytest.raises(Expired):
                self.store.watch(PODS, selection, revision=revision)
            return
        watcher = self.store.watch(PODS, selection, revision=revision)
        known = selected(self.past[revision], selectors, namespace)
        self.followers.append((Follower(watcher, known, revision), selectors, namespace))

    @rule(data=st.data())
    def stop_following(self, data):
        if self.followers:
            index = data.draw(st.integers(0, len(self.followers) - 1))
            self.followers.pop(index)[0].watcher.stop()

    @invariant()
    def lists_agree(self):
        assert self.entries() == self.model
        assert list(self.entries()) == sorted(self.model)
        for selectors in SELECTORS:
            found = self.entries(make_selection(selectors, "a"))
            assert found == selected(self.model, selectors, "a")

    @invariant()
    def followers_agree(self):
        for follower, selectors, namespace in self.followers:
            assert follower.catch_up() == selected(self.model, selectors, namespace)


TestStore = StoreMachine.TestCase
TestStore.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
