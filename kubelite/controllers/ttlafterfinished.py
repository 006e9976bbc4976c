"""TTL-after-finished controller: deletes Jobs some time after their end, with all that is theirs.

Source: k8s.io/kubernetes/pkg/controller/ttlafterfinished/ttlafterfinished_controller.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from kubelite.api.conditions import get_condition
from kubelite.api.resources import JOBS
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import parse_time
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import DeleteObject, Intent, ReadObject, RequeueAfter, Steps
from kubelite.reconcile.ownership import key_of, split_key


def due(job: Object) -> float | None:
    """When the Job is to be deleted, in Unix seconds; None if it is not."""
    ttl_s = job["spec"].get("ttlSecondsAfterFinished")
    if ttl_s is None or job["metadata"].get("deletionTimestamp"):
        return None
    for type_ in ("Complete", "Failed"):
        condition = get_condition(job, type_)
        if condition is not None and condition["status"] == "True":
            return parse_time(condition["lastTransitionTime"]) + float(ttl_s)
    return None


def plan(job: Object, now: float) -> tuple[Intent, ...]:
    """Delete the Job if it is time, or wait until then.

    Args:
        job: The Job.
        now: Unix seconds.
    """
    time = due(job)
    if time is None:
        return ()
    if time > now:
        return (RequeueAfter(time - now),)
    metadata = job["metadata"]
    return (
        DeleteObject(
            JOBS,
            metadata["namespace"],
            metadata["name"],
            uid=metadata["uid"],
            propagation_policy="Foreground",
        ),
    )


class TTLAfterFinishedController(Reconciler):
    """Keys are Jobs."""

    name = "ttl-after-finished-controller"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._jobs = self.informer(JOBS)

    def watches(self) -> Sequence[Watch]:
        """Jobs that have an end."""
        return (
            Watch(JOBS, lambda _old, new: (key_of(new),) if new is not None and due(new) is not None else ()),
        )

    def sync(self, key: str) -> Steps:
        """One Job; before it is deleted it is read live, since its time may have been changed."""
        namespace, name = split_key(key)
        job = self._jobs.get(namespace, name)
        if job is None:
            return
        planned = plan(job, self.clock.now())
        if any(isinstance(intent, DeleteObject) for intent in planned):
            (outcome,) = yield (ReadObject(JOBS, namespace, name),)
            planned = () if outcome.object is None else plan(outcome.object, self.clock.now())
        yield planned
