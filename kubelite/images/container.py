"""What a program sees of the container it runs in.

A program is `async def main(container: Container) -> int | None`. What it returns is the exit code of the
container (None is 0); `SystemExit(n)` works too; any other exception is written to the log as a traceback
and exits 1. Applications (aiohttp, ASGI) are made into such programs by `images.programs`. The node
implements the protocol.

Signals: SIGTERM sets `terminating`. A program that watches it ends with its own code, one that does not goes
on until the grace period is over and is then killed: its listeners and connections are cut and its task is
cancelled.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    import asyncio
    import ssl

    import aiohttp

    from kubelite.images.files import FileSystem
    from kubelite.network import NetworkNamespace
    from kubelite.runtime import Clock, Randomness


class CommandNotFoundError(Exception):
    """The image has no program of that name: raise it for an unknown `argv[0]`.

    As the main program of a container it is a StartError (exit code 128), as an exec'd command the error of
    the exec.
    """

    def __init__(self, command: str) -> None:
        super().__init__(f'exec: "{command}": executable file not found in $PATH')
        self.command = command


class InputStream(Protocol):
    """The standard input of a program; at once at its end if nobody is attached."""

    async def read(self, n: int = -1) -> bytes:
        """Up to `n` bytes as soon as there are any, all until the end if `n` is negative; b"" at the end."""


class OutputStream(Protocol):
    """The standard output or standard error of a program."""

    def write(self, data: str | bytes) -> None:
        """Append `data`. It never blocks; in the log, lines get their time when they are complete."""


@runtime_checkable
class DrainedStream(OutputStream, Protocol):
    """An output that somebody reads elsewhere, maybe slowly: who writes much waits now and then."""

    async def drain(self) -> None:
        """Wait while too much waits to be read."""


class Container(Protocol):
    """One container as its program sees it.

    Attributes:
        name: Name of the container in its pod.
        image: Image reference as written in the pod.
        argv: Command and arguments, $(VAR) expanded; empty if neither the pod nor the image says any.
        env: Environment variables, those of Services and of the downward API included.
        working_dir: Working directory; relative paths of `files` start here.
        hostname: Host name of the pod.
        pod_name: Name of the pod.
        namespace: Namespace of the pod.
        uid: UID of the pod.
        node_name: Name of the node.
        ip: Address of the pod.
        labels: Labels of the pod when the container started.
        annotations: Annotations of the pod when the container started.
        ports: The TCP containerPorts, in the order of the spec.
        terminating: Set by SIGTERM.
        stdin: Standard input.
        stdout: Standard output, part of the log.
        stderr: Standard error, part of the log.
        network: The network of the pod; outgoing connections of the task take it without being told.
        clock: The clock of the cluster: wait with it, so that the program works in virtual time.
        random: Seeded randomness of this container.
        files: The file system: in memory, with the pod's volumes mounted.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def image(self) -> str: ...  # noqa: D102
    @property
    def argv(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def env(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def working_dir(self) -> str: ...  # noqa: D102
    @property
    def hostname(self) -> str: ...  # noqa: D102
    @property
    def pod_name(self) -> str: ...  # noqa: D102
    @property
    def namespace(self) -> str: ...  # noqa: D102
    @property
    def uid(self) -> str: ...  # noqa: D102
    @property
    def node_name(self) -> str: ...  # noqa: D102
    @property
    def ip(self) -> str: ...  # noqa: D102
    @property
    def labels(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def annotations(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def ports(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def terminating(self) -> asyncio.Event: ...  # noqa: D102
    @property
    def stdin(self) -> InputStream: ...  # noqa: D102
    @property
    def stdout(self) -> OutputStream: ...  # noqa: D102
    @property
    def stderr(self) -> OutputStream: ...  # noqa: D102
    @property
    def network(self) -> NetworkNamespace: ...  # noqa: D102
    @property
    def clock(self) -> Clock: ...  # noqa: D102
    @property
    def random(self) -> Randomness: ...  # noqa: D102
    @property
    def files(self) -> FileSystem: ...  # noqa: D102

    def log(self, text: str) -> None:
        """Write `text` and a line end to standard output."""

    async def serve(
        self,
        program: Any,
        port: int | None = None,
        host: str | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        drain_after_s: float | None = None,
    ) -> None:
        """Serve HTTP until SIGTERM, then stop accepting, let the open requests end, and return.

        Args:
            program: An `aiohttp.web.Application`, a factory of one, an ASGI 3 callable, or an
                `aiohttp.web.Server`.
            port: Port to listen on; None means every TCP containerPort of the container, or 80 if it has
                none.
            host: Address to listen on; None means the address of the pod.
            tls: Settings of a server; with them HTTPS is served.
            drain_after_s: For how long it goes on accepting after SIGTERM; None means until proxies know.

        Raises:
            OSError: A port is taken by another container of the pod (EADDRINUSE).
        """

    def http(self) -> aiohttp.ClientSession:
        """A new client session in the network of the pod: `async with container.http() as http`."""

    async def resolve(self, name: str) -> list[str]:
        """The addresses of `name`, looked up with the search path of the pod.

        Raises:
            OSError: The name does not resolve (`socket.gaierror`).
        """

    async def exec(self, argv: Sequence[str], stdin: InputStream | bytes | None = None) -> int:
        """Run another program of the image in this container, with the same output, and return its exit code.

        Raises:
            CommandNotFoundError: The image has no such command.
        """


Program: TypeAlias = Callable[[Container], Awaitable[int | None]]
