"""How the prompt shows what a statement gives: objects of the API as kubectl shows them."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CoroutineType
from typing import Any

from kubelite.apimachinery.apierrors import APIError
from kubelite.cluster.blocking import BlockingCluster
from kubelite.cluster.views import Objects


class Unawaited:
    """What is shown of a coroutine, which has not done anything yet."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"{self._name}: nothing is done yet; write `await` before it (`await _` goes on with this one)"


def shown(running: BlockingCluster, value: Any) -> Any:
    """What stands for a value at the prompt; the value itself if it is no object of the cluster."""
    if isinstance(value, CoroutineType):
        return Unawaited(value.__qualname__)
    try:
        if _is_object(value):
            return _view(running, value)
        if isinstance(value, list) and value and all(map(_is_object, value)):
            return Objects([_view(running, each) for each in value])
    except (APIError, AttributeError, LookupError, TypeError, ValueError):
        pass  # it is gone, or only looks like one
    return value


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and {"kind", "apiVersion", "metadata"} <= value.keys()


def _view(running: BlockingCluster, obj: Any) -> Any:
    metadata = obj["metadata"]
    namespace, name = metadata.get("namespace") or "", metadata["name"]
    return running.view(obj["kind"])[f"{namespace}/{name}" if namespace else name]


def hush() -> None:
    """Nothing is said at the end of coroutines that were not awaited: that was said when they were shown."""
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)


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
