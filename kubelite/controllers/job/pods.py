"""What a Job asks of its pods, and the pods that it makes. Pure.

Source: k8s.io/kubernetes/pkg/controller/job/{job_controller,indexed_job_utils,backoff_utils}.go.
"""

from __future__ import annotations

from typing import Any, Final

from kubelite.api import podutil
from kubelite.api.conditions import get_condition
from kubelite.api.resources import JOBS, PODS
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import parse_time
from kubelite.controllers import replicas
from kubelite.controllers.job.policies import match_failure
from kubelite.reconcile.intents import PatchObject

TRACKING: Final = "batch.kubernetes.io/job-tracking"
"""The finalizer that holds a pod until its Job has counted it."""
INDEX: Final = "batch.kubernetes.io/job-completion-index"
INDEX_FAILURES: Final = "batch.kubernetes.io/job-index-failure-count"
INDEX_IGNORED: Final = "batch.kubernetes.io/job-index-ignored-failure-count"
INDEX_ENV: Final = "JOB_COMPLETION_INDEX"
_GENERATE_NAME_MAX: Final = 58


# --- Jobs ---------------------------------------------------------------------------------------------------


def is_indexed(job: Object) -> bool:
    """Whether every completion has an index of its own."""
    return bool(job["spec"].get("completionMode") == "Indexed")


def is_suspended(job: Object) -> bool:
    """Whether it is to have no pods for now."""
    return bool(job["spec"].get("suspend"))


def limits_each_index(job: Object) -> bool:
    """Whether failures are counted index by index."""
    return is_indexed(job) and job["spec"].get("backoffLimitPerIndex") is not None


def replaces_only_failed(job: Object) -> bool:
    """Whether a pod that is being deleted is replaced (and counted) only after it has ended."""
    spec = job["spec"]
    return spec.get("podReplacementPolicy") == "Failed" or spec.get("podFailurePolicy") is not None


# --- pods ---------------------------------------------------------------------------------------------------


def is_tracked(pod: Object) -> bool:
    """True until its Job has counted it."""
    return TRACKING in (pod["metadata"].get("finalizers") or ())


def is_failed(pod: Object, job: Object) -> bool:
    """Whether the Job counts it as failed: by its phase, or since it is being deleted."""
    if podutil.phase(pod) == podutil.FAILED:
        return True
    if replaces_only_failed(job):
        return False
    return podutil.is_terminating(pod) and podutil.phase(pod) != podutil.SUCCEEDED


def _number(pod: Object, annotation: str) -> int | None:
    text = (pod["metadata"].get("annotations") or {}).get(annotation, "")
    return int(text) if text.isdecimal() else None


def index_of(pod: Object) -> int | None:
    """Its completion index; None if it has none."""
    return _number(pod, INDEX)


def index_failures(pod: Object) -> int:
    """How many pods of its index had failed before it, so far as these count."""
    return _number(pod, INDEX_FAILURES) or 0


def index_failures_in_all(pod: Object) -> int:
    """How many pods of its index had failed before it, with those that a policy ignores."""
    return index_failures(pod) + (_number(pod, INDEX_IGNORED) or 0)


def finished_at(pod: Object) -> float:
    """When it ended, in Unix seconds, as well as that can be told.

    When its last container did, else when it ceased to be ready, else when its deletion was asked for.
    """
    ends = _ends(pod)
    if ends:
        return max(ends)
    ready = get_condition(pod, "Ready")
    if ready is not None and ready.get("status") == "False" and ready.get("lastTransitionTime"):
        return parse_time(ready["lastTransitionTime"])
    metadata = pod["metadata"]
    if metadata.get("deletionTimestamp"):
        grace_s: float = metadata.get("deletionGracePeriodSeconds") or 0
        return parse_time(metadata["deletionTimestamp"]) - grace_s
    return parse_time(metadata["creationTimestamp"])


def _ends(pod: Object) -> list[float]:
    """When each container and sidecar ended; empty unless all have."""
    status = pod.get("status") or {}
    sidecars = {c["name"] for c in pod["spec"].get("initContainers") or () if podutil.is_sidecar(c)}
    statuses = [
        *(status.get("containerStatuses") or ()),
        *(each for each in status.get("initContainerStatuses") or () if each["name"] in sidecars),
    ]
    times = [((each.get("state") or {}).get("terminated") or {}).get("finishedAt") for each in statuses]
    ends = [parse_time(time) for time in times if time]
    return ends if len(ends) == len(times) else []


def untracked(pod: Object) -> PatchObject:
    """The patch that takes the finalizer off."""
    metadata = pod["metadata"]
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": [TRACKING]}}
    return PatchObject(PODS, metadata.get("namespace"), metadata["name"], patch, patch_type="strategic")


# --- the pods that a Job makes ------------------------------------------------------------------------------


def make_pod(job: Object, index: int | None = None, replaced: Object | None = None) -> Object:
    """The pod that the Job's template asks for.

    Args:
        job: Whose it is.
        index: Its completion index; None for Jobs that are not indexed.
        replaced: The failed pod of the same index in whose place it is, where failures are counted by index.
    """
    pod = replicas.make_pod(job, JOBS)
    metadata = pod["metadata"]
    finalizers = [*(metadata.get("finalizers") or ())]
    metadata = {**metadata, "finalizers": finalizers + [TRACKING] * (TRACKING not in finalizers)}
    if index is None:
        return {**pod, "metadata": metadata}
    name = job["metadata"]["name"]
    annotations = {**(metadata.get("annotations") or {}), INDEX: str(index)}
    if limits_each_index(job):
        annotations |= _failure_annotations(job, replaced)
    metadata |= {
        "generateName": _generate_name(name, index),
        "labels": {**(metadata.get("labels") or {}), INDEX: str(index)},
        "annotations": annotations,
    }
    return {**pod, "metadata": metadata, "spec": _with_index(pod["spec"], f"{name}-{index}")}


def _generate_name(name: str, index: int) -> str:
    ending = f"-{index}-"
    return name[: _GENERATE_NAME_MAX - len(ending)] + ending


def _failure_annotations(job: Object, replaced: Object | None) -> dict[str, str]:
    if replaced is None:
        return {INDEX_FAILURES: "0"}
    failures, ignored = index_failures(replaced), _number(replaced, INDEX_IGNORED) or 0
    if match_failure(job["spec"].get("podFailurePolicy"), replaced).is_counted:
        failures += 1
    else:
        ignored += 1
    made = {INDEX_FAILURES: str(failures)}
    return made | {INDEX_IGNORED: str(ignored)} if ignored else made


def _with_index(spec: Object, hostname: str) -> Object:
    """The pod's spec with its host name, and the index among the variables of each container."""
    made: dict[str, Any] = {**spec, "hostname": hostname}
    source = {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}
    for field in ("initContainers", "containers"):
        if spec.get(field):
            made[field] = [
                each
                if any(variable["name"] == INDEX_ENV for variable in each.get("env") or ())
                else {**each, "env": [*(each.get("env") or ()), {"name": INDEX_ENV, "valueFrom": source}]}
                for each in spec[field]
            ]
    return made
