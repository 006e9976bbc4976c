"""Defaults of the kinds of `batch/v1`.

Source: k8s.io/kubernetes/pkg/apis/batch/v1/defaults.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kubelite.api import resources as r
from kubelite.api.defaults.podspec import changed, default_pod_template, each, with_defaults
from kubelite.apimachinery.scheme import Object

BACKOFF_LIMIT: Final = 6
BACKOFF_UNLIMITED: Final = (1 << 31) - 1
_CRON_JOB: Final[Mapping[str, Any]] = {
    "concurrencyPolicy": "Allow",
    "suspend": False,
    "successfulJobsHistoryLimit": 3,
    "failedJobsHistoryLimit": 1,
}


def default_job(job: Object) -> Object:
    """One pod that has to succeed, tried again a few times; labels from the template."""
    spec = _job_template_spec(job["spec"])
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec = {**spec, "completions": 1}
    per_index = spec.get("backoffLimitPerIndex") is not None
    spec = with_defaults(
        spec,
        {
            "parallelism": 1,
            "backoffLimit": BACKOFF_UNLIMITED if per_index else BACKOFF_LIMIT,
            "completionMode": "NonIndexed",
            "suspend": False,
            "podReplacementPolicy": "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed",
            "manualSelector": False,
        },
    )
    metadata = job["metadata"]
    labels = spec["template"]["metadata"].get("labels")
    if labels and not metadata.get("labels"):
        metadata = {**metadata, "labels": labels}
    return {**job, "metadata": metadata, "spec": spec}


def default_cron_job(cron_job: Object) -> Object:
    """Not suspended, runs that overlap, some history; its Jobs get their own defaults when they are made."""
    spec = with_defaults(cron_job["spec"], _CRON_JOB)
    job = spec["jobTemplate"]
    job = {**job, "spec": _job_template_spec(job["spec"])}
    return {**cron_job, "spec": {**spec, "jobTemplate": job}}


def _job_template_spec(spec: Object) -> Object:
    """What a Job has in common with the template of one."""
    spec = changed(spec, "template", default_pod_template)
    return changed(spec, "podFailurePolicy", lambda policy: changed(policy, "rules", each(_rule)))


def _rule(rule: Object) -> Object:
    return changed(rule, "onPodConditions", each(lambda pattern: with_defaults(pattern, {"status": "True"})))


DEFAULTS: Final = {r.CRONJOBS: default_cron_job, r.JOBS: default_job}
