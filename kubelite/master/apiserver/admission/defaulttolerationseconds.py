"""Pods stay for five minutes on a node that has become unreachable or not ready, unless they say otherwise.

Source: k8s.io/kubernetes/plugin/pkg/admission/defaulttolerationseconds.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.resources import PODS
from kubelite.apimachinery.scheme import Object
from kubelite.master.apiserver.admission.attributes import CREATE, UPDATE, Attributes, Plugin
from kubelite.master.apiserver.environment import Environment

NOT_READY: Final = "node.kubernetes.io/not-ready"
UNREACHABLE: Final = "node.kubernetes.io/unreachable"
TOLERATION_S: Final = 300


_ADDED: Final[dict[str, Object]] = {
    key: {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": TOLERATION_S}
    for key in (NOT_READY, UNREACHABLE)
}
_USUAL: Final = list(_ADDED.values())
"""The tolerations of a pod that has none of its own; all such pods share them."""


def with_tolerations(pod: Object) -> Object:
    """The pod with the tolerations that it lacks."""
    tolerations: list[Object] | None = pod["spec"].get("tolerations")
    if not tolerations:
        return {**pod, "spec": {**pod["spec"], "tolerations": _USUAL}}
    missing = [
        key for key in (NOT_READY, UNREACHABLE) if not any(_tolerates(each, key) for each in tolerations)
    ]
    if not missing:
        return pod
    added = [_ADDED[key] for key in missing]
    return {**pod, "spec": {**pod["spec"], "tolerations": [*tolerations, *added]}}


def _tolerates(toleration: Object, key: str) -> bool:
    return toleration.get("key", "") in {key, ""} and toleration.get("effect", "") in {"NoExecute", ""}


def _admit(_env: Environment, attributes: Attributes, obj: Object) -> Object:
    return with_tolerations(obj) if attributes.operation == UPDATE else obj


def _decorate(_env: Environment, attributes: Attributes, obj: Object) -> Object:
    return with_tolerations(obj) if attributes.operation == CREATE else obj


PLUGIN: Final = Plugin(
    name="DefaultTolerationSeconds",
    resources=frozenset({PODS.group_resource}),
    operations=frozenset({CREATE, UPDATE}),
    admit=_admit,
    decorate=_decorate,
)
