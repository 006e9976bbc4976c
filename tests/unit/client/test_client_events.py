"""Events: counted, combined, cut off when there are too many."""

from __future__ import annotations

import pytest

from kubelite.api.resources import EVENTS
from kubelite.client.events import Correlator, EventRecorder, reference_to
from tests.harness import api_server, make_pod

POD = {**make_pod(), "metadata": {"name": "web", "namespace": "default", "uid": "u", "resourceVersion": "5"}}


@pytest.fixture
async def client():
    async with api_server() as client:
        yield client


@pytest.fixture
def recorder(client):
    return EventRecorder(client, "kubelet", client.clock, host="n1")


async def events(client):
    await client.clock.sleep(0)
    await client.clock.sleep(0.001)
    return (await client.list(EVENTS, "default")).items


async def test_event_says_what_happened_to_whom(client, recorder):
    recorder.event(POD, "Normal", "Started", "Container started", field_path="spec.containers{c}")
    (event,) = await events(client)
    assert event["involvedObject"] == {
        "kind": "Pod",
        "namespace": "default",
        "name": "web",
        "uid": "u",
        "apiVersion": "v1",
        "resourceVersion": "5",
        "fieldPath": "spec.containers{c}",
    }
    assert event["source"] == {"component": "kubelet", "host": "n1"}
    assert (event["type"], event["reason"], event["message"]) == ("Normal", "Started", "Container started")
    assert (event["count"], event["reportingComponent"]) == (1, "kubelet")
    assert event["metadata"]["name"].startswith("web.")


async def test_same_thing_again_is_counted(client, recorder):
    for _ in range(3):
        recorder.event(POD, "Warning", "BackOff", "again")
        await client.clock.sleep(10)
    (event,) = await events(client)
    assert event["count"] == 3
    assert (event["firstTimestamp"], event["lastTimestamp"]) == (
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:20Z",
    )


async def test_counted_event_that_is_gone_is_made_anew(client, recorder):
    recorder.event(POD, "Warning", "BackOff", "again")
    await client.delete_collection(EVENTS, "default")
    await events(client)
    await client.delete_collection(EVENTS, "default")
    recorder.event(POD, "Warning", "BackOff", "again")
    (event,) = await events(client)
    assert event["count"] == 2
    recorder.event(POD, "Warning", "BackOff", "again")
    (event,) = await events(client)
    assert event["count"] == 3


async def test_similar_events_are_combined(client, recorder):
    for number in range(15):
        recorder.event(POD, "Warning", "Unhealthy", f"attempt {number}")
    found = await events(client)
    assert len(found) == 10
    combined = next(each for each in found if each["message"].startswith("(combined"))
    assert combined["message"] == "(combined from similar events): attempt 14"
    assert combined["count"] == 6


async def test_flood_about_one_object_is_cut_off(client, recorder):
    for number in range(40):
        recorder.event(POD, "Normal", f"Reason{number}", "x")
    assert len(await events(client)) == 25
    assert recorder.statistics() == {"pending": 0, "lost": 15}
    await client.clock.sleep(301)
    recorder.event(POD, "Normal", "Later", "x")
    assert "Later" in {each["reason"] for each in await events(client)}


async def test_what_is_cut_off_is_counted_when_it_is_told_again(client, recorder):
    for number in range(25):
        recorder.event(POD, "Normal", f"Reason{number}", "x")
    for _ in range(3):
        recorder.event(POD, "Normal", "Late", "x")
    await client.clock.sleep(301)
    recorder.event(POD, "Normal", "Late", "x")
    (late,) = [each for each in await events(client) if each["reason"] == "Late"]
    assert late["count"] == 4


async def test_messages_are_written_whole(client, recorder):
    recorder.event(POD, "Warning", "Failed", "x" * 3000)
    (event,) = await events(client)
    assert len(event["message"]) == 3000


async def test_an_event_about_an_object_with_a_long_name_is_written(client, recorder):
    recorder.event({**POD, "metadata": {**POD["metadata"], "name": "p" * 250}}, "Normal", "R", "x")
    (event,) = await events(client)
    assert event["involvedObject"]["name"] == "p" * 250


async def test_what_cannot_be_written_is_lost_without_a_fuss(client, recorder):
    recorder.event({**POD, "metadata": {**POD["metadata"], "namespace": "none"}}, "Normal", "R", "x")
    assert await events(client) == []
    assert repr(recorder) == "<EventRecorder kubelet 0 pending, 1 lost>"


def test_similar_events_of_all_containers_of_a_pod_are_combined():
    correlator, messages = Correlator(), []
    for number in range(12):
        reference = {**reference_to(POD), "fieldPath": f"spec.containers{{c{number % 2}}}"}
        decision = correlator.correlate(
            ("kubelet", "n1"), reference, "Warning", "Unhealthy", f"{number}", 1.0
        )
        messages.append(decision.message)
    assert messages[8:10] == ["8", "(combined from similar events): 9"]


def test_names_differ_within_one_instant():
    correlator = Correlator()
    reference = reference_to(POD)
    names = {correlator.correlate(("c", ""), reference, "Normal", f"R{n}", "m", 1.0).name for n in range(20)}
    assert len(names) == 20


def test_names_sort_as_things_happened_whoever_tells_of_them():
    pod = {"kind": "Pod", "namespace": "default", "name": "web"}
    scheduler, kubelet = Correlator(), Correlator()
    for number in range(200):
        earlier = scheduler.correlate(("default-scheduler", ""), pod, "Normal", f"A{number}", "", 1e9)
        later = kubelet.correlate(("kubelet", f"node-{number}"), pod, "Normal", "B", "", 1e9 + 0.0002)
        if earlier is not None and later is not None:
            assert earlier.name < later.name
