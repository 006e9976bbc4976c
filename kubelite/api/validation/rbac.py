"""What Roles and their bindings must be.

Source: k8s.io/kubernetes/pkg/apis/rbac/validation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kubelite.api import resources as r
from kubelite.api.validation import names
from kubelite.api.validation.metadata import validate_label_selector
from kubelite.api.validation.problems import Errors, invalid, invalid_each, not_supported, required
from kubelite.api.validation.rules import KindRules
from kubelite.apimachinery.scheme import Object

GROUP: Final = "rbac.authorization.k8s.io"


def validate_role(role: Object) -> Errors:
    """Rules about resources of a namespace."""
    return _validate_rules(role, namespaced=True)


def validate_cluster_role(role: Object) -> Errors:
    """Rules about resources or paths; selectors of the roles that it adds up."""
    errors = _validate_rules(role, namespaced=False)
    aggregation = role.get("aggregationRule")
    if aggregation is None:
        return errors
    path = "aggregationRule.clusterRoleSelectors"
    selectors = aggregation.get("clusterRoleSelectors") or []
    if not selectors:
        detail = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        errors.append(required(path, detail))
    for index, selector in enumerate(selectors):
        errors += validate_label_selector(selector, f"{path}[{index}]")
    return errors


def _validate_rules(role: Object, *, namespaced: bool) -> Errors:
    errors: Errors = []
    for index, rule in enumerate(role.get("rules") or ()):
        errors += _validate_rule(rule, f"rules[{index}]", namespaced=namespaced)
    return errors


def _validate_rule(rule: Object, path: str, *, namespaced: bool) -> Errors:
    errors: Errors = []
    if not rule.get("verbs"):
        errors.append(required(f"{path}.verbs", "verbs must contain at least one value"))
    urls, resources, resource_names = (
        rule.get("nonResourceURLs"),
        rule.get("resources"),
        rule.get("resourceNames"),
    )
    if urls:
        here = f"{path}.nonResourceURLs"
        if namespaced:
            errors.append(invalid(here, urls, "namespaced rules cannot apply to non-resource URLs"))
        if rule.get("apiGroups") or resources or resource_names:
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            errors.append(invalid(here, urls, detail))
        return errors
    if not rule.get("apiGroups"):
        errors.append(required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
    if not resources:
        errors.append(required(f"{path}.resources", "resource rules must supply at least one resource"))
    elif resource_names and len(resources) > 1:
        detail = "resource names cannot apply to multiple resources"
        errors.append(required(f"{path}.resourceNames", detail))
    return errors


def validate_role_binding(binding: Object) -> Errors:
    """A role of the namespace or of the cluster, and whom it is given."""
    return _validate_binding(binding, ("Role", "ClusterRole"), namespaced=True)


def validate_cluster_role_binding(binding: Object) -> Errors:
    """A role of the cluster, and whom it is given."""
    return _validate_binding(binding, ("ClusterRole",), namespaced=False)


def _validate_binding(binding: Object, kinds: tuple[str, ...], *, namespaced: bool) -> Errors:
    reference = binding.get("roleRef") or {}
    errors: Errors = []
    group, kind, name = reference.get("apiGroup") or "", reference.get("kind") or "", reference.get("name")
    if group != GROUP:
        errors.append(not_supported("roleRef.apiGroup", group, [GROUP]))
    if kind not in kinds:
        errors.append(not_supported("roleRef.kind", kind, kinds))
    if name:
        errors += invalid_each("roleRef.name", name, names.path_segment(name))
    else:
        errors.append(required("roleRef.name", ""))
    for index, subject in enumerate(binding.get("subjects") or ()):
        errors += _validate_subject(subject, f"subjects[{index}]", namespaced=namespaced)
    return errors


def _validate_subject(subject: Object, path: str, *, namespaced: bool) -> Errors:
    name, kind, group = subject.get("name") or "", subject.get("kind") or "", subject.get("apiGroup") or ""
    errors: Errors = [] if name else [required(f"{path}.name", "")]
    if kind == "ServiceAccount":
        if name:
            errors += invalid_each(f"{path}.name", name, names.dns_subdomain(name))
        if group:
            errors.append(not_supported(f"{path}.apiGroup", group, [""]))
        if not namespaced and not subject.get("namespace"):
            errors.append(required(f"{path}.namespace", ""))
    elif kind in {"User", "Group"}:
        if not name:
            errors.append(invalid(f"{path}.name", name, f"{kind.lower()} name cannot be empty"))
        if group != GROUP:
            errors.append(not_supported(f"{path}.apiGroup", group, [GROUP]))
    else:
        errors.append(not_supported(f"{path}.kind", kind, ["ServiceAccount", "User", "Group"]))
    return errors


def _with_fixed_role(validate: Callable[[Object], Errors]) -> Callable[[Object, Object], Errors]:
    def validate_update(new: Object, old: Object) -> Errors:
        errors = validate(new)
        after, before = _go_reference(new), _go_reference(old)
        if after != before:
            errors.append(invalid("roleRef", after, "cannot change roleRef"))
        return errors

    return validate_update


def _go_reference(binding: Object) -> Object:
    """The role as Go's internal struct reads in an error."""
    reference = binding.get("roleRef") or {}
    fields = (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name"))
    return {go_name: reference.get(name) or "" for go_name, name in fields}


RULES: Final = {
    r.ROLES: KindRules(validate_role, update_metadata="both"),
    r.CLUSTERROLES: KindRules(validate_cluster_role, update_metadata="both"),
    r.ROLEBINDINGS: KindRules(
        validate_role_binding, _with_fixed_role(validate_role_binding), update_metadata="both"
    ),
    r.CLUSTERROLEBINDINGS: KindRules(
        validate_cluster_role_binding,
        _with_fixed_role(validate_cluster_role_binding),
        update_metadata="both",
    ),
}
