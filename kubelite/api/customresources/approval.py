"""The approval that definitions in Kubernetes' own groups need.

Source: k8s.io/apiextensions-apiserver/pkg/apihelpers, pkg/controller/apiapproval; KEP-1111.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

from kubelite.apimachinery.scheme import Object

ANNOTATION: Final = "api-approved.kubernetes.io"
_ENHANCEMENT: Final = "see https://github.com/kubernetes/enhancements/pull/1111"

State: TypeAlias = Literal["missing", "bypassed", "approved", "invalid"]

_REASONS: Final[dict[State, tuple[str, str]]] = {
    "missing": ("False", "MissingAnnotation"),
    "bypassed": ("False", "UnapprovedAnnotation"),
    "approved": ("True", "ApprovedAnnotation"),
    "invalid": ("False", "InvalidAnnotation"),
}


def is_protected(group: str) -> bool:
    """Whether a group is Kubernetes' own."""
    return any(group == domain or group.endswith(f".{domain}") for domain in ("k8s.io", "kubernetes.io"))


def approval_of(definition: Object) -> tuple[State, str]:
    """What the annotation of a definition says, and that in words."""
    text: str = (definition["metadata"].get("annotations") or {}).get(ANNOTATION) or ""
    if not text:
        return "missing", f'protected groups must have approval annotation "{ANNOTATION}", {_ENHANCEMENT}'
    if text.startswith("unapproved"):
        return "bypassed", f'not approved: "{text}"'
    parts = urlsplit(text)
    if parts.scheme and parts.netloc:
        return "approved", f"approved in {text}"
    reason = (
        f'protected groups must have approval annotation "{ANNOTATION}" with either a URL or a '
        f'reason starting with "unapproved", {_ENHANCEMENT}'
    )
    return "invalid", reason


def approval_condition(definition: Object) -> Object | None:
    """The condition that tells of the approval; None for groups that need none."""
    if not is_protected(definition["spec"]["group"]):
        return None
    state, reason = approval_of(definition)
    status, word = _REASONS[state]
    return {
        "type": "KubernetesAPIApprovalPolicyConformant",
        "status": status,
        "reason": word,
        "message": reason,
    }
