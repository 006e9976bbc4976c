"""kubelite: a whole Kubernetes cluster inside one Python process.

The names here are the public ones; each is loaded when it is first used.

PYTEST_DONT_REWRITE: its assertions are not those of tests.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kubelite.apimachinery.apierrors import (
        AlreadyExists,
        APIError,
        Conflict,
        Forbidden,
        Invalid,
        NotFound,
    )
    from kubelite.client.wait import WaitTimeout
    from kubelite.cluster import Cluster
    from kubelite.cluster.access import ExecResult
    from kubelite.cluster.blocking import BlockingCluster, start
    from kubelite.images.container import Container
    from kubelite.images.registry import Image, image
    from kubelite.runtime import WrongLoop

_WHERE = {
    "APIError": "kubelite.apimachinery.apierrors",
    "AlreadyExists": "kubelite.apimachinery.apierrors",
    "BlockingCluster": "kubelite.cluster.blocking",
    "Cluster": "kubelite.cluster",
    "Conflict": "kubelite.apimachinery.apierrors",
    "Container": "kubelite.images.container",
    "ExecResult": "kubelite.cluster.access",
    "Forbidden": "kubelite.apimachinery.apierrors",
    "Image": "kubelite.images.registry",
    "Invalid": "kubelite.apimachinery.apierrors",
    "NotFound": "kubelite.apimachinery.apierrors",
    "WaitTimeout": "kubelite.client.wait",
    "WrongLoop": "kubelite.runtime",
    "image": "kubelite.images.registry",
    "start": "kubelite.cluster.blocking",
}

__all__ = [
    "APIError",
    "AlreadyExists",
    "BlockingCluster",
    "Cluster",
    "Conflict",
    "Container",
    "ExecResult",
    "Forbidden",
    "Image",
    "Invalid",
    "NotFound",
    "WaitTimeout",
    "WrongLoop",
    "image",
    "start",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'kubelite' has no attribute {name!r}")
    return getattr(_load(_WHERE[name]), name)


def _load(module: str) -> ModuleType:
    """Imports a module while the garbage collector rests.

    An import makes a hundred thousand objects that live for ever; looking at them again and again would take
    a tenth of its time. They end up in the oldest generation, as they would anyway.
    """
    if module in sys.modules or not gc.isenabled() or gc.get_freeze_count():
        return import_module(module)
    gc.disable()
    try:
        return import_module(module)
    finally:
        gc.freeze()
        gc.unfreeze()
        gc.enable()


def __dir__() -> list[str]:
    return sorted(__all__)
