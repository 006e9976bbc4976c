"""Warnings about quantities: a fraction of a byte.

Source: k8s.io/kubernetes/pkg/api/pod/warnings.go, pkg/api/persistentvolumeclaim/util.go.
"""

from __future__ import annotations

from kubelite.apimachinery import quantity


def fractional(text: str | int | None, path: str) -> list[str]:
    """The warning about an amount of bytes that is no whole number."""
    if text is None:
        return []
    parsed = quantity.parse(text)
    if parsed.milli() % 1000 == 0:
        return []
    return [f'{path}: fractional byte value "{parsed}" is invalid, must be an integer']
