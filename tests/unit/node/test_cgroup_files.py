"""The limits that containers read from their cgroup."""

from __future__ import annotations

import pytest

from kubelite.images.files import FileSystem
from kubelite.node.cgroupfiles import cgroup_directory, cpu_max, cpu_weight, memory_max


@pytest.mark.parametrize(
    ("resources", "told"),
    [
        ({}, ("max 100000", "1", "max")),
        ({"requests": {"cpu": "100m", "memory": "1Gi"}}, ("max 100000", "17", "max")),
        ({"limits": {"cpu": "25m", "memory": "35Mi"}}, ("2500 100000", "6", str(35 << 20))),
        ({"limits": {"cpu": "1m"}, "requests": {"cpu": "1"}}, ("1000 100000", "100", "max")),
    ],
)
def test_quota_weight_and_memory(resources, told):
    assert (cpu_max(resources), cpu_weight(resources), memory_max(resources)) == told


def test_they_follow_a_resize():
    now = {"limits": {"memory": "1Mi"}}
    files = FileSystem(cgroup_directory(lambda: now))
    assert files.read("/memory.max") == b"1048576\n"
    now = {"limits": {"memory": "2Mi"}}
    assert files.read("/memory.max") == b"2097152\n"
    with pytest.raises(OSError, match="Read-only"):
        files.touch("/memory.max")
