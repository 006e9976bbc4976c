"""What Jobs must be, and what of them may change.

Source: k8s.io/kubernetes/pkg/apis/batch/validation/validation.go, pkg/registry/batch/job/strategy.go.
"""

from __future__ import annotations

import re
from typing import Any, Final

from kubelite.api.conditions import is_condition_true
from kubelite.api.internalform import internal_form
from kubelite.api.validation import names
from kubelite.api.validation.apps import label_selector_of
from kubelite.api.validation.indexes import IndexesError, count_indexes
from kubelite.api.validation.metadata import validate_label_selector
from kubelite.api.validation.pods import validate_template
from kubelite.api.validation.problems import (
    Errors,
    duplicate,
    invalid,
    invalid_each,
    not_negative,
    not_supported,
    required,
    too_long,
    too_many,
    unchanged,
)
from kubelite.api.workloadstrategy import CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME
from kubelite.apimachinery.field import OMITTED
from kubelite.apimachinery.scheme import Object

INDEXED: Final = "Indexed"
INDEXED_MAX: Final = 100_000
"""Pods at once, and failed indexes, of an Indexed Job."""

HIGH_COMPLETIONS: Final = 100_000
HIGH_COMPLETIONS_MAX: Final = 10_000
"""Pods at once, and failed indexes, beyond so many completions with a limit per index."""

RULES_MAX: Final = 20
EXIT_CODES_MAX: Final = 255
MANAGED_BY_LENGTH_MAX: Final = 63
SUCCEEDED_INDEXES_LENGTH_MAX: Final = 64 * 1024

_COUNTS: Final = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
_ACTIONS: Final = ("Count", "FailIndex", "FailJob", "Ignore")
_EXIT_CODE_OPERATORS: Final = ("In", "NotIn")
_CONDITION_STATUSES: Final = ("False", "True", "Unknown")
_REPLACEMENT_POLICIES: Final = ("Failed", "TerminatingOrFailed")
_RESTART_POLICIES: Final = ("OnFailure", "Never")
_HTTP_PATH: Final = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"


def validate_job(job: Object) -> Errors:
    """A selector of its own pods, a template whose pods end, and numbers that fit together."""
    return _validate_generated(job, prefixed=True) + _validate_own(job)


def _validate_own(job: Object) -> Errors:
    spec, name = job["spec"], job["metadata"].get("name") or ""
    errors = _validate_spec(spec)
    completions = spec.get("completions")
    if spec.get("completionMode") == INDEXED and completions is not None and completions > 0:
        hostname = f"{name}-{completions - 1}"
        if names.dns_label(hostname):
            detail = f"will not able to create pod with invalid DNS label: {hostname}"
            errors.append(invalid("metadata.name", name, detail))
    return errors


def _validate_generated(job: Object, *, prefixed: bool) -> Errors:
    """A selector that was generated selects what was generated."""
    spec, metadata = job["spec"], job["metadata"]
    selector = spec.get("selector")
    if spec.get("manualSelector") or selector is None:
        return []
    uid, name = metadata.get("uid") or "", metadata.get("name") or ""
    expected = {LEGACY_CONTROLLER_UID: uid, LEGACY_JOB_NAME: name}
    if prefixed:
        expected |= {CONTROLLER_UID: uid, JOB_NAME: name}
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    errors: Errors = []
    for label, value in expected.items():
        path = f"spec.template.metadata.labels[{label}]"
        if label not in labels:
            errors.append(required(path, f"must be '{value}'"))
        elif labels[label] != value:
            errors.append(invalid(path, labels, f"must be '{value}'"))
    made = label_selector_of(selector)
    if made is not None and not made.matches(expected):
        errors.append(invalid("spec.selector", selector, "`selector` not auto-generated"))
    return errors


def _validate_spec(spec: Object) -> Errors:
    errors = validate_job_spec(spec, "spec")
    selector = spec.get("selector")
    if selector is None:
        errors.append(required("spec.selector", ""))
    else:
        errors += validate_label_selector(selector, "spec.selector")
    made = label_selector_of(selector)
    labels = (spec["template"].get("metadata") or {}).get("labels")
    if made is not None and not made.matches(labels):
        detail = "`selector` does not match template `labels`"
        errors.append(invalid("spec.template.metadata.labels", labels, detail))
    return errors


def validate_job_template(template: Object, path: str) -> Errors:
    """The errors in what a CronJob makes Jobs of; their selectors are always generated."""
    spec = template["spec"]
    errors = validate_job_spec(spec, f"{path}.spec")
    if spec.get("selector") is not None:
        detail = "`selector` will be auto-generated"
        errors.append(invalid(f"{path}.spec.selector", spec["selector"], detail))
    if spec.get("manualSelector"):
        errors.append(not_supported(f"{path}.spec.manualSelector", True, ("nil", "false")))
    return errors


def validate_job_spec(spec: Object, path: str) -> Errors:
    """The errors in a Job's spec, but for its selector."""
    errors = [e for field in _COUNTS for e in not_negative(f"{path}.{field}", spec.get(field))]
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        errors.append(required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    if spec.get("managedBy") is not None:
        errors += _validate_managed_by(spec["managedBy"], f"{path}.managedBy")
    errors += _validate_completion_mode(spec, path)
    if spec.get("podFailurePolicy") is not None:
        errors += _validate_failure_policy(spec, f"{path}.podFailurePolicy")
    if spec.get("successPolicy") is not None:
        errors += _validate_success_policy(spec, f"{path}.successPolicy")
    replacement = spec.get("podReplacementPolicy")
    allowed = _REPLACEMENT_POLICIES if spec.get("podFailurePolicy") is None else _REPLACEMENT_POLICIES[:1]
    if replacement is not None and replacement not in allowed:
        errors.append(not_supported(f"{path}.podReplacementPolicy", replacement, allowed))
    errors += validate_template(spec["template"], f"{path}.template")
    return errors + _validate_restart_policy(spec, f"{path}.template.spec.restartPolicy")


def _validate_restart_policy(spec: Object, path: str) -> Errors:
    policy = spec["template"]["spec"].get("restartPolicy") or ""
    if policy in {"", "Always"}:
        return [required(path, 'valid values: "OnFailure", "Never"')]
    if policy not in _RESTART_POLICIES:
        return [not_supported(path, policy, _RESTART_POLICIES)]
    if spec.get("podFailurePolicy") is not None and policy != "Never":
        return [invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    return []


def _validate_managed_by(text: str, path: str) -> Errors:
    """The name of a controller: a path with a domain before it."""
    errors = _validate_domain_path(text, path)
    if len(text) > MANAGED_BY_LENGTH_MAX:
        errors.append(too_long(path, text, MANAGED_BY_LENGTH_MAX))
    return errors


def _validate_domain_path(text: str, path: str) -> Errors:
    if not text:
        return [required(path, "")]
    host, _, rest = text.partition("/")
    if not host or not rest:
        return [invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")')]
    errors = invalid_each(path, host, names.dns_subdomain(host))
    if not re.fullmatch(_HTTP_PATH, rest):
        detail = f"Invalid path (regex used for validation is '{_HTTP_PATH}')"
        errors.append(invalid(path, rest, detail))
    return errors


def _validate_completion_mode(spec: Object, path: str) -> Errors:
    mode = spec.get("completionMode")
    per_index, failed = spec.get("backoffLimitPerIndex"), spec.get("maxFailedIndexes")
    errors: Errors = []
    if mode is not None and mode not in {"NonIndexed", INDEXED}:
        errors.append(not_supported(f"{path}.completionMode", mode, ("NonIndexed", INDEXED)))
    if mode == INDEXED:
        errors += _validate_indexed(spec, path)
    elif mode in {None, "NonIndexed"}:
        for field, value in (("backoffLimitPerIndex", per_index), ("maxFailedIndexes", failed)):
            if value is not None:
                errors.append(invalid(f"{path}.{field}", value, "requires indexed completion mode"))
    return errors


def _validate_indexed(spec: Object, path: str) -> Errors:
    completions, parallelism = spec.get("completions"), spec.get("parallelism") or 0
    failed = spec.get("maxFailedIndexes")
    errors: Errors = []
    if completions is None:
        errors.append(required(f"{path}.completions", f"when completion mode is {INDEXED}"))
    if parallelism > INDEXED_MAX:
        detail = f"must be less than or equal to {INDEXED_MAX} when completion mode is {INDEXED}"
        errors.append(invalid(f"{path}.parallelism", parallelism, detail))
    if completions is not None and failed is not None and failed > completions:
        detail = "must be less than or equal to completions"
        errors.append(invalid(f"{path}.maxFailedIndexes", failed, detail))
    if failed is not None and failed > INDEXED_MAX:
        detail = f"must be less than or equal to {INDEXED_MAX}"
        errors.append(invalid(f"{path}.maxFailedIndexes", failed, detail))
    if (completions or 0) <= HIGH_COMPLETIONS or spec.get("backoffLimitPerIndex") is None:
        return errors
    if failed is None:
        detail = f"must be specified when completions is above {HIGH_COMPLETIONS}"
        errors.append(required(f"{path}.maxFailedIndexes", detail))
    for field, value in (("parallelism", parallelism), ("maxFailedIndexes", failed or 0)):
        if value > HIGH_COMPLETIONS_MAX:
            detail = (
                f"must be less than or equal to {HIGH_COMPLETIONS_MAX} when completions are above "
                f"{HIGH_COMPLETIONS} and used with backoff limit per index"
            )
            errors.append(invalid(f"{path}.{field}", value, detail))
    return errors


# --- policies -----------------------------------------------------------------------------------------------


def _validate_failure_policy(spec: Object, path: str) -> Errors:
    rules = spec["podFailurePolicy"].get("rules") or []
    errors = [too_many(f"{path}.rules", len(rules), RULES_MAX)] if len(rules) > RULES_MAX else []
    pod = spec["template"]["spec"]
    containers = {
        container.get("name")
        for field in ("containers", "initContainers")
        for container in pod.get(field) or ()
    }
    for index, rule in enumerate(rules):
        errors += _validate_failure_rule(spec, rule, f"{path}.rules[{index}]", containers)
    return errors


def _quoted(choices: tuple[str, ...]) -> str:
    return "valid values: [" + " ".join(f'"{choice}"' for choice in choices) + "]"


def _validate_failure_rule(spec: Object, rule: Object, path: str, containers: set[Any]) -> Errors:
    errors: Errors = []
    action = rule.get("action") or ""
    if not action:
        errors.append(required(f"{path}.action", _quoted(_ACTIONS)))
    elif action not in _ACTIONS:
        errors.append(not_supported(f"{path}.action", action, _ACTIONS))
    elif action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        errors.append(invalid(f"{path}.action", action, "requires the backoffLimitPerIndex to be set"))
    codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions") or []
    if codes is not None:
        errors += _validate_exit_codes(codes, f"{path}.onExitCodes", containers)
    if conditions:
        errors += _validate_pod_conditions(conditions, f"{path}.onPodConditions")
    if codes is not None and conditions:
        detail = "specifying both OnExitCodes and OnPodConditions is not supported"
        errors.append(invalid(path, OMITTED, detail))
    if codes is None and not conditions:
        detail = "specifying one of OnExitCodes and OnPodConditions is required"
        errors.append(invalid(path, OMITTED, detail))
    return errors


def _validate_pod_conditions(patterns: list[Object], path: str) -> Errors:
    errors = [too_many(path, len(patterns), RULES_MAX)] if len(patterns) > RULES_MAX else []
    for index, pattern in enumerate(patterns):
        here, type_ = f"{path}[{index}]", pattern.get("type") or ""
        errors += invalid_each(f"{here}.type", type_, names.qualified_name(type_))
        status = pattern.get("status") or ""
        if not status:
            errors.append(required(f"{here}.status", _quoted(_CONDITION_STATUSES)))
        elif status not in _CONDITION_STATUSES:
            errors.append(not_supported(f"{here}.status", status, _CONDITION_STATUSES))
    return errors


def _validate_exit_codes(codes: Object, path: str, containers: set[Any]) -> Errors:
    errors: Errors = []
    operator = codes.get("operator") or ""
    if not operator:
        errors.append(required(f"{path}.operator", _quoted(_EXIT_CODE_OPERATORS)))
    elif operator not in _EXIT_CODE_OPERATORS:
        errors.append(not_supported(f"{path}.operator", operator, _EXIT_CODE_OPERATORS))
    container = codes.get("containerName")
    if container is not None and container not in containers:
        detail = "must be one of the container or initContainer names in the pod template"
        errors.append(invalid(f"{path}.containerName", container, detail))
    here, values = f"{path}.values", codes.get("values") or []
    if not values:
        errors.append(invalid(here, codes.get("values"), "at least one value is required"))
    elif len(values) > EXIT_CODES_MAX:
        errors.append(too_many(here, len(values), EXIT_CODES_MAX))
    seen: set[int] = set()
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            errors.append(invalid(f"{here}[{index}]", value, "must not be 0 for the In operator"))
        if value in seen:
            errors.append(duplicate(f"{here}[{index}]", value))
        seen.add(value)
    if values != sorted(values):
        errors.append(invalid(here, values, "must be ordered"))
    return errors


def _validate_success_policy(spec: Object, path: str) -> Errors:
    policy = spec["successPolicy"]
    if spec.get("completionMode") != INDEXED:
        shown = internal_form("api.batch.v1.SuccessPolicy", policy)
        return [invalid(path, shown, "requires indexed completion mode")]
    rules = policy.get("rules") or []
    errors: Errors = []
    if not rules:
        detail = "at least one rules must be specified when the successPolicy is specified"
        errors.append(required(f"{path}.rules", detail))
    if len(rules) > RULES_MAX:
        errors.append(too_many(f"{path}.rules", len(rules), RULES_MAX))
    for index, rule in enumerate(rules):
        errors += _validate_success_rule(rule, spec.get("completions") or 0, f"{path}.rules[{index}]")
    return errors


def _validate_success_rule(rule: Object, completions: int, path: str) -> Errors:
    indexes, count = rule.get("succeededIndexes"), rule.get("succeededCount")
    errors: Errors = []
    if indexes is None and count is None:
        detail = "at least one of succeededCount or succeededIndexes must be specified"
        errors.append(required(path, detail))
    total = 0
    if indexes is not None:
        here = f"{path}.succeededIndexes"
        if len(indexes) > SUCCEEDED_INDEXES_LENGTH_MAX:
            errors.append(too_long(here, indexes, SUCCEEDED_INDEXES_LENGTH_MAX))
        try:
            total = count_indexes(indexes, completions)
        except IndexesError as error:
            errors.append(invalid(here, indexes, f"error parsing succeededIndexes: {error}"))
    if count is not None:
        here = f"{path}.succeededCount"
        errors += not_negative(here, count)
        if count > completions:
            detail = f"must be less than or equal to {completions} (the number of specified completions)"
            errors.append(invalid(here, count, detail))
        if indexes is not None and count > total:
            detail = (
                f"must be less than or equal to {total} (the number of indexes in the specified "
                "succeededIndexes field)"
            )
            errors.append(invalid(here, count, detail))
    return errors


# --- updates ------------------------------------------------------------------------------------------------


def validate_job_update(new: Object, old: Object) -> Errors:
    """What the Job is made of is for ever; a Job that has not begun may still be placed elsewhere.

    The spec is judged twice, as Kubernetes does.
    """
    spec, before = new["spec"], old["spec"]
    labels = (before["template"].get("metadata") or {}).get("labels") or {}
    errors = _validate_generated(new, prefixed=JOB_NAME in labels and CONTROLLER_UID in labels)
    errors += _validate_own(new)
    errors += _validate_spec(spec)
    errors += _validate_completions(spec, before)
    errors += unchanged("spec.selector", spec.get("selector"), before.get("selector"))
    errors += _validate_template_update(new, old)
    for field, type_name in (
        ("completionMode", ""),
        ("podFailurePolicy", "api.batch.v1.PodFailurePolicy"),
        ("backoffLimitPerIndex", ""),
        ("managedBy", ""),
        ("successPolicy", "api.batch.v1.SuccessPolicy"),
    ):
        value = spec.get(field)
        if value != before.get(field):
            shown = internal_form(type_name, value) if type_name else value
            errors.append(invalid(f"spec.{field}", shown, names.IMMUTABLE))
    return errors


def _validate_completions(spec: Object, old: Object) -> Errors:
    """An Indexed Job may be scaled, if both its numbers change alike."""
    completions = spec.get("completions")
    if completions == old.get("completions"):
        return []
    if spec.get("completionMode") != INDEXED:
        return [invalid("spec.completions", completions, names.IMMUTABLE)]
    if completions is None or completions == spec.get("parallelism"):
        return []
    return [invalid("spec.completions", completions, "can only be modified in tandem with spec.parallelism")]


def _validate_template_update(new: Object, old: Object) -> Errors:
    template, before = new["spec"]["template"], old["spec"]["template"]
    if template is before or template == before:
        return []
    if _is_at_rest(old):
        before = _with_resources(_with_scheduling(before, template), template)
    if template == before:
        return []
    shown = internal_form("api.core.v1.PodTemplateSpec", template)
    return [invalid("spec.template", shown, names.IMMUTABLE)]


def _is_at_rest(job: Object) -> bool:
    """Whether a suspended Job has no pod of its present template: not begun yet, or all of them deleted."""
    status = job.get("status") or {}
    if not job["spec"].get("suspend") or status.get("active"):
        return False
    return not status.get("startTime") or is_condition_true(job, "Suspended")


def _with_resources(before: Object, template: Object) -> Object:
    """The old template with what the containers of the new one ask for."""
    made = dict(before["spec"])
    for field in ("initContainers", "containers"):
        old, new = made.get(field) or (), template["spec"].get(field) or ()
        if [each["name"] for each in old] == [each["name"] for each in new] and old:
            made[field] = [
                {**container, "resources": wanted["resources"]}
                if "resources" in wanted
                else {key: value for key, value in container.items() if key != "resources"}
                for container, wanted in zip(old, new, strict=True)
            ]
    return {**before, "spec": made}


def _with_scheduling(before: Object, template: Object) -> Object:
    """The old template with what the new one says of the nodes that its pods may run on."""
    spec, old_spec = template["spec"], before["spec"]
    mutable = ("nodeSelector", "tolerations", "schedulingGates")
    made = {key: value for key, value in old_spec.items() if key not in {*mutable, "affinity"}}
    made |= {key: spec[key] for key in mutable if spec.get(key) is not None}
    affinity = {
        key: value for key, value in (old_spec.get("affinity") or {}).items() if key != "nodeAffinity"
    }
    wanted = spec.get("affinity")
    if wanted is not None:
        node = wanted.get("nodeAffinity")
        affinity |= {"nodeAffinity": node} if node is not None else {}
    if affinity or wanted is not None:
        made["affinity"] = affinity
    metadata = {k: v for k, v in before["metadata"].items() if k not in {"labels", "annotations"}}
    given = template["metadata"]
    metadata |= {key: given[key] for key in ("labels", "annotations") if given.get(key)}
    return {**before, "metadata": metadata, "spec": made}
