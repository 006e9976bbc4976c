"""Which names of resources there are, where each may stand, and what amounts they take.

Source: k8s.io/kubernetes/pkg/apis/core/helper/helpers.go, pkg/apis/core/validation/validation.go
(validateResourceName, ValidateResourceQuantityValue).
"""

from __future__ import annotations

from typing import Final

from kubelite.api.validation import names
from kubelite.api.validation.problems import Errors, invalid, invalid_each
from kubelite.apimachinery.quantity import parse

HUGE_PAGES: Final = "hugepages-"
CONTAINER: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
_LISTED: Final = frozenset({
    "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage",
    "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods", "resourcequotas", "services",
    "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims", "services.nodeports",
    "services.loadbalancers", "requests.storage",
})  # fmt: skip
STANDARD: Final = _LISTED | {"storage"}
"""Names without a domain that stand for something anywhere."""

QUOTA: Final = _LISTED
"""Those that a quota may limit."""

_WHOLE: Final = frozenset({
    "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps",
    "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
})  # fmt: skip
"""Resources that come in pieces."""

_QUOTA_PREFIXES: Final = (HUGE_PAGES, f"requests.{HUGE_PAGES}")


def is_native(name: str) -> bool:
    """Whether a resource is Kubernetes' own."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    """Whether a name is that of a device or the like that a vendor brings."""
    if is_native(name) or name.startswith("requests."):
        return False
    return not names.qualified_name(f"requests.{name}")


def is_overcommitted(name: str) -> bool:
    """Whether more of a resource may be promised than there is."""
    return is_native(name) and not name.startswith(HUGE_PAGES)


def is_standard_quota(name: str) -> bool:
    """Whether a quota may limit what goes by a name without a domain."""
    return name in QUOTA or name.startswith(_QUOTA_PREFIXES)


def validate_resource_name(name: str, path: str) -> Errors:
    """The errors of any resource's name."""
    errors = invalid_each(path, name, names.qualified_name(name))
    if not errors and "/" not in name and name not in STANDARD and not name.startswith(_QUOTA_PREFIXES):
        return [invalid(path, name, "must be a standard resource type or fully qualified")]
    return errors


def validate_container_resource_name(name: str, path: str) -> Errors:
    """The errors of the name of a resource that a container asks for."""
    errors = validate_resource_name(name, path)
    if "/" not in name:
        if name not in CONTAINER and not name.startswith(HUGE_PAGES):
            errors.append(invalid(path, name, "must be a standard resource for containers"))
    elif not is_native(name) and not is_extended(name):
        errors.append(invalid(path, name, "doesn't follow extended resource name standard"))
    return errors


def validate_quantity(name: str, value: str, path: str) -> Errors:
    """The errors of an amount: below zero, or a part of what comes in pieces."""
    amount = parse(value)
    errors = [] if amount.value >= 0 else [invalid(path, value, names.NOT_NEGATIVE)]
    if (name in _WHOLE or is_extended(name)) and amount.milli() % 1000:
        errors.append(invalid(path, value, "must be an integer"))
    return errors


def validate_positive(value: str, path: str) -> Errors:
    """The error of an amount that is not above zero."""
    return [] if parse(value).value > 0 else [invalid(path, value, "must be greater than zero")]
