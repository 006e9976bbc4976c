"""Port-forward over a websocket: two channels for each port, the connection and its errors.

Channel 2·i carries the i-th port's bytes, channel 2·i+1 the reason why it could not be reached; each begins
with the port's number in two bytes, the lower one first.

Source: pkg/kubelet cri-streaming portforward/websocket.go.
"""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import WSMsgType, web

from kubelite.apimachinery.scheme import Object
from kubelite.network import NetworkNamespace
from kubelite.runtime import tasks

PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io")
CLOSE: Final = 255
CHUNK_BYTES: Final = 64 * 1024
MESSAGE_BYTES_MAX: Final = 32 * 1024 * 1024
PORT_LAST: Final = 65535


async def serve_port_forward(
    request: web.BaseRequest, network: NetworkNamespace, pod: Object
) -> web.StreamResponse:
    """Connect a websocket client to ports of a pod until it leaves, or all of them are closed.

    Args:
        request: Its upgrade.
        network: The pod's network, in which `localhost` is the pod.
        pod: For the words of errors.
    """
    ports = [port for text in request.query.getall("ports", []) for port in text.split(",")]
    if not ports or not all(port.isdecimal() and 0 < int(port) <= PORT_LAST for port in ports):
        return web.Response(status=400, text='query parameter "ports" is required, each between 1 and 65535')
    socket = web.WebSocketResponse(protocols=PROTOCOLS, max_msg_size=MESSAGE_BYTES_MAX)
    await socket.prepare(request)
    forwards = [Forward(socket, index, int(port), network, pod) for index, port in enumerate(ports)]
    for forward in forwards:
        await forward.announce()
    carrying = [tasks.start(forward.run(), name=repr(forward)) for forward in forwards]
    receiving = tasks.start(_receive(socket, forwards), name="port-forward receiver")
    closing = tasks.start(_all_done(carrying), name="port-forward end")
    try:
        await asyncio.wait([receiving, closing], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*carrying, receiving, closing):
            await tasks.cancel(task)
        if not socket.closed:
            await socket.close()
    return socket


async def _all_done(carrying: list[asyncio.Task[None]]) -> None:
    await asyncio.wait(carrying)


async def _receive(socket: web.WebSocketResponse, forwards: list[Forward]) -> None:
    """Give each message to the forward whose channel it is of."""
    async for message in socket:
        if message.type is WSMsgType.BINARY and message.data:
            ends = message.data[0] == CLOSE
            index, is_error = divmod(message.data[1] if ends else message.data[0], 2)
            if is_error or index >= len(forwards):
                continue
            if ends:
                forwards[index].end()
            else:
                forwards[index].feed(message.data[1:])


class Forward:
    """One port: a connection to the pod, and the two channels that stand for it."""

    def __init__(
        self, socket: web.WebSocketResponse, index: int, port: int, network: NetworkNamespace, pod: Object
    ) -> None:
        self._socket = socket
        self._data, self._error = bytes((2 * index,)), bytes((2 * index + 1,))
        self._port = port
        self._network = network
        self._pod = pod
        self._early: list[bytes] = []
        self._ended = False
        self._transport: asyncio.Transport | None = None

    def __repr__(self) -> str:
        return f"<Forward {self._pod['metadata']['name']}:{self._port}>"

    async def announce(self) -> None:
        """Open both channels."""
        number = self._port.to_bytes(2, "little")
        await self._socket.send_bytes(self._data + number)
        await self._socket.send_bytes(self._error + number)

    def feed(self, data: bytes) -> None:
        """Bytes for the pod."""
        if self._transport is None:
            self._early.append(data)
        else:
            self._transport.write(data)

    def end(self) -> None:
        """The client sends nothing more."""
        self._ended = True
        if self._transport is not None and self._transport.can_write_eof():
            self._transport.write_eof()

    async def run(self) -> None:
        """Carry what the pod sends until it closes the connection."""
        reader = asyncio.StreamReader()
        try:
            transport, _ = await self._network.fabric.connect(
                self._network,
                "localhost",
                self._port,
                lambda: asyncio.StreamReaderProtocol(reader),
            )
        except OSError as error:
            name, uid = self._pod["metadata"]["name"], self._pod["metadata"]["uid"]
            why = f"error forwarding port {self._port} to pod {name}, uid {uid}: {error}"
            await self._socket.send_bytes(self._error + why.encode())
            return
        try:
            self._transport = transport
            for data in self._early:
                transport.write(data)
            self._early.clear()
            if self._ended:
                self.end()
            while data := await reader.read(CHUNK_BYTES):
                await self._socket.send_bytes(self._data + data)
        finally:
            transport.close()
