"""The columns of workloads: what runs, how much of it is ready, for how long.

Source: k8s.io/kubernetes/pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from typing import Any, Final

from kubelite.api.columns.text import (
    AGE,
    NAME,
    NONE,
    Cell,
    Column,
    human_duration,
    labels,
    since,
    spec_of,
    status_of,
)
from kubelite.apimachinery.labels import SelectorError, from_label_selector
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import parse_time


def _spec(obj: Object) -> Object:
    spec: Object = obj.get("spec") or {}
    return spec


def _status(obj: Object) -> Object:
    status: Object = obj.get("status") or {}
    return status


def _template(obj: Object) -> Object:
    template: Object = _spec(obj).get("template") or {}
    return template


def _job_template(obj: Object) -> Object:
    job = (_spec(obj).get("jobTemplate") or {}).get("spec") or {}
    template: Object = job.get("template") or {}
    return template


def _containers_of(template: Any, field: str) -> Cell:
    def cell(obj: Object, _: float) -> str:
        containers = (template(obj).get("spec") or {}).get("containers") or ()
        return ",".join(container.get(field) or "" for container in containers)

    return cell


def _containers(template: Any, priority: int = 1) -> tuple[Column, Column]:
    return (
        Column(
            "Containers", _containers_of(template, "name"), "The containers of each pod.", priority=priority
        ),
        Column(
            "Images", _containers_of(template, "image"), "The images of those containers.", priority=priority
        ),
    )


def format_selector(selector: Object | None) -> str:
    """A LabelSelector in the form that a query has."""
    try:
        text = str(from_label_selector(selector)) if selector is not None else ""
    except SelectorError:
        return "<error>"
    return text or NONE


def _selector_of(obj: Object, _: float) -> str:
    return format_selector(_spec(obj).get("selector"))


_SELECTOR: Final = Column("Selector", _selector_of, "The labels of the pods that are counted.", priority=1)
_TEMPLATE_CONTAINERS: Final = _containers(_template)


def _count(name: str, field: str, description: str) -> Column:
    return Column(name, status_of(field), description, type="integer")


REPLICA_SET_COLUMNS: Final = (
    NAME,
    Column("Desired", spec_of("replicas"), "How many pods are wanted.", type="integer"),
    _count("Current", "replicas", "How many pods there are."),
    _count("Ready", "readyReplicas", "How many pods are ready."),
    AGE,
    *_TEMPLATE_CONTAINERS,
    _SELECTOR,
)


def _ready(obj: Object, _: float) -> str:
    return f"{_status(obj).get('readyReplicas') or 0}/{_spec(obj).get('replicas') or 0}"


_READY: Final = Column("Ready", _ready, "How many pods are ready, of those wanted.")
_PLAIN_SELECTOR: Final = Column(
    "Selector",
    lambda obj, _: str(from_label_selector(_spec(obj).get("selector"))),
    _SELECTOR.description,
    priority=1,
)
DEPLOYMENT_COLUMNS: Final = (
    NAME,
    _READY,
    Column("Up-to-date", status_of("updatedReplicas"), "How many pods are of the newest template."),
    Column("Available", status_of("availableReplicas"), "How many pods have been ready for long enough."),
    AGE,
    *_TEMPLATE_CONTAINERS,
    _PLAIN_SELECTOR,
)
STATEFUL_SET_COLUMNS: Final = (NAME, _READY, AGE, *_TEMPLATE_CONTAINERS)
DAEMON_SET_COLUMNS: Final = (
    NAME,
    _count("Desired", "desiredNumberScheduled", "How many nodes want the pod."),
    _count("Current", "currentNumberScheduled", "How many of them have it."),
    _count("Ready", "numberReady", "How many of them have it ready."),
    _count("Up-to-date", "updatedNumberScheduled", "How many of them have the newest."),
    _count("Available", "numberAvailable", "How many of them have had it ready for long enough."),
    Column(
        "Node Selector",
        lambda obj, _: labels((_template(obj).get("spec") or {}).get("nodeSelector")),
        "The labels of the nodes that want the pod.",
    ),
    AGE,
    *_TEMPLATE_CONTAINERS,
    _SELECTOR,
)


def _owner(revision: Object, _: float) -> str:
    """The controller of an object, as a resource and its name."""
    for reference in revision["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            group = (reference.get("apiVersion") or "").rpartition("/")[0]
            kind = (reference.get("kind") or "").lower()
            return f"{kind}.{group}/{reference.get('name')}" if group else f"{kind}/{reference.get('name')}"
    return NONE


CONTROLLER_REVISION_COLUMNS: Final = (
    NAME,
    Column("Controller", _owner, "What it is a revision of."),
    Column("Revision", lambda revision, _: revision.get("revision") or 0, "Its number."),
    AGE,
)


def _is_true(job: Object, type_: str) -> bool:
    conditions = _status(job).get("conditions") or ()
    return any(each.get("type") == type_ and each.get("status") == "True" for each in conditions)


def _job_status(job: Object, _: float) -> str:
    for type_ in ("Complete", "Failed"):
        if _is_true(job, type_):
            return type_
    if job["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for type_ in ("Suspended", "FailureTarget"):
        if _is_true(job, type_):
            return type_
    return "Running"


def _job_completions(job: Object, _: float) -> str:
    spec, succeeded = _spec(job), _status(job).get("succeeded") or 0
    if spec.get("completions") is not None:
        return f"{succeeded}/{spec['completions']}"
    parallelism = spec.get("parallelism") or 0
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _job_duration(job: Object, now: float) -> str:
    status = _status(job)
    if not status.get("startTime"):
        return ""
    completed = status.get("completionTime")
    end = parse_time(completed) if completed else now
    return human_duration(end - parse_time(status["startTime"]))


JOB_COLUMNS: Final = (
    NAME,
    Column("Status", _job_status, "What has become of it."),
    Column("Completions", _job_completions, "How many pods have succeeded, of those wanted."),
    Column("Duration", _job_duration, "How long it has run."),
    AGE,
    *_TEMPLATE_CONTAINERS,
    _SELECTOR,
)


def _last_schedule(cron_job: Object, now: float) -> str:
    last = _status(cron_job).get("lastScheduleTime")
    return since(last, now) if last else NONE


def _job_selector(cron_job: Object, _: float) -> str:
    job = (_spec(cron_job).get("jobTemplate") or {}).get("spec") or {}
    return format_selector(job.get("selector"))


CRON_JOB_COLUMNS: Final = (
    NAME,
    Column("Schedule", lambda obj, _: _spec(obj).get("schedule") or "", "When it makes Jobs."),
    Column("Timezone", lambda obj, _: _spec(obj).get("timeZone") or NONE, "In which time zone."),
    Column(
        "Suspend",
        lambda obj, _: "True" if _spec(obj).get("suspend") else "False",
        "Whether it makes none for now.",
        type="boolean",
    ),
    Column(
        "Active",
        lambda obj, _: len(_status(obj).get("active") or ()),
        "How many of its Jobs run.",
        type="integer",
    ),
    Column("Last Schedule", _last_schedule, "How long ago it made the last one."),
    AGE,
    *_containers(_job_template),
    Column("Selector", _job_selector, "The labels of the pods that its Jobs count.", priority=1),
)


def _pod_template(obj: Object) -> Object:
    template: Object = obj.get("template") or {}
    return template


POD_TEMPLATE_COLUMNS: Final = (
    NAME,
    *_containers(_pod_template, priority=0),
    Column(
        "Pod Labels",
        lambda obj, _: labels((_pod_template(obj).get("metadata") or {}).get("labels")),
        "The labels of the pods made of it.",
    ),
)
