"""Where a pod asks to be placed: affinity, terms of nodes, topology spread, tolerations.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (validateAffinity, ValidateTolerations,
validateTopologySpreadConstraints).
"""

from __future__ import annotations

from typing import Final

from kubelite.api.internalform import internal_form
from kubelite.api.validation import names
from kubelite.api.validation.metadata import validate_label_selector
from kubelite.api.validation.problems import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
)
from kubelite.apimachinery.scheme import Object

TAINT_EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_INCLUSION_POLICIES: Final = ("Ignore", "Honor")


def validate_affinity(affinity: Object, path: str) -> Errors:
    """The errors in what a pod asks of nodes and of other pods near it."""
    errors = validate_node_affinity(affinity.get("nodeAffinity") or {}, f"{path}.nodeAffinity")
    for kind in ("podAffinity", "podAntiAffinity"):
        errors += _validate_pod_affinity(affinity.get(kind) or {}, f"{path}.{kind}")
    return errors


def validate_node_affinity(affinity: Object, path: str) -> Errors:
    """The errors in the nodes that a pod demands and prefers."""
    errors: Errors = []
    wanted = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if wanted is not None:
        here = f"{path}.requiredDuringSchedulingIgnoredDuringExecution"
        terms = wanted.get("nodeSelectorTerms") or []
        if not terms:
            errors.append(required(f"{here}.nodeSelectorTerms", "must have at least one node selector term"))
        for index, term in enumerate(terms):
            errors += validate_node_term(term, f"{here}.nodeSelectorTerms[{index}]")
    here = f"{path}.preferredDuringSchedulingIgnoredDuringExecution"
    for index, preferred in enumerate(affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()):
        errors += _validate_weight(preferred, f"{here}[{index}]")
        errors += validate_node_term(
            preferred.get("preference") or {}, f"{here}[{index}].preference", any_value=True
        )
    return errors


def _validate_weight(preferred: Object, path: str) -> Errors:
    weight = preferred.get("weight") or 0
    return [] if 1 <= weight <= 100 else [invalid(f"{path}.weight", weight, "must be in the range 1-100")]


def _validate_pod_affinity(affinity: Object, path: str) -> Errors:
    errors: Errors = []
    here = f"{path}.requiredDuringSchedulingIgnoredDuringExecution"
    for index, term in enumerate(affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or ()):
        errors += _validate_pod_affinity_term(term, f"{here}[{index}]")
    here = f"{path}.preferredDuringSchedulingIgnoredDuringExecution"
    for index, preferred in enumerate(affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()):
        errors += _validate_weight(preferred, f"{here}[{index}]")
        term = preferred.get("podAffinityTerm") or {}
        errors += _validate_pod_affinity_term(term, f"{here}[{index}].podAffinityTerm")
    return errors


def _validate_pod_affinity_term(term: Object, path: str) -> Errors:
    errors = validate_label_selector(term.get("labelSelector"), f"{path}.labelSelector")
    errors += validate_label_selector(term.get("namespaceSelector"), f"{path}.namespaceSelector")
    for namespace in term.get("namespaces") or ():
        errors += invalid_each(f"{path}.namespace", namespace, names.dns_label(namespace))
    for field in ("matchLabelKeys", "mismatchLabelKeys"):
        errors += _validate_label_keys(term, field, path)
    for index, key in enumerate(term.get("mismatchLabelKeys") or ()):
        if key in (term.get("matchLabelKeys") or ()):
            detail = "exists in both matchLabelKeys and mismatchLabelKeys"
            errors.append(invalid(f"{path}.mismatchLabelKeys[{index}]", key, detail))
    key = term.get("topologyKey") or ""
    if not key:
        errors.append(required(f"{path}.topologyKey", "can not be empty"))
    return errors + invalid_each(f"{path}.topologyKey", key, names.label_key(key))


def _validate_label_keys(rule: Object, field: str, path: str) -> Errors:
    keys = rule.get(field) or ()
    if keys and rule.get("labelSelector") is None:
        return [forbidden(f"{path}.{field}", "must not be specified when labelSelector is not set")]
    return [
        error
        for index, key in enumerate(keys)
        for error in invalid_each(f"{path}.{field}[{index}]", key, names.label_key(key))
    ]


def validate_node_term(term: Object, path: str, *, any_value: bool = False) -> Errors:
    """The errors in one term of a selector of nodes.

    Args:
        term: It asks for labels, and for fields.
        path: Of the term.
        any_value: Labels may be compared with what no label can be.
    """
    errors: Errors = []
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        errors += _validate_node_labels(requirement, f"{path}.matchExpressions[{index}]", any_value=any_value)
    for index, requirement in enumerate(term.get("matchFields") or ()):
        errors += _validate_node_fields(requirement, f"{path}.matchFields[{index}]")
    return errors


def _validate_node_labels(requirement: Object, path: str, *, any_value: bool) -> Errors:
    operator = requirement.get("operator") or ""
    values = requirement.get("values") or []
    errors: Errors = []
    if operator in {"In", "NotIn"}:
        if not values:
            errors.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in {"Exists", "DoesNotExist"}:
        if values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            errors.append(forbidden(f"{path}.values", detail))
    elif operator in {"Gt", "Lt"}:
        if len(values) != 1:
            detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            errors.append(required(f"{path}.values", detail))
    else:
        errors.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    key = requirement.get("key") or ""
    errors += invalid_each(f"{path}.key", key, names.label_key(key))
    if not any_value:
        for index, value in enumerate(values):
            errors += invalid_each(f"{path}.values[{index}]", value, names.label_value(value))
    return errors


def _validate_node_fields(requirement: Object, path: str) -> Errors:
    operator, key = requirement.get("operator") or "", requirement.get("key") or ""
    values = requirement.get("values") or []
    errors: Errors = []
    if operator not in {"In", "NotIn"}:
        errors.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    elif len(values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        errors.append(required(f"{path}.values", detail))
    if key != "metadata.name":
        errors.append(invalid(f"{path}.key", key, "not a valid field selector key"))
        return errors
    for index, value in enumerate(values):
        errors += invalid_each(f"{path}.values[{index}]", value, names.dns_subdomain(value))
    return errors


def validate_gated_placement(new: Object, old: Object) -> Errors:
    """The errors in where a pod is to be placed now that is not to be scheduled yet: it may ask for more.

    Source: as above (validateNodeSelectorMutation, validateNodeAffinityMutation).
    """
    errors: Errors = []
    labels, before = new.get("nodeSelector") or {}, old.get("nodeSelector") or {}
    if not before.items() <= labels.items():
        detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        errors.append(invalid("spec.nodeSelector", labels, detail))
    path = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    terms, former = _node_terms(new), _node_terms(old)
    if former and len(terms) != len(former):
        detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        shown = [internal_form("api.core.v1.NodeSelectorTerm", term) for term in terms]
        return [*errors, invalid(path, shown, detail)]
    for index, term in enumerate(former):
        if not _only_adds(terms[index], term):
            shown = internal_form("api.core.v1.NodeSelectorTerm", terms[index])
            detail = "only additions are allowed (no mutations or deletions)"
            errors.append(invalid(f"{path}[{index}]", shown, detail))
    return errors


def _node_terms(spec: Object) -> list[Object]:
    nodes = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required_ = nodes.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms: list[Object] = required_.get("nodeSelectorTerms") or []
    return terms


def _only_adds(new: Object, old: Object) -> bool:
    """Whether a term asks for all that it asked for; one that asked for nothing stays: no node meets it."""
    fields = ("matchExpressions", "matchFields")
    if not any(old.get(field) for field in fields):
        return not any(new.get(field) for field in fields)
    return all(
        (new.get(field) or [])[: len(old.get(field) or ())] == (old.get(field) or []) for field in fields
    )


def validate_spread(constraints: list[Object], path: str) -> Errors:
    """The errors in how a pod is to be spread over domains."""
    errors: Errors = []
    seen: set[tuple[str, str]] = set()
    for index, constraint in enumerate(constraints):
        here = f"{path}[{index}]"
        skew = constraint.get("maxSkew") or 0
        if skew <= 0:
            errors.append(invalid(f"{here}.maxSkew", skew, "must be greater than zero"))
        if not constraint.get("topologyKey"):
            errors.append(required(f"{here}.topologyKey", "can not be empty"))
        when = constraint.get("whenUnsatisfiable") or ""
        choices = ("DoNotSchedule", "ScheduleAnyway")
        if when not in choices:
            errors.append(not_supported(f"{here}.whenUnsatisfiable", when, choices))
        pair = (constraint.get("topologyKey") or "", when)
        if pair in seen:
            shown = f"{{{pair[0]}, {pair[1]}}}"
            errors.append(duplicate(f"{here}.{{topologyKey, whenUnsatisfiable}}", shown))
        seen.add(pair)
        domains = constraint.get("minDomains")
        if domains is not None:
            if domains <= 0:
                errors.append(invalid(f"{here}.minDomains", domains, "must be greater than zero"))
            if when != "DoNotSchedule":
                detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {when}"
                errors.append(invalid(f"{here}.minDomains", domains, detail))
        for field in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            policy = constraint.get(field)
            if policy is not None and policy not in _INCLUSION_POLICIES:
                errors.append(not_supported(f"{here}.{field}", policy, _INCLUSION_POLICIES))
        errors += _validate_label_keys(constraint, "matchLabelKeys", here)
        selector = constraint.get("labelSelector") or {}
        for position, key in enumerate(constraint.get("matchLabelKeys") or ()):
            # The pod's own value has been merged into the expressions once.
            named = [each.get("key") for each in selector.get("matchExpressions") or ()]
            if key in (selector.get("matchLabels") or {}) or named.count(key) > 1:
                detail = "exists in both matchLabelKeys and labelSelector"
                errors.append(invalid(f"{here}.matchLabelKeys[{position}]", key, detail))
        errors += validate_label_selector(constraint.get("labelSelector"), f"{here}.labelSelector")
    return errors


def validate_tolerations(tolerations: list[Object], path: str) -> Errors:
    """The errors in a pod's tolerations."""
    errors: Errors = []
    for index, toleration in enumerate(tolerations):
        here = f"{path}[{index}]"
        key = toleration.get("key") or ""
        operator = toleration.get("operator") or "Equal"
        if key:
            errors += invalid_each(f"{here}.key", key, names.label_key(key))
        elif operator != "Exists":
            detail = (
                'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            )
            errors.append(invalid(f"{here}.operator", toleration.get("operator") or "", detail))
        effect = toleration.get("effect") or ""
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            errors.append(invalid(f"{here}.effect", effect, detail))
        value = toleration.get("value") or ""
        if operator == "Equal":
            messages = names.label_value(value)
            if messages:
                errors.append(invalid(f"{here}.operator", value, ";".join(messages)))
        elif operator == "Exists":
            if value:
                detail = "value must be empty when `operator` is 'Exists'"
                shown = internal_form("api.core.v1.Toleration", toleration)
                errors.append(invalid(f"{here}.operator", shown, detail))
        else:
            errors.append(not_supported(f"{here}.operator", operator, ["Equal", "Exists"]))
        if effect and effect not in TAINT_EFFECTS:
            errors.append(not_supported(f"{here}.effect", effect, TAINT_EFFECTS))
    return errors
