"""Whom an endpoint is meant for."""

from __future__ import annotations

import pytest

from kubelite.controllers.endpointslice import make_hints

ZONE, NODE = {"forZones": [{"name": "z"}]}, {"forNodes": [{"name": "n"}]}


@pytest.mark.parametrize(
    ("preferred", "ready", "hints"),
    [
        (None, True, {}),
        ("PreferClose", True, ZONE),
        ("PreferSameZone", True, ZONE),
        ("PreferSameNode", True, ZONE | NODE),
        ("PreferSameNode", False, {}),
    ],
)
def test_ready_endpoints_are_for_what_is_near(preferred, ready, hints):
    endpoint = {"conditions": {"ready": ready}, "zone": "z", "nodeName": "n"}
    assert make_hints({"spec": {"trafficDistribution": preferred}}, endpoint) == hints


def test_an_endpoint_without_a_zone_is_for_everybody():
    endpoint = {"conditions": {"ready": True}, "nodeName": "n"}
    assert make_hints({"spec": {"trafficDistribution": "PreferClose"}}, endpoint) == {}
