"""What the status of a Job may say: controllers other than Kubernetes' own write it too.

Most rules are applied only where an update touches what they are about, so that a status which broke one
before can be written on.

Source: k8s.io/kubernetes/pkg/registry/batch/job/strategy.go (getStatusValidationOptions),
pkg/apis/batch/validation/validation.go (validateJobStatus, ValidateJobStatusUpdate).
"""

from __future__ import annotations

from kubelite.api.internalform import internal_form
from kubelite.api.validation.indexes import IndexesError, count_indexes, overlap
from kubelite.api.validation.jobs import INDEXED
from kubelite.api.validation.problems import Errors, duplicate, invalid, not_negative, required
from kubelite.apimachinery.field import OMITTED
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import parse_time

_COUNTS = ("active", "succeeded", "failed", "ready", "terminating")
_CONDITIONS = "status.conditions"


def _true(status: Object) -> frozenset[str]:
    """The types of the conditions that are True."""
    return frozenset(
        condition.get("type") or ""
        for condition in status.get("conditions") or ()
        if condition.get("status") == "True"
    )


def validate_job_status(new: Object, old: Object) -> Errors:
    """The errors of an update of a Job's status."""
    status, before = new.get("status") or {}, old.get("status") or {}
    errors = [e for field in _COUNTS for e in not_negative(f"status.{field}", status.get(field))]
    errors += _uncounted(status.get("uncountedTerminatedPods"))
    errors += _conditions(status, before)
    errors += _finished(status, before)
    errors += _indexes(new, status, before)
    errors += _criteria(new, status)
    return errors + _transitions(new, status, before)


def _changed(status: Object, before: Object, *fields: str) -> bool:
    return any((status.get(field) or None) != (before.get(field) or None) for field in fields)


def _uncounted(pods: Object | None) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for field in ("succeeded", "failed"):
        for index, uid in enumerate((pods or {}).get(field) or ()):
            path = f"status.uncountedTerminatedPods.{field}[{index}]"
            if not uid:
                errors.append(invalid(path, uid, "must not be empty"))
            elif uid in seen:
                errors.append(duplicate(path, uid))
            seen.add(uid)
    return errors


def _conditions(status: Object, before: Object) -> Errors:
    """Rules about complete Jobs and their times."""
    true, was = _true(status), _true(before)
    complete_changed = ("Complete" in true) != ("Complete" in was)
    completed, started = status.get("completionTime"), status.get("startTime")
    time_changed = _changed(status, before, "completionTime")
    errors: Errors = []
    if "Complete" in true:
        for other, text in (("Failed", "Failed=true"), ("FailureTarget", "FailureTarget=true")):
            if other in true and (complete_changed or other not in was):
                detail = f"cannot set Complete=True and {text} conditions"
                errors.append(invalid(_CONDITIONS, OMITTED, detail))
    if complete_changed or time_changed:
        if completed is not None and "Complete" not in true:
            detail = "cannot set completionTime when there is no Complete=True condition"
            errors.append(invalid("status.completionTime", completed, detail))
        if completed is None and "Complete" in true:
            detail = "completionTime is required for Complete jobs"
            errors.append(required("status.completionTime", detail))
    changed = time_changed or _changed(status, before, "startTime")
    if changed and started and completed and parse_time(completed) < parse_time(started):
        detail = "completionTime cannot be set before startTime"
        errors.append(invalid("status.completionTime", completed, detail))
    return errors


def _finished(status: Object, before: Object) -> Errors:
    """Rules about Jobs that are complete or failed."""
    if not _true(status) & {"Complete", "Failed"}:
        return []
    changed = not _true(before) & {"Complete", "Failed"}
    errors: Errors = []
    active = status.get("active") or 0
    if active > 0 and (changed or _changed(status, before, "active")):
        errors.append(invalid("status.active", active, "active>0 is invalid for finished job"))
    if not status.get("startTime") and (changed or _changed(status, before, "startTime")):
        errors.append(required("status.startTime", "startTime is required for finished job"))
    pods = status.get("uncountedTerminatedPods") or {}
    changed = changed or _changed(status, before, "uncountedTerminatedPods")
    if changed and (pods.get("failed") or pods.get("succeeded")):
        shown = internal_form("api.batch.v1.UncountedTerminatedPods", pods)
        detail = "uncountedTerminatedPods needs to be empty for finished job"
        errors.append(invalid("status.uncountedTerminatedPods", shown, detail))
    return errors


def _indexes(job: Object, status: Object, before: Object) -> Errors:
    spec = job["spec"]
    completions = spec.get("completions")
    completed, failed = status.get("completedIndexes") or "", status.get("failedIndexes")
    completed_changed = completed != (before.get("completedIndexes") or "")
    failed_changed = failed != before.get("failedIndexes")
    errors: Errors = []
    if completed_changed and completions is not None:
        errors += _malformed("completedIndexes", completed, completions)
    per_index = spec.get("backoffLimitPerIndex")
    if failed_changed and None not in (completions, per_index, failed):
        errors += _malformed("failedIndexes", failed or "", completions or 0)
    if completed_changed and completed and spec.get("completionMode") != INDEXED:
        detail = "cannot set non-empty completedIndexes when non-indexed completion mode"
        errors.append(invalid("status.completedIndexes", completed, detail))
    if failed_changed and per_index is None and failed is not None:
        detail = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        errors.append(invalid("status.failedIndexes", failed, detail))
    if (completed_changed or failed_changed) and completions is not None and failed:
        index = overlap(completed, failed, completions)
        if index is not None:
            detail = f"failedIndexes and completedIndexes overlap at index: {index}"
            errors.append(invalid("status.failedIndexes", failed, detail))
    return errors


def _malformed(field: str, text: str, completions: int) -> Errors:
    try:
        count_indexes(text, completions)
    except IndexesError as error:
        return [invalid(f"status.{field}", text, f"error parsing {field}: {error}")]
    return []


def _criteria(job: Object, status: Object) -> Errors:
    """Rules about a Job that has met what it was to achieve."""
    true = _true(status)
    met = "SuccessCriteriaMet" in true
    errors: Errors = []
    if met:
        for other, text in (("Failed", "Failed=true"), ("FailureTarget", "FailureTarget=true")):
            if other in true:
                detail = f"cannot set SuccessCriteriaMet=True and {text} conditions"
                errors.append(invalid(_CONDITIONS, OMITTED, detail))
    if job["spec"].get("successPolicy") is not None and not met and "Complete" in true:
        detail = "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"
        errors.append(invalid(_CONDITIONS, OMITTED, detail))
    return errors


def _transitions(job: Object, status: Object, before: Object) -> Errors:
    """What a status may not take back."""
    spec, true, was = job["spec"], _true(status), _true(before)
    errors: Errors = [
        invalid(_CONDITIONS, OMITTED, f"cannot disable the terminal {type_}=True condition")
        for type_ in ("Failed", "Complete", "FailureTarget")
        if type_ in was and type_ not in true
    ]
    counters = ["failed"]
    if spec.get("completionMode") != INDEXED or spec.get("completions") != spec.get("parallelism"):
        counters.append("succeeded")
    for field in counters:
        count = status.get(field) or 0
        if count < (before.get(field) or 0):
            errors.append(invalid(f"status.{field}", count, f"cannot decrease the {field} counter"))
    completed, started = status.get("completionTime"), before.get("startTime")
    if completed and before.get("completionTime") and completed != before["completionTime"]:
        detail = "completionTime cannot be mutated"
        errors.append(invalid("status.completionTime", completed, detail))
    if started and started != status.get("startTime") and not spec.get("suspend"):
        detail = "startTime cannot be removed for unsuspended job"
        errors.append(required("status.startTime", detail))
    met, was_met = "SuccessCriteriaMet" in true, "SuccessCriteriaMet" in was
    if was_met and not met:
        detail = "cannot disable the SuccessCriteriaMet=True condition"
        errors.append(invalid(_CONDITIONS, OMITTED, detail))
    if "Complete" in was and met and not was_met:
        detail = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"
        errors.append(invalid(_CONDITIONS, OMITTED, detail))
    return errors
