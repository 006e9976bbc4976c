"""What all tests share."""

import asyncio
import os

import pytest
import structlog
from hypothesis import HealthCheck, settings

pytest_plugins = ["kubelite.pytest_plugin"]
"""Loaded already where kubelite is installed."""

FEW_PROCESSORS = 4

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


def pytest_runtest_teardown():
    """Forgets how a test said to log (commands and `capture_logs` do): tracebacks in colours take long."""
    if structlog.is_configured():
        structlog.reset_defaults()


def pytest_xdist_auto_num_workers() -> int | None:
    """What `-n auto` means: on few processors two for each, as many tests wait for clients and graces."""
    processors = os.cpu_count() or 1
    is_asked = "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ
    return None if is_asked or processors > FEW_PROCESSORS else 2 * processors
