"""Exec and attach over a websocket: one byte of channel number, then the data of that channel.

Channels: 0 stdin, 1 stdout, 2 stderr, 3 error (a Status at the end), 4 resize, 255 close (v5: the client
ends a channel, so that stdin has an end).

Source: k8s.io/apimachinery/pkg/util/remotecommand, KEP-4006.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import orjson
from aiohttp import WSMsgType, web

from kubelite.images.container import CommandNotFoundError
from kubelite.node.attachments import Input
from kubelite.node.cri import Runtime
from kubelite.runtime import tasks

STDIN: Final = 0
STDOUT: Final = 1
STDERR: Final = 2
ERROR: Final = 3
CLOSE: Final = 255
PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io", "v3.channel.k8s.io", "channel.k8s.io")
INPUT_MAX: Final = 32 * 1024 * 1024
"""Largest websocket message that is taken, in bytes."""
OUTPUT_WAITING_MAX: Final = 1024 * 1024
"""How much a client may be behind before who writes waits for it, in bytes."""


class Sender:
    """Sends what processes write, in order, without blocking them."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._queue: deque[bytes] = deque()
        self._waiting = 0
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._ended = False

    def put(self, channel: int, data: bytes) -> None:
        """Queue a message."""
        self._queue.append(bytes((channel,)) + data)
        self._waiting += len(data) + 1
        self._changed.set()

    async def drain(self) -> None:
        """Wait while the client is too far behind; nobody waits for one that is gone."""
        while self._waiting > OUTPUT_WAITING_MAX:
            self._room.clear()
            await self._room.wait()

    def end(self) -> None:
        """No more comes; `run` ends when everything is sent."""
        self._ended = True
        self._changed.set()

    async def run(self) -> None:
        """Send until the end, or until the client is gone."""
        try:
            while self._queue or not self._ended:
                while self._queue:
                    if self._socket.closed:
                        return
                    message = self._queue.popleft()
                    await self._socket.send_bytes(message)
                    self._waiting -= len(message)
                    self._room.set()
                if not self._ended:
                    self._changed.clear()
                    await self._changed.wait()
        except OSError:
            return  # the client is gone, as the receiver will find out, too
        finally:
            self._waiting = 0
            self._room.set()


class Output:
    """A standard stream that goes to a channel; one that is not wanted is dropped."""

    def __init__(self, sender: Sender, channel: int, *, wanted: bool) -> None:
        self._sender = sender
        self._channel = channel
        self._wanted = wanted

    def write(self, data: str | bytes) -> None:
        """Send."""
        if self._wanted and data:
            self._sender.put(self._channel, data.encode() if isinstance(data, str) else bytes(data))

    async def drain(self) -> None:
        """Wait for a client that is slow."""
        await self._sender.drain()


Run = Callable[[Input, Output, Output], Awaitable[dict[str, Any]]]
"""What is served: it has three streams, and gives the Status of how it ended."""


def exec_in(runtime: Runtime, container_id: str, argv: Sequence[str]) -> Run:
    """A command in a running container."""

    async def run(stdin: Input, stdout: Output, stderr: Output) -> dict[str, Any]:
        return await _run(runtime, container_id, argv, stdin, stdout, stderr)

    return run


def attach_to(runtime: Runtime, container_id: str) -> Run:
    """The main process of a running container, until it ends."""

    async def run(stdin: Input, stdout: Output, stderr: Output) -> dict[str, Any]:
        try:
            await runtime.attach(container_id, stdin=stdin, stdout=stdout, stderr=stderr)
        except LookupError as error:
            return internal_error(f"error attaching to container: {error}")
        return exit_status(0)

    return run


async def serve_streams(
    request: web.BaseRequest, run: Run, *, stdin: bool, stdout: bool, stderr: bool, tty: bool
) -> web.StreamResponse:
    """Join a websocket client to three streams, and tell it how it ended.

    Args:
        request: Its upgrade.
        run: What is served.
        stdin: Whether the client gives input.
        stdout: Whether it wants output.
        stderr: Whether it wants errors apart from the output.
        tty: A terminal shows errors with the output.
    """
    socket = web.WebSocketResponse(protocols=PROTOCOLS, max_msg_size=INPUT_MAX)
    await socket.prepare(request)
    sender, source = Sender(socket), Input()
    if not stdin:
        source.end()
    # The real one says so that the connection is made: an empty message on the first channel that is open.
    sender.put(STDOUT if stdout else STDERR if stderr else ERROR, b"")
    sending = tasks.start(sender.run(), name="exec sender")
    receiving = tasks.start(_receive(socket, source), name="exec receiver")
    errors = Output(sender, STDOUT, wanted=stdout) if tty else Output(sender, STDERR, wanted=stderr)
    outputs = Output(sender, STDOUT, wanted=stdout), errors
    running = tasks.start(_status_of(run(source, *outputs)), name="exec")
    try:
        await asyncio.wait([running, receiving], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            sender.put(ERROR, _error_message(running.result(), socket.ws_protocol))
            sender.end()
            await asyncio.wait([sending])
            await socket.close()
    finally:
        for task in (running, receiving, sending):
            task.cancel()
        await asyncio.wait([running, receiving, sending])
    return socket


async def _status_of(running: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return await running


async def _run(
    runtime: Runtime, container_id: str, argv: Sequence[str], stdin: Input, stdout: Output, stderr: Output
) -> dict[str, Any]:
    """Run to the end; gives the Status of how it ended."""
    try:
        code = await runtime.exec(container_id, argv, stdin=stdin, stdout=stdout, stderr=stderr)
    except CommandNotFoundError as error:
        runc = f"OCI runtime exec failed: exec failed: unable to start container process: {error}"
        return internal_error(f"error executing command in container: failed to exec in container: {runc}")
    except LookupError as error:
        return internal_error(f"error executing command in container: {error}")
    return exit_status(code)


async def _receive(socket: web.WebSocketResponse, source: Input) -> None:
    """Take messages until the client closes the connection."""
    async for message in socket:
        if message.type not in {WSMsgType.BINARY, WSMsgType.TEXT} or not message.data:
            continue
        data = message.data.encode() if isinstance(message.data, str) else message.data
        if data[0] == STDIN:
            source.feed(data[1:])
            await source.room()
        elif data[0] == CLOSE and data[1:2] == bytes((STDIN,)):
            source.end()
    source.end()


def exit_status(code: int) -> dict[str, Any]:
    """The Status that tells an exit code."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: command terminated with exit code {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def internal_error(message: str) -> dict[str, Any]:
    """The Status that tells that a command could not be run."""
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"Internal error occurred: {message}",
        "reason": "InternalError",
        "details": {"causes": [{"message": message}]},
        "code": 500,
    }


def _error_message(status: dict[str, Any], protocol: str | None) -> bytes:
    """Since v4 the error channel carries a Status, before it a text."""
    if protocol in {"v5.channel.k8s.io", "v4.channel.k8s.io"}:
        return orjson.dumps(status)
    return b"" if status["status"] == "Success" else str(status["message"]).encode()
