"""Events of the newer form: reporters and actions, and series of the same."""

from __future__ import annotations

import pytest

from kubelite.api.resources import EVENTS
from kubelite.client.eventseries import FINISH_S, SeriesRecorder
from tests.harness import api_server, make_pod


def pod(name="web", version="5"):
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}", "resourceVersion": version}
    return {**make_pod(), "metadata": metadata}


@pytest.fixture
async def client():
    async with api_server() as client:
        yield client


@pytest.fixture
def recorder(client):
    recorder = SeriesRecorder(client, "default-scheduler", client.clock)
    yield recorder
    recorder.close()


async def events(client):
    await client.clock.sleep(0)
    await client.clock.sleep(0.001)
    return (await client.list(EVENTS, "default")).items


def fail(recorder, message="no room", version="5"):
    recorder.event(pod(version=version), "Warning", "FailedScheduling", message, action="Scheduling")


async def test_it_says_who_did_what_for_whom(client, recorder):
    recorder.event(pod(), "Normal", "Preempted", "Preempted", action="Preempting", related=pod("vip"))
    (event,) = await events(client)
    assert (event["reportingComponent"], event["reportingInstance"]) == (
        "default-scheduler",
        "default-scheduler-kubelite",
    )
    assert (event["action"], event["related"]["name"]) == ("Preempting", "vip")
    assert event["eventTime"] == "2026-01-01T00:00:00.000000Z"
    assert (event["source"], event["firstTimestamp"], event["lastTimestamp"]) == ({}, None, None)
    assert "count" not in event
    assert "series" not in event
    assert event["metadata"]["name"].startswith("web.")


async def test_a_note_that_is_too_long_is_cut(client, recorder):
    fail(recorder, "é" * 600)
    (event,) = await events(client)
    assert event["message"] == "é" * 510 + " ..."


async def test_the_second_time_begins_a_series_which_is_told_whole_when_it_is_over(client, recorder):
    for message in ("no room", "still none", "none at all"):
        fail(recorder, message)
        await client.clock.sleep(10)
    (event,) = await events(client)
    assert event["message"] == "no room"
    assert event["series"] == {"count": 2, "lastObservedTime": "2026-01-01T00:00:10.000000Z"}
    await client.clock.sleep(2 * FINISH_S)
    (event,) = await events(client)
    assert event["series"] == {"count": 3, "lastObservedTime": "2026-01-01T00:00:20.000000Z"}
    fail(recorder, "no room again")
    _, second = sorted(await events(client), key=lambda each: each["eventTime"])
    assert (second["message"], "series" in second) == ("no room again", False)


async def test_a_series_that_goes_on_is_told_every_half_an_hour(client, recorder):
    for _ in range(8):
        fail(recorder)
        await client.clock.sleep(FINISH_S - 60)
    (event,) = await events(client)
    assert event["series"] == {"count": 6, "lastObservedTime": "2026-01-01T00:25:00.000000Z"}


async def test_what_happened_once_is_known_until_it_is_looked_at_and_old(client, recorder):
    await client.clock.sleep(1)
    fail(recorder)
    await client.clock.sleep(2 * FINISH_S - 2)
    fail(recorder)
    (event,) = await events(client)
    assert event["series"]["count"] == 2, "it was not old when it was looked at"


async def test_nobody_looks_while_nothing_is_known(client, recorder):
    assert recorder._timer is None
    fail(recorder)
    assert recorder._timer is not None
    await client.clock.sleep(3 * FINISH_S)
    assert recorder._timer is None


async def test_another_version_of_the_object_is_another_event(client, recorder):
    fail(recorder)
    fail(recorder, version="6")
    assert len(await events(client)) == 2


async def test_a_series_whose_event_is_gone_is_made_again(client, recorder):
    fail(recorder)
    (event,) = await events(client)
    await client.delete(EVENTS, event["metadata"]["name"], "default")
    fail(recorder)
    (again,) = await events(client)
    assert again["series"]["count"] == 2
