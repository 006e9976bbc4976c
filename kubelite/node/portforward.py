"""Port-forward over a websocket: two channels for each port, the connection and its errors.

Channel 2·i carries the i-th port's bytes, channel 2·i+1 the reason why it could not be reached; each begins
with the port's number in two bytes, the lower one first.

Source: pkg/kubelet cri-streaming portforward/websocket.go.
"""

from __future__ import annotations

import asyncio
import contextlib
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
            channel = message.data[1:2] if ends else message.data[:1]
            index, is_error = divmod(int.from_bytes(channel), 2) if channel else (0, 1)
            if is_error or index >= len(forwards):
                continue
            if ends:
                await forwards[index].end()
            else:
                await forwards[index].feed(message.data[1:])


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
        self._writer: asyncio.StreamWriter | None = None
        self._tried = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Forward {self._pod['metadata']['name']}:{self._port}>"

    async def announce(self) -> None:
        """Open both channels."""
        number = self._port.to_bytes(2, "little")
        await self._socket.send_bytes(self._data + number)
        await self._socket.send_bytes(self._error + number)

    async def feed(self, data: bytes) -> None:
        """Bytes for the pod, which are lost if it does not take them; waits while it is slow."""
        await self._tried.wait()
        if self._writer is not None:
            self._writer.write(data)
            with contextlib.suppress(OSError):  # the pod has ended the connection, as `run` finds out, too
                await self._writer.drain()

    async def end(self) -> None:
        """The client sends nothing more."""
        await self._tried.wait()
        if self._writer is not None and not self._writer.is_closing() and self._writer.can_write_eof():
            self._writer.write_eof()

    async def run(self) -> None:
        """Carry what the pod sends until it closes the connection."""
        reader = asyncio.StreamReader()
        try:
            transport, protocol = await self._network.fabric.connect(
                self._network,
                "localhost",
                self._port,
                lambda: asyncio.StreamReaderProtocol(reader),
            )
        except OSError as error:
            self._tried.set()
            await self._tell(error)
            return
        self._writer = asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())
        self._tried.set()
        try:
            while data := await self._piece(reader):
                await self._socket.send_bytes(self._data + data)
        finally:
            transport.close()

    async def _piece(self, reader: asyncio.StreamReader) -> bytes:
        """What has come from the pod; nothing at the end, which a reset tells of."""
        try:
            return await reader.read(CHUNK_BYTES)
        except OSError as error:
            await self._tell(error)
            return b""

    async def _tell(self, error: OSError) -> None:
        name, uid = self._pod["metadata"]["name"], self._pod["metadata"]["uid"]
        why = f"error forwarding port {self._port} to pod {name}, uid {uid}: {error}"
        await self._socket.send_bytes(self._error + why.encode())
