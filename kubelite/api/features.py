"""Feature gates: what a cluster can be told to do otherwise than Kubernetes 1.36 does unless asked.

Fields of a feature that is off are dropped from objects, except where the stored object has them already.

Source: k8s.io/kubernetes/pkg/features/kube_features.go; `dropDisabledFields` of pkg/registry/*/strategy.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from kubelite.api import resources as r
from kubelite.apimachinery.scheme import Object, Resource

MAX_UNAVAILABLE_STATEFUL_SET: Final = "MaxUnavailableStatefulSet"
DEFAULTS: Final[Mapping[str, bool]] = {MAX_UNAVAILABLE_STATEFUL_SET: False}
"""The gates that can be set, and what they are in Kubernetes 1.36."""

Features = frozenset[str]
"""The gates that are on."""


def features_of(gates: Mapping[str, bool]) -> Features:
    """The features that are on.

    Args:
        gates: Which differ from Kubernetes' defaults, by Kubernetes' names.

    Raises:
        ValueError: There is no such gate, or it is neither on nor off.
    """
    for name, value in gates.items():
        if name not in DEFAULTS:
            from difflib import get_close_matches  # noqa: PLC0415 - only for who misspells

            near = get_close_matches(name, DEFAULTS, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(DEFAULTS))}"
            raise ValueError(f"feature_gates: {name!r} cannot be set; {hint}")
        if not isinstance(value, bool):
            raise ValueError(f"feature_gates: {name} is True or False, not {value!r}")  # noqa: TRY004
    return frozenset(name for name, is_on in {**DEFAULTS, **gates}.items() if is_on)


class GatedField(NamedTuple):
    """A field that counts only with its feature.

    Attributes:
        is_used: Whether an object has it.
        drop: The object without it.
        default: The object with it.
    """

    feature: str
    is_used: Callable[[Object], bool]
    drop: Callable[[Object], Object]
    default: Callable[[Object], Object]


def without_disabled_fields(
    resource: Resource, obj: Object, old: Object | None, features: Features
) -> Object:
    """The object without the fields of features that are off and that the stored one does not use."""
    for field in GATED_FIELDS.get(resource, ()):
        if field.feature not in features and (old is None or not field.is_used(old)):
            obj = field.drop(obj)
    return obj


def with_enabled_defaults(resource: Resource, obj: Object, features: Features) -> Object:
    """The object with the defaults of features that are on."""
    for field in GATED_FIELDS.get(resource, ()):
        if field.feature in features:
            obj = field.default(obj)
    return obj


# --- StatefulSets: maxUnavailable -------------------------------------------------------------------------


def _rolling(stateful_set: Object) -> Object | None:
    rolling: Object | None = (stateful_set["spec"].get("updateStrategy") or {}).get("rollingUpdate")
    return rolling


def _uses_max_unavailable(stateful_set: Object) -> bool:
    return (_rolling(stateful_set) or {}).get("maxUnavailable") is not None


def _with_rolling(stateful_set: Object, rolling: Object) -> Object:
    spec = stateful_set["spec"]
    strategy = {**spec["updateStrategy"], "rollingUpdate": rolling}
    return {**stateful_set, "spec": {**spec, "updateStrategy": strategy}}


def _drop_max_unavailable(stateful_set: Object) -> Object:
    rolling = _rolling(stateful_set)
    if rolling is None or "maxUnavailable" not in rolling:
        return stateful_set
    rest = {key: value for key, value in rolling.items() if key != "maxUnavailable"}
    return _with_rolling(stateful_set, rest)


def _default_max_unavailable(stateful_set: Object) -> Object:
    rolling = _rolling(stateful_set)
    if rolling is None or rolling.get("maxUnavailable") is not None:
        return stateful_set
    if stateful_set["spec"]["updateStrategy"].get("type") != "RollingUpdate":
        return stateful_set
    return _with_rolling(stateful_set, {**rolling, "maxUnavailable": 1})


GATED_FIELDS: Final[Mapping[Resource, tuple[GatedField, ...]]] = {
    r.STATEFULSETS: (
        GatedField(
            MAX_UNAVAILABLE_STATEFUL_SET,
            _uses_max_unavailable,
            _drop_max_unavailable,
            _default_max_unavailable,
        ),
    ),
}
