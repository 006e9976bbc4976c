"""What Jobs and CronJobs must be: the table of the group.

Source: k8s.io/kubernetes/pkg/apis/batch/validation.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import resources as r
from kubelite.api.validation.cronjobs import validate_cron_job, validate_cron_job_update
from kubelite.api.validation.jobs import validate_job, validate_job_update
from kubelite.api.validation.jobstatus import validate_job_status
from kubelite.api.validation.rules import KindRules

RULES: Final = {
    r.CRONJOBS: KindRules(validate_cron_job, validate_cron_job_update),
    r.JOBS: KindRules(validate_job, validate_job_update, validate_job_status),
}
