"""Versions in which the scheme of Kubernetes still knows kinds that it serves in others; only words differ.

Source: k8s.io/api (register.go of each group version), k8s.io/kubernetes/pkg/apis/*/install.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kubelite.api import facts

_APPS: Final = ("ControllerRevision", "Deployment", "StatefulSet")
_ROLES: Final = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
_FLOW: Final = ("FlowSchema", "PriorityLevelConfiguration")
_REVIEWS: Final = (
    "LocalSubjectAccessReview",
    "SelfSubjectAccessReview",
    "SelfSubjectRulesReview",
    "SubjectAccessReview",
)
_ADMISSION: Final = (
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
)
_STORAGE: Final = ("CSIStorageCapacity", "VolumeAttachment", "VolumeAttributesClass")
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "admissionregistration.k8s.io/v1beta1": _ADMISSION,
    "apps/v1beta1": _APPS,
    "apps/v1beta2": (*_APPS, "DaemonSet", "ReplicaSet"),
    "authentication.k8s.io/v1alpha1": ("SelfSubjectReview",),
    "authentication.k8s.io/v1beta1": ("SelfSubjectReview", "TokenReview"),
    "authorization.k8s.io/v1beta1": _REVIEWS,
    "batch/v1beta1": ("CronJob",),
    "certificates.k8s.io/v1beta1": ("CertificateSigningRequest",),
    "coordination.k8s.io/v1beta1": ("Lease",),
    "discovery.k8s.io/v1beta1": ("EndpointSlice",),
    "events.k8s.io/v1beta1": ("Event",),
    "extensions/v1beta1": ("DaemonSet", "Deployment", "Ingress", "NetworkPolicy", "ReplicaSet"),
    "flowcontrol.apiserver.k8s.io/v1beta1": _FLOW,
    "flowcontrol.apiserver.k8s.io/v1beta2": _FLOW,
    "flowcontrol.apiserver.k8s.io/v1beta3": _FLOW,
    "networking.k8s.io/v1beta1": ("IPAddress", "Ingress", "IngressClass", "ServiceCIDR"),
    "node.k8s.io/v1alpha1": ("RuntimeClass",),
    "node.k8s.io/v1beta1": ("RuntimeClass",),
    "policy/v1beta1": ("Eviction", "PodDisruptionBudget"),
    "rbac.authorization.k8s.io/v1alpha1": _ROLES,
    "rbac.authorization.k8s.io/v1beta1": _ROLES,
    "scheduling.k8s.io/v1alpha1": ("PriorityClass",),
    "scheduling.k8s.io/v1beta1": ("PriorityClass",),
    "storage.k8s.io/v1alpha1": _STORAGE,
    "storage.k8s.io/v1beta1": (*_STORAGE, "CSIDriver", "CSINode", "StorageClass"),
}
_FAMILIES: Final[Mapping[str, frozenset[str]]] = {
    "DaemonSet": frozenset({"apps", "extensions"}),
    "Deployment": frozenset({"apps", "extensions"}),
    "Event": frozenset({"", "events.k8s.io"}),
    "Ingress": frozenset({"extensions", "networking.k8s.io"}),
    "NetworkPolicy": frozenset({"extensions", "networking.k8s.io"}),
    "ReplicaSet": frozenset({"apps", "extensions"}),
}
"""Kinds that are one and the same in several groups."""


def is_other_version(given_version: str, api_version: str, kind: str) -> bool:
    """Whether `given_version` is another version in which the scheme knows the same kind."""
    group, given_group = api_version.rpartition("/")[0], given_version.rpartition("/")[0]
    if given_group != group and not {group, given_group} <= _FAMILIES.get(kind, frozenset()):
        return False
    return kind in _KINDS.get(given_version, ()) or facts.index_of(given_version, kind) is not None
