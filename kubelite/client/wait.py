"""What `wait_for` waits for: conditions on objects, as pure predicates.

A predicate looks at an object (or at `None` where there is none) and answers with a `Verdict`: whether it
holds, and in a few words what is missing, which a time-out's message repeats.
The rules of "ready" per kind are those of `kubectl rollout status` and `kubectl wait`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kubelite import records
from kubelite.apimachinery.scheme import Object

Predicate = Callable[[Object | None], "Verdict"]


@records.frozen
class Verdict:
    """Whether a condition holds, and what was seen.

    Attributes:
        holds: The condition is met.
        seen: A few words on the present state, for the message of a time-out.
    """

    holds: bool
    seen: str


ABSENT = Verdict(holds=False, seen="it does not exist")


def _condition(obj: Object, name: str) -> Mapping[str, Any] | None:
    for condition in obj.get("status", {}).get("conditions") or ():
        if condition["type"].lower() == name.lower():
            return dict(condition)
    return None


def _has_condition(name: str, status: str = "True") -> Predicate:
    def holds(obj: Object | None) -> Verdict:
        if obj is None:
            return ABSENT
        found = _condition(obj, name)
        if found is None:
            return Verdict(holds=False, seen=f"it has no condition {name}")
        words = [f"condition {name} is {found.get('status')}"]
        words += [str(found[key]) for key in ("reason", "message") if found.get(key)]
        return Verdict(found.get("status", "").lower() == status.lower(), ": ".join(words))

    return holds


def _pod_ready(pod: Object) -> Verdict:
    phase = pod.get("status", {}).get("phase", "Pending")
    if phase == "Succeeded":
        return Verdict(holds=True, seen="phase Succeeded")
    condition = _condition(pod, "Ready")
    holds = (
        condition is not None and condition["status"] == "True" and "deletionTimestamp" not in pod["metadata"]
    )
    waiting = [
        f"{status['name']}: {state.get('reason')}"
        for status in pod.get("status", {}).get("containerStatuses") or ()
        for state in [status.get("state", {}).get("waiting")]
        if state
    ]
    scheduled = _condition(pod, "PodScheduled")
    if scheduled is not None and scheduled["status"] != "True":
        waiting.append(f"{scheduled.get('reason')}: {scheduled.get('message')}")
    return Verdict(holds, f"phase {phase}" + (f" ({'; '.join(waiting)})" if waiting else ""))


def _replicas_ready(obj: Object) -> Verdict:
    want = obj["spec"].get("replicas", 1)
    status = obj.get("status", {})
    ready, total = status.get("readyReplicas", 0), status.get("replicas", 0)
    current = _observed(obj)
    return Verdict(
        holds=current and ready == want and total == want,
        seen=f"{ready} of {want} replicas are ready, {total} exist"
        + ("" if current else "; status is out of date"),
    )


def _observed(obj: Object) -> bool:
    """Its status tells of its spec as it is."""
    observed: int = (obj.get("status") or {}).get("observedGeneration", 0)
    generation: int = obj["metadata"].get("generation", 0)
    return observed >= generation


def _all(obj: Object, want: int, counts: Mapping[str, int]) -> Verdict:
    """Each of some counts is the one wanted, in a status that is up to date."""
    words = f"of {want} replicas " + ", ".join(f"{count} are {what}" for what, count in counts.items())
    current = _observed(obj)
    holds = current and all(count == want for count in counts.values())
    return Verdict(holds, words + ("" if current else "; status is out of date"))


def _deployment_ready(deployment: Object) -> Verdict:
    """As `kubectl rollout status` sees it: all are of the last template, and no others are left."""
    status, want = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    counts = {"updated": "updatedReplicas", "available": "availableReplicas", "there": "replicas"}
    return _all(deployment, want, {what: status.get(field, 0) for what, field in counts.items()})


def _stateful_set_ready(stateful_set: Object) -> Verdict:
    spec, status = stateful_set["spec"], stateful_set.get("status") or {}
    want, strategy = spec.get("replicas", 1), spec.get("updateStrategy") or {}
    verdict = _all(stateful_set, want, {"ready": status.get("readyReplicas", 0)})
    if strategy.get("type") != "RollingUpdate":
        return verdict
    kept = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    updated = status.get("updatedReplicas", 0)
    return Verdict(verdict.holds and updated >= want - kept, f"{verdict.seen}, {updated} are updated")


def _daemon_set_ready(daemon_set: Object) -> Verdict:
    status = daemon_set.get("status") or {}
    counts = {"available": status.get("numberAvailable", 0)}
    if (daemon_set["spec"].get("updateStrategy") or {}).get("type") == "RollingUpdate":
        counts["updated"] = status.get("updatedNumberScheduled", 0)
    return _all(daemon_set, status.get("desiredNumberScheduled", 0), counts)


def _claim_ready(claim: Object) -> Verdict:
    phase = (claim.get("status") or {}).get("phase", "")
    return Verdict(phase == "Bound", f"phase {phase}")


def _service_ready(service: Object) -> Verdict:
    spec = service["spec"]
    if spec.get("type") == "LoadBalancer":
        ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress")
        return Verdict(
            bool(ingress), "it has an ingress address" if ingress else "the load balancer is pending"
        )
    return Verdict(holds=True, seen=f"type {spec.get('type')}")


def _namespace_ready(namespace: Object) -> Verdict:
    phase = namespace.get("status", {}).get("phase", "")
    return Verdict(phase == "Active", f"phase {phase}")


def _node_ready(node: Object) -> Verdict:
    verdict = _has_condition("Ready")(node)
    if verdict.holds and node["spec"].get("unschedulable"):
        return Verdict(holds=True, seen="Ready, cordoned")
    return verdict


READY: Mapping[str, Callable[[Object], Verdict]] = {
    "Pod": _pod_ready,
    "ReplicationController": _replicas_ready,
    "ReplicaSet": _replicas_ready,
    "Deployment": _deployment_ready,
    "StatefulSet": _stateful_set_ready,
    "DaemonSet": _daemon_set_ready,
    "Job": _has_condition("Complete"),
    "CustomResourceDefinition": _has_condition("Established"),
    "PersistentVolumeClaim": _claim_ready,
    "Service": _service_ready,
    "Namespace": _namespace_ready,
    "Node": _node_ready,
}


def _ready(obj: Object | None) -> Verdict:
    if obj is None:
        return ABSENT
    rule = READY.get(obj.get("kind", ""))
    return Verdict(holds=True, seen="it exists") if rule is None else rule(obj)


def _deleted(obj: Object | None) -> Verdict:
    if obj is None:
        return Verdict(holds=True, seen="it is gone")
    finalizers = obj["metadata"].get("finalizers")
    words = "is being deleted" if "deletionTimestamp" in obj["metadata"] else "exists"
    return Verdict(
        holds=False, seen=f"it {words}" + (f", finalizers {', '.join(finalizers)}" if finalizers else "")
    )


def _exists(obj: Object | None) -> Verdict:
    return ABSENT if obj is None else Verdict(holds=True, seen="it exists")


def _jsonpath(expression: str, value: str | None) -> Predicate:
    from kubelite.apimachinery import jsonpath  # noqa: PLC0415 - few conditions need it

    path = jsonpath.parse(expression)

    def holds(obj: Object | None) -> Verdict:
        if obj is None:
            return ABSENT
        found = path.find(obj)
        texts = [jsonpath.format_value(each) for each in found]
        held = bool(found) if value is None else value in texts
        return Verdict(held, f"{expression} is {', '.join(texts) if texts else 'absent'}")

    return holds


def parse_condition(condition: str | Callable[[Object], Any]) -> Predicate:
    """The predicate for a condition as users write it.

    Args:
        condition: `ready`, `deleted` (or `delete`), `exists` (or `create`), `condition=TYPE[=STATUS]`,
            `jsonpath=EXPR[=VALUE]`, or a callable that is given the object and answers with a truth value.

    Raises:
        ValueError: The text is none of these.

    Source: https://kubernetes.io/docs/reference/kubectl/generated/kubectl_wait/
    """
    if callable(condition):
        test = condition
        return lambda obj: (
            ABSENT if obj is None else Verdict(bool(test(obj)), "the condition given does not hold")
        )
    known = {"ready": _ready, "deleted": _deleted, "delete": _deleted, "exists": _exists, "create": _exists}
    if condition in known:
        return known[condition]
    kind, _, rest = condition.partition("=")
    if kind == "condition" and rest:
        name, _, status = rest.partition("=")
        return _has_condition(name, status or "True")
    if kind == "jsonpath" and rest:
        expression, value = _split_jsonpath(rest)
        return _jsonpath(expression, value)
    raise ValueError(
        f"unknown condition {condition!r}: use ready, deleted, exists, condition=TYPE[=STATUS], "
        "jsonpath=EXPR=VALUE, or a callable",
    )


def _split_jsonpath(text: str) -> tuple[str, str | None]:
    """`{.a[?(@.b=="c")].d}=V` -> its expression and value; the `=` inside braces or brackets do not count."""
    depth = 0
    for index, char in enumerate(text):
        if char in "{[(":
            depth += 1
        elif char in "}])":
            depth -= 1
        elif char == "=" and depth == 0:
            return text[:index], text[index + 1 :]
    return text, None


class WaitTimeout(TimeoutError):  # noqa: N818 - says what happened
    """What was waited for did not come about in time; the text says what was seen instead, and why."""
