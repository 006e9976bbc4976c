"""Which pods of a Job to create or to delete. Pure.

Source: k8s.io/kubernetes/pkg/controller/job/{job_controller,indexed_job_utils}.go (manageJob).
"""

from __future__ import annotations

from itertools import groupby
from typing import Final

import attrs

from kubelite.api import podutil
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.deletionrank import sort_for_deletion
from kubelite.controllers.job import pods as jobpods
from kubelite.controllers.job.backoff import remaining_s
from kubelite.controllers.job.indexes import first_pending
from kubelite.controllers.job.plan import Indexes, Standing, has_index, indexes_of

PODS_PER_LOOK_MAX: Final = 500
"""Pods that one look creates or deletes at most."""


@attrs.frozen(eq=False)
class Change:
    """Pods to create or to delete, or how long to wait before any may be created."""

    create: tuple[Object, ...] = ()
    delete: tuple[Object, ...] = ()
    wait_s: float = 0.0


def plan_pods(standing: Standing, now: float) -> Change:
    """The pods of a Job that is not over: too many are deleted, or missing ones are created, never both.

    Args:
        standing: How it stands.
        now: Unix seconds.
    """
    job, active = standing.job, len(standing.active)
    if jobpods.is_suspended(job):
        return Change(delete=_surplus(standing, active, now))
    wanted = _wanted(standing)
    surplus = _surplus(standing, max(0, active - wanted), now)
    if surplus:
        return Change(delete=surplus[:PODS_PER_LOOK_MAX])
    missing = wanted - active - (standing.terminating if jobpods.replaces_only_failed(job) else 0)
    if missing <= 0:
        return Change()
    if standing.indexes is not None and jobpods.limits_each_index(job):
        return _plan_indexes(standing, standing.indexes, min(missing, PODS_PER_LOOK_MAX), now)
    wait_s = remaining_s(standing.backoff.failures, standing.backoff.last_failure, now)
    if wait_s > 0:
        return Change(wait_s=wait_s)
    return _plan_creation(standing, min(missing, PODS_PER_LOOK_MAX))


def _wanted(standing: Standing) -> int:
    """How many pods are to be active: never more than there are completions left."""
    spec = standing.job["spec"]
    parallelism: int = spec["parallelism"]
    completions: int | None = spec.get("completions")
    if completions is None:
        return len(standing.active) if standing.succeeded else parallelism
    return max(0, min(completions - standing.succeeded, parallelism))


def _surplus(standing: Standing, least: int, now: float) -> tuple[Object, ...]:
    """Active pods to be deleted: those without an index of their own, and others until there are `least`."""
    left, surplus = list(standing.active), list[Object]()
    if standing.indexes is not None:
        surplus, left = _without_own_index(standing, now)
    if len(surplus) < least:
        surplus += sort_for_deletion(left, (), now)[: least - len(surplus)]
    return tuple(surplus)


def _without_own_index(standing: Standing, now: float) -> tuple[list[Object], list[Object]]:
    surplus = [pod for pod in standing.active if not has_index(pod, standing.job)]
    indexed = [pod for pod in standing.active if has_index(pod, standing.job)]
    left: list[Object] = []
    for _, pods in groupby(sorted(indexed, key=_index), key=_index):
        *doubles, last = sort_for_deletion(list(pods), (), now)
        surplus += doubles
        left.append(last)
    return surplus, left


def _index(pod: Object) -> int:
    index = jobpods.index_of(pod)
    return -1 if index is None else index


def _pending(standing: Standing, indexes: Indexes, count: int) -> list[int]:
    """The lowest indexes that want a pod."""
    taken = indexes.succeeded | indexes_of(standing.active) | (indexes.failed or frozenset())
    if jobpods.replaces_only_failed(standing.job):
        leaving = (pod for pod in standing.pods if podutil.is_terminating(pod))
        taken |= indexes_of(pod for pod in leaving if not podutil.is_terminal(pod))
    return first_pending(count, standing.job["spec"]["completions"], taken)


def _plan_creation(standing: Standing, count: int) -> Change:
    job = standing.job
    if standing.indexes is None:
        return Change(create=(jobpods.make_pod(job),) * count)
    pending = _pending(standing, standing.indexes, count)
    return Change(create=tuple(jobpods.make_pod(job, index) for index in pending))


def _plan_indexes(standing: Standing, indexes: Indexes, count: int, now: float) -> Change:
    """Pods for the indexes that need not wait; if all do, how long."""
    waits_s: dict[int, float] = {}
    for index in _pending(standing, indexes, count):
        replaced = indexes.awaited.get(index)
        waits_s[index] = (
            0.0
            if replaced is None
            else remaining_s(jobpods.index_failures_in_all(replaced) + 1, jobpods.finished_at(replaced), now)
        )
    due = [index for index, wait_s in waits_s.items() if wait_s <= 0]
    if not due:
        return Change(wait_s=min(waits_s.values(), default=0.0))
    made = (jobpods.make_pod(standing.job, index, indexes.awaited.get(index)) for index in due)
    return Change(create=tuple(made))
