"""Job controller: pods until enough have succeeded, or too many have failed.

How a Job stands and whether it is over is decided in `plan`, which pods it wants in `scaling`, what its
status says in `status`. Here is the order in which it is carried out: pods are created or deleted, the
status names those that have ended, these lose their finalizer, and the status counts them.

Invariant: no finalizer is taken off before a status that was written counts its pod.

Source: k8s.io/kubernetes/pkg/controller/job/job_controller.go.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import ClassVar

import attrs

from kubelite.api import podutil
from kubelite.api.resources import JOBS
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.controllers.job import plan as jobplan
from kubelite.controllers.job import pods as jobpods
from kubelite.controllers.job import scaling as jobscaling
from kubelite.controllers.job import status as jobstatus
from kubelite.controllers.job.backoff import NO_FAILURES, Backoff
from kubelite.controllers.job.plan import Standing, Verdict
from kubelite.controllers.podowners import PodOwners
from kubelite.reconcile.controller import Environment
from kubelite.reconcile.intents import (
    Intent,
    Outcomes,
    RecordEvent,
    RequeueAfter,
    Steps,
    Together,
    UpdateStatus,
)
from kubelite.reconcile.ownership import split_key


@attrs.define(eq=False)
class Memory:
    """What is known of a Job beside what the informers show.

    Attributes:
        removed: Uids of pods whose finalizer was taken off, which has not been seen yet.
        uid: Of the Job.
        written: The version of the Job that was written last.
    """

    uid: str
    backoff: Backoff = NO_FAILURES
    removed: set[str] = attrs.field(factory=set)
    written: int = 0


@attrs.define(eq=False)
class Look:
    """A Job in the course of one look.

    Attributes:
        active: Its active pods, after what was created and deleted.
        job: As it was found, and then as it was written.
        status: What its status is to be, but for pods.
        verdict: If it is over.
    """

    key: str
    job: Object
    memory: Memory
    standing: Standing
    status: Object
    verdict: Verdict | None
    active: int
    ready: int
    terminating: int

    def note_deleted(self, pods: Sequence[Object], deleted: int) -> None:
        """So many of these active pods are being deleted."""
        self.active -= deleted
        self.terminating += deleted
        self.ready -= sum(map(podutil.is_ready, pods))


def _any(_pod: Object) -> bool:
    return True


class JobController(PodOwners):
    """Keys are Jobs."""

    name = "job-controller"
    component = "job-controller"
    kind: ClassVar[Resource] = JOBS
    finalizers: ClassVar[tuple[str, ...]] = (jobpods.TRACKING,)
    retry_s = (1.0, 60.0)

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._memories: dict[str, Memory] = {}

    def matters(self, old: Object, new: Object) -> bool:
        """Also whether it has its finalizers, and how often its containers were started again."""
        return (
            super().matters(old, new)
            or old["metadata"].get("finalizers") != new["metadata"].get("finalizers")
            or podutil.restarts(old) != podutil.restarts(new)
        )

    def _pod_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        if old is not None and jobpods.is_tracked(old) and (new is None or not jobpods.is_tracked(new)):
            for key in self._owner_key(old):
                if key in self._memories:
                    self._memories[key].removed.discard(old["metadata"]["uid"])
        return super()._pod_keys(old, new)

    def _memory(self, key: str, job: Object) -> Memory:
        uid = job["metadata"]["uid"]
        memory = self._memories.get(key)
        if memory is None or memory.uid != uid:
            memory = self._memories[key] = Memory(uid)
        return memory

    # --- a look ---------------------------------------------------------------------------------------------

    def sync(self, key: str) -> Steps:
        """Decide whether the Job is over, see to its pods, and count them."""
        namespace, name = split_key(key)
        job = self._owners.get(namespace, name)
        if job is None or jobplan.is_finished(job) or jobplan.is_managed_elsewhere(job):
            self._memories.pop(key, None)
            self._sizes.pop(key, None)
            if job is None:
                self._expectations.forget(key)
            return
        memory = self._memory(key, job)
        if int(job["metadata"]["resourceVersion"]) < memory.written:
            return  # an old one, with old numbers: the informer will tell of the one that was written
        is_current = self._expectations.is_satisfied(key, self.clock.now())
        pods = yield from self._claim(job, _any)
        self._sizes[key] = max(len(pods), job["spec"]["parallelism"])
        look = self._begin(key, job, memory, pods)
        if look.verdict is not None:
            yield from self._stop(look, is_current=is_current)
        else:
            yield from self._go_on(look, is_current=is_current)
        yield from self._count(look)

    def _begin(self, key: str, job: Object, memory: Memory, pods: Sequence[Object]) -> Look:
        now = self.clock.now()
        started = jobstatus.with_start(job, now)
        standing = jobplan.assess(started, pods, memory.backoff, frozenset(memory.removed))
        return Look(
            key=key,
            job=job,
            memory=memory,
            standing=standing,
            status=started.get("status") or {},
            verdict=jobplan.judge(standing, now),
            active=len(standing.active),
            ready=standing.ready,
            terminating=standing.terminating,
        )

    def _stop(self, look: Look, *, is_current: bool) -> Steps:
        """Delete what still runs; the Job is over only if that is all there can be."""
        pods = look.standing.active
        if pods:
            deleted, _ = yield from self._delete(look.key, look.job, pods, is_expected=False)
            look.note_deleted(pods, deleted)
        if look.active or not is_current:
            look.verdict = None

    def _go_on(self, look: Look, *, is_current: bool) -> Steps:
        now = self.clock.now()
        due = jobplan.deadline(look.standing.job)
        if due is not None:
            yield (RequeueAfter(max(0.0, due - now)),)
        is_managed = is_current and not look.job["metadata"].get("deletionTimestamp")
        if is_managed:
            yield from self._change_pods(look)
        if jobplan.is_done(look.standing, look.active):
            look.verdict = jobplan.COMPLETIONS_REACHED
        elif is_managed:
            status = jobstatus.with_suspension(look.standing.job, now)
            if status != look.status:
                look.status = status
                what = "suspended" if jobpods.is_suspended(look.job) else "resumed"
                yield (RecordEvent(look.job, "Normal", what.capitalize(), f"Job {what}"),)

    def _change_pods(self, look: Look) -> Steps:
        change = jobscaling.plan_pods(look.standing, self.clock.now())
        if change.delete:
            # Without a finalizer they are not counted: it is not they who have failed.
            pods = yield from self._untrack(look, change.delete, look.standing.removed)
            deleted, _ = yield from self._delete(look.key, look.job, pods)
            look.note_deleted(pods, deleted)
        elif change.create:
            created, _ = yield from self._create(look.key, look.job, change.create)
            look.active += created
        elif change.wait_s:
            look.active = 0  # as Kubernetes says while it waits, whatever else runs
            yield (RequeueAfter(change.wait_s),)

    def _untrack(
        self, look: Look, pods: Sequence[Object], skipped: Iterable[str] = ()
    ) -> Generator[Sequence[Intent], Outcomes, list[Object]]:
        """Take the finalizer off; those pods which have none any more."""
        tracked = [pod for pod in pods if jobpods.is_tracked(pod) and pod["metadata"]["uid"] not in skipped]
        done = [pod for pod in pods if not any(pod is each for each in tracked)]
        if not tracked:
            return done
        removed = look.memory.removed
        removed.update(pod["metadata"]["uid"] for pod in tracked)
        outcomes = yield (Together(tuple(map(jobpods.untracked, tracked))),)
        for pod, outcome in zip(tracked, outcomes, strict=True):
            if outcome.error is not None:
                removed.discard(pod["metadata"]["uid"])
            if not outcome.failed:
                done.append(pod)
        return done

    # --- the status -----------------------------------------------------------------------------------------

    def _count(self, look: Look) -> Steps:
        """Note who has ended, let them go, count them, and say so if that was the end."""
        now = self.clock.now()
        status = jobstatus.with_numbers(
            look.status, active=look.active, ready=look.ready, terminating=look.terminating
        )
        tracking = jobstatus.plan_tracking(look.standing, status, look.verdict, now)
        if not (yield from self._write(look, tracking.status)):
            return
        look.memory.backoff = look.standing.backoff
        released = yield from self._untrack(look, tracking.release)
        held = tracking.held - {pod["metadata"]["uid"] for pod in released}
        status = jobstatus.settle(tracking.status, held)
        finished: Object | None = None
        if look.verdict is not None and not tracking.is_partial and len(released) == len(tracking.release):
            finished = jobstatus.finish(status, look.verdict, now)
        if (yield from self._write(look, finished or status)) and finished is not None:
            assert look.verdict is not None
            yield self._events_of_the_end(look.job, look.verdict)

    def _write(self, look: Look, status: Object) -> Generator[Sequence[Intent], Outcomes, bool]:
        """Write the status if it is another one; False if that failed."""
        if status == look.job.get("status"):
            return True
        (outcome,) = yield (UpdateStatus(JOBS, {**look.job, "status": status}),)
        if outcome.object is None:
            return False
        look.job = outcome.object
        look.memory.written = int(look.job["metadata"]["resourceVersion"])
        return True

    @staticmethod
    def _events_of_the_end(job: Object, verdict: Verdict) -> list[Intent]:
        if jobplan.FINAL[verdict.type] == jobplan.FAILED:
            return [RecordEvent(job, "Warning", verdict.reason, verdict.message)]
        events: list[Intent] = [RecordEvent(job, "Normal", "Completed", "Job completed")]
        completions = job["spec"].get("completions")
        if completions is not None and (job["status"].get("succeeded") or 0) > completions:
            text = "Too many succeeded pods running after completion count reached"
            events.insert(0, RecordEvent(job, "Warning", "TooManySucceededPods", text))
        return events
