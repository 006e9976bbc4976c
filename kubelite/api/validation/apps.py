"""What the kinds of `apps/v1` must be, and what of them may change.

Source: k8s.io/kubernetes/pkg/apis/apps/validation, pkg/registry/apps/*/strategy.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kubelite.api import resources as r
from kubelite.api.internalform import internal_form
from kubelite.api.validation import names
from kubelite.api.validation.metadata import validate_label_selector
from kubelite.api.validation.percentages import (
    percent_or_number,
    validate_int_or_percent,
    validate_percent_max,
)
from kubelite.api.validation.pods import validate_template
from kubelite.api.validation.problems import (
    Errors,
    forbidden,
    invalid,
    invalid_each,
    not_negative,
    not_supported,
    required,
    unchanged,
)
from kubelite.api.validation.rules import KindRules
from kubelite.apimachinery.labels import Selector, from_label_selector
from kubelite.apimachinery.scheme import Object

_ABOVE_REPLICAS: Final = "cannot be greater than status.replicas"
_MISMATCH: Final = "`selector` does not match template `labels`"
_STATEFUL_MUTABLE: Final = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
_RETENTION_POLICIES: Final = ("Retain", "Delete")
_DAEMON_COUNTS: Final = (
    "currentNumberScheduled",
    "numberMisscheduled",
    "desiredNumberScheduled",
    "numberReady",
    "observedGeneration",
    "updatedNumberScheduled",
    "numberAvailable",
    "numberUnavailable",
    "collisionCount",
)


def label_selector_of(selector: Mapping[str, Any] | None) -> Selector | None:
    """The selector that a LabelSelector stands for; None if it is invalid."""
    return None if validate_label_selector(selector, "") else from_label_selector(selector)


def _labels(template: Object) -> dict[str, str] | None:
    labels: dict[str, str] | None = (template.get("metadata") or {}).get("labels")
    return labels


def _unmatched(template: Object, selector: Selector) -> Errors:
    """The error of a template which a selector that is not empty does not match."""
    if selector.empty or selector.matches(_labels(template)):
        return []
    return [invalid("spec.template.metadata.labels", _labels(template), _MISMATCH)]


def _selector_errors(spec: Object, kind: str) -> Errors:
    """The errors in a selector that has to select something."""
    selector = spec.get("selector")
    if selector is None:
        return [required("spec.selector", "")]
    errors = validate_label_selector(selector, "spec.selector")
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        errors.append(invalid("spec.selector", selector, f"empty selector is invalid for {kind}"))
    return errors


def _always_restarted(template: Object, kind: str) -> Errors:
    """Pods that are replaced rather than ended are always restarted."""
    spec = template.get("spec") or {}
    errors: Errors = []
    policy = spec.get("restartPolicy") or ""
    if policy != "Always":
        errors.append(not_supported("spec.template.spec.restartPolicy", policy, ["Always"]))
    if spec.get("activeDeadlineSeconds") is not None:
        path = "spec.template.spec.activeDeadlineSeconds"
        errors.append(forbidden(path, f"activeDeadlineSeconds in {kind} is not Supported"))
    return errors


# --- Deployment and ReplicaSet ------------------------------------------------------------------------------


def _replicated_template(spec: Object) -> Errors:
    """The errors in the template of a Deployment or ReplicaSet, against its selector."""
    template = spec.get("template") or {}
    selector = label_selector_of(spec.get("selector"))
    if selector is None:
        return [invalid("spec.selector", spec.get("selector"), "invalid label selector")]
    errors = _unmatched(template, selector)
    errors += validate_template(template, "spec.template")
    return errors + _always_restarted(template, "ReplicaSet")


def validate_deployment(deployment: Object) -> Errors:
    """A selector that its template matches, and a strategy that can get ahead."""
    spec = deployment.get("spec") or {}
    errors = not_negative("spec.replicas", spec.get("replicas"))
    errors += _selector_errors(spec, "deployment")
    errors += _replicated_template(spec)
    errors += _deployment_strategy(spec.get("strategy") or {}, "spec.strategy")
    for field in ("minReadySeconds", "revisionHistoryLimit"):
        errors += not_negative(f"spec.{field}", spec.get(field))
    deadline_s = spec.get("progressDeadlineSeconds")
    if deadline_s is not None:
        path = "spec.progressDeadlineSeconds"
        errors += not_negative(path, deadline_s)
        if deadline_s <= (spec.get("minReadySeconds") or 0):
            errors.append(invalid(path, deadline_s, "must be greater than minReadySeconds"))
    return errors


def _deployment_strategy(strategy: Object, path: str) -> Errors:
    type_, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if type_ == "Recreate":
        detail = "may not be specified when strategy `type` is 'Recreate'"
        return [] if rolling is None else [forbidden(f"{path}.rollingUpdate", detail)]
    if type_ != "RollingUpdate":
        shown = internal_form("api.apps.v1.DeploymentStrategy", strategy)
        return [not_supported(path, shown, ("Recreate", "RollingUpdate"))]
    assert rolling is not None
    here = f"{path}.rollingUpdate"
    unavailable, surge = rolling["maxUnavailable"], rolling["maxSurge"]
    errors = validate_int_or_percent(unavailable, f"{here}.maxUnavailable")
    errors += validate_int_or_percent(surge, f"{here}.maxSurge")
    if not percent_or_number(unavailable) and not percent_or_number(surge):
        detail = "may not be 0 when `maxSurge` is 0"
        errors.append(invalid(f"{here}.maxUnavailable", unavailable, detail))
    return errors + validate_percent_max(unavailable, f"{here}.maxUnavailable")


def validate_deployment_update(new: Object, old: Object) -> Errors:
    """The selector is for ever."""
    return validate_deployment(new) + _same_selector(new, old)


def _same_selector(new: Object, old: Object) -> Errors:
    return unchanged("spec.selector", new["spec"].get("selector"), old["spec"].get("selector"))


def validate_deployment_status(new: Object, old: Object) -> Errors:
    """Counts that fit together."""
    status = new.get("status") or {}
    fields = (
        "observedGeneration",
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
        "unavailableReplicas",
        "collisionCount",
    )
    errors = _counts(status, fields)
    errors += _at_most_replicas(status, ("updatedReplicas", "readyReplicas", "availableReplicas"))
    errors += _available_at_most_ready(status, "cannot be greater than readyReplicas")
    return errors + _collisions(new, old)


def validate_replica_set(replica_set: Object) -> Errors:
    """A selector that its template matches."""
    spec = replica_set.get("spec") or {}
    errors = not_negative("spec.replicas", spec.get("replicas"))
    errors += not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    errors += _selector_errors(spec, "deployment")
    return errors + _replicated_template(spec)


def validate_replica_set_update(new: Object, old: Object) -> Errors:
    """The selector is for ever. The rest is judged twice, as Kubernetes does."""
    errors = validate_replica_set(new)
    return errors + errors + _same_selector(new, old)


def validate_replica_set_status(new: Object, _: Object) -> Errors:
    """Counts that fit together."""
    status = new.get("status") or {}
    fields = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration")
    errors = _counts(status, fields) + _at_most_replicas(status, fields[1:4])
    return errors + _available_at_most_ready(status, "cannot be greater than readyReplicas")


def _counts(status: Object, fields: Iterable[str]) -> Errors:
    return [error for field in fields for error in not_negative(f"status.{field}", status.get(field))]


def _at_most_replicas(status: Object, fields: Iterable[str]) -> Errors:
    replicas = status.get("replicas") or 0
    counts = {field: status.get(field) or 0 for field in fields}
    return [
        invalid(f"status.{field}", count, _ABOVE_REPLICAS)
        for field, count in counts.items()
        if count > replicas
    ]


def _available_at_most_ready(status: Object, detail: str) -> Errors:
    available = status.get("availableReplicas") or 0
    if available <= (status.get("readyReplicas") or 0):
        return []
    return [invalid("status.availableReplicas", available, detail)]


def _collisions(new: Object, old: Object) -> Errors:
    before = (old.get("status") or {}).get("collisionCount")
    count = (new.get("status") or {}).get("collisionCount")
    if before is None or (count is not None and count >= before):
        return []
    return [invalid("status.collisionCount", count or 0, "cannot be decremented")]


# --- DaemonSet ----------------------------------------------------------------------------------------------


def validate_daemon_set(daemon_set: Object) -> Errors:
    """A selector that its template matches, and a strategy that can get ahead."""
    spec = daemon_set.get("spec") or {}
    given, template = spec.get("selector"), spec.get("template") or {}
    errors = validate_label_selector(given, "spec.selector")
    selector = label_selector_of(given)
    if selector is not None and not selector.matches(_labels(template)):
        errors.append(invalid("spec.template.metadata.labels", _labels(template), _MISMATCH))
    if given is not None and not given.get("matchLabels") and not given.get("matchExpressions"):
        errors.append(invalid("spec.selector", given, "empty selector is invalid for daemonset"))
    errors += validate_template(template, "spec.template")
    errors += _always_restarted(template, "DaemonSet")
    errors += not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    errors += _daemon_set_strategy(spec.get("updateStrategy") or {}, "spec.updateStrategy")
    return errors + not_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))


def _daemon_set_strategy(strategy: Object, path: str) -> Errors:
    type_, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if type_ == "OnDelete":
        return []
    if type_ != "RollingUpdate":
        shown = internal_form("api.apps.v1.DaemonSetUpdateStrategy", strategy)
        return [not_supported(path, shown, ("RollingUpdate", "OnDelete"))]
    assert rolling is not None
    here = f"{path}.rollingUpdate"
    unavailable, surge = rolling["maxUnavailable"], rolling["maxSurge"]
    errors = validate_int_or_percent(unavailable, f"{here}.maxUnavailable")
    errors += validate_int_or_percent(surge, f"{here}.maxSurge")
    errors += validate_percent_max(unavailable, f"{here}.maxUnavailable")
    errors += validate_percent_max(surge, f"{here}.maxSurge")
    if percent_or_number(unavailable) and percent_or_number(surge):
        detail = "may not be set when maxUnavailable is non-zero"
        errors.append(invalid(f"{here}.maxSurge", surge, detail))
    elif not percent_or_number(unavailable) and not percent_or_number(surge):
        errors.append(required(f"{here}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return errors


def validate_daemon_set_update(new: Object, old: Object) -> Errors:
    """The selector is for ever. The rest is judged twice, as Kubernetes does."""
    errors = validate_daemon_set(new)
    return errors + errors + _same_selector(new, old)


def validate_daemon_set_status(new: Object, old: Object) -> Errors:
    """No count below zero."""
    return _counts(new.get("status") or {}, _DAEMON_COUNTS) + _collisions(new, old)


# --- StatefulSet --------------------------------------------------------------------------------------------


def validate_stateful_set(stateful_set: Object) -> Errors:
    """A selector that its template matches; policies that exist; the name of a Service."""
    spec = stateful_set.get("spec") or {}
    return _stateful_set_spec(spec, named=True)


def _stateful_set_spec(spec: Object, *, named: bool) -> Errors:
    errors: Errors = []
    policy = spec.get("podManagementPolicy")
    if policy not in {"OrderedReady", "Parallel"}:
        errors.append(invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"))
    errors += _stateful_set_strategy(spec.get("updateStrategy") or {}, "spec.updateStrategy")
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for field in ("whenDeleted", "whenScaled"):
        value = retention.get(field, "Retain")
        if value not in _RETENTION_POLICIES:
            path = f"spec.persistentVolumeClaimRetentionPolicy.{field}"
            errors.append(not_supported(path, value, _RETENTION_POLICIES))
    errors += not_negative("spec.replicas", spec.get("replicas"))
    errors += not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    errors += not_negative("spec.ordinals.start", (spec.get("ordinals") or {}).get("start"))
    service = spec.get("serviceName")
    if named and service:
        errors += invalid_each("spec.serviceName", service, names.dns_label(service))
    errors += _selector_errors(spec, "statefulset")
    selector = label_selector_of(spec.get("selector"))
    if selector is None:
        errors.append(invalid("spec.selector", spec.get("selector"), ""))
    else:
        errors += _stateful_template(spec, selector)
    return errors + _always_restarted(spec.get("template") or {}, "StatefulSet")


def _stateful_template(spec: Object, selector: Selector) -> Errors:
    """The errors in the template, which may mount the claims that the set makes."""
    template = spec.get("template") or {}
    errors = _unmatched(template, selector)
    claims = [claim["metadata"].get("name") or "" for claim in spec.get("volumeClaimTemplates") or ()]
    pod = template.get("spec") or {}
    own = pod.get("volumes") or []
    named = {volume.get("name") for volume in own}
    added: list[Object] = [
        {"name": name, "emptyDir": {}} for name in dict.fromkeys(claims) if name and name not in named
    ]
    if added:
        template = {**template, "spec": {**pod, "volumes": [*own, *added]}}
    return errors + validate_template(template, "spec.template")


def _stateful_set_strategy(strategy: Object, path: str) -> Errors:
    type_, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    here = f"{path}.rollingUpdate"
    if type_ == "OnDelete":
        shown = internal_form("api.apps.v1.RollingUpdateStatefulSetStrategy", rolling)
        detail = "only allowed for updateStrategy 'RollingUpdate'"
        return [] if rolling is None else [invalid(here, shown, detail)]
    if type_ != "RollingUpdate":
        shown = internal_form("api.apps.v1.StatefulSetUpdateStrategy", strategy)
        return [invalid(path, shown, "must be 'RollingUpdate' or 'OnDelete'")]
    if rolling is None:
        return []
    errors = not_negative(f"{here}.partition", rolling.get("partition"))
    unavailable = rolling.get("maxUnavailable")
    if unavailable is not None:
        errors += validate_int_or_percent(unavailable, f"{here}.maxUnavailable")
        if not percent_or_number(unavailable):
            errors.append(invalid(f"{here}.maxUnavailable", unavailable, "cannot be 0"))
        errors += validate_percent_max(unavailable, f"{here}.maxUnavailable")
    return errors


def validate_stateful_set_update(new: Object, old: Object) -> Errors:
    """Little of the spec may change."""
    spec, before = new["spec"], old["spec"]
    errors = _stateful_set_spec(spec, named=False)
    fields = (spec.keys() | before.keys()) - set(_STATEFUL_MUTABLE)
    if any(spec.get(field) != before.get(field) for field in fields):
        listed = ", ".join(f"'{field}'" for field in _STATEFUL_MUTABLE[:-1])
        detail = (
            f"updates to statefulset spec for fields other than {listed} and '{_STATEFUL_MUTABLE[-1]}' "
            "are forbidden"
        )
        errors.append(forbidden("spec", detail))
    return errors


def validate_stateful_set_status(new: Object, old: Object) -> Errors:
    """Counts that fit together."""
    status = new.get("status") or {}
    parts = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
    errors = _counts(status, ("replicas", *parts, "observedGeneration", "collisionCount"))
    errors += _at_most_replicas(status, parts)
    errors += _available_at_most_ready(status, "cannot be greater than status.readyReplicas")
    return errors + _collisions(new, old)


# --- ControllerRevision -------------------------------------------------------------------------------------


def validate_controller_revision(revision: Object) -> Errors:
    """Data, and a number."""
    errors = [] if revision.get("data") is not None else [required("data", "data is mandatory")]
    return errors + not_negative("revision", revision.get("revision"))


def validate_controller_revision_update(new: Object, old: Object) -> Errors:
    """The data is for ever."""
    return validate_controller_revision(new) + unchanged("data", new.get("data"), old.get("data"))


RULES: Final = {
    r.CONTROLLERREVISIONS: KindRules(validate_controller_revision, validate_controller_revision_update),
    r.DAEMONSETS: KindRules(validate_daemon_set, validate_daemon_set_update, validate_daemon_set_status),
    r.DEPLOYMENTS: KindRules(validate_deployment, validate_deployment_update, validate_deployment_status),
    r.REPLICASETS: KindRules(validate_replica_set, validate_replica_set_update, validate_replica_set_status),
    r.STATEFULSETS: KindRules(
        validate_stateful_set, validate_stateful_set_update, validate_stateful_set_status
    ),
}
