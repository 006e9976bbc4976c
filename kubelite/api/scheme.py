"""The scheme of all built-in kinds."""

from __future__ import annotations

from functools import cache

from kubelite.api.builtin import BuiltinStrategy
from kubelite.api.resources import SERVED
from kubelite.apimachinery.scheme import Scheme


@cache
def default_scheme() -> Scheme:
    """The scheme of all built-in kinds. It is shared: register custom kinds in a scheme of your own."""
    return new_scheme()


def new_scheme() -> Scheme:
    """A fresh scheme of all built-in kinds, to which custom resources may be added."""
    scheme = Scheme(BuiltinStrategy)
    for resource in SERVED:
        scheme.register(resource)
    return scheme
