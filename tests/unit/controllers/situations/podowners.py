"""What owners of pods have told."""

from __future__ import annotations

from kubelite.api.resources import (
    JOBS,
    PODS,
    REPLICASETS,
    REPLICATIONCONTROLLERS,
)
from kubelite.apimachinery.timestamps import format_time
from kubelite.controllers.job.controller import JobController
from kubelite.controllers.replicaset.controller import ReplicaSetManager
from kubelite.controllers.replicaset.replication import ReplicationManager
from kubelite.reconcile.intents import (
    CreateObject,
    DeleteObject,
    Outcome,
    PatchObject,
)
from tests.unit.controllers.desk import NOW
from tests.unit.controllers.situations.parts import (
    LABELS,
    NO_TEXT,
    SELECTOR,
    TEMPLATE,
    TIME,
    look,
    named,
    pod,
    refuse,
    tells,
)


def replicas(kind, count):
    plain = kind == REPLICATIONCONTROLLERS
    spec = {"replicas": count, "selector": LABELS if plain else SELECTOR, "template": TEMPLATE}
    return named("o", spec=spec, status={})


def of_replicas(manager, resource, count, *pods, answer=lambda _: None):
    return look(
        manager, "d/o", (resource, replicas(resource, count)), *((PODS, each) for each in pods), answer=answer
    )


for _manager, _resource in ((ReplicaSetManager, REPLICASETS), (ReplicationManager, REPLICATIONCONTROLLERS)):
    _owner = (named("o"), _resource.kind, _resource.api_version)
    _rows = {
        ("Normal", "SuccessfulCreate", "Created pod: o-x"): (1, (), lambda _: None),
        ("Warning", "FailedCreate", f"Error creating: {NO_TEXT}"): (1, (), refuse(CreateObject)),
        ("Normal", "SuccessfulDelete", "Deleted pod: p"): (0, (pod(owner=_owner),), lambda _: None),
        ("Warning", "FailedDelete", f"Error deleting: {NO_TEXT}"): (
            0,
            (pod(owner=_owner),),
            refuse(DeleteObject),
        ),
    }
    for _told, (_count, _pods, _answer) in _rows.items():

        @tells(_manager, _resource.kind, *_told)
        def pods_come_or_go(manager=_manager, resource=_resource, count=_count, pods=_pods, answer=_answer):
            return of_replicas(manager, resource, count, *pods, answer=answer)


def job(status=None, **spec):
    given = {
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 0,
        "selector": SELECTOR,
        "template": TEMPLATE,
    }
    return named("j", spec={**given, **spec}, status=status or {"startTime": TIME})


def of_job(made, *pods, answer=lambda _: None):
    return look(JobController, "d/j", (JOBS, made), *((PODS, each) for each in pods), answer=answer)


def job_pod(phase="Running", index=None, **spec):
    made = pod(owner=(named("j"), "Job", "batch/v1"), phase=phase, ready=False, **spec)
    made["metadata"]["finalizers"] = ["batch.kubernetes.io/job-tracking"]
    if index is not None:
        made["metadata"]["annotations"] = {"batch.kubernetes.io/job-completion-index": str(index)}
    return made


of_jobs = (JobController, "Job")


@tells(*of_jobs, "Normal", "SuccessfulCreate", "Created pod: j-x")
def a_job_begins():
    return of_job(job())


@tells(*of_jobs, "Warning", "FailedCreate", f"Error creating: {NO_TEXT}")
def a_job_cannot_begin():
    return of_job(job(), answer=refuse(CreateObject))


@tells(*of_jobs, "Normal", "SuccessfulDelete", "Deleted pod: p")
def a_job_wants_fewer_pods():
    return of_job(job(parallelism=0), job_pod())


@tells(*of_jobs, "Warning", "FailedDelete", f"Error deleting: {NO_TEXT}")
def a_job_cannot_have_fewer_pods():
    return of_job(job(parallelism=0), job_pod(), answer=refuse(DeleteObject))


@tells(*of_jobs, "Normal", "Suspended", "Job suspended")
def a_job_is_suspended():
    return of_job(job(suspend=True))


@tells(*of_jobs, "Normal", "Resumed", "Job resumed")
def a_job_goes_on():
    suspended = {"type": "Suspended", "status": "True", "reason": "JobSuspended", "message": "Job suspended"}
    return of_job(job(status={"conditions": [suspended]}, suspend=False))


def _end(made, *pods):
    """The last look at a Job whose pods are let go at once."""

    def answer(intent):
        let_go = isinstance(intent, PatchObject) and intent.resource == PODS
        return Outcome(intent, pods[0]) if let_go else None

    return of_job(made, *pods, answer=answer)


@tells(*of_jobs, "Normal", "Completed", "Job completed")
def a_job_is_done():
    return _end(job(), job_pod("Succeeded"))


@tells(
    *of_jobs,
    "Warning",
    "TooManySucceededPods",
    "Too many succeeded pods running after completion count reached",
)
def a_job_is_more_than_done():
    return _end(job(status={"startTime": TIME, "succeeded": 1}), job_pod("Succeeded"))


@tells(*of_jobs, "Warning", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
def a_job_has_failed():
    return _end(job(), job_pod("Failed"))


@tells(*of_jobs, "Warning", "DeadlineExceeded", "Job was active longer than specified deadline")
def a_job_takes_too_long():
    return of_job(job(status={"startTime": format_time(NOW - 60)}, activeDeadlineSeconds=30))


@tells(*of_jobs, "Warning", "FailedIndexes", "Job has failed indexes")
def an_index_has_failed_for_good():
    return _end(
        job(completionMode="Indexed", backoffLimitPerIndex=0, backoffLimit=9), job_pod("Failed", index=0)
    )


@tells(
    *of_jobs,
    "Warning",
    "MaxFailedIndexesExceeded",
    "Job has exceeded the specified maximal number of failed indexes",
)
def too_many_indexes_have_failed():
    made = job(
        completionMode="Indexed", completions=3, backoffLimitPerIndex=0, maxFailedIndexes=0, backoffLimit=9
    )
    return _end(made, job_pod("Failed", index=0))


@tells(*of_jobs, "Warning", "PodFailurePolicy", "Pod d/p has condition Odd matching FailJob rule at index 0")
def a_policy_ends_a_job():
    rule = {"action": "FailJob", "onPodConditions": [{"type": "Odd", "status": "True"}]}
    failed = job_pod("Failed")
    failed["status"]["conditions"] = [{"type": "Odd", "status": "True"}]
    return _end(job(podFailurePolicy={"rules": [rule]}), failed)
