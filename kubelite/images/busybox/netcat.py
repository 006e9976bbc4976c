"""`nc`: connects, or sends datagrams, and passes on what comes.

Source: BusyBox's nc; `-u` and `-z` as OpenBSD's; nc(1) of OpenBSD.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import anyio

from kubelite.images.busybox.options import UsageError, parse_options
from kubelite.images.shell.process import Process
from kubelite.network import open_datagrams

if TYPE_CHECKING:
    from kubelite.network import NetworkNamespace

CHUNK_BYTES: Final = 64 * 1024
CONNECT_TIMEOUT_S: Final = 60.0
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
PROBE_S: Final = 0.1
"""How long a probe by datagram waits for being refused."""
LISTEN_S: Final = 1.0
"""How long answers to datagrams are waited for, if nothing else is said."""


class _Answers(asyncio.DatagramProtocol):
    """What comes back, one after the other; an error ends it."""

    def __init__(self) -> None:
        self._arrived: deque[bytes | Exception] = deque()
        self._any = asyncio.Event()

    def datagram_received(self, data: bytes, _addr: Any) -> None:
        """An answer."""
        self._arrived.append(data)
        self._any.set()

    def error_received(self, exc: Exception) -> None:
        """Nobody is there."""
        self._arrived.append(exc)
        self._any.set()

    async def next(self) -> bytes | Exception:
        """The next of them."""
        while not self._arrived:
            self._any.clear()
            await self._any.wait()
        return self._arrived.popleft()


async def exchange(network: NetworkNamespace, peer: tuple[str, int], data: bytes) -> bytes:
    """Send a datagram and wait for its answer.

    Raises:
        OSError: Nobody is there.
    """
    transport, answers = await open_datagrams(network, _Answers, peer=peer)
    try:
        transport.sendto(data)
        found = await answers.next()
    finally:
        transport.close()
    if isinstance(found, Exception):
        raise found
    return found


async def _address(process: Process, host: str) -> str:
    try:
        return (await process.container.resolve(host))[0]
    except OSError as error:
        raise OSError(0, "bad address") from error


async def nc(process: Process) -> int:
    """`nc [-uzv] [-w SECONDS] HOST PORT`, `nc -l[k] -p PORT [-e COMMAND...]`.

    It tells the other side when there is no more input.
    """
    args, command = _split_command(list(process.argv[1:]))
    return await _run(process, args, "zvnulk", {"N": ""}, command)


async def openbsd_nc(process: Process) -> int:
    """OpenBSD's: only with `-N` it tells the other side when there is no more input."""
    return await _run(process, list(process.argv[1:]), "zvnut4Nlk", {}, [])


def _split_command(args: list[str]) -> tuple[list[str], list[str]]:
    """The arguments before `-e`, and those behind it."""
    for index, arg in enumerate(args):
        if arg.startswith("-") and arg.endswith("e"):
            return [*args[:index], arg[:-1]][: index + (len(arg) > 2)], args[index + 1 :]
    return args, []


async def _run(
    process: Process, args: list[str], flags: str, usual: dict[str, str], command: list[str]
) -> int:
    try:
        options, operands = parse_options(args, flags, "wps")
    except UsageError as error:
        return await process.fail(str(error))
    if "l" in options:
        return await _listen(process, usual | options, operands, command)
    if len(operands) != 2:
        return await process.fail("usage: nc [-uzv] [-w SECONDS] HOST PORT")
    host, port = operands
    options = usual | options
    try:
        if "u" in options:
            await _send(process, host, int(port), options)
        else:
            await _connect(process, host, int(port), options)
    except TimeoutError:
        return await process.fail(f"{host} ({host}:{port}): Connection timed out")
    except OSError as error:
        return await process.fail(f"{host} ({host}:{port}): {_reason(error)}")
    return 0


async def _listen(process: Process, options: dict[str, str], operands: list[str], command: list[str]) -> int:
    from kubelite.images.busybox.listening import listen  # noqa: PLC0415 - rarely needed

    port = options.get("p") or next(iter(operands[-1:]), "")
    if not port.isdecimal() or "u" in options:
        return await process.fail("usage: nc -l [-k] -p PORT [-e COMMAND...]")
    try:
        await listen(process, int(port), command, again="k" in options, tells_end="N" in options)
    except OSError as error:
        return await process.fail(f"bind: {_reason(error)}")
    return 0


def _reason(error: OSError) -> str:
    """What went wrong, without the address that is told anyway."""
    return (error.strerror or str(error)).partition(":")[0]


async def _tell(process: Process, host: str, port: int, options: dict[str, str]) -> None:
    if "v" in options:
        await process.err(f"{host} ({host}:{port}) open\n")


async def _connect(process: Process, host: str, port: int, options: dict[str, str]) -> None:
    async with process.container.clock.timeout(float(options.get("w", CONNECT_TIMEOUT_S))):
        reader, writer = await asyncio.open_connection(await _address(process, host), port)
    await _tell(process, host, port, options)
    try:
        if "z" not in options:
            silence_s = float(options["w"]) if "w" in options else None
            await talk(process, (reader, writer), tells_end="N" in options, silence_s=silence_s)
    finally:
        writer.close()


async def talk(
    process: Process, peer: Connection, *, tells_end: bool, silence_s: float | None = None
) -> None:
    """Pass input to the other side and what it says to output, until it has no more to say.

    Args:
        process: Whose input and output.
        peer: The connection.
        tells_end: Whether the other side is told that there is no more input.
        silence_s: How long it may be silent once there is no more input; None means for ever.
    """
    reader, writer = peer
    heard = 0

    async def feed() -> None:
        await _feed(process, writer, tells_end=tells_end)
        if silence_s is not None:
            before = -1
            while heard != before:
                before = heard
                await process.container.clock.sleep(silence_s)
            group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(feed)
        while data := await reader.read(CHUNK_BYTES):
            heard += 1
            await process.out(data)
        group.cancel_scope.cancel()


async def _feed(process: Process, writer: asyncio.StreamWriter, *, tells_end: bool) -> None:
    try:
        while data := await process.stdin.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
        if tells_end and writer.can_write_eof():
            writer.write_eof()
    except ConnectionError:  # it has gone: there is nothing more to read from it either
        return


async def _send(process: Process, host: str, port: int, options: dict[str, str]) -> None:
    address = await _address(process, host)
    transport, answers = await open_datagrams(process.container.network, _Answers, peer=(address, port))
    try:
        if "z" in options:
            transport.sendto(b"X")
            await _answer(process, answers, PROBE_S)
            await _tell(process, host, port, options)
            return
        await _tell(process, host, port, options)
        transport.sendto(await process.stdin.read())
        while (data := await _answer(process, answers, float(options.get("w", LISTEN_S)))) is not None:
            await process.out(data)
    finally:
        transport.close()


async def _answer(process: Process, answers: _Answers, seconds: float) -> bytes | None:
    """The next answer; None if none comes in time.

    Raises:
        OSError: Nobody is there.
    """
    try:
        async with process.container.clock.timeout(seconds):
            found = await answers.next()
    except TimeoutError:
        return None
    if isinstance(found, Exception):
        raise found
    return found
