"""HTTP into a cluster elsewhere: connections that are port-forwards to pods.

Names and addresses of Services and pods are looked up in the API; of a Service's ready endpoints one is
taken after the other, for each connection the next, as a proxy would.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/; the channels of a port-forward over
WebSocket are those of `node/portforward`.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import aiohttp
import attrs
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest

from kubelite.api.resources import ENDPOINTSLICES, PODS, SERVICES
from kubelite.apimachinery.apierrors import APIError, NotFound
from kubelite.apimachinery.scheme import Object
from kubelite.client.http import HTTPClient
from kubelite.network.connector import RoutedConnector
from kubelite.runtime import tasks

PROTOCOL: Final = "v4.channel.k8s.io"
CHUNK_BYTES: Final = 64 * 1024
_DATA, _ERROR = 0, 1
_HEADER_BYTES: Final = 2


@attrs.frozen
class Target:
    """A port of a pod."""

    namespace: str
    pod: str
    port: int


class Directory:
    """Which pods names and addresses mean.

    Args:
        client: Of the cluster.
        namespace: Of names without one.
    """

    def __init__(self, client: HTTPClient, namespace: str) -> None:
        self._client = client
        self._namespace = namespace
        self._turns: dict[str, int] = {}

    async def target(self, host: str, port: int) -> Target | None:
        """The pod and port that a connection is for; None if it is for something outside the cluster.

        Raises:
            ConnectionRefusedError: The Service has no such port, or no ready pod.
            socket.gaierror: There is no Service of that name.
        """
        if _is_address(host):
            return await self._by_address(host, port)
        pod, name, namespace = self._parts(host)
        if not name:
            return None
        service = await self._service(name, namespace)
        if service is None:
            if "." in host and ".svc" not in host:
                return None
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return await self._of_service(service, port, pod)

    async def addresses(self, host: str) -> list[str]:
        """The addresses of a Service's name; none if there is no such Service."""
        if _is_address(host):
            return [host]
        pod, name, namespace = self._parts(host)
        service = await self._service(name, namespace) if name else None
        if service is None:
            return []
        fixed = [each for each in service["spec"].get("clusterIPs") or () if each != "None"]
        if fixed and not pod:
            return fixed
        return [
            address
            for each, _ in await self._endpoints(service)
            if not pod or each.get("hostname") == pod
            for address in each["addresses"]
        ]

    def _parts(self, host: str) -> tuple[str, str, str]:
        """The pod's host name (mostly none), the Service's name, and its namespace."""
        labels = host.rstrip(".").lower().split(".")
        if "svc" in labels[1:]:
            labels = labels[: labels.index("svc", 1)]
        if len(labels) == 1:
            return "", labels[0], self._namespace
        if len(labels) == 2:
            return "", labels[0], labels[1]
        return (labels[0], labels[1], labels[2]) if len(labels) == 3 else ("", "", "")

    async def _service(self, name: str, namespace: str) -> Object | None:
        try:
            return await self._client.get(SERVICES, name, namespace)
        except NotFound:
            return None

    async def _by_address(self, host: str, port: int) -> Target | None:
        for service in (await self._client.list(SERVICES)).items:
            if host in (service["spec"].get("clusterIPs") or ()):
                return await self._of_service(service, port, "")
        pods = (await self._client.list(PODS, field_selector=f"status.podIP={host}")).items
        pods = [each for each in pods if not each["spec"].get("hostNetwork")]
        return Target(pods[0]["metadata"]["namespace"], pods[0]["metadata"]["name"], port) if pods else None

    async def _endpoints(self, service: Object) -> list[tuple[Object, Sequence[Object]]]:
        """The ready endpoints of a Service, each with the ports of its slice."""
        metadata = service["metadata"]
        selector = f"kubernetes.io/service-name={metadata['name']}"
        slices = await self._client.list(ENDPOINTSLICES, metadata["namespace"], label_selector=selector)
        return [
            (endpoint, each.get("ports") or ())
            for each in slices.items
            for endpoint in each.get("endpoints") or ()
            if (endpoint.get("conditions") or {}).get("ready", True)
            and (endpoint.get("targetRef") or {}).get("kind") == "Pod"
        ]

    async def _of_service(self, service: Object, port: int, pod: str) -> Target | None:
        metadata, spec = service["metadata"], service["spec"]
        if spec.get("type") == "ExternalName":
            return None
        headless = spec.get("clusterIP") == "None"
        wanted = [each for each in spec.get("ports") or () if each["port"] == port]
        name = wanted[0].get("name", "") if wanted else None
        found: list[tuple[str, int]] = []
        for endpoint, ports in await self._endpoints(service):
            if pod and endpoint.get("hostname") != pod:
                continue
            named = {each.get("name", ""): each["port"] for each in ports}
            at = port if headless else named.get(name)
            if at is not None:
                found.append((endpoint["targetRef"]["name"], at))
        if not found:
            raise ConnectionRefusedError(
                errno.ECONNREFUSED,
                f"Service {metadata['name']} has no port {port}"
                if not wanted and not headless
                else f"Service {metadata['name']} has no ready pod",
            )
        found.sort()
        key = f"{metadata['namespace']}/{metadata['name']}:{port}"
        turn = self._turns[key] = self._turns.get(key, -1) + 1
        chosen, number = found[turn % len(found)]
        return Target(metadata["namespace"], chosen, number)


class ForwardConnector(RoutedConnector):
    """An aiohttp connector into a cluster.

    Args:
        client: Of the cluster.
        namespace: Of names without one, and of the pod.
        pod: Whose `localhost` is meant; empty for that of this process.
    """

    def __init__(self, client: HTTPClient, namespace: str, pod: str = "") -> None:
        super().__init__()
        self._client, self._own_namespace, self._pod = client, namespace, pod
        self._directory = Directory(client, namespace)
        self._forwards: set[asyncio.Task[None]] = set()

    async def end_forwards(self) -> None:
        """Ends the port-forwards that are still open."""
        await tasks.cancel(*self._forwards)

    async def _connect(self, req: ClientRequest, host: str, port: int) -> ResponseHandler:
        try:
            if self._pod and host in {"localhost", "127.0.0.1", "::1"}:
                target: Target | None = Target(self._own_namespace, self._pod, port)
            else:
                target = await self._directory.target(host, port)
            near = None if target is None else await self._forward(target)
        except APIError as error:
            raise ConnectionRefusedError(errno.ECONNREFUSED, str(error)) from error
        secure = {"ssl": self._context(req), "server_hostname": req.server_hostname or host}
        options: dict[str, Any] = secure if req.is_ssl() else {}
        loop = asyncio.get_running_loop()
        if near is None:
            _, protocol = await loop.create_connection(self._factory, host, port, **options)
        else:
            _, protocol = await loop.create_connection(self._factory, sock=near, **options)
        return protocol

    async def _forward(self, target: Target) -> socket.socket:
        """One end of a pair of sockets, whose other end is carried to the pod."""
        path = PODS.path(target.namespace, target.pod, "portforward")
        channel = await self._client.websocket(path, [("ports", str(target.port))], (PROTOCOL,))
        near, far = socket.socketpair()
        far.setblocking(False)
        near.setblocking(False)
        task = tasks.start(_carry(channel, far), name=f"port-forward {target.pod}:{target.port}")
        self._forwards.add(task)
        task.add_done_callback(self._forwards.discard)
        return near


async def _carry(channel: aiohttp.ClientWebSocketResponse, far: socket.socket) -> None:
    """Carries bytes between a socket and the two channels of a forwarded port, until either side ends."""
    reader, writer = await asyncio.open_connection(sock=far)
    sending = tasks.start(_send(reader, channel), name="port-forward sender")
    begun: set[int] = set()
    try:
        async for message in channel:
            if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
                continue
            number, data = message.data[0], message.data[1:]
            if number not in begun:  # each channel begins with the port's number
                begun.add(number)
                data = data[_HEADER_BYTES:]
            if number == _ERROR and data:
                break
            if number == _DATA and data:
                writer.write(data)
                await writer.drain()
    except OSError:
        pass  # the near side has gone
    finally:
        await tasks.cancel(sending)
        await channel.close()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _send(reader: asyncio.StreamReader, channel: aiohttp.ClientWebSocketResponse) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            await channel.send_bytes(b"\0" + data)
    await channel.close()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
