"""`pods/eviction`: a delete that PodDisruptionBudgets have a say in.

Source: k8s.io/kubernetes/pkg/registry/core/pod/storage/eviction.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.conditions import get_condition, set_condition
from kubelite.api.disruptions import with_allowed
from kubelite.api.podutil import is_ready, is_terminal, phase
from kubelite.api.resources import PODDISRUPTIONBUDGETS, PODS
from kubelite.apimachinery.apierrors import BadRequest, Forbidden, unexpected
from kubelite.apimachinery.labels import from_label_selector
from kubelite.apimachinery.scheme import Object
from kubelite.client.requests import Create, DeleteOptions
from kubelite.master.apiserver.deletion import check_options, check_preconditions, delete_entry
from kubelite.master.apiserver.environment import Environment
from kubelite.master.apiserver.errors import disruption_budget
from kubelite.master.store.entry import Entry
from kubelite.master.store.selection import Selection

ALWAYS_ALLOW: Final = "AlwaysAllow"
SEVERAL_BUDGETS: Final = (
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
)


def evict(env: Environment, request: Create, eviction: Object) -> None:
    """Evict a pod.

    Args:
        env: The API server's surroundings.
        request: Names the pod.
        eviction: The decoded body.

    Raises:
        TooManyRequests: A budget does not allow it now.
        APIError: Any other refusal.
    """
    name = (eviction.get("metadata") or {}).get("name")
    if name != request.name:
        raise BadRequest("name in URL does not match name in Eviction object")
    options = parse_delete_options(eviction.get("deleteOptions") or {}, dry_run=request.dry_run)
    entry = env.must_get(PODS, request.namespace, request.name)
    pod = entry.object
    if not _is_free_of_budgets(pod):
        budgets = _budgets_of(env, request.namespace, pod)
        if len(budgets) > 1:
            raise unexpected(SEVERAL_BUDGETS)
        if budgets and not _is_unhealthy_and_free(pod, budgets[0].object):
            _take_from_budget(env, budgets[0], pod, dry_run=options.dry_run)
    check_preconditions(pod, options, "Pod")
    check_options(options)
    if not options.dry_run:
        entry = env.store.update(PODS, entry, _targeted(pod, env.clock.now()))
    delete_entry(env, PODS, entry, options._replace(resource_version=None))


def parse_delete_options(body: Object, *, dry_run: bool = False) -> DeleteOptions:
    """Delete options from their JSON form."""
    preconditions = body.get("preconditions") or {}
    return DeleteOptions(
        grace_period_s=body.get("gracePeriodSeconds"),
        propagation_policy=body.get("propagationPolicy"),
        orphan_dependents=body.get("orphanDependents"),
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        dry_run=dry_run or "All" in (body.get("dryRun") or ()),
    )


def _is_free_of_budgets(pod: Object) -> bool:
    """Pods that serve nobody: ended, not started, or going anyway."""
    return is_terminal(pod) or phase(pod) == "Pending" or "deletionTimestamp" in pod["metadata"]


def _budgets_of(env: Environment, namespace: str, pod: Object) -> list[Entry]:
    entries = env.store.list(PODDISRUPTIONBUDGETS, Selection(namespace)).entries
    labels = pod["metadata"].get("labels")
    return [
        each for each in entries if from_label_selector(each.object["spec"].get("selector")).matches(labels)
    ]


def _is_unhealthy_and_free(pod: Object, budget: Object) -> bool:
    """Whether a pod that is not ready may go without being counted."""
    if is_ready(pod):
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == ALWAYS_ALLOW:
        return True
    status = budget["status"]
    desired = status.get("desiredHealthy", 0)
    return bool(status.get("currentHealthy", 0) >= desired > 0)


def _take_from_budget(env: Environment, entry: Entry, pod: Object, *, dry_run: bool) -> None:
    budget = entry.object
    status, name = budget["status"], budget["metadata"]["name"]
    allowed = status.get("disruptionsAllowed", 0)
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        raise disruption_budget(
            f"The disruption budget {name} is still being processed by the server.", retry_after_s=10
        )
    if allowed < 0:
        raise Forbidden("pdb disruptions allowed is negative", resource=PODDISRUPTIONBUDGETS, name=name)
    disrupted = status.get("disruptedPods") or {}
    if len(disrupted) > env.config.disrupted_pods_max:
        raise Forbidden(
            "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
            resource=PODDISRUPTIONBUDGETS,
            name=name,
        )
    if allowed == 0:
        raise disruption_budget(_why_none(name, budget))
    if not dry_run:
        taken = {
            **status,
            "disruptionsAllowed": allowed - 1,
            "disruptedPods": {**disrupted, pod["metadata"]["name"]: env.now_text()},
        }
        if allowed == 1:
            seen = status.get("observedGeneration", 0)
            taken["conditions"] = with_allowed(status, 0, seen, env.clock.now())
        env.store.update(PODDISRUPTIONBUDGETS, entry, {**budget, "status": taken})


def _why_none(name: str, budget: Object) -> str:
    """Why a budget allows no disruption."""
    condition = get_condition(budget, "DisruptionAllowed")
    if condition is not None and condition.get("reason") == "SyncFailed":
        why = condition.get("message") or ""
        what = "does not allow evicting pods currently because it failed sync"
        return f"The disruption budget {name} {what}: {why}"
    needs, has = budget["status"].get("desiredHealthy", 0), budget["status"].get("currentHealthy", 0)
    return f"The disruption budget {name} needs {needs} healthy pods and has {has} currently"


def _targeted(pod: Object, now: float) -> Object:
    """The pod with the condition that says why it goes."""
    target = {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": None,
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    conditions = set_condition(pod["status"].get("conditions"), target, now)
    return {**pod, "status": {**pod["status"], "conditions": conditions}}
