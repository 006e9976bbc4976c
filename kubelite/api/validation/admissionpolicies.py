"""What admission policies and their bindings must be, but for their CEL expressions.

Source: k8s.io/kubernetes/pkg/apis/admissionregistration/validation.
"""

from __future__ import annotations

import re
from typing import Final

from kubelite.api.validation import names
from kubelite.api.validation.admissionrules import (
    FAILURE_POLICIES,
    REINVOCATION_POLICIES,
    each,
    needed,
    validate_choice,
    validate_match_conditions,
    validate_match_resources,
)
from kubelite.api.validation.conditions import validate_conditions
from kubelite.api.validation.dnsnames import dns_1035_label
from kubelite.api.validation.metadata import validate_label_selector
from kubelite.api.validation.problems import (
    Errors,
    checked,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
)
from kubelite.apimachinery.scheme import Object

AUDIT_ANNOTATIONS_MAX: Final = 20
AUDIT_EXPRESSION_SIZE_MAX: Final = 5 * 1024
_REASONS: Final = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_ACTIONS: Final = ("Audit", "Deny", "Warn")
_PATCH_TYPES: Final = ("ApplyConfiguration", "JSONPatch")
_MUTABLE_OPERATIONS: Final = ("*", "CONNECT", "CREATE", "UPDATE")
_EXCLUSIVE: Final = "name and selector are mutually exclusive"
_IDENTIFIER: Final = re.compile("[_a-zA-Z][_a-zA-Z0-9]*")
_RESERVED: Final = frozenset({
    "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if",
    "import", "let", "loop", "package", "namespace", "return", "var", "void", "while",
})  # fmt: skip


def _validate_policy(spec: Object, old: Object | None) -> Errors:
    """What both sorts of policies are asked."""
    errors = needed(spec.get("failurePolicy"), FAILURE_POLICIES, "spec.failurePolicy")
    if spec.get("paramKind") is not None:
        errors += _validate_param_kind(spec["paramKind"], "spec.paramKind")
    match = spec.get("matchConstraints")
    if match is None:
        errors.append(required("spec.matchConstraints", ""))
    else:
        errors += validate_match_resources(match, "spec.matchConstraints")
        if not match.get("resourceRules"):
            errors.append(required("spec.matchConstraints.resourceRules", ""))
    is_known = old is not None and all(
        spec.get(field) == old.get(field) for field in ("paramKind", "matchConditions")
    )
    if not is_known:
        errors += validate_match_conditions(spec.get("matchConditions"), "spec.matchConditions")
    return errors


def _validate_param_kind(kind: Object, path: str) -> Errors:
    errors: Errors = []
    api_version, name = kind.get("apiVersion") or "", kind.get("kind") or ""
    here = f"{path}.apiVersion"
    if not api_version:
        errors.append(required(here, ""))
    elif api_version.count("/") > 1:
        errors.append(invalid(here, api_version, f"unexpected GroupVersion string: {api_version}"))
    else:
        group, _, version = api_version.rpartition("/")
        messages = names.dns_subdomain(group) if group else []
        if messages:
            errors.append(invalid(here, group, ",".join(messages)))
        messages = dns_1035_label(version)
        if not version:
            errors.append(invalid(here, api_version, "version must be specified"))
        elif messages:
            errors.append(invalid(here, version, ",".join(messages)))
    if not name:
        errors.append(required(f"{path}.kind", ""))
    else:
        messages = dns_1035_label(name.lower())
        if messages:
            detail = "may have mixed case, but should otherwise match: " + ",".join(messages)
            errors.append(invalid(f"{path}.kind", name, detail))
    return errors


def _validate_variable(variable: Object, path: str) -> Errors:
    name, expression = variable.get("name") or "", variable.get("expression") or ""
    errors: Errors = []
    if not name.strip():
        errors.append(required(f"{path}.name", "name is not specified"))
    elif not _IDENTIFIER.fullmatch(name) or name in _RESERVED:
        errors.append(invalid(f"{path}.name", name, "name is not a valid CEL identifier"))
    if not expression.strip():
        errors.append(required(f"{path}.expression", "expression is not specified"))
    return errors


# ValidatingAdmissionPolicy


def validate_validating_policy(policy: Object) -> Errors:
    """A new ValidatingAdmissionPolicy."""
    return _validate_validating(policy, None)


def validate_validating_policy_update(new: Object, old: Object) -> Errors:
    """A change of one."""
    return _validate_validating(new, old.get("spec") or {})


def _validate_validating(policy: Object, old: Object | None) -> Errors:
    spec = policy.get("spec") or {}
    errors = _validate_policy(spec, old)
    errors += each(spec.get("variables"), "spec.variables", _validate_variable)
    validations, annotations = spec.get("validations") or [], spec.get("auditAnnotations") or []
    if not validations and not annotations:
        detail = "validations or auditAnnotations must contain at least one item"
        return [
            *errors,
            required("spec.validations", detail),
            required("spec.auditAnnotations", detail),
        ]
    errors += each(validations, "spec.validations", _validate_validation)
    name = policy["metadata"].get("name") or ""
    return errors + _validate_audit_annotations(annotations, name, "spec.auditAnnotations")


def _validate_validation(validation: Object, path: str) -> Errors:
    errors: Errors = []
    if not (validation.get("expression") or "").strip():
        errors.append(required(f"{path}.expression", "expression is not specified"))
    expression = validation.get("messageExpression") or ""
    if expression and not expression.strip():
        errors.append(invalid(f"{path}.messageExpression", expression, "must be non-empty if specified"))
    message = validation.get("message") or ""
    if message and not message.strip():
        errors.append(invalid(f"{path}.message", message, "message must be non-empty if specified"))
    elif any(character in message.strip() for character in "\n\r"):
        errors.append(invalid(f"{path}.message", message, "message must not contain line breaks"))
    return errors + validate_choice(validation.get("reason"), _REASONS, f"{path}.reason")


def _validate_audit_annotations(annotations: list[Object], policy: str, path: str) -> Errors:
    errors: Errors = []
    if len(annotations) > AUDIT_ANNOTATIONS_MAX:
        detail = f"must not have more than {AUDIT_ANNOTATIONS_MAX} auditAnnotations"
        errors.append(invalid(path, annotations, detail))
    seen: set[str] = set()
    for index, annotation in enumerate(annotations):
        here = f"{path}[{index}]"
        key, expression = annotation.get("key") or "", (annotation.get("valueExpression") or "").strip()
        if policy:
            name = f"{policy}/{key}"
            errors += invalid_each(f"{here}.key", name, names.qualified_name(name))
        else:
            errors.append(invalid(f"{here}.key", key, "requires metadata.name be non-empty"))
        if not expression:
            errors.append(required(f"{here}.valueExpression", "valueExpression is not specified"))
        elif len(expression.encode()) > AUDIT_EXPRESSION_SIZE_MAX:
            detail = f"must not exceed {AUDIT_EXPRESSION_SIZE_MAX} bytes in length"
            errors.append(required(f"{here}.valueExpression", detail))
        if key in seen:
            errors.append(duplicate(f"{here}.key", key))
        seen.add(key)
    return errors


def validate_policy_status(new: Object, _: Object) -> Errors:
    """Warnings of the type checker, and conditions."""
    status = new.get("status") or {}
    checking = status.get("typeChecking") or {}
    errors: Errors = []
    for index, warning in enumerate(checking.get("expressionWarnings") or ()):
        here = f"status.typeChecking.expressionWarnings[{index}]"
        for field in ("warning", "fieldRef"):
            if not (warning.get(field) or "").strip():
                errors.append(required(f"{here}.{field}", ""))
    return errors + validate_conditions(status.get("conditions"), "status.conditions")


# MutatingAdmissionPolicy


def validate_mutating_policy(policy: Object) -> Errors:
    """A new MutatingAdmissionPolicy."""
    return _validate_mutating(policy, None)


def validate_mutating_policy_update(new: Object, old: Object) -> Errors:
    """A change of one."""
    return _validate_mutating(new, old.get("spec") or {})


def _validate_mutating(policy: Object, old: Object | None) -> Errors:
    spec = policy.get("spec") or {}
    errors = _validate_policy(spec, old)
    match = spec.get("matchConstraints")
    if match is not None:
        errors += _validate_mutable(match, "spec.matchConstraints")
    errors += each(spec.get("variables"), "spec.variables", _validate_variable)
    mutations = spec.get("mutations") or []
    if not mutations:
        errors.append(required("spec.mutations", "mutations must contain at least one item"))
    errors += each(mutations, "spec.mutations", _validate_mutation)
    policy_path = "spec.reinvocationPolicy"
    return errors + needed(spec.get("reinvocationPolicy") or None, REINVOCATION_POLICIES, policy_path)


def _validate_mutable(match: Object, path: str) -> Errors:
    """A deletion cannot be changed."""
    return [
        not_supported(f"{path}.resourceRules.operations", operation, _MUTABLE_OPERATIONS)
        for rule in match.get("resourceRules") or ()
        for operation in rule.get("operations") or ()
        if operation not in _MUTABLE_OPERATIONS
    ]


def _validate_mutation(mutation: Object, path: str) -> Errors:
    type_ = mutation.get("patchType") or ""
    if not type_:
        return [required(f"{path}.patchType", "")]
    if type_ not in _PATCH_TYPES:
        return [not_supported(f"{path}.patchType", type_, _PATCH_TYPES)]
    own, other = ("jsonPatch", "applyConfiguration")
    if type_ == "ApplyConfiguration":
        own, other = other, own
    errors: Errors = []
    patch = mutation.get(own)
    if patch is None:
        errors.append(required(f"{path}.{own}", f"must be specified when patchType is {type_}"))
    elif not (patch.get("expression") or "").strip():
        errors.append(required(f"{path}.{own}.expression", ""))
    if mutation.get(other) is not None:
        detail = f"must not be specified when patchType is {type_}"
        errors.append(invalid(f"{path}.{other}", f"{{{other}}}", detail))
    return errors


# Bindings


def _validate_binding(spec: Object, match_path: str) -> Errors:
    errors = checked("spec.policyName", spec.get("policyName"), names.dns_subdomain)
    if spec.get("paramRef") is not None:
        errors += _validate_param_ref(spec["paramRef"], "spec.paramRef")
    return errors + validate_match_resources(spec.get("matchResources"), match_path)


def validate_validating_binding(binding: Object) -> Errors:
    """A policy, its parameters, where it holds and what it does."""
    spec = binding.get("spec") or {}
    errors = _validate_binding(spec, "spec.matchResouces")  # so it reads in Kubernetes
    return errors + _validate_actions(spec.get("validationActions") or [], "spec.validationActions")


def validate_mutating_binding(binding: Object) -> Errors:
    """A policy, its parameters and where it holds."""
    spec = binding.get("spec") or {}
    errors = _validate_binding(spec, "spec.matchResources")
    match = spec.get("matchResources")
    return errors if match is None else errors + _validate_mutable(match, "spec.matchResources")


def _validate_param_ref(reference: Object, path: str) -> Errors:
    errors: Errors = []
    name, selector = reference.get("name") or "", reference.get("selector")
    if name:
        errors += invalid_each(f"{path}.name", name, names.path_segment(name))
        if selector is not None:
            errors.append(forbidden(f"{path}.name", _EXCLUSIVE))
    if selector is not None:
        errors += validate_label_selector(selector, f"{path}.selector")
        if name:
            errors.append(forbidden(f"{path}.selector", _EXCLUSIVE))
    if not name and selector is None:
        errors.append(required(path, "one of name or selector must be specified"))
    here = f"{path}.parameterNotFoundAction"
    return errors + needed(reference.get("parameterNotFoundAction") or None, ("Deny", "Allow"), here)


def _validate_actions(actions: list[str], path: str) -> Errors:
    errors: Errors = []
    for index, action in enumerate(actions):
        if action not in _ACTIONS:
            errors.append(not_supported(f"{path}[{index}]", action, _ACTIONS))
        if action in actions[:index]:
            errors.append(duplicate(f"{path}[{index}]", action))
    if "Deny" in actions and "Warn" in actions:
        detail = (
            "must not contain both Deny and Warn (repeating the same validation failure information in the "
            "API response and headers serves no purpose)"
        )
        errors.append(invalid(path, actions, detail))
    if not actions:
        errors.append(required(path, "at least one validation action is required"))
    return errors
