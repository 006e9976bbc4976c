"""A scheduler between stub informers and a stub client."""

from __future__ import annotations

import asyncio

import pytest

from kubelite.api.resources import NODES, PODS
from kubelite.apimachinery.apierrors import Conflict
from kubelite.runtime import ChildSpec, System, VirtualClock
from kubelite.scheduler import Scheduler


class StubInformer:
    """The part of an informer that the scheduler sees."""

    def __init__(self):
        self.objects, self.handlers = {}, []

    async def wait_synced(self):
        pass

    def add_handler(self, handler):
        self.handlers.append(handler)
        for obj in self.objects.values():
            handler(None, obj)
        return lambda: self.handlers.remove(handler)

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
    """Client, informers and recorder in one; what was bound is seen by the informer, as from the API."""

    def __init__(self):
        self.nodes, self.pods = StubInformer(), StubInformer()
        self.events, self.conditions, self.bound, self.errors = [], {}, {}, []

    def informer(self, resource):
        return {NODES: self.nodes, PODS: self.pods}[resource]

    async def create(self, resource, obj, namespace, *, name, subresource):
        assert (resource, namespace, subresource, obj["kind"]) == (PODS, "default", "binding", "Binding")
        if self.errors:
            raise self.errors.pop(0)
        assert name not in self.bound, f"{name} was bound already"
        node = self.bound[name] = obj["target"]["name"]
        pod = self.pods.objects[name]
        assert obj["metadata"]["uid"] == pod["metadata"]["uid"]
        self.pods.put({**pod, "spec": {**pod["spec"], "nodeName": node}})

    async def patch(self, resource, name, patch, namespace, *, patch_type, subresource):
        assert (resource, namespace, patch_type, subresource) == (PODS, "default", "strategic", "status")
        (self.conditions[name],) = patch["status"]["conditions"]
        pod = self.pods.objects[name]
        self.pods.put({**pod, "status": {**pod["status"], "conditions": [self.conditions[name]]}})

    def event(self, obj, type_, reason, message):
        self.events.append((obj["metadata"]["name"], type_, reason, message))


@pytest.fixture
async def cluster():
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
                recorder=made,
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
