"""What CronJobs must be.

Source: k8s.io/kubernetes/pkg/apis/batch/validation/validation.go (validateCronJobSpec).
"""

from __future__ import annotations

import re
from typing import Final

from kubelite.api.cron import CronError, parse_schedule
from kubelite.api.timezones import is_time_zone
from kubelite.api.validation.jobs import validate_job_template
from kubelite.api.validation.problems import Errors, invalid, not_negative, not_supported, required
from kubelite.apimachinery.scheme import Object

NAME_LENGTH_MAX: Final = 52
"""The names of Jobs add eleven characters."""

CONCURRENCY_POLICIES: Final = ("Allow", "Forbid", "Replace")
_ZONE_PART: Final = re.compile(r"[A-Za-z.\-_0-9+]{1,14}")


def validate_cron_job(cron_job: Object) -> Errors:
    """A schedule that can be read, a policy, a template of Jobs, and a name short enough for them."""
    errors = _validate_spec(cron_job["spec"], None)
    name = cron_job["metadata"].get("name") or ""
    if len(name) > NAME_LENGTH_MAX:
        detail = f"must be no more than {NAME_LENGTH_MAX} characters"
        errors.append(invalid("metadata.name", name, detail))
    return errors


def validate_cron_job_update(new: Object, old: Object) -> Errors:
    """As a new one, but that a zone in the schedule may stay."""
    return _validate_spec(new["spec"], old["spec"])


def _validate_spec(spec: Object, old: Object | None) -> Errors:
    zone = spec.get("timeZone")
    errors = _validate_schedule(spec, old)
    errors += not_negative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    if zone is not None and (old is None or old.get("timeZone") != zone):
        errors += _validate_time_zone(zone)
    policy = spec.get("concurrencyPolicy")
    if policy not in CONCURRENCY_POLICIES:
        errors.append(not_supported("spec.concurrencyPolicy", policy, CONCURRENCY_POLICIES))
    errors += validate_job_template(spec["jobTemplate"], "spec.jobTemplate")
    errors += not_negative("spec.successfulJobsHistoryLimit", spec.get("successfulJobsHistoryLimit"))
    return errors + not_negative("spec.failedJobsHistoryLimit", spec.get("failedJobsHistoryLimit"))


def _validate_schedule(spec: Object, old: Object | None) -> Errors:
    path, schedule = "spec.schedule", spec.get("schedule") or ""
    if not schedule:
        return [required(path, "")]
    errors: Errors = []
    try:
        parse_schedule(schedule, is_time_zone)
    except CronError as error:
        errors.append(invalid(path, schedule, str(error)))
    if "TZ" in schedule:
        if old is None or "TZ" not in (old.get("schedule") or ""):
            detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            errors.append(invalid(path, schedule, detail))
        elif spec.get("timeZone") is not None:
            detail = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
            errors.append(invalid(path, schedule, detail))
    return errors


def _validate_time_zone(zone: str) -> Errors:
    path = "spec.timeZone"
    if not zone:
        return [invalid(path, zone, "timeZone must be nil or non-empty string")]
    for part in zone.split("/"):
        if part in {".", ".."} or part.startswith("-") or not _ZONE_PART.fullmatch(part):
            return [invalid(path, zone, f"unknown time zone {zone}")]
    errors: Errors = []
    if zone.lower() == "local":
        detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        errors.append(invalid(path, zone, detail))
    if zone != "Local" and not is_time_zone(zone):
        errors.append(invalid(path, zone, f"unknown time zone {zone}"))
    return errors
