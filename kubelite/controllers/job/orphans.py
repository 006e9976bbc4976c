"""Lets go of pods which no Job will count any more: their Job is gone or over, or they have none.

Source: k8s.io/kubernetes/pkg/controller/job/job_controller.go (syncOrphanPod).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kubelite.api.resources import JOBS, PODS
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.job.plan import is_finished, is_managed_elsewhere
from kubelite.controllers.job.pods import is_tracked, untracked
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import Steps
from kubelite.reconcile.ownership import controller_of, key_of, split_key


def is_let_go(pod: Object, job: Object | None) -> bool:
    """Whether the pod loses its finalizer.

    Args:
        job: The Job that controls it; None if there is none.
        pod: The pod.
    """
    if not is_tracked(pod):
        return False
    reference = controller_of(pod)
    if reference is not None and (reference["kind"], reference["apiVersion"]) != (
        JOBS.kind,
        JOBS.api_version,
    ):
        return False
    return job is None or (is_finished(job) and not is_managed_elsewhere(job))


class JobOrphansController(Reconciler):
    """Keys are pods."""

    name = "job-orphan-pods-controller"
    component = "job-controller"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._jobs = self.informer(JOBS)
        self._pods = self.informer(PODS)

    def watches(self) -> Sequence[Watch]:
        """Pods, and the end of Jobs."""
        return Watch(PODS, self._pod_keys), Watch(JOBS, self._job_keys)

    def _pod_keys(self, _old: Object | None, new: Object | None) -> Iterable[str]:
        return (key_of(new),) if new is not None and is_let_go(new, self._job_of(new)) else ()

    def _job_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        if old is None or (new is not None and not is_finished(new)):
            return ()
        return [key_of(pod) for pod in self._pods.by_owner(old["metadata"]["uid"]) if is_tracked(pod)]

    def _job_of(self, pod: Object) -> Object | None:
        reference = controller_of(pod)
        if reference is None or reference["kind"] != JOBS.kind:
            return None
        job = self._jobs.get(pod["metadata"]["namespace"], reference["name"])
        return job if job is not None and job["metadata"]["uid"] == reference["uid"] else None

    def sync(self, key: str) -> Steps:
        """One pod."""
        namespace, name = split_key(key)
        pod = self._pods.get(namespace, name)
        if pod is not None and is_let_go(pod, self._job_of(pod)):
            yield (untracked(pod),)
