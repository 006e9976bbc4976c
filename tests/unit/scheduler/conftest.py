"""A scheduler between stub informers and a stub client."""

from __future__ import annotations

import asyncio

import pytest

from kubelite.api.resources import NODES, PODS
from kubelite.apimachinery.apierrors import Conflict, InternalError, NotFound
from kubelite.runtime import ChildSpec, System, VirtualClock
from kubelite.scheduler import Scheduler
from kubelite.scheduler.profiles import parse_config


class StubInformer:
    """The part of an informer that the scheduler sees."""

    def __init__(self):
        self.objects, self.handlers, self.indices = {}, [], {}

    async def wait_synced(self):
        pass

    def add_handler(self, handler):
        self.handlers.append(handler)
        for obj in self.objects.values():
            handler(None, obj)
        return lambda: self.handlers.remove(handler)

    def get(self, namespace, name):
        return self.objects.get(name)

    def list(self, namespace=None):
        return list(self.objects.values())

    def add_index(self, name, keys_of):
        self.indices[name] = keys_of

    def by_index(self, name, key):
        return [each for each in self.objects.values() if key in self.indices[name](each)]

    def put(self, obj):
        name = obj["metadata"]["name"]
        old, self.objects[name] = self.objects.get(name), obj
        for handler in self.handlers:
            handler(old, obj)

    def remove(self, name):
        old = self.objects.pop(name)
        for handler in self.handlers:
            handler(old, None)


class StubCluster:
    """Client, informers and recorder in one; what was bound is seen by the informer, as from the API.

    Attributes:
        is_away: Whether every write fails.
        unseen: A list takes what is not to be seen before informers are asked to catch up.
        meanwhile: Called while a pod is being bound.
    """

    def __init__(self):
        self.informers = {}
        self.nodes, self.pods = self.informer(NODES), self.informer(PODS)
        self.events, self.conditions, self.bound, self.errors = [], {}, {}, []
        self.nominated, self.deleted, self.updated = {}, [], []
        self.keeps_deleted = False
        self.is_away = False
        self.unseen = None
        self.meanwhile = lambda: None

    def informer(self, resource):
        return self.informers.setdefault(resource, StubInformer())

    async def catch_up(self, resource):
        assert resource == PODS
        unseen, self.unseen = self.unseen, None
        for pod in unseen or ():
            self.pods.put(pod)

    def recorder(self, profile):
        self.profile = profile
        return self

    async def create(self, resource, obj, namespace, *, name, subresource):
        assert (resource, namespace, subresource, obj["kind"]) == (PODS, "default", "binding", "Binding")
        self.meanwhile()
        if self.is_away:
            raise InternalError("the store is away")
        if self.errors:
            raise self.errors.pop(0)
        assert name not in self.bound, f"{name} was bound already"
        node = self.bound[name] = obj["target"]["name"]
        pod = self.pods.objects[name]
        assert obj["metadata"]["uid"] == pod["metadata"]["uid"]
        bound = {**pod, "spec": {**pod["spec"], "nodeName": node}}
        if self.unseen is None:
            self.pods.put(bound)
        else:
            self.unseen.append(bound)

    async def patch(self, resource, name, patch, namespace, *, patch_type, subresource):
        assert (resource, namespace, patch_type, subresource) == (PODS, "default", "strategic", "status")
        if self.is_away:
            raise InternalError("the store is away")
        status = patch["status"]
        pod = self.pods.objects.get(name)
        if pod is None:
            raise NotFound(PODS, name)
        changed = {**pod["status"]}
        if "conditions" in status:
            (self.conditions[name],) = status["conditions"]
            changed["conditions"] = status["conditions"]
        if "nominatedNodeName" in status:
            changed["nominatedNodeName"] = self.nominated[name] = status["nominatedNodeName"]
        self.pods.put({**pod, "status": changed})

    async def get(self, resource, name, namespace):
        return self.pods.objects[name]

    async def delete(self, resource, name, namespace, *, uid):
        pod = self.pods.objects[name]
        assert (resource, namespace, uid) == (PODS, "default", pod["metadata"]["uid"])
        self.deleted.append(name)
        if self.keeps_deleted:
            metadata = {**pod["metadata"], "deletionTimestamp": "2026-01-01T00:00:30Z"}
            self.pods.put({**pod, "metadata": metadata})
        else:
            self.pods.remove(name)

    async def update(self, resource, obj):
        self.updated.append((resource, obj["metadata"]["name"]))
        self.informer(resource).put(obj)

    def event(self, obj, type_, reason, message, *, action, related=None):
        assert (
            action
            == {"Scheduled": "Binding", "FailedScheduling": "Scheduling", "Preempted": "Preempting"}[reason]
        )
        assert (related is not None) is (reason == "Preempted")
        self.events.append((obj["metadata"]["name"], type_, reason, message))


@pytest.fixture
def config():
    """The scheduler's profiles; a test may have its own."""
    return parse_config(None)


@pytest.fixture
def session():
    """Makes HTTP clients; a test may have its own."""
    return


@pytest.fixture
async def cluster(config, session):
    """A scheduler that runs in virtual time; `settle` lets it come to rest, `clock` is its clock."""
    made = StubCluster()
    clock = VirtualClock()
    system = System(clock=clock, seed=1)
    await system.start(
        ChildSpec(
            "scheduler",
            lambda: Scheduler(
                client=made,
                informers=made,
                clock=clock,
                random=system.random.fork("scheduler"),
                recorder=made.recorder,
                config=config,
                session=session,
            ),
        )
    )
    clock.freeze()

    async def settle():
        for _ in range(30):
            await asyncio.sleep(0)

    made.clock, made.system, made.settle = clock, system, settle
    yield made
    await system.stop()


@pytest.fixture
def conflict():
    return Conflict(PODS, "p", "it is bound already")
