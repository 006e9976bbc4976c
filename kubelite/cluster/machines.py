"""Pods and nodes of a cluster of this process: their network, logs, commands, and power."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from kubelite.api.resources import NODES, PODS
from kubelite.apimachinery.scheme import Object
from kubelite.cluster import access
from kubelite.cluster.insight import ClusterInsight
from kubelite.master.store.entry import make_key
from kubelite.network import NetworkNamespace, client_session

if TYPE_CHECKING:
    import aiohttp


class ClusterMachines(ClusterInsight):
    """The methods about what runs on nodes."""

    @abstractmethod
    def _dialer(self) -> access.FabricDialer:
        """The way to kubelets, while the cluster runs."""

    async def _network(self, pod: str | None, namespace: str) -> NetworkNamespace:
        """The network of a pod, or that of a client in a namespace."""
        if pod is not None:
            return access.pod_network(self._running, await self._pod(pod, namespace))
        network: NetworkNamespace = self._running.network
        return network if namespace == "default" else access.inside(network, namespace)

    async def _pod(self, pod: str, namespace: str) -> Object:
        return await self.client.get(PODS, pod.removeprefix("pod/"), namespace)

    @asynccontextmanager
    async def http(
        self, pod: str | None = None, *, namespace: str = "default"
    ) -> AsyncIterator[aiohttp.ClientSession]:
        """An aiohttp session in the cluster's network, or in that of a pod.

        Raises:
            NotFound: There is no such pod.
            BadRequest: The pod does not run.
        """
        network = await self._network(pod, namespace)
        async with client_session(network) as session:
            yield session

    async def resolve(self, name: str, *, pod: str | None = None, namespace: str = "default") -> list[str]:
        """The addresses of a name, as a pod sees it, or as a client in the namespace.

        Raises:
            OSError: The name does not resolve.
        """
        network = await self._network(pod, namespace)
        return await network.resolve(name)

    async def _logs(
        self, pod: str, namespace: str, container: str, *, previous: bool, tail: int | None
    ) -> str:
        url = access.kubelet_url(self._running, await self._pod(pod, namespace), "containerLogs", container)
        return await access.read_logs(self._dialer().session(""), url, previous=previous, tail=tail)

    async def _exec(
        self, pod: str, namespace: str, container: str, command: Sequence[str], stdin: bytes
    ) -> access.ExecResult:
        url = access.kubelet_url(self._running, await self._pod(pod, namespace), "exec", container)
        return await access.run_command(self._dialer().session(""), url, command, stdin)

    def _machine(self, name: str) -> Any:
        machine = self._running.machines.get(name.removeprefix("node/"))
        if machine is None:
            raise ValueError(
                f"there is no node {name!r}; this cluster has {', '.join(self._running.machines)}"
            )
        return machine

    async def fail_node(self, name: str) -> None:
        """Cuts a node's power: kubelet, proxy and containers stop at once, open connections hang.

        Raises:
            ValueError: There is no such node.
        """
        self._machine(name).fail()
        self._note(name, "fail_node")

    async def recover_node(self, name: str) -> None:
        """Boots a node whose power was cut; its containers start by their restartPolicy.

        Raises:
            ValueError: There is no such node.
        """
        self._machine(name).boot()
        self._note(name, "recover_node")

    def _note(self, node: str, what: str) -> None:
        name = node.removeprefix("node/")
        self._running.log.act(f'{what}("{name}")', NODES, make_key("", name))
