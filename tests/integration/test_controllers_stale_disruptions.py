"""A pod that was to be disrupted and was not."""

from __future__ import annotations

from kubelite.api.conditions import get_condition
from kubelite.api.resources import PODS
from kubelite.apimachinery.timestamps import format_time, parse_time
from tests.harness import make_pod
from tests.unit.controllers.rig import rig


async def test_after_two_minutes_it_is_not_said_to_be_disrupted_any_more():
    async with rig("stale-pod-disruption-controller") as r:
        made = await r.client.create(PODS, make_pod(), "default")
        begun = r.clock.now()
        condition = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "EvictionByEvictionAPI",
            "message": "Eviction API: evicting",
            "lastTransitionTime": format_time(begun),
        }
        status = {**made["status"], "conditions": [condition]}
        await r.client.update(PODS, {**made, "status": status}, subresource="status")
        await r.settle(119)
        found = get_condition(await r.client.get(PODS, "web", "default"), "DisruptionTarget")
        assert found["status"] == "True"
        await r.settle(2)
        found = get_condition(await r.client.get(PODS, "web", "default"), "DisruptionTarget")
        assert (found["status"], found.get("reason")) == ("False", None)
        assert parse_time(found["lastTransitionTime"]) == parse_time(format_time(begun)) + 120
