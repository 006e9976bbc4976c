"""Warnings about kinds that hold a template of pods, and about what they do to pods.

Source: k8s.io/kubernetes/pkg/registry/{apps,batch,core}/*/strategy.go, pkg/registry/batch/job/storage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from kubelite.api import resources as r
from kubelite.api.podtemplates import TEMPLATES
from kubelite.api.validation import names
from kubelite.api.warnings.pods import claim_warnings, template_warnings
from kubelite.api.warnings.volumes import persistent_volume_claim_warnings, persistent_volume_warnings
from kubelite.apimachinery.scheme import Object, Resource

_NAME: Final = (
    "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS "
    "label is recommended: "
)
_NAMED: Final = (r.REPLICATIONCONTROLLERS, r.REPLICASETS, r.DEPLOYMENTS, r.JOBS, r.CRONJOBS)
"""Kinds whose names become part of hostnames."""

_TOO_MANY_INDEXES: Final = (
    "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, "
    "Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
)
_ZONE_IN_SCHEDULE: Final = (
    "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
    "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
)
"""The path is as Kubernetes writes it."""

JOB_DELETION: Final = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove "
    "them or set propagationPolicy=Orphan to suppress this warning"
)


def _about_template(path: Sequence[str]) -> Callable[[Object], list[str]]:
    shown = ".".join(path)

    def warn(obj: Object) -> list[str]:
        template = obj
        for key in path:
            template = template.get(key) or {}
        return template_warnings(template, shown)

    return warn


def _about_name(obj: Object) -> list[str]:
    messages = names.dns_label(obj["metadata"].get("name") or "")
    return [f"{_NAME}[{' '.join(messages)}]"] if messages else []


def _about_stateful_set(obj: Object) -> list[str]:
    spec = obj.get("spec") or {}
    warnings = []
    for index, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
        warnings += claim_warnings(claim.get("spec") or {}, f"spec.volumeClaimTemplates[{index}]")
    limit = spec.get("revisionHistoryLimit")
    if limit is not None and limit < 0:
        text = "a negative value retains all historical revisions; a value >= 0 is recommended"
        warnings.append(f"spec.revisionHistoryLimit: {text}")
    return warnings


def _about_job(path: Sequence[str]) -> Callable[[Object], list[str]]:
    """Jobs of which more indexes may fail than their status can hold."""
    shown = ".".join(path)

    def warn(obj: Object) -> list[str]:
        spec = obj
        for key in path:
            spec = spec.get(key) or {}
        if spec.get("completionMode") != "Indexed":
            return []
        is_large = (spec.get("completions") or 0) > 100_000 and (spec.get("parallelism") or 0) > 10_000
        return [f"{shown}: {_TOO_MANY_INDEXES}"] if is_large else []

    return warn


def _about_spec(resource: Resource) -> list[Callable[[Object], list[str]]]:
    path = TEMPLATES[resource]
    jobs = [_about_job(path[:-1])] if resource in {r.JOBS, r.CRONJOBS} else []
    return [*jobs, _about_template(path)]


def _on_create(resource: Resource) -> Callable[[Object], list[str]]:
    parts: list[Callable[[Object], list[str]]] = []
    if resource in _NAMED:
        parts.append(_about_name)
    parts += _about_spec(resource)
    if resource == r.STATEFULSETS:
        parts.append(_about_stateful_set)
    return lambda obj: [warning for part in parts for warning in part(obj)]


def _on_update(resource: Resource) -> Callable[[Object, Object], list[str]]:
    """Updates warn if what is wanted has changed, and do not speak of the name again."""
    parts = _about_spec(resource)
    if resource == r.STATEFULSETS:
        parts.append(_about_stateful_set)

    def warn_on_update(new: Object, old: Object) -> list[str]:
        generation = new["metadata"].get("generation")
        is_unchanged = generation is not None and generation == old["metadata"].get("generation")
        warnings = [] if is_unchanged else [warning for part in parts for warning in part(new)]
        if resource == r.CRONJOBS and "TZ" in (new["spec"].get("schedule") or ""):
            warnings.append(_ZONE_IN_SCHEDULE)
        return warnings

    return warn_on_update


CREATE: Final[Mapping[Resource, Callable[[Object], list[str]]]] = {
    **{resource: _on_create(resource) for resource in TEMPLATES},
    r.PERSISTENTVOLUMES: persistent_volume_warnings,
    r.PERSISTENTVOLUMECLAIMS: persistent_volume_claim_warnings,
}
UPDATE: Final[Mapping[Resource, Callable[[Object, Object], list[str]]]] = {
    **{resource: _on_update(resource) for resource in TEMPLATES},
    r.PERSISTENTVOLUMES: lambda new, _: persistent_volume_warnings(new),
    r.PERSISTENTVOLUMECLAIMS: lambda new, _: persistent_volume_claim_warnings(new),
}


def deletion_warnings(resource: Resource, *, is_policy_given: bool) -> tuple[str, ...]:
    """What to tell who deletes without saying what becomes of the dependents."""
    return (JOB_DELETION,) if resource == r.JOBS and not is_policy_given else ()
