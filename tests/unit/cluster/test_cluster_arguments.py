"""Arguments of a cluster that cannot work are refused before it starts."""

from __future__ import annotations

import pytest

import kubelite
from kubelite.testing import VirtualClock


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"nodes": -1}, "0 nodes or more, not -1"),
        ({"nodes": "2"}, "0 nodes or more, not '2'"),
        ({"seed": "one"}, "a seed is a whole number, not 'one'"),
        ({"clock": VirtualClock}, r"as VirtualClock\(\), not <class"),
        ({"clock": "virtual"}, "not 'virtual'"),
        ({"clock": VirtualClock(), "expose": True}, "expose=True needs real time"),
        ({"nodez": 2}, "unknown option nodez, did you mean nodes?"),
    ],
)
def test_what_cannot_work_is_refused(arguments, says):
    with pytest.raises((TypeError, ValueError), match=says):
        kubelite.Cluster(**arguments)
