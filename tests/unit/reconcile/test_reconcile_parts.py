"""Executor, expectations and ownership."""

from __future__ import annotations

import asyncio

from kubelite.api.resources import PODS, REPLICATIONCONTROLLERS
from kubelite.apimachinery.apierrors import Conflict, Forbidden, NotFound
from kubelite.reconcile.executor import Executor
from kubelite.reconcile.expectations import Expectations
from kubelite.reconcile.intents import (
    CreateObject,
    DeleteObject,
    IfAlive,
    InOrder,
    PatchObject,
    ReadObject,
    RecordEvent,
    RequeueAfter,
    SlowStart,
    Together,
)
from kubelite.reconcile.ownership import claim, controller_of, key_of, plan_claims, split_key


class Refusing:
    """A client whose creations fail from the n-th on, and which has one object."""

    def __init__(self, allowed=10**6, owner=None):
        self.allowed, self.owner, self.calls = allowed, owner, []

    async def create(self, resource, obj, namespace=None, **_):
        self.calls.append("create")
        await asyncio.sleep(0)
        if self.calls.count("create") > self.allowed:
            raise Forbidden("exceeded quota")
        return {**obj, "metadata": {**obj["metadata"], "uid": str(len(self.calls))}}

    async def get(self, resource, name, namespace=None, **_):
        if self.owner is None:
            raise NotFound(resource, name)
        return self.owner

    async def patch(self, resource, name, patch, namespace=None, **_):
        self.calls.append(("patch", name))
        return {"metadata": {"name": name}}

    async def delete(self, resource, name, namespace=None, **_):
        raise NotFound(resource, name)

    async def update(self, resource, obj, **_):
        raise Conflict("changed")


def executor(client):
    def start(coroutine, *, name):
        return asyncio.get_running_loop().create_task(coroutine)

    return Executor(client, None, start)


CREATE = CreateObject(PODS, {"metadata": {"namespace": "n"}})


async def test_slow_start_stops_at_the_first_batch_with_an_error():
    client = Refusing(allowed=3)
    outcomes, _ = await executor(client).run([SlowStart((CREATE,) * 100)])
    assert len(outcomes) == 100
    assert client.calls.count("create") == 7, "1 + 2 + 4"
    assert sum(outcome.object is not None for outcome in outcomes) == 3
    assert sum(outcome.failed for outcome in outcomes) == 4
    assert sum(outcome.skipped for outcome in outcomes) == 93


async def test_outcomes_keep_the_order_of_the_intents():
    names = [f"p{number}" for number in range(50)]
    intents = tuple(CreateObject(PODS, {"metadata": {"namespace": "n", "name": name}}) for name in names)
    outcomes, _ = await executor(Refusing()).run([Together(intents)])
    assert [outcome.object["metadata"]["name"] for outcome in outcomes] == names


async def test_in_order_nothing_follows_a_failure():
    client = Refusing(allowed=1)
    outcomes, _ = await executor(client).run([InOrder((CREATE,) * 4), CREATE])
    assert [outcome.failed for outcome in outcomes] == [False, True, False, False, True]
    assert [outcome.skipped for outcome in outcomes] == [False, False, True, True, False]
    assert client.calls.count("create") == 3, "two in order, and what stands beside them"


async def test_gone_is_no_failure():
    run = executor(Refusing()).run
    outcomes, _ = await run([DeleteObject(PODS, "n", "x"), ReadObject(PODS, "n", "x")])
    assert not any(outcome.failed for outcome in outcomes)
    assert outcomes[1].object is None


async def test_adoption_needs_a_living_owner():
    patch = PatchObject(PODS, "n", "orphan", {})
    for owner, patched in (
        ({"metadata": {"uid": "u"}}, True),
        ({"metadata": {"uid": "other"}}, False),
        ({"metadata": {"uid": "u", "deletionTimestamp": "2026-01-01T00:00:00Z"}}, False),
        (None, False),
    ):
        client = Refusing(owner=owner)
        outcomes, _ = await executor(client).run([IfAlive(REPLICATIONCONTROLLERS, "n", "rc", "u", (patch,))])
        assert bool(client.calls) == patched
        assert outcomes[0].skipped != patched


async def test_the_shortest_requeue_counts_and_events_need_a_recorder():
    intents = [RequeueAfter(5), RequeueAfter(2), RecordEvent({}, "Normal", "R", "m")]
    assert await executor(Refusing()).run(intents) == ((), 2)


def test_expectations():
    expected = Expectations()
    assert expected.is_satisfied("a", 0)
    expected.expect("a", creations=2, deletions=["u"], now=0)
    expected.creation_seen("a")
    expected.creation_seen("a")
    assert not expected.is_satisfied("a", 300)
    assert expected.is_satisfied("a", 301), "five minutes are enough"
    expected.deletion_seen("a", "other")
    assert not expected.has_just_been_satisfied("a")
    expected.deletion_seen("a", "u")
    assert expected.is_satisfied("a", 1)
    assert expected.has_just_been_satisfied("a")
    assert not expected.has_just_been_satisfied("a")


def pod(name, owner=None, **metadata):
    references = [{"uid": owner, "controller": True, "kind": "ReplicationController"}] if owner else []
    return {
        "metadata": {"name": name, "namespace": "n", "uid": name, "ownerReferences": references, **metadata}
    }


def matches(obj):
    return obj["metadata"].get("labels") == {"a": "b"}


def test_claims():
    owner = {"metadata": {"name": "rc", "namespace": "n", "uid": "me"}}
    labels = {"a": "b"}
    mine, stray = pod("mine", "me", labels=labels), pod("stray", "me")
    orphan, other = pod("orphan", labels=labels), pod("other", "you", labels=labels)
    going = pod("going", labels=labels, deletionTimestamp="2026-01-01T00:00:00Z")
    everything = [mine, stray, orphan, other, going, pod("stranger")]
    claims = claim(owner, everything, matches)
    assert (claims.owned, claims.adopt, claims.release) == ((mine,), (orphan,), (stray,))
    release, adoption = plan_claims(claims, owner, REPLICATIONCONTROLLERS, PODS)
    assert release.patch["metadata"]["ownerReferences"] == [{"$patch": "delete", "uid": "me"}]
    assert adoption.uid == "me"
    assert controller_of(adoption.intents[0].patch)["name"] == "rc"
    deleting = {"metadata": {**owner["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    claims = claim(deleting, everything, matches)
    assert (claims.owned, claims.adopt, claims.release) == ((mine,), (), ())


def test_keys():
    assert split_key(key_of(pod("x"))) == ("n", "x")
    assert split_key(key_of({"metadata": {"name": "node"}})) == (None, "node")
