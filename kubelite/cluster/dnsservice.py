"""The Service `kube-system/kube-dns`, by which pods find cluster DNS, whatever runs it."""

from __future__ import annotations

from kubelite.api.resources import ENDPOINTS, SERVICES
from kubelite.cluster.components import DNS_PORT, Components


async def make_dns_service(components: Components) -> None:
    """The Service kube-system/kube-dns, whatever runs DNS."""
    client = components.client
    assert client is not None
    metadata = {
        "name": "kube-dns",
        "namespace": "kube-system",
        "labels": {
            "k8s-app": "kube-dns",
            "kubernetes.io/cluster-service": "true",
            "kubernetes.io/name": "CoreDNS",
        },
    }
    ports = [
        {"name": "dns", "port": DNS_PORT, "protocol": "UDP", "targetPort": DNS_PORT},
        {"name": "dns-tcp", "port": DNS_PORT, "protocol": "TCP", "targetPort": DNS_PORT},
    ]
    spec = {"clusterIP": components.dns_address, "ports": ports}
    await client.create(SERVICES, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    subset = {
        "addresses": [{"ip": components.block.master}],
        "ports": [{"name": each["name"], "port": DNS_PORT, "protocol": each["protocol"]} for each in ports],
    }
    endpoints = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": [subset]}
    await client.create(ENDPOINTS, endpoints)
