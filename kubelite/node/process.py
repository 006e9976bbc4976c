"""One process of a container, as its program sees it: arguments, streams, files, the pod's network."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from kubelite.images import programs
from kubelite.images.container import CommandNotFoundError, InputStream, OutputStream
from kubelite.images.files import FileSystem
from kubelite.network import NetworkNamespace, client_session
from kubelite.node.podserver import PodServer
from kubelite.runtime import Clock, Randomness

if TYPE_CHECKING:
    import ssl

    import aiohttp

    from kubelite.node.box import Box

DEFAULT_PORT: Final = 80


class Process:
    """One process of a container: what its program sees. See `images.container.Container`."""

    def __init__(
        self,
        box: Box,
        argv: tuple[str, ...],
        stdin: InputStream,
        stdout: OutputStream,
        stderr: OutputStream,
    ) -> None:
        config = box.config
        self._box = box
        self.argv = argv
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.name: str = config.name
        self.image: str = config.image_name
        self.working_dir: str = config.working_dir
        self.hostname: str = config.hostname
        self.pod_name: str = config.pod_name
        self.namespace: str = config.namespace
        self.uid: str = config.pod_uid
        self.node_name: str = config.node_name
        self.ip: str = config.ip
        self.labels: Mapping[str, str] = config.labels
        self.annotations: Mapping[str, str] = config.annotations
        self.ports: tuple[int, ...] = config.ports
        self.network: NetworkNamespace = config.network

    def __repr__(self) -> str:
        return (
            f"<Process {' '.join(self.argv) or self.image} in {self.namespace}/{self.pod_name}/{self.name}>"
        )

    @cached_property
    def env(self) -> Mapping[str, str]:
        """Its environment variables; many programs never look."""
        return dict(self._box.config.env)

    @property
    def terminating(self) -> asyncio.Event:
        """Set by SIGTERM."""
        return self._box.terminating

    @property
    def clock(self) -> Clock:
        """The cluster's clock."""
        return self._box.runtime.clock

    @property
    def random(self) -> Randomness:
        """Seeded randomness of this container."""
        return self._box.random

    @property
    def files(self) -> FileSystem:
        """The file system of the container."""
        return self._box.files

    @property
    def box(self) -> Box:
        """What it shares with the other processes of the container."""
        return self._box

    def log(self, text: str) -> None:
        """Write a line to standard output."""
        self.stdout.write(f"{text}\n")

    async def serve(
        self,
        program: Any,
        port: int | None = None,
        host: str | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        drain_after_s: float | None = None,
    ) -> None:
        """Serve HTTP until SIGTERM, drain, return."""
        hosted = await programs.host(program)
        server = PodServer(hosted, self._box)
        try:
            ports = (self.ports or (DEFAULT_PORT,)) if port is None else (port,)
            server.listen(self._address(host), ports, tls)
            await self.terminating.wait()
            delay_s = self._box.runtime.drain_delay_s if drain_after_s is None else drain_after_s
            if delay_s:
                await self.clock.sleep(delay_s)
            await server.drain()
        finally:
            server.cut()
        await hosted.close()

    def http(self) -> aiohttp.ClientSession:
        """A client session in the pod's network."""
        return client_session(self.network)

    async def resolve(self, name: str) -> list[str]:
        """The addresses of a name."""
        return await self.network.resolve(name)

    async def exec(self, argv: Sequence[str], stdin: InputStream | bytes | None = None) -> int:
        """Run another program of the image."""
        source = BytesInput(stdin) if isinstance(stdin, bytes) else (stdin or NoInput())
        return await run_command(Process(self._box, tuple(argv), source, self.stdout, self.stderr))

    def _address(self, host: str | None) -> str:
        """Where to listen: pod and localhost are one here, as every port of a pod is its own."""
        if host in {None, "", "0.0.0.0", "::", "localhost", "127.0.0.1", "::1"}:  # noqa: S104
            return self.ip
        assert host is not None
        return host


async def run_command(process: Process) -> int:
    """Run an exec'd command to its exit code.

    Raises:
        CommandNotFoundError: The image has no such command.
    """
    config = process.box.config
    program = config.image.exec or config.shell
    if program is None or not process.argv:
        raise CommandNotFoundError(process.argv[0] if process.argv else "")
    try:
        return int(await program(process) or 0) & 0xFF
    except SystemExit as error:
        return exit_code(error, process.stderr)
    except CommandNotFoundError:
        raise
    except Exception:  # noqa: BLE001  (what user code raises is its crash)
        process.stderr.write(traceback.format_exc())
        return 1


class NoInput:
    """A standard input at its end."""

    async def read(self, n: int = -1) -> bytes:
        """Nothing."""
        return b""


class BytesInput:
    """A standard input of given bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def read(self, n: int = -1) -> bytes:
        """The next bytes."""
        piece, self._data = (self._data, b"") if n < 0 else (self._data[:n], self._data[n:])
        return piece


class Nowhere:
    """An output that nobody reads."""

    def write(self, data: str | bytes) -> None:
        """Dropped."""


def exit_code(error: SystemExit, stderr: OutputStream) -> int:
    """What Python does with the argument of `sys.exit`."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    stderr.write(f"{error.code}\n")
    return 1
