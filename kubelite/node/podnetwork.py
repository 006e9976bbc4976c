"""The network of one pod on its node: its address, its namespace, the ports of the node that lead to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubelite.api import podutil
from kubelite.apimachinery.scheme import Object
from kubelite.network import NetworkNamespace
from kubelite.network.datagrams import LOOPBACK
from kubelite.network.fabric import loopback_of
from kubelite.node import etcfiles

if TYPE_CHECKING:
    from kubelite.node.machine import Machine


class PodNetwork:
    """What a pod has of its node's network.

    Attributes:
        namespace: None before it was taken; the node's own for a pod in the host's network.
    """

    __slots__ = ("_host_ports", "_machine", "_own_address", "namespace")

    def __init__(self, machine: Machine) -> None:
        self.namespace: NetworkNamespace | None = None
        self._machine = machine
        self._host_ports: tuple[tuple[str, int, str], ...] = ()
        self._own_address = ""

    def take(self, pod: Object) -> str:
        """The address of the pod, which is taken if it has none yet.

        Raises:
            AddressPoolExhausted: The node has none left.
        """
        machine = self._machine
        if self.namespace is None:
            if pod["spec"].get("hostNetwork"):
                self.namespace = machine.network
            else:
                self._own_address = machine.pod_addresses.take()
                metadata = pod["metadata"]
                dns = etcfiles.dns_settings(pod, machine.config.cluster_dns, machine.config.cluster_domain)
                self.namespace = NetworkNamespace(
                    name=f"{metadata['namespace']}/{metadata['name']}",
                    address=self._own_address,
                    fabric=machine.fabric,
                    hostname=etcfiles.hostname_of(pod),
                    resolver=machine.resolver and machine.resolver.with_search(dns.search, dns.ndots),
                    translator=machine.translator,
                    search=dns.search,
                    hosts={
                        name: alias["ip"]
                        for alias in pod["spec"].get("hostAliases") or ()
                        for name in alias.get("hostnames") or ()
                    },
                )
                self._forward_host_ports(pod)
        return self.namespace.address

    def _forward_host_ports(self, pod: Object) -> None:
        machine = self._machine
        for host, protocol, number, target in podutil.published_ports(pod["spec"]):
            address = machine.address if host in {"", "0.0.0.0"} else host  # noqa: S104 - any
            end = (loopback_of(machine.address) if host in LOOPBACK else address, number, protocol)
            self._host_ports += (end,)
            machine.fabric.forwards[end] = (self._own_address, target)

    def release(self) -> None:
        """Give all of it back."""
        forwards = self._machine.fabric.forwards
        for end in self._host_ports:
            if forwards.get(end, ("",))[0] == self._own_address:
                del forwards[end]
        self._host_ports = ()
        if self._own_address:
            self._machine.pod_addresses.release(self._own_address)
            self._own_address = ""
        self.namespace = None
