"""Deleting: what the answer is, what collections lose, which preconditions hold it up."""

from __future__ import annotations

import pytest

from kubelite.api.resources import BINDINGS, CONFIGMAPS, EVENTS, JOBS, NAMESPACES, PODS
from kubelite.apimachinery.apierrors import BadRequest, Conflict, NotFound
from kubelite.client.requests import ADMIN, Delete, DeleteCollection, DeleteOptions
from tests.harness import api_server, make_pod


@pytest.fixture
async def client():
    async with api_server() as client:
        yield client


def make(name, **metadata):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}


async def delete(client, resource, name, namespace="default", **options):
    request = Delete(
        user=ADMIN, resource=resource, namespace=namespace, name=name, options=DeleteOptions(**options)
    )
    return await request.ask(client._ref)


async def delete_all(client, **fields):
    request = DeleteCollection(user=ADMIN, resource=CONFIGMAPS, namespace="default", **fields)
    return await request.ask(client._ref)


async def names(client):
    return [obj["metadata"]["name"] for obj in (await client.list(CONFIGMAPS, "default")).items]


async def test_a_collection_is_answered_as_it_was(client):
    await client.create(CONFIGMAPS, make("a"), "default")
    held = await client.create(CONFIGMAPS, make("b", finalizers=["x.y/z"]), "default")
    listing = await delete_all(client)
    assert [item.object["metadata"]["name"] for item in listing.items] == ["a", "b"]
    assert listing.items[1].object == held
    assert await names(client) == ["b"]
    assert "deletionTimestamp" in (await client.get(CONFIGMAPS, "b", "default"))["metadata"]


async def test_a_collection_is_deleted_by_pages(client):
    for name in ("a", "b", "c"):
        await client.create(CONFIGMAPS, make(name), "default")
    page = await delete_all(client, limit=2)
    assert [item.object["metadata"]["name"] for item in page.items] == ["a", "b"]
    assert page.continue_
    assert await names(client) == ["c"]


async def test_a_dry_run_leaves_a_collection(client):
    await client.create(CONFIGMAPS, make("a"), "default")
    listing = await delete_all(client, options=DeleteOptions(dry_run=True))
    assert len(listing.items) == 1
    assert await names(client) == ["a"]


async def test_who_does_not_orphan_is_told_that_it_takes_a_while(client):
    await client.create(CONFIGMAPS, make("a", finalizers=["x.y/z"]), "default")
    await client.create(CONFIGMAPS, make("b"), "default")
    assert (await delete(client, CONFIGMAPS, "a", orphan_dependents=False)).code == 202
    assert (await delete(client, CONFIGMAPS, "a")).code == 200
    assert (await delete(client, CONFIGMAPS, "b", orphan_dependents=False)).code == 200


async def test_a_namespace_has_its_own_words_for_preconditions(client):
    await client.namespace("n")
    with pytest.raises(Conflict) as refused:
        await delete(client, NAMESPACES, "n", "", uid="other")
    assert refused.value.message.startswith(
        'Operation cannot be fulfilled on namespaces "n": Precondition failed: UID in '
        "precondition: other, UID in "
        "object meta: "
    )


async def test_a_job_deleted_without_a_policy_warns(client):
    spec = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": spec}
    await client.create(JOBS, job, "default")
    assert (await delete(client, JOBS, "j", dry_run=True, propagation_policy="Orphan")).warnings == ()
    [warning] = (await delete(client, JOBS, "j")).warnings
    assert warning.startswith("child pods are preserved by default when jobs are deleted")


async def test_a_binding_names_its_pod(client):
    await client.create(PODS, make_pod(), "default")
    target = {"target": {"kind": "Node", "name": "n"}}
    with pytest.raises(BadRequest) as refused:
        await client.create(
            BINDINGS, {"apiVersion": "v1", "kind": "Binding", "metadata": {}, **target}, "default"
        )
    assert refused.value.message == "Name parameter required."
    elsewhere = {"metadata": {"name": "web", "namespace": "other"}, **target}
    with pytest.raises(BadRequest):
        await client.create(PODS, elsewhere, "default", name="web", subresource="binding")
    await client.create(BINDINGS, {"metadata": {"name": "web"}, **target}, "default")
    assert (await client.get(PODS, "web", "default"))["spec"]["nodeName"] == "n"


async def test_a_pod_without_finalizers_still_has_its_grace(client):
    pod = make_pod(nodeName="n")
    await client.create(PODS, {**pod, "metadata": {**pod["metadata"], "finalizers": ["x.io/f"]}}, "default")
    await delete(client, PODS, "web")
    kept = await client.patch(PODS, "web", {"metadata": {"finalizers": None}}, "default")
    assert kept["metadata"]["deletionGracePeriodSeconds"] == 30
    assert (await client.get(PODS, "web", "default"))["metadata"]["uid"] == kept["metadata"]["uid"]
    await delete(client, PODS, "web", grace_period_s=0)
    with pytest.raises(NotFound):
        await client.get(PODS, "web", "default")


async def test_a_dry_run_tells_of_the_marks_which_it_does_not_make(client):
    await client.create(PODS, make_pod(), "default")
    told = (await delete(client, PODS, "web", dry_run=True)).object["metadata"]
    assert told["deletionTimestamp"]
    assert told["deletionGracePeriodSeconds"] == 0
    assert "deletionTimestamp" not in (await client.get(PODS, "web", "default"))["metadata"]


async def test_events_go_an_hour_after_they_were_last_written(client):
    involved = {"involvedObject": {"kind": "Pod", "namespace": "default", "name": "p"}}
    for name in ("once", "again"):
        event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": name}, **involved}
        await client.create(EVENTS, event, "default")
    await client.clock.sleep(1800)
    await client.patch(EVENTS, "again", {"count": 2}, "default")
    await client.clock.sleep(2000)
    assert [each["metadata"]["name"] for each in (await client.list(EVENTS, "default")).items] == ["again"]
    await client.clock.sleep(1800)
    assert (await client.list(EVENTS, "default")).items == []
