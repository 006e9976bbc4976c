"""Warnings about kinds that hold a template of pods, and about what they do to pods.

Source: k8s.io/kubernetes/pkg/registry/{apps,batch,core}/*/strategy.go, pkg/registry/batch/job/storage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from kubelite.api import resources as r
from kubelite.api.validation import names
from kubelite.api.warnings.pods import claim_warnings, template_warnings
from kubelite.apimachinery.scheme import Object, Resource

_NAME: Final = (
    "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS "
    "label is recommended: "
)
_TEMPLATES: Final[Mapping[Resource, Sequence[str]]] = {
    r.PODTEMPLATES: ("template",),
    r.REPLICATIONCONTROLLERS: ("spec", "template"),
    r.REPLICASETS: ("spec", "template"),
    r.DEPLOYMENTS: ("spec", "template"),
    r.STATEFULSETS: ("spec", "template"),
    r.DAEMONSETS: ("spec", "template"),
    r.JOBS: ("spec", "template"),
    r.CRONJOBS: ("spec", "jobTemplate", "spec", "template"),
}
_NAMED: Final = (r.REPLICATIONCONTROLLERS, r.REPLICASETS, r.DEPLOYMENTS, r.JOBS, r.CRONJOBS)
"""Kinds whose names become part of hostnames."""

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


def _on_create(resource: Resource) -> Callable[[Object], list[str]]:
    parts: list[Callable[[Object], list[str]]] = []
    if resource in _NAMED:
        parts.append(_about_name)
    parts.append(_about_template(_TEMPLATES[resource]))
    if resource == r.STATEFULSETS:
        parts.append(_about_stateful_set)
    return lambda obj: [warning for part in parts for warning in part(obj)]


def _on_update(resource: Resource) -> Callable[[Object, Object], list[str]]:
    """Updates warn if what is wanted has changed, and do not speak of the name again."""
    warn = _about_template(_TEMPLATES[resource])

    def warn_on_update(new: Object, old: Object) -> list[str]:
        generation = new["metadata"].get("generation")
        if generation is not None and generation == old["metadata"].get("generation"):
            return []
        return warn(new) + (_about_stateful_set(new) if resource == r.STATEFULSETS else [])

    return warn_on_update


CREATE: Final[Mapping[Resource, Callable[[Object], list[str]]]] = {
    **{resource: _on_create(resource) for resource in _TEMPLATES},
    r.PERSISTENTVOLUMECLAIMS: lambda obj: claim_warnings(obj.get("spec") or {}),
}
UPDATE: Final[Mapping[Resource, Callable[[Object, Object], list[str]]]] = {
    **{resource: _on_update(resource) for resource in _TEMPLATES},
    r.PERSISTENTVOLUMECLAIMS: lambda new, _: claim_warnings(new.get("spec") or {}),
}


def deletion_warnings(resource: Resource, *, is_policy_given: bool) -> tuple[str, ...]:
    """What to tell who deletes without saying what becomes of the dependents."""
    return (JOB_DELETION,) if resource == r.JOBS and not is_policy_given else ()
