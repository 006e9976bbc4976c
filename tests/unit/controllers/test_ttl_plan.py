"""How long kubelets may believe what they read."""

import pytest

from kubelite.api.resources import NODES
from kubelite.controllers import ttl
from tests.unit.controllers.rig import rig


@pytest.mark.parametrize(
    ("size", "step", "expected"),
    [(0, 0, 0), (100, 0, 0), (101, 0, 1), (95, 1, 1), (89, 1, 0), (501, 0, 2), (20_000, 0, 4), (3, 4, 0)],
)
def test_steps_overlap(size, step, expected):
    assert ttl.step_for(size, step) == expected


def test_a_node_that_says_it_is_left_alone():
    node = {"metadata": {"name": "n", "annotations": {ttl.ANNOTATION: "0"}}}
    assert ttl.plan(node, 0) == ()
    (patch,) = ttl.plan(node, 15)
    assert patch.patch == {"metadata": {"annotations": {ttl.ANNOTATION: "15"}}}


@pytest.mark.parametrize("said", [None, "99"])
async def test_nodes_are_annotated_also_again(said):
    async with rig("ttl-controller") as r:
        await r.node("n1")
        await r.settle()
        assert (await r.client.get(NODES, "n1"))["metadata"]["annotations"][ttl.ANNOTATION] == "0"
        await r.client.patch(NODES, "n1", {"metadata": {"annotations": {ttl.ANNOTATION: said}}})
        await r.settle()
        assert (await r.client.get(NODES, "n1"))["metadata"]["annotations"][ttl.ANNOTATION] == "0"
