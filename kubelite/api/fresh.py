"""What a cluster contains before anybody has made anything, as manifests.

Source: k8s.io/kubernetes/pkg/controlplane (system namespaces, the kubernetes Service).
"""

from __future__ import annotations

from typing import Final

from kubelite.apimachinery.scheme import Object

SYSTEM_NAMESPACES: Final = ("default", "kube-node-lease", "kube-public", "kube-system")
PROTECTED_NAMESPACES: Final = frozenset({"default", "kube-public", "kube-system"})
"""Namespaces that cannot be deleted."""


def namespaces() -> list[Object]:
    """The namespaces that are always there."""
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in SYSTEM_NAMESPACES
    ]


def kubernetes_service(cluster_ip: str, target_port: int) -> Object:
    """The Service under which pods find the API server.

    Args:
        cluster_ip: the first address of the range of Services.
        target_port: the port on which the API server listens.
    """
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "clusterIP": cluster_ip,
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": target_port}],
            "type": "ClusterIP",
        },
    }
