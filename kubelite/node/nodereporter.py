"""The Node and the Lease of one node in the API: registered, renewed, reported, and read where they matter.

Source: pkg/kubelet/kubelet_node_status.go, pkg/kubelet/nodelease.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from kubelite.api.resources import LEASES, NODES
from kubelite.apimachinery.apierrors import AlreadyExists, APIError, Conflict, NotFound
from kubelite.apimachinery.scheme import Object
from kubelite.node.nodeobject import (
    LEASE_NAMESPACE,
    is_told_right,
    lease_object,
    news_of_conditions,
    node_object,
    node_reference,
    node_status,
    renewed,
    resources_patch,
    status_patch,
)

if TYPE_CHECKING:
    from kubelite.client.client import Client
    from kubelite.client.events import EventRecorder
    from kubelite.client.informer import InformerFactory
    from kubelite.node.machine import Machine

RENEWALS_TRIED: Final = 5
"""How often a renewal is tried at once, before the next one is waited for."""


class NodeReporter:
    """Keeps them.

    Args:
        machine: The node.
        client: As the node.
        informers: In which the Node is looked at.
        recorder: Tells of the node.
        log: The kubelet's.

    Attributes:
        labels: The Node's, as last read.
    """

    def __init__(
        self, machine: Machine, client: Client, informers: InformerFactory, recorder: EventRecorder, log: Any
    ) -> None:
        self.labels: Mapping[str, str] = {}
        self._machine = machine
        self._client = client
        self._informers = informers
        self._recorder = recorder
        self._log = log
        self._clock = machine.clock
        self._config = machine.config
        self._cordoned = False
        self._found_right: Object | None = None
        self._lease: Object | None = None

    async def register(self) -> None:
        """Make the Node, or take it over, and the Lease with it.

        Retried until the API server takes it: without a Node nothing can run here.
        """
        machine = self._machine
        while True:
            now = self._clock.now()
            node = node_object(machine.name, machine.address, machine.boot_id, self._config, now)
            try:
                try:
                    written = await self._client.create(NODES, node)
                except AlreadyExists:
                    written = await self._client.get(NODES, machine.name)
                self.labels = written["metadata"].get("labels") or {}
                if not _is_registered(written, node):
                    await self._client.patch(
                        NODES, machine.name, {"status": node["status"]}, subresource="status"
                    )
                await self._write_lease(written)
            except APIError as error:
                self._log.warning("node_not_registered", node=machine.name, error=str(error))
                await self._clock.sleep(self._config.write_retry_s)
            else:
                return

    async def _write_lease(self, node: Object) -> None:
        lease = lease_object(node, self._config, self._clock.now())
        try:
            self._lease = await self._client.create(LEASES, lease, LEASE_NAMESPACE)
        except AlreadyExists:
            self._lease = None
            await self._renew_lease()

    async def keep_lease(self) -> None:
        """Renew the Lease again and again, while the node has power."""
        while True:
            await self._clock.sleep(self._config.lease_renew_s)
            if self._machine.powered:
                await self.renew()

    async def renew(self) -> None:
        """Renew the Lease, and set right what others wrote of the node."""
        if await self._renew_lease():
            node = self._informers.informer(NODES).get(None, self._machine.name)
            if node is not None and node is not self._found_right:
                await self._look_at(node)

    async def _renew_lease(self) -> bool:
        """Renew the Lease as it was last written; as it is now, if others have written it since.

        Source: k8s.io/component-helpers/apimachinery/lease (controller.go).

        Returns:
            Whether it is renewed; one that was gone is made anew.
        """
        name = self._machine.name
        for _ in range(RENEWALS_TRIED):
            try:
                known = self._lease or await self._client.get(LEASES, name, LEASE_NAMESPACE)
                self._lease = await self._client.update(LEASES, renewed(known, self._clock.now()))
            except NotFound:
                await self._make_lease_anew()
                return False
            except Conflict:
                self._lease = None
            except APIError as error:
                self._log.warning("lease_not_renewed", node=name, error=str(error))
            else:
                return True
        return False

    async def _make_lease_anew(self) -> None:
        """The Lease is gone; if the Node is gone, too, both stay away until the kubelet starts again."""
        name = self._machine.name
        try:
            await self._write_lease(await self._client.get(NODES, name))
        except NotFound:
            self._log.debug("node_is_gone", node=name)
        except APIError as error:
            self._log.warning("lease_not_renewed", node=name, error=str(error))

    async def _look_at(self, node: Object) -> None:
        """A version of the Node that was not looked at before."""
        self._note_cordon(node)
        if is_told_right(node, self._config):
            self._found_right = node
        else:  # somebody else wrote it
            await self.report()

    def _note_cordon(self, node: Object) -> None:
        """Say it when the node was cordoned, or is schedulable again."""
        cordoned = bool(node["spec"].get("unschedulable"))
        if cordoned != self._cordoned:
            self._cordoned = cordoned
            self._record_of_node("NodeNotSchedulable" if cordoned else "NodeSchedulable")

    def _record_of_node(self, reason: str) -> None:
        name = self._machine.name
        text = f"Node {name} status is now: {reason}"
        self._recorder.event(node_reference(name), "Normal", reason, text)

    async def report(self) -> bool:
        """Write the Node's status; False if there is no Node."""
        machine = self._machine
        try:
            node = await self._client.get(NODES, machine.name)
            self.labels = node["metadata"].get("labels") or {}
            told = node.get("status") or {}
            old = told.get("conditions") or ()
            now = self._clock.now()
            status = node_status(machine.name, machine.address, machine.boot_id, self._config, old, now)
            status.update(resources_patch(self._config, node))
            patch = {"status": status_patch(told, status)}
            await self._client.patch(NODES, machine.name, patch, subresource="status", patch_type="strategic")
            for reason in news_of_conditions(old, status["conditions"]):
                self._record_of_node(reason)
        except NotFound:
            return False
        except APIError as error:
            self._log.warning("node_status_not_written", node=machine.name, error=str(error))
        return True

    async def read_labels(self) -> None:
        """Read the labels anew."""
        while True:
            try:
                node = await self._client.get(NODES, self._machine.name)
            except NotFound:
                break
            except APIError as error:
                self._log.warning("node_not_read", node=self._machine.name, error=str(error))
                await self._clock.sleep(self._config.write_retry_s)
            else:
                self.labels = node["metadata"].get("labels") or {}
                break


def _is_registered(written: Object, wanted: Object) -> bool:
    status = written.get("status") or {}
    return bool(
        status.get("conditions")
        and status.get("addresses") == wanted["status"]["addresses"]
        and (status.get("nodeInfo") or {}).get("bootID") == wanted["status"]["nodeInfo"]["bootID"]
    )
