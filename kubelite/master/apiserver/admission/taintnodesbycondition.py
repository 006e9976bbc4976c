"""A node that is not known to be ready takes no pods yet.

Source: k8s.io/kubernetes/plugin/pkg/admission/nodetaint.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.resources import NODES
from kubelite.apimachinery.scheme import Object
from kubelite.master.apiserver.admission.attributes import Attributes, Plugin
from kubelite.master.apiserver.environment import Environment

NOT_READY_TAINT: Final = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def with_taint(node: Object) -> Object:
    """The node with the taint that keeps pods away until it is ready."""
    spec = node.get("spec") or {}
    taints = spec.get("taints") or []
    if any(
        taint.get("key") == NOT_READY_TAINT["key"] and taint.get("effect") == NOT_READY_TAINT["effect"]
        for taint in taints
    ):
        return node
    return {**node, "spec": {**spec, "taints": [*taints, NOT_READY_TAINT]}}


def _admit(_env: Environment, _attributes: Attributes, obj: Object) -> Object:
    return with_taint(obj)


PLUGIN: Final = Plugin(
    name="TaintNodesByCondition", resources=frozenset({NODES.group_resource}), admit=_admit
)
