"""Warnings about secrets, service accounts and nodes.

Source: k8s.io/kubernetes/pkg/registry/core/{secret,serviceaccount,node}/strategy.go.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Final

from kubelite.api import resources as r
from kubelite.api.warnings.addresses import cidr_warnings
from kubelite.apimachinery.scheme import Object, Resource

MOUNTABLE_SECRETS: Final = "kubernetes.io/enforce-mountable-secrets"
_PEM: Final = b"-----BEGIN "


def secret_warnings(secret: Object) -> list[str]:
    """A certificate or key for TLS that is none."""
    if secret.get("type") != "kubernetes.io/tls":
        return []
    data = secret.get("data") or {}
    for key, what in (("tls.crt", "certificate"), ("tls.key", "key")):
        try:
            text = base64.b64decode(data.get(key) or "")
        except binascii.Error:
            return []
        if _PEM not in text:
            return [f"tls: failed to find any PEM data in {what} input"]
    return []


def service_account_warnings(account: Object, old: Object | None = None) -> list[str]:
    """The annotation that lets pods mount only some secrets, if it is new."""
    before = ((old or {}).get("metadata") or {}).get("annotations") or {}
    annotations = account["metadata"].get("annotations") or {}
    if annotations.get(MOUNTABLE_SECRETS) != "true" or MOUNTABLE_SECRETS in before:
        return []
    return [
        (
            f"metadata.annotations[{MOUNTABLE_SECRETS}]: deprecated in v1.32+; prefer separate namespaces to "
            "isolate access to mounted secrets"
        )
    ]


def node_warnings(node: Object) -> list[str]:
    """Fields that nobody reads, and networks that are written oddly."""
    spec = node.get("spec") or {}
    warnings: list[str] = []
    if spec.get("configSource") is not None:
        warnings.append("spec.configSource: the feature is no longer supported")
    if spec.get("externalID"):
        warnings.append("spec.externalID: this field is deprecated, and is unused by Kubernetes")
    for index, cidr in enumerate(spec.get("podCIDRs") or ()):
        warnings += cidr_warnings(f"spec.podCIDRs[{index}]", cidr)
    return warnings


CREATE: Final[Mapping[Resource, Callable[[Object], list[str]]]] = {
    r.NODES: node_warnings,
    r.SECRETS: secret_warnings,
    r.SERVICEACCOUNTS: service_account_warnings,
}
UPDATE: Final[Mapping[Resource, Callable[[Object, Object], list[str]]]] = {
    r.NODES: lambda new, _: node_warnings(new),
    r.SECRETS: lambda new, _: secret_warnings(new),
    r.SERVICEACCOUNTS: service_account_warnings,
}
