"""When the change happened that endpoints publish."""

from __future__ import annotations

from kubelite.controllers.endpoint.serviceparts import TriggerTimes

SERVICE = {"metadata": {"creationTimestamp": "2026-01-01T00:00:10Z"}}


def pod(name, time, status="True"):
    ready = {"type": "Ready", "status": status, "lastTransitionTime": time}
    return {"metadata": {"name": name}, "status": {"conditions": [ready] if time else []}}


def test_a_new_service_tells_its_creation():
    times = TriggerTimes()
    assert times.compute("k", SERVICE, [pod("a", "2026-01-01T00:00:05Z")]) == "2026-01-01T00:00:10Z"
    assert times.compute("k", SERVICE, [pod("a", "2026-01-01T00:00:05Z")]) is None


def test_the_earliest_of_the_pods_that_changed_counts():
    times = TriggerTimes()
    times.compute("k", SERVICE, [pod("a", "2026-01-01T00:00:05Z"), pod("c", "")])
    changed = [pod("a", "2026-01-01T00:00:30Z"), pod("b", "2026-01-01T00:00:20Z"), pod("c", "")]
    assert times.compute("k", SERVICE, changed) == "2026-01-01T00:00:20Z"


def test_a_pod_that_became_ready_within_the_second_has_changed():
    times = TriggerTimes()
    times.compute("k", SERVICE, [pod("a", "2026-01-01T00:00:30Z", "False")])
    assert times.compute("k", SERVICE, [pod("a", "2026-01-01T00:00:30Z")]) == "2026-01-01T00:00:30Z"
    assert times.compute("k", SERVICE, [pod("a", "2026-01-01T00:00:30Z")]) is None
    times.forget("k")
    assert times.compute("k", SERVICE, []) == "2026-01-01T00:00:10Z"
