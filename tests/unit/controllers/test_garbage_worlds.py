"""Garbage among objects that own each other in any way, circles among them; news of them come late."""

from __future__ import annotations

from collections import deque

import hypothesis.strategies as st
from hypothesis import given, settings

from kubelite.api.resources import CONFIGMAPS
from kubelite.apimachinery.apierrors import Conflict, NotFound
from kubelite.apimachinery.timestamps import format_time
from kubelite.controllers.garbagecollector.controller import GarbageCollector
from kubelite.reconcile.intents import DeleteObject, Outcome, PatchObject, ReadObject
from tests.unit.controllers.desk import NOW, Desk

FINALIZERS = {"Foreground": ["foregroundDeletion"], "Orphan": ["orphan"], "Background": []}
LOOKS_MAX = 2000
"""In so many it must have settled."""


class World:
    """ConfigMaps by name, as the API server has them, and a collector that hears of changes in time."""

    def __init__(self, owners):
        self.live, self.news, self.keys, self.version = {}, deque(), deque(), 0
        self.desk = Desk()
        self.collector = self.desk.make(GarbageCollector, resources=(CONFIGMAPS,))
        self.heard = next(each.keys for each in self.collector.watches() if each.resource == CONFIGMAPS)
        for name, references in owners.items():
            self.write(
                {"metadata": {"name": name, "namespace": "d", "uid": name, "ownerReferences": references}}
            )

    def write(self, obj):
        """The object as it is from now on; it goes if nothing holds it any more."""
        name = obj["metadata"]["name"]
        self.version += 1
        old = self.live.get(name)
        new = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.version)}}
        if new["metadata"].get("deletionTimestamp") and not new["metadata"].get("finalizers"):
            new = None
            self.live.pop(name, None)
        else:
            self.live[name] = new
        self.news.append((old, new))
        return new

    def delete(self, name, policy):
        metadata = self.live[name]["metadata"]
        made = {**metadata, "deletionTimestamp": format_time(NOW), "finalizers": FINALIZERS[policy]}
        return self.write({"metadata": made})

    def answer(self, intent):
        found = self.live.get(intent.name)
        if isinstance(intent, ReadObject):
            return Outcome(intent, found)
        if found is None:
            return NotFound(CONFIGMAPS, intent.name)
        wanted = intent.patch["metadata"] if isinstance(intent, PatchObject) else {}
        version = wanted.get("resourceVersion") or getattr(intent, "resource_version", None)
        if version not in {None, found["metadata"]["resourceVersion"]}:
            return Conflict(CONFIGMAPS, intent.name, "it has changed")
        if isinstance(intent, DeleteObject):
            return Outcome(intent, self.delete(intent.name, intent.propagation_policy))
        metadata = {**found["metadata"], **{key: value or [] for key, value in wanted.items()}}
        if intent.patch_type == "strategic":
            (gone,) = wanted["ownerReferences"]
            kept = [each for each in found["metadata"]["ownerReferences"] if each["uid"] != gone["uid"]]
            metadata["ownerReferences"] = kept
        return Outcome(intent, self.write({**found, "metadata": metadata}))

    def settle(self, chance):
        """Until nothing is to be heard of and looked at."""
        for _ in range(LOOKS_MAX):
            if not self.news and not self.keys:
                return
            if self.news and (not self.keys or chance.random() < 0.5):
                old, new = self.news.popleft()
                self.keys += [key for key in self.heard(old, new) if key not in self.keys]
                continue
            failed = []

            def answer(intent, failed=failed):
                given = self.answer(intent)
                failed += [given] * isinstance(given, Conflict)
                return given

            key = self.keys.popleft()
            self.desk.look(self.collector, key, answer)
            asked, self.desk.enqueued = self.desk.enqueued, []
            self.keys += [*[key] * bool(failed), *(each for each, _ in asked)]
        raise AssertionError("it does not settle")


NAMES = "abcdefg"
REFERENCES = st.dictionaries(
    st.sampled_from([*NAMES, "nobody"]),
    st.booleans().map(lambda holds: {"blockOwnerDeletion": holds}),
    max_size=3,
)


@settings(max_examples=25)
@given(
    owners=st.fixed_dictionaries(dict.fromkeys(NAMES, REFERENCES)),
    deleted=st.sets(st.sampled_from(NAMES), max_size=3),
    policy=st.sampled_from(sorted(FINALIZERS)),
    chance=st.randoms(use_true_random=False),
)
def test_what_has_no_owner_left_goes_and_all_else_stays(owners, deleted, policy, chance):
    world = World(
        {
            name: [
                {"apiVersion": "v1", "kind": "ConfigMap", "name": owner, "uid": owner, **more}
                for owner, more in references.items()
                if owner != name
            ]
            for name, references in owners.items()
        }
    )
    owned = {
        name: {each["uid"] for each in obj["metadata"]["ownerReferences"]} for name, obj in world.live.items()
    }
    gone = without_owners(owned, {"nobody"})
    world.settle(chance)
    assert set(world.live) == set(NAMES) - gone
    owned = {name: uids - gone for name, uids in owned.items() if name not in gone}
    deleted -= gone
    if policy == "Foreground":  # in Kubernetes, too, two that hold each other up then stay for ever
        deleted = set(sorted(deleted)[:1])
    for name in sorted(deleted):
        world.delete(name, policy)
    world.settle(chance)
    expected = deleted if policy == "Orphan" else without_owners(owned, deleted)
    assert set(world.live) == set(owned) - expected
    for obj in world.live.values():
        assert "deletionTimestamp" not in obj["metadata"]
        assert {each["uid"] for each in obj["metadata"]["ownerReferences"]} <= set(world.live)


def without_owners(owned, gone):
    """Those that are gone, and all whose owners are, again and again."""
    while True:
        more = {name for name, owners in owned.items() if owners and owners <= gone} - gone
        if not more:
            return gone
        gone |= more
