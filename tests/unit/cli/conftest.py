"""Commands that run in this process say how to log; the next test is asked anew."""

import pytest
import structlog


@pytest.fixture(autouse=True)
def _logs_as_before():
    yield
    structlog.reset_defaults()
