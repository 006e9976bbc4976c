"""What a Deployment's status says: counts, availability, and whether its rollout goes on. Pure.

Source: k8s.io/kubernetes/pkg/controller/deployment/{progress,sync}.go and util/deployment_util.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from kubelite.api.conditions import get_condition, remove_condition
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_time, parse_time
from kubelite.controllers.deployment.rollout import available_of, replicas_of, surge_and_unavailable

AVAILABLE: Final = "Available"
PROGRESSING: Final = "Progressing"
REPLICA_FAILURE: Final = "ReplicaFailure"
NEW_CREATED: Final = "NewReplicaSetCreated"
NEW_FOUND: Final = "FoundNewReplicaSet"
NEW_AVAILABLE: Final = "NewReplicaSetAvailable"
UPDATED: Final = "ReplicaSetUpdated"
TIMED_OUT: Final = "ProgressDeadlineExceeded"
PAUSED: Final = "DeploymentPaused"
RESUMED: Final = "DeploymentResumed"
NO_DEADLINE: Final = 2**31 - 1


def condition(type_: str, status: str, reason: str, message: str, now: float) -> Object:
    """A condition as Deployments have them."""
    time = format_time(now)
    return {
        "type": type_,
        "status": status,
        "lastUpdateTime": time,
        "lastTransitionTime": time,
        "reason": reason,
        "message": message,
    }


def with_condition(conditions: Sequence[Object], made: Object) -> list[Object]:
    """The conditions with a new one at their end; one that says the same already stays as it is."""
    known = next((each for each in conditions if each["type"] == made["type"]), None)
    if known is not None:
        if (known["status"], known["reason"]) == (made["status"], made["reason"]):
            return list(conditions)
        if known["status"] == made["status"]:
            made = {**made, "lastTransitionTime": known["lastTransitionTime"]}
    return [*remove_condition(conditions, made["type"]), made]


def has_deadline(deployment: Object) -> bool:
    """Whether the rollout has to make progress within some time."""
    deadline = deployment["spec"].get("progressDeadlineSeconds")
    return deadline is not None and deadline != NO_DEADLINE


def make_status(deployment: Object, sets: Sequence[Object], new: Object | None, now: float) -> Object:
    """Counts and availability; the other conditions are as they were."""

    def total(field: str, of: Sequence[Object]) -> int:
        return sum(int((each.get("status") or {}).get(field) or 0) for each in of)

    wanted, available = replicas_of(deployment), available_of(sets)
    before = deployment.get("status") or {}
    counts = {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        "replicas": total("replicas", sets),
        "updatedReplicas": total("replicas", [new] if new is not None else []),
        "readyReplicas": total("readyReplicas", sets),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(map(replicas_of, sets)) - available),
    }
    status: dict[str, Any] = {field: number for field, number in counts.items() if number}
    leaving = [(each.get("status") or {}).get("terminatingReplicas") for each in sets]
    if None not in leaving:
        status["terminatingReplicas"] = sum(leaving)
    if before.get("collisionCount") is not None:
        status["collisionCount"] = before["collisionCount"]
    if available >= wanted - surge_and_unavailable(deployment)[1]:
        made = condition(
            AVAILABLE,
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
            now,
        )
    else:
        made = condition(
            AVAILABLE,
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
            now,
        )
    status["conditions"] = with_condition(before.get("conditions") or (), made)
    return status


def is_complete(deployment: Object, status: Object) -> bool:
    """Whether the rollout is done: all replicas are new and available, and no old ones are left."""
    wanted = replicas_of(deployment)
    counted = ("updatedReplicas", "replicas", "availableReplicas")
    observed = int(status.get("observedGeneration", 0))
    return all(status.get(field, 0) == wanted for field in counted) and (
        observed >= int(deployment["metadata"].get("generation", 0))
    )


def is_progressing(deployment: Object, status: Object) -> bool:
    """Whether the new status is nearer to the end than the one before."""
    before = deployment.get("status") or {}

    def old(of: Object) -> int:
        return int(of.get("replicas", 0)) - int(of.get("updatedReplicas", 0))

    grows = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return old(status) < old(before) or any(status.get(key, 0) > before.get(key, 0) for key in grows)


def due_s(deployment: Object, status: Object, now: float) -> float | None:
    """Seconds until the rollout counts as stuck; not above 0 if it does, None if it never will."""
    known = next((each for each in status["conditions"] if each["type"] == PROGRESSING), None)
    if not has_deadline(deployment) or known is None or known["reason"] in {NEW_AVAILABLE, PAUSED}:
        return None
    if known["reason"] == TIMED_OUT:
        return 0.0
    deadline_s: float = deployment["spec"]["progressDeadlineSeconds"]
    return parse_time(known["lastUpdateTime"]) + deadline_s - now


def with_progress(
    deployment: Object, status: Object, sets: Sequence[Object], new: Object | None, now: float
) -> Object:
    """The status with what is to be said of the rollout, and of ReplicaSets that cannot make pods."""
    conditions: list[Object] = list(status["conditions"])
    if not has_deadline(deployment):
        conditions = remove_condition(conditions, PROGRESSING)
    known = get_condition(deployment, PROGRESSING)
    is_done = (
        known is not None
        and known["reason"] == NEW_AVAILABLE
        and status.get("replicas", 0) == status.get("updatedReplicas", 0)
    )
    if has_deadline(deployment) and not is_done:
        what = (
            f'ReplicaSet "{new["metadata"]["name"]}"'
            if new is not None
            else f'Deployment "{deployment["metadata"]["name"]}"'
        )
        if is_complete(deployment, status):
            text = f"{what} has successfully progressed."
            conditions = with_condition(conditions, condition(PROGRESSING, "True", NEW_AVAILABLE, text, now))
        elif is_progressing(deployment, status):
            made = condition(PROGRESSING, "True", UPDATED, f"{what} is progressing.", now)
            if known is not None and known["status"] == "True":
                made["lastTransitionTime"] = known["lastTransitionTime"]
            conditions = [*remove_condition(conditions, PROGRESSING), made]
        elif (left_s := due_s(deployment, {"conditions": conditions}, now)) is not None and left_s <= 0:
            text = f"{what} has timed out progressing."
            conditions = with_condition(conditions, condition(PROGRESSING, "False", TIMED_OUT, text, now))
    failure = _failure(sets, new)
    conditions = (
        with_condition(conditions, failure)
        if failure is not None
        else remove_condition(conditions, REPLICA_FAILURE)
    )
    return {**status, "conditions": conditions}


def _failure(sets: Sequence[Object], new: Object | None) -> Object | None:
    """Why pods cannot be made, the new ReplicaSet's reason first."""
    for each in ([new] if new is not None else []) + list(sets):
        found = get_condition(each, REPLICA_FAILURE)
        if found is not None:
            return {**found, "lastUpdateTime": found.get("lastTransitionTime")}
    return None
