"""What configuration, controllers, leases, events and budgets must be.

Source: k8s.io/kubernetes/pkg/apis/core/validation, pkg/apis/coordination/validation,
pkg/apis/policy/validation.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping
from typing import Final

from kubelite.api.internalform import internal_form
from kubelite.api.validation import names
from kubelite.api.validation.conditions import validate_condition
from kubelite.api.validation.metadata import validate_finalizer, validate_label_selector
from kubelite.api.validation.percentages import validate_int_or_percent, validate_percent_max
from kubelite.api.validation.pods import validate_template
from kubelite.api.validation.problems import (
    Errors,
    forbidden,
    invalid,
    invalid_each,
    not_negative,
    not_supported,
    required,
    too_long,
    unchanged,
)
from kubelite.apimachinery.scheme import Object

DATA_SIZE_MAX: Final = 1024 * 1024
"""Bytes of all values of a ConfigMap or Secret together."""

_REDACTED: Final = "<secret contents redacted>"
_IMMUTABLE_SET: Final = "field is immutable when `immutable` is set"
_EVICTION_POLICIES: Final = ("AlwaysAllow", "IfHealthyBudget")
EVENT_TEXT_LENGTH_MAX: Final = 128
"""Bytes of an Event's reason, action and reportingInstance."""
EVENT_NOTE_LENGTH_MAX: Final = 1024


def validate_config_map(config_map: Object) -> Errors:
    """Keys that may be file names, each in one place, and a bounded size."""
    errors: Errors = []
    data = config_map.get("data") or {}
    binary = config_map.get("binaryData") or {}
    for key in sorted(data):
        errors += invalid_each(f"data[{key}]", key, names.config_key(key))
        if key in binary:
            errors.append(invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
    for key in sorted(binary):
        errors += invalid_each(f"binaryData[{key}]", key, names.config_key(key))
    size = sum(len(value.encode()) for value in data.values()) + _decoded_size(binary)
    if size > DATA_SIZE_MAX:
        errors.append(too_long("[]", "", DATA_SIZE_MAX))
    return errors


def _decoded_size(binary: Mapping[str, str]) -> int:
    return sum(len(value) * 3 // 4 - value.endswith("=") - value.endswith("==") for value in binary.values())


def validate_config_map_update(new: Object, old: Object) -> Errors:
    """An immutable ConfigMap keeps its data."""
    return _validate_immutable(new, old, ("data", "binaryData")) + validate_config_map(new)


def _validate_immutable(new: Object, old: Object, fields: Collection[str]) -> Errors:
    if not old.get("immutable"):
        return []
    errors: Errors = []
    if not new.get("immutable"):
        errors.append(forbidden("immutable", _IMMUTABLE_SET))
    for field in fields:
        if (new.get(field) or {}) != (old.get(field) or {}):
            errors.append(forbidden(field, _IMMUTABLE_SET))
    return errors


def validate_secret(secret: Object) -> Errors:
    """Keys, size, and what the type asks for."""
    data: Mapping[str, str] = secret.get("data") or {}
    errors: Errors = []
    for key in sorted(data):
        errors += invalid_each(f"data[{key}]", key, names.config_key(key))
    if _decoded_size(data) > DATA_SIZE_MAX:
        errors.append(too_long("data", "", DATA_SIZE_MAX))
    return errors + _validate_secret_type(secret, data)


def _validate_secret_type(secret: Object, data: Mapping[str, str]) -> Errors:
    type_ = secret.get("type")
    if type_ == "kubernetes.io/service-account-token":
        key = "kubernetes.io/service-account.name"
        if not (secret["metadata"].get("annotations") or {}).get(key):
            return [required(f"metadata.annotations[{key}]", "")]
    elif type_ == "kubernetes.io/dockercfg":
        return _validate_json(data, ".dockercfg")
    elif type_ == "kubernetes.io/dockerconfigjson":
        return _validate_json(data, ".dockerconfigjson")
    elif type_ == "kubernetes.io/basic-auth":
        if "username" not in data and "password" not in data:
            return [required("data[username]", ""), required("data[password]", "")]
    elif type_ == "kubernetes.io/ssh-auth":
        if not data.get("ssh-privatekey"):
            return [required("data[ssh-privatekey]", "")]
    elif type_ == "kubernetes.io/tls":
        return [required(f"data[{key}]", "") for key in ("tls.crt", "tls.key") if key not in data]
    return []


def _validate_json(data: Mapping[str, str], key: str) -> Errors:
    path = f"data[{key}]"
    if key not in data:
        return [required(path, "")]
    text = base64.b64decode(data[key]).decode(errors="replace")
    message = json_problem(text)
    return [invalid(path, _REDACTED, message)] if message else []


def json_problem(text: str) -> str:
    """What Go's JSON reader says against a text; "" if it is an object (or null)."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return _go_syntax_error(text, error.pos)
    if value is None or isinstance(value, dict):
        return ""
    kinds = {list: "array", str: "string", bool: "bool", int: "number", float: "number"}
    return f"json: cannot unmarshal {kinds[type(value)]} into Go value of type map[string]interface {{}}"


def _go_syntax_error(text: str, position: int) -> str:
    for word in ("true", "false", "null"):
        if text.startswith(word[0], position):
            for index, expected in enumerate(word):
                found = text[position + index : position + index + 1]
                if found != expected:
                    break
            else:
                continue
            if not found:
                return "unexpected end of JSON input"
            return f"invalid character {found!r} in literal {word} (expecting {expected!r})"
    if position >= len(text):
        return "unexpected end of JSON input"
    return f"invalid character {text[position]!r} looking for beginning of value"


def validate_secret_update(new: Object, old: Object) -> Errors:
    """The type is for ever; an immutable Secret keeps its data."""
    errors = unchanged("type", new.get("type"), old.get("type"))
    return errors + _validate_immutable(new, old, ("data",)) + validate_secret(new)


def validate_namespace(namespace: Object) -> Errors:
    """Its finalizers are names."""
    errors: Errors = []
    for finalizer in (namespace.get("spec") or {}).get("finalizers") or ():
        errors += validate_finalizer(finalizer, "spec.finalizers")
    return errors


def validate_namespace_finalize(new: Object, _: Object) -> Errors:
    """The finalizers that it keeps are names."""
    errors: Errors = []
    for index, finalizer in enumerate((new.get("spec") or {}).get("finalizers") or ()):
        errors += validate_finalizer(finalizer, f"spec.finalizers[{index}]")
    return errors


def validate_namespace_status_update(new: Object, old: Object) -> Errors:
    """Active unless it is being deleted, Terminating if it is."""
    phase = (new.get("status") or {}).get("phase") or ""
    if old["metadata"].get("deletionTimestamp"):
        if phase != "Terminating":
            detail = "may only be 'Terminating' if `deletionTimestamp` is not empty"
            return [invalid("status.Phase", phase, detail)]
    elif phase != "Active":
        return [invalid("status.Phase", phase, "may only be 'Active' if `deletionTimestamp` is empty")]
    return []


def validate_replication_controller(controller: Object) -> Errors:
    """A selector that its template matches; pods that are always restarted."""
    spec = controller.get("spec") or {}
    selector = spec.get("selector") or {}
    errors = not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    if not selector:
        errors.append(required("spec.selector", ""))
    errors += not_negative("spec.replicas", spec.get("replicas"))
    template = spec.get("template")
    if template is None:
        return [*errors, required("spec.template", "")]
    labels = (template.get("metadata") or {}).get("labels") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        detail = "`selector` does not match template `labels`"
        errors.append(invalid("spec.template.metadata.labels", labels, detail))
    errors += validate_template(template, "spec.template")
    pod_spec = template.get("spec") or {}
    if pod_spec.get("restartPolicy") != "Always":
        policy = pod_spec.get("restartPolicy") or ""
        errors.append(not_supported("spec.template.spec.restartPolicy", policy, ["Always"]))
    if pod_spec.get("activeDeadlineSeconds") is not None:
        detail = "activeDeadlineSeconds in ReplicationController is not Supported"
        errors.append(forbidden("spec.template.spec.activeDeadlineSeconds", detail))
    return errors


def validate_replication_controller_status(controller: Object) -> Errors:
    """Counts that fit together."""
    status = controller.get("status") or {}
    fields = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration")
    errors: Errors = []
    for field in fields:
        errors += not_negative(f"status.{field}", status.get(field))
    counts = {field: status.get(field) or 0 for field in fields}
    for field in fields[1:4]:
        if counts[field] > counts["replicas"]:
            errors.append(invalid(f"status.{field}", counts[field], "cannot be greater than status.replicas"))
    if counts["availableReplicas"] > counts["readyReplicas"]:
        detail = "cannot be greater than readyReplicas"
        errors.append(invalid("status.availableReplicas", counts["availableReplicas"], detail))
    return errors


def validate_event(event: Object, controller_field: str = "reportingComponent") -> Errors:
    """What is asked of every Event; of one with an `eventTime` as much as the newer group asks.

    Args:
        event: In the core group's form.
        controller_field: What the group of the request calls the reporting controller.
    """
    namespace = event["metadata"].get("namespace") or ""
    about = (event.get("involvedObject") or {}).get("namespace") or ""
    errors: Errors = []
    if not event.get("eventTime"):
        at_home = namespace == about if about else namespace in {"", "default"}
    else:
        at_home = bool(about) or namespace in {"default", "kube-system"}
    if not at_home:
        errors.append(invalid("involvedObject.namespace", about, "does not match event.namespace"))
    if event.get("eventTime"):
        errors += _validate_new_style(event, controller_field)
    return errors + invalid_each("namespace", namespace, names.dns_subdomain(namespace))


def _validate_new_style(event: Object, controller_field: str) -> Errors:
    controller = event.get("reportingComponent") or ""
    errors: Errors = [] if controller else [required(controller_field, "")]
    errors += invalid_each(controller_field, controller, names.qualified_name(controller))
    for field in ("reportingInstance", "action", "reason"):
        text = event.get(field) or ""
        if not text:
            errors.append(required(field, ""))
        if len(text.encode()) > EVENT_TEXT_LENGTH_MAX:
            errors.append(invalid(field, "", f"can have at most {EVENT_TEXT_LENGTH_MAX} characters"))
    if len((event.get("message") or "").encode()) > EVENT_NOTE_LENGTH_MAX:
        errors.append(invalid("message", "", f"can have at most {EVENT_NOTE_LENGTH_MAX} characters"))
    return errors


def validate_lease(lease: Object) -> Errors:
    """Positive duration, no negative count."""
    spec = lease.get("spec") or {}
    errors: Errors = []
    duration_s = spec.get("leaseDurationSeconds")
    if duration_s is not None and duration_s <= 0:
        errors.append(invalid("spec.leaseDurationSeconds", duration_s, "must be greater than 0"))
    return errors + not_negative("spec.leaseTransitions", spec.get("leaseTransitions"))


def validate_pod_disruption_budget(budget: Object) -> Errors:
    """One bound, not both; a number or a share."""
    spec = budget.get("spec") or {}
    errors: Errors = []
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        shown = internal_form("api.policy.v1.PodDisruptionBudgetSpec", spec)
        errors.append(invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set"))
    for field in ("minAvailable", "maxUnavailable"):
        if spec.get(field) is not None:
            errors += validate_int_or_percent(spec[field], f"spec.{field}")
            errors += validate_percent_max(spec[field], f"spec.{field}")
    errors += validate_label_selector(spec.get("selector"), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _EVICTION_POLICIES:
        errors.append(not_supported("spec.unhealthyPodEvictionPolicy", policy, _EVICTION_POLICIES))
    return errors


def validate_pod_disruption_budget_status(new: Object, _: Object) -> Errors:
    """Pods whose eviction was allowed are named; no count is below zero."""
    status = new.get("status") or {}
    errors: Errors = []
    for name in sorted(status.get("disruptedPods") or ()):
        path = f"status.disruptedPods[{name}]"
        errors += invalid_each(path, name, names.dns_subdomain(name))
    for field in ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"):
        errors += not_negative(f"status.{field}", status.get(field))
    for index, condition in enumerate(status.get("conditions") or ()):
        errors += validate_condition(condition, f"status.conditions[{index}]")
    return errors
