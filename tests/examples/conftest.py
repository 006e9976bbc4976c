"""What all examples share."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture
def rubbish() -> Iterator[None]:
    """For clients that leave their sockets to the garbage collector: nothing of theirs outlives the test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
