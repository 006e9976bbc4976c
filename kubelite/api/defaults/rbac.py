"""Defaults of role bindings: the API group of roles and subjects.

Source: k8s.io/kubernetes/pkg/apis/rbac/v1/defaults.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import resources as r
from kubelite.api.defaults.podspec import changed, each
from kubelite.apimachinery.scheme import Object

GROUP: Final = "rbac.authorization.k8s.io"


def default_binding(binding: Object) -> Object:
    """Roles, users and groups are RBAC's."""
    binding = changed(binding, "roleRef", _with_group)
    return changed(binding, "subjects", each(_default_subject))


def _default_subject(subject: Object) -> Object:
    return _with_group(subject) if subject.get("kind") in {"User", "Group"} else subject


def _with_group(reference: Object) -> Object:
    return reference if reference.get("apiGroup") else {**reference, "apiGroup": GROUP}


DEFAULTS: Final = {r.ROLEBINDINGS: default_binding, r.CLUSTERROLEBINDINGS: default_binding}
