"""Defaults of network policies and ingress classes.

Source: k8s.io/kubernetes/pkg/apis/networking/v1/defaults.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import resources as r
from kubelite.api.defaults.podspec import changed, each, with_defaults
from kubelite.apimachinery.scheme import Object


def default_network_policy(policy: Object) -> Object:
    """Ports speak TCP; a policy is about what comes in, and about what goes out if it says so."""
    spec = policy.get("spec") or {}
    for direction in ("ingress", "egress"):
        spec = changed(spec, direction, each(lambda rule: changed(rule, "ports", each(_tcp))))
    if not spec.get("policyTypes"):
        spec = {**spec, "policyTypes": ["Ingress", *(["Egress"] if spec.get("egress") else [])]}
    return {**policy, "spec": spec}


def _tcp(port: Object) -> Object:
    return with_defaults(port, {"protocol": "TCP"})


def default_ingress_class(ingress_class: Object) -> Object:
    """Parameters are those of the cluster."""
    return changed(ingress_class, "spec", lambda spec: changed(spec, "parameters", _cluster_scope))


def _cluster_scope(parameters: Object) -> Object:
    return with_defaults(parameters, {"scope": "Cluster"})


DEFAULTS: Final = {
    r.NETWORKPOLICIES: default_network_policy,
    r.INGRESSCLASSES: default_ingress_class,
}
