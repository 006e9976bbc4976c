"""What holds whatever clients do: a machine sends writes of all sorts, right and wrong, to an API server.

Revisions only grow; a refused write and a dry run change nothing; a watch from any revision sees exactly the
later changes, in order; what was applied once is applied again without a trace.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import hypothesis.strategies as st
import orjson
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from kubelite.api.resources import CONFIGMAPS, DEPLOYMENTS, SERVICES
from kubelite.apimachinery.apierrors import APIError
from kubelite.master.store.selection import EVERYTHING
from tests.harness import api_server

KINDS = (CONFIGMAPS, DEPLOYMENTS, SERVICES)
NAMES = st.sampled_from(["a", "b", "c", "Bad_Name", ""])
VALUES = st.sampled_from(["x", "y", "z"])
MANAGERS = st.sampled_from(["one", "two"])
LABELS = st.dictionaries(st.sampled_from(["l", "m", "not a key"]), VALUES, max_size=2)


@st.composite
def objects(draw):
    """An object of one of the kinds; some of them no server would take."""
    resource = draw(st.sampled_from(KINDS))
    metadata = {"name": draw(NAMES), "labels": draw(LABELS)}
    if draw(st.booleans()):
        metadata["finalizers"] = draw(st.sampled_from([["example.com/f"], ["no finalizer"], []]))
    obj = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
    match resource.kind:
        case "ConfigMap":
            obj["data"] = draw(st.dictionaries(st.sampled_from(["k", "key", "no/key"]), VALUES, max_size=2))
        case "Deployment":
            labels = {"app": draw(VALUES)}
            container = {"name": "c", "image": draw(st.sampled_from(["i:1", "i:2", ""]))}
            obj["spec"] = {
                "replicas": draw(st.sampled_from([0, 1, 3, -1])),
                "selector": {"matchLabels": {"app": draw(st.sampled_from(["x", labels["app"]]))}},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            }
        case _:
            ports = draw(st.lists(st.sampled_from([80, 81, 0]), min_size=1, max_size=2))
            obj["spec"] = {
                "selector": {"app": draw(VALUES)},
                "ports": [{"name": f"p{port}", "port": port} for port in ports],
            }
    return resource, obj


PATCHES = st.sampled_from(
    [
        ("merge", {"metadata": {"labels": {"l": "patched"}}}),
        ("merge", {"metadata": {"finalizers": None}}),
        ("merge", {"spec": {"replicas": 2}}),
        ("merge", {"spec": {"replicas": "many"}}),
        ("merge", {"metadata": {"resourceVersion": "1"}}),
        ("merge", {"metadata": {"uid": "other"}}),
        ("strategic", {"metadata": {"annotations": {"a": "b"}}}),
        ("strategic", {"spec": {"ports": [{"port": 80, "name": "renamed"}]}}),
        ("strategic", {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i:3"}]}}}}),
        ("json", [{"op": "test", "path": "/metadata/name", "value": "a"}]),
        ("json", [{"op": "add", "path": "/metadata/labels", "value": {"j": "1"}}]),
        ("json", [{"op": "remove", "path": "/data/k"}]),
        ("json", [{"op": "replace", "path": "/metadata/labels", "value": {"bad key!": "1"}}]),
    ]
)


NO_CONFIGURATION = "failed to create typed patch object"
"""Kubernetes answers an apply of what does not fit its type with a 500 (apply-basic/apply-invalid)."""


class Follower:
    """A watch, and what somebody who reads it takes to be there."""

    def __init__(self, watcher, copy, revision):
        self.watcher, self.copy, self.revision = watcher, dict(copy), revision

    def catch_up(self):
        for event in self.watcher.take():
            metadata = event.object["metadata"]
            revision = int(metadata["resourceVersion"])
            assert revision > self.revision, "events come in the order of their revisions"
            self.revision = revision
            if event.type == "DELETED":
                del self.copy[metadata["name"]]
            else:
                assert (metadata["name"] in self.copy) == (event.type == "MODIFIED")
                self.copy[metadata["name"]] = orjson.dumps(event.object)
        return self.copy


class APIServerMachine(RuleBasedStateMachine):
    revisions = Bundle("revisions")
    followers = Bundle("followers")

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.client = self.run(self.stack.enter_async_context(api_server()))
        self.store = self.client.store
        self.past = {self.store.revision: self.state()}
        self.following = []

    def teardown(self):
        for _, follower in self.following:
            follower.watcher.stop()
        self.run(self.stack.aclose())
        self.loop.close()

    def run(self, awaitable):
        return self.loop.run_until_complete(awaitable)

    def state(self):
        return {
            resource.kind: {
                entry.object["metadata"]["name"]: orjson.dumps(entry.object)
                for entry in self.store.list(resource, EVERYTHING).entries
            }
            for resource in KINDS
        }

    def attempt(self, awaitable, *, dry_run):
        """The answer to a write; None if it was refused. Whatever must leave no trace has left none."""
        revision, before, refusal = self.store.revision, self.state(), None
        try:
            answer = self.run(awaitable)
        except APIError as error:
            answer, refusal = None, error
        assert refusal is None or refusal.code < 500 or NO_CONFIGURATION in refusal.message
        if answer is None or dry_run:
            assert (self.store.revision, self.state()) == (revision, before)
        assert self.store.revision >= revision
        if self.state() != before:
            assert self.store.revision > revision
        self.past[self.store.revision] = self.state()
        return answer

    # --- writes -----------------------------------------------------------------------------------------

    @rule(target=revisions, what=objects(), dry_run=st.booleans())
    def create(self, what, dry_run):
        resource, obj = what
        self.attempt(self.client.create(resource, obj, "default", dry_run=dry_run), dry_run=dry_run)
        return self.store.revision

    @rule(target=revisions, what=objects(), dry_run=st.booleans(), stale=st.booleans())
    def update(self, what, dry_run, stale):
        resource, obj = what
        entry = self.store.get(resource, "default", obj["metadata"]["name"])
        if entry is not None:
            version = "1" if stale else entry.object["metadata"]["resourceVersion"]
            obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": version}}
        self.attempt(self.client.update(resource, obj, namespace="default", dry_run=dry_run), dry_run=dry_run)
        return self.store.revision

    @rule(
        target=revisions,
        resource=st.sampled_from(KINDS),
        name=NAMES,
        patch=PATCHES,
        dry_run=st.booleans(),
        subresource=st.sampled_from(["", "status"]),
    )
    def patch(self, resource, name, patch, dry_run, subresource):
        patch_type, value = patch
        sent = self.client.patch(
            resource,
            name,
            value,
            "default",
            patch_type=patch_type,
            subresource=subresource,
            dry_run=dry_run,
        )
        self.attempt(sent, dry_run=dry_run)
        return self.store.revision

    @rule(target=revisions, what=objects(), manager=MANAGERS, force=st.booleans(), dry_run=st.booleans())
    def apply(self, what, manager, force, dry_run):
        resource, obj = what

        def sent():
            return self.client.patch(
                resource,
                obj["metadata"]["name"],
                obj,
                "default",
                patch_type="apply",
                field_manager=manager,
                force=force,
                dry_run=dry_run,
            )

        made = self.attempt(sent(), dry_run=dry_run)
        if made is not None and not dry_run and self.store.get(resource, "default", obj["metadata"]["name"]):
            before = self.state()
            again = self.attempt(sent(), dry_run=False)
            assert again is not None
            assert self.state() == before, "to apply the same again changes nothing"
        return self.store.revision

    @rule(
        target=revisions,
        resource=st.sampled_from(KINDS),
        name=NAMES,
        policy=st.sampled_from([None, "Orphan", "Foreground", "Background", "Nonsense"]),
        version=st.sampled_from([None, "1"]),
        dry_run=st.booleans(),
    )
    def delete(self, resource, name, policy, version, dry_run):
        sent = self.client.delete(
            resource,
            name,
            "default",
            propagation_policy=policy,
            resource_version=version,
            dry_run=dry_run,
        )
        self.attempt(sent, dry_run=dry_run)
        return self.store.revision

    # --- watches ----------------------------------------------------------------------------------------

    @rule(revision=revisions, resource=st.sampled_from(KINDS))
    def follow(self, revision, resource):
        watcher = self.run(self.client.watch(resource, resource_version=str(revision), bookmarks=False))
        follower = Follower(watcher, self.past[revision][resource.kind], revision)
        self.following.append((resource.kind, follower))

    @rule(target=followers, resource=st.sampled_from(KINDS))
    def follow_from_the_beginning(self, resource):
        watcher = self.run(self.client.watch(resource, bookmarks=False))
        seen = {event.object["metadata"]["name"]: orjson.dumps(event.object) for event in watcher.take()}
        assert seen == self.state()[resource.kind]
        follower = Follower(watcher, seen, self.store.revision)
        self.following.append((resource.kind, follower))
        return follower

    @rule(follower=consumes(followers))
    def stop_following(self, follower):
        follower.watcher.stop()
        self.following = [each for each in self.following if each[1] is not follower]

    @invariant()
    def followers_have_seen_everything(self):
        state = self.state()
        for kind, follower in self.following:
            assert follower.catch_up() == state[kind]


TestAPIServer = APIServerMachine.TestCase
TestAPIServer.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
