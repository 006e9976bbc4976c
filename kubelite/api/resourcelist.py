"""Amounts of resources as integers, so that sums and comparisons are exact and quick.

An `Amounts` maps a resource name to a whole number: thousandths for cpu, units (bytes, pieces) for
everything else, rounded up as Kubernetes rounds. It is shared: rebuild instead of changing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

from kubelite.apimachinery import quantity

Amounts: TypeAlias = Mapping[str, int]

_PARSED_MAX: Final = 4096
"""How many distinct (name, text) pairs are remembered; manifests repeat a handful."""


@lru_cache(maxsize=_PARSED_MAX)
def amount(name: str, text: str | int) -> int:
    """The whole number that a quantity stands for: thousandths of a cpu, else units rounded up.

    Raises:
        ValueError: the text is no quantity.
    """
    milli = quantity.parse(text).milli()
    return milli if name == "cpu" else -(-milli // 1000)


def amounts_of(resource_list: Mapping[str, Any] | None) -> Amounts:
    """The amounts in a ResourceList such as `{"cpu": "100m", "memory": "64Mi"}`.

    Raises:
        ValueError: a value is no quantity.
    """
    if not resource_list:
        return {}
    return {name: amount(name, text) for name, text in resource_list.items()}


def add_amounts(first: Amounts, second: Amounts) -> Amounts:
    """The sum, resource by resource."""
    if not second:
        return first
    if not first:
        return second
    total = dict(first)
    for name, value in second.items():
        total[name] = total.get(name, 0) + value
    return total


def max_amounts(first: Amounts, second: Amounts) -> Amounts:
    """The larger of both, resource by resource."""
    if not second:
        return first
    if not first:
        return second
    largest = dict(first)
    for name, value in second.items():
        largest[name] = max(largest.get(name, value), value)
    return largest
