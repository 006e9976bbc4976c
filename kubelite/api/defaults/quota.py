"""Defaults of limits.

Source: k8s.io/kubernetes/pkg/apis/core/v1/defaults.go (SetDefaults_LimitRangeItem).
"""

from __future__ import annotations

from kubelite.api.defaults.podspec import changed, each
from kubelite.apimachinery.scheme import Object


def default_limit_range(limit_range: Object) -> Object:
    """Containers get the maximum by default, and ask for what they get or for the minimum."""
    return changed(limit_range, "spec", lambda spec: changed(spec, "limits", each(_item)))


def _item(item: Object) -> Object:
    if item.get("type") != "Container":
        return item
    default = {**(item.get("max") or {}), **(item.get("default") or {})}
    request = {**(item.get("min") or {}), **default, **(item.get("defaultRequest") or {})}
    made = {"default": default, "defaultRequest": request}
    return {**item, **{key: amounts for key, amounts in made.items() if amounts}}
