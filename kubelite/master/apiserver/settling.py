"""What the control plane says of flow schemas and admission policies a moment after they were written.

Kubernetes does this in loops of their own: one in the API server looks whether the priority level of a
FlowSchema exists, one in the controller manager checks the types in a policy's expressions. (Expressions are
not compiled here: there is nothing to warn of.)

Source: k8s.io/apiserver/pkg/util/flowcontrol/apf_controller.go (syncFlowSchemaStatuses),
k8s.io/kubernetes/pkg/controller/validatingadmissionpolicystatus.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import fresh
from kubelite.api.conditions import get_condition
from kubelite.api.resources import FLOWSCHEMAS, PRIORITYLEVELCONFIGURATIONS, VALIDATINGADMISSIONPOLICIES
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.master.apiserver.environment import Environment
from kubelite.master.apiserver.writes import update
from kubelite.master.store.entry import Entry
from kubelite.master.store.selection import EVERYTHING

SETTLED: Final = frozenset({FLOWSCHEMAS, PRIORITYLEVELCONFIGURATIONS, VALIDATINGADMISSIONPOLICIES})
"""Kinds after whose writes there is something to say."""


_FLOW_CONTROL: Final = "api-priority-and-fairness-config-consumer-v1"
_TYPE_CHECKER: Final = "validatingadmissionpolicy-status"


def settle(env: Environment) -> None:
    """Bring the statuses up to date."""
    for entry in env.store.list(FLOWSCHEMAS, EVERYTHING).entries:
        _settle_flow_schema(env, entry)
    for entry in env.store.list(VALIDATINGADMISSIONPOLICIES, EVERYTHING).entries:
        _settle_policy(env, entry)


def _settle_flow_schema(env: Environment, entry: Entry) -> None:
    schema = entry.object
    level = schema["spec"]["priorityLevelConfiguration"]["name"]
    is_there = env.store.get(PRIORITYLEVELCONFIGURATIONS, "", level) is not None
    condition = get_condition(schema, "Dangling")
    wanted = fresh.dangling(level, is_there, env.now_text())
    if condition is not None and condition.get("status") == wanted["status"]:
        wanted["lastTransitionTime"] = condition["lastTransitionTime"]
    if condition != wanted:
        _apply(env, FLOWSCHEMAS, entry, {"conditions": [wanted]}, _FLOW_CONTROL)


def _settle_policy(env: Environment, entry: Entry) -> None:
    policy = entry.object
    status = policy.get("status") or {}
    generation = policy["metadata"].get("generation")
    if status.get("observedGeneration") != generation or "typeChecking" not in status:
        checked = {"observedGeneration": generation, "typeChecking": {}}
        _apply(env, VALIDATINGADMISSIONPOLICIES, entry, checked, _TYPE_CHECKER)


def _apply(env: Environment, resource: Resource, entry: Entry, status: Object, manager: str) -> None:
    """Write a status as its owner does: by an apply with force."""
    configuration = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": entry.object["metadata"]["name"]},
        "status": status,
    }
    strategy = env.strategy(resource)
    fields = env.field_managers.of(strategy, "status")
    obj = fields.apply(entry.object, configuration, manager, env.now_text(), force=True)
    update(env, strategy, entry, obj, subresource="status", manager=None)
