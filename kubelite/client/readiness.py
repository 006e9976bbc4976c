"""When an object of a kind is "ready", as pure rules: those of `kubectl rollout status` and `kubectl wait`.

Each answers with a `Verdict`: whether the object is, and in a few words what is missing.

Source: https://kubernetes.io/docs/reference/kubectl/generated/kubectl_rollout/kubectl_rollout_status/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from kubelite.apimachinery.scheme import Object


class Verdict(NamedTuple):
    """Whether a condition holds, and what was seen.

    Attributes:
        holds: The condition is met.
        seen: A few words on the present state, for the message of a time-out.
    """

    holds: bool
    seen: str


def find_condition(obj: Object, name: str) -> Mapping[str, Any] | None:
    """The condition of that type; upper and lower case count alike."""
    for condition in obj.get("status", {}).get("conditions") or ():
        if condition["type"].lower() == name.lower():
            return dict(condition)
    return None


def check_condition(obj: Object, name: str, status: str = "True") -> Verdict:
    """Whether an object has a condition with that status."""
    found = find_condition(obj, name)
    if found is None:
        others = ", ".join(each["type"] for each in obj.get("status", {}).get("conditions") or ())
        return Verdict(
            holds=False, seen=f"it has no condition {name}" + (f" (but {others})" if others else "")
        )
    words = [f"condition {name} is {found.get('status')}"]
    words += [str(found[key]) for key in ("reason", "message") if found.get(key)]
    return Verdict(found.get("status", "").lower() == status.lower(), ": ".join(words))


def is_observed(obj: Object) -> bool:
    """Whether the status speaks of the spec as it is now."""
    found: bool = obj.get("status", {}).get("observedGeneration", 0) >= obj["metadata"].get("generation", 0)
    return found


def _of_now(obj: Object, verdict: Verdict) -> Verdict:
    return (
        verdict if is_observed(obj) else Verdict(holds=False, seen=f"{verdict.seen}; status is out of date")
    )


def _pod(pod: Object) -> Verdict:
    phase = pod.get("status", {}).get("phase", "Pending")
    if phase == "Succeeded":
        return Verdict(holds=True, seen="phase Succeeded")
    condition = find_condition(pod, "Ready")
    holds = (
        condition is not None and condition["status"] == "True" and "deletionTimestamp" not in pod["metadata"]
    )
    waiting = [
        f"{status['name']}: {state.get('reason')}"
        for status in pod.get("status", {}).get("containerStatuses") or ()
        for state in [status.get("state", {}).get("waiting")]
        if state
    ]
    scheduled = find_condition(pod, "PodScheduled")
    if scheduled is not None and scheduled["status"] != "True":
        waiting.append(f"{scheduled.get('reason')}: {scheduled.get('message')}")
    return Verdict(holds, f"phase {phase}" + (f" ({'; '.join(waiting)})" if waiting else ""))


def _replicas(obj: Object) -> Verdict:
    want = obj["spec"].get("replicas", 1)
    status = obj.get("status", {})
    ready, total = status.get("readyReplicas", 0), status.get("replicas", 0)
    seen = f"{ready} of {want} replicas are ready, {total} exist"
    return _of_now(obj, Verdict(ready == want and total == want, seen))


def _deployment(obj: Object) -> Verdict:
    want, status = obj["spec"].get("replicas", 1), obj.get("status", {})
    total, updated = status.get("replicas", 0), status.get("updatedReplicas", 0)
    available = status.get("availableReplicas", 0)
    seen = f"{updated} of {want} replicas are updated, {available} of {want} are available"
    if total > updated:
        seen += f", {total - updated} old ones are left"
    progress = find_condition(obj, "Progressing")
    if progress is not None and progress.get("reason") == "ProgressDeadlineExceeded":
        seen += "; it exceeded its progress deadline"
    return _of_now(obj, Verdict(updated >= want and total == updated and available >= updated, seen))


def _stateful_set(obj: Object) -> Verdict:
    spec, status = obj["spec"], obj.get("status", {})
    want, ready, updated = (
        spec.get("replicas", 1),
        status.get("readyReplicas", 0),
        status.get("updatedReplicas", 0),
    )
    strategy = spec.get("updateStrategy") or {}
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    seen = f"{ready} of {want} replicas are ready, {updated} are updated"
    holds = bool(ready >= want)
    if strategy.get("type") != "OnDelete":
        holds = holds and updated >= want - partition
    return _of_now(obj, Verdict(holds, seen))


def _daemon_set(obj: Object) -> Verdict:
    status = obj.get("status", {})
    want, available = status.get("desiredNumberScheduled", 0), status.get("numberAvailable", 0)
    updated = status.get("updatedNumberScheduled", 0)
    holds = bool(available >= want)
    if (obj["spec"].get("updateStrategy") or {}).get("type") != "OnDelete":
        holds = holds and updated >= want
    return _of_now(obj, Verdict(holds, f"{available} of {want} pods are available, {updated} are updated"))


def _job(obj: Object) -> Verdict:
    done = find_condition(obj, "Complete")
    if done is not None and done.get("status") == "True":
        return Verdict(holds=True, seen="it is complete")
    failed = find_condition(obj, "Failed")
    if failed is not None and failed.get("status") == "True":
        return Verdict(holds=False, seen=f"it failed: {failed.get('reason')}: {failed.get('message')}")
    status = obj.get("status", {})
    counts = ", ".join(f"{status.get(key, 0)} {key}" for key in ("active", "succeeded", "failed"))
    return Verdict(holds=False, seen=f"it is not complete ({counts})")


def _service(service: Object) -> Verdict:
    spec = service["spec"]
    if spec.get("type") == "LoadBalancer":
        ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress")
        return Verdict(
            bool(ingress), "it has an ingress address" if ingress else "the load balancer is pending"
        )
    return Verdict(holds=True, seen=f"type {spec.get('type')}")


def _phase(wanted: str) -> Callable[[Object], Verdict]:
    def rule(obj: Object) -> Verdict:
        phase = obj.get("status", {}).get("phase", "")
        return Verdict(phase == wanted, f"phase {phase}")

    return rule


def _condition(name: str) -> Callable[[Object], Verdict]:
    return lambda obj: check_condition(obj, name)


def _node(node: Object) -> Verdict:
    verdict = check_condition(node, "Ready")
    if verdict.holds and node["spec"].get("unschedulable"):
        return Verdict(holds=True, seen="Ready, cordoned")
    return verdict


READY: Final[Mapping[str, Callable[[Object], Verdict]]] = {
    "APIService": _condition("Available"),
    "CustomResourceDefinition": _condition("Established"),
    "DaemonSet": _daemon_set,
    "Deployment": _deployment,
    "Job": _job,
    "Namespace": _phase("Active"),
    "Node": _node,
    "PersistentVolumeClaim": _phase("Bound"),
    "Pod": _pod,
    "ReplicaSet": _replicas,
    "ReplicationController": _replicas,
    "Service": _service,
    "StatefulSet": _stateful_set,
}
"""The rule of each kind; an object of any other kind is ready as soon as it exists."""
