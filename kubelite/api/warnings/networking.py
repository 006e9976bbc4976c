"""Warnings about ingresses and network policies.

Source: k8s.io/kubernetes/pkg/registry/networking/*/strategy.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import resources as r
from kubelite.api.warnings.addresses import cidr_warnings
from kubelite.apimachinery.scheme import Object

CLASS_ANNOTATION: Final = "kubernetes.io/ingress.class"


def ingress_warnings(ingress: Object) -> list[str]:
    """The annotation that once named the class."""
    annotations = ingress["metadata"].get("annotations") or {}
    if CLASS_ANNOTATION not in annotations or (ingress.get("spec") or {}).get("ingressClassName") is not None:
        return []
    return [f"annotation \"{CLASS_ANNOTATION}\" is deprecated, please use 'spec.ingressClassName' instead"]


def network_policy_warnings(policy: Object) -> list[str]:
    """Networks that are written oddly."""
    warnings: list[str] = []
    spec = policy.get("spec") or {}
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            for number, peer in enumerate(rule.get(peers) or ()):
                block = peer.get("ipBlock") or {}
                path = f"spec.{direction}[{index}].{peers}[{number}].ipBlock"
                warnings += cidr_warnings(f"{path}.cidr", block.get("cidr") or "")
                for place, part in enumerate(block.get("except") or ()):
                    warnings += cidr_warnings(f"{path}.except[{place}]", part)
    return warnings


CREATE: Final = {r.INGRESSES: ingress_warnings, r.NETWORKPOLICIES: network_policy_warnings}
UPDATE: Final = {r.NETWORKPOLICIES: lambda new, _: network_policy_warnings(new)}
