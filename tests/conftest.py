"""What all tests share."""

import asyncio
import os

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["kubelite.pytest_plugin"]
"""Loaded already where kubelite is installed."""

# Where a plain test ran before, pytest-asyncio would make a loop that nobody closes.
asyncio.set_event_loop(None)

settings.register_profile(
    "kubelite",
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("kubelite")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def pytest_xdist_auto_num_workers() -> int:
    """What `-n auto` means: two for each processor, as many tests wait for a client or a grace period."""
    return 2 * (os.cpu_count() or 1)
