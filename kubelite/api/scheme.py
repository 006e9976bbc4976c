"""The scheme of all built-in kinds."""

from __future__ import annotations

from functools import cache, partial

from kubelite.api.builtin import BuiltinStrategy
from kubelite.api.customresources.definition import DefinitionStrategy
from kubelite.api.features import Features
from kubelite.api.resources import CUSTOMRESOURCEDEFINITIONS, SERVED
from kubelite.apimachinery.scheme import Resource, Scheme
from kubelite.apimachinery.strategy import Strategy


def strategy_of(resource: Resource, features: Features = frozenset()) -> Strategy:
    """The strategy of a built-in kind, with these features on."""
    if resource == CUSTOMRESOURCEDEFINITIONS:
        return DefinitionStrategy(resource)
    return BuiltinStrategy(resource, features)


@cache
def default_scheme() -> Scheme:
    """The scheme of all built-in kinds. It is shared: register custom kinds in a scheme of your own."""
    return new_scheme()


def new_scheme(features: Features = frozenset()) -> Scheme:
    """A fresh scheme of all built-in kinds, to which custom resources may be added.

    Args:
        features: Those that are on.
    """
    scheme = Scheme(partial(strategy_of, features=features) if features else strategy_of)
    for resource in SERVED:
        scheme.register(resource)
    return scheme
