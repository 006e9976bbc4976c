"""Fields that are a number or a share of one, such as `maxUnavailable: 25%`. Pure.

Source: k8s.io/apimachinery/pkg/util/intstr/intstr.go (GetScaledValueFromIntOrPercent).
"""

from __future__ import annotations

import math


def scaled(value: int | str | None, total: int, *, up: bool) -> int:
    """The number that a field means.

    Args:
        value: A number, or a percentage such as "25%"; None is 0.
        total: Of what it is a percentage.
        up: Whether a share is rounded up, or down.
    """
    if value is None:
        return 0
    if isinstance(value, int):
        return value
    share = int(value.removesuffix("%")) * total / 100
    return math.ceil(share) if up else math.floor(share)
