"""How the prompt shows what a statement gives: objects of the API as kubectl shows them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kubelite.apimachinery.apierrors import APIError
from kubelite.cluster.blocking import BlockingCluster


def shown(running: BlockingCluster, value: Any) -> Any:
    """What stands for a value at the prompt; the value itself if it is no object of the cluster."""
    if not isinstance(value, dict) or not {"kind", "apiVersion", "metadata"} <= value.keys():
        return value
    metadata = value["metadata"]
    try:
        namespace, name = metadata.get("namespace") or "", metadata["name"]
        return running.view(value["kind"])[f"{namespace}/{name}" if namespace else name]
    except (APIError, AttributeError, LookupError, TypeError, ValueError):
        return value  # it is gone, or only looks like one


@contextmanager
def showing(running: BlockingCluster) -> Iterator[None]:
    """Show values so while statements run; `_` stays the value."""
    before: Callable[[Any], Any] = sys.displayhook

    def show(value: Any) -> None:
        instead = shown(running, value)
        if instead is value:
            before(value)
        else:
            print(repr(instead))  # noqa: T201 - it is a prompt
            sys.modules["builtins"]._ = value  # type: ignore[attr-defined]

    sys.displayhook = show
    try:
        yield
    finally:
        sys.displayhook = before
