"""LimitRanges: what containers get if they do not say what they need, and what is too little or too much.

Source: k8s.io/kubernetes/plugin/pkg/admission/limitranger/admission.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.resources import LIMITRANGES, PERSISTENTVOLUMECLAIMS, PODS
from kubelite.apimachinery.scheme import Object
from kubelite.master.apiserver.admission.attributes import CREATE, UPDATE, Attributes, Plugin
from kubelite.master.apiserver.environment import Environment
from kubelite.master.store.selection import everything_in

RESIZE: Final = "resize"


def _limit_ranges(env: Environment, attributes: Attributes) -> list[Object]:
    """Those that apply: pods are judged when they are made or resized, claims also when they change."""
    is_update = attributes.operation == UPDATE
    if attributes.resource == PODS and is_update != (attributes.subresource == RESIZE):
        return []
    if attributes.resource != PODS and attributes.subresource:
        return []
    if not env.store.count(LIMITRANGES):
        return []
    return [
        entry.object for entry in env.store.list(LIMITRANGES, everything_in(attributes.namespace)).entries
    ]


def _admit(env: Environment, attributes: Attributes, obj: Object) -> Object:
    if attributes.resource != PODS or attributes.operation != CREATE:
        return obj
    found = _limit_ranges(env, attributes)
    if found:
        from kubelite.api.limitranges import with_defaults  # noqa: PLC0415 - rarely needed

        for limit_range in found:
            obj = with_defaults(obj, limit_range)
    return obj


def _validate(env: Environment, attributes: Attributes, obj: Object) -> None:
    if "deletionTimestamp" in obj["metadata"]:
        return
    found = _limit_ranges(env, attributes)
    if not found:
        return
    from kubelite.api.limitranges import claim_errors, pod_errors  # noqa: PLC0415 - rarely needed

    judge = pod_errors if attributes.resource == PODS else claim_errors
    for limit_range in found:
        errors = judge(obj, limit_range)
        if errors:
            raise attributes.forbidden(errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]")


PLUGIN: Final = Plugin(
    name="LimitRanger",
    resources=frozenset({PODS.group_resource, PERSISTENTVOLUMECLAIMS.group_resource}),
    operations=frozenset({CREATE, UPDATE}),
    subresources=frozenset({"", RESIZE}),
    admit=_admit,
    validate=_validate,
)
