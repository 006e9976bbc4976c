"""agnhost: the test image of Kubernetes, one program with a subcommand per role.

Source: the README of https://github.com/kubernetes/kubernetes/tree/master/test/images/agnhost
"""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import import_module

from aiohttp import web

from kubelite.images import curl
from kubelite.images.agnhost import files
from kubelite.images.agnhost.dig import dig
from kubelite.images.agnhost.getent import getent
from kubelite.images.agnhost.netexec import netexec
from kubelite.images.agnhost.options import duration_s, flag
from kubelite.images.agnhost.signals import TERMINATED
from kubelite.images.busybox import APPLETS, run_applets
from kubelite.images.busybox.netcat import openbsd_nc
from kubelite.images.container import CommandNotFoundError, Container
from kubelite.images.registry import ACCOUNTS, Account, Image
from kubelite.images.shell.process import Applet, Process

ENTRYPOINT = ("/agnhost",)
HEALTHY_S = 10.0
LIVENESS_PORT = 8080
CONNECT_TIMEOUT_S = 60.0
_NAMES = frozenset({"agnhost", "agnhost-2"})
_TOOL_APPLETS = {**APPLETS, **curl.APPLETS, "dig": dig, "getent": getent, "nc": openbsd_nc}

Subcommand = Callable[[Container, list[str]], Awaitable[int]]


async def pause(container: Container, _: list[str]) -> int:
    """Waits for SIGTERM."""
    container.log("Paused")
    await container.terminating.wait()
    return TERMINATED


async def liveness(container: Container, _: list[str]) -> int:
    """`/healthz` is 200 for the first ten seconds, then 500 for ever; `/redirect?loc=` leads elsewhere."""
    started = container.clock.monotonic()

    async def healthz(_: web.Request) -> web.Response:
        seconds = container.clock.monotonic() - started
        if seconds > HEALTHY_S:
            return web.Response(status=500, text=f"error: {seconds}")
        return web.Response(text="ok")

    async def started_at(_: web.Request) -> web.Response:
        return web.Response(text=f"{container.clock.monotonic() - started:.3f}s")

    async def redirect(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": request.query.get("loc", "/")})

    app = web.Application()
    app.router.add_get("/redirect", redirect)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/started", started_at)
    await container.serve(app, LIVENESS_PORT)
    return 0


async def entrypoint_tester(container: Container, _: list[str]) -> int:
    """Prints the whole argument vector as Go prints a slice."""
    container.log(f"[{' '.join(container.argv)}]")
    return 0


async def grpc_health_checking(container: Container, args: list[str]) -> int:
    """`[--port] [--http-port] [--service=NAME] [--delay-unhealthy-sec=N]`: answers health checks."""
    from kubelite.images.agnhost import health  # noqa: PLC0415 - rarely needed

    port = int(flag(args, "port", str(health.PORT)))
    http_port = int(flag(args, "http-port", str(health.HTTP_PORT)))
    delay_s = int(flag(args, "delay-unhealthy-sec", str(health.NEVER)))
    return await health.main(container, port, http_port, flag(args, "service", ""), delay_s)


async def nettest(container: Container, args: list[str]) -> int:
    """`[--port=8080]`: notes who writes to it."""
    from kubelite.images.agnhost import noting as server  # noqa: PLC0415 - rarely needed

    return await server.main(container, int(flag(args, "port", str(server.PORT))))


async def nonewprivs(container: Container, _: list[str]) -> int:
    """Says who it runs as."""
    container.log(f"Effective uid: {container.files.user.uid}")
    return 0


async def mounttest(container: Container, args: list[str]) -> int:
    """Says what it sees of files."""
    return await files.mounttest(container, args)


async def connect(container: Container, args: list[str]) -> int:
    """`connect HOST:PORT [--timeout=DURATION]`: exits 0 if a TCP connection can be made."""
    import asyncio  # noqa: PLC0415 - rarely needed
    import socket  # noqa: PLC0415

    target = next((arg for arg in args if not arg.startswith("-")), "")
    host, _, port = target.rpartition(":")
    try:
        seconds = duration_s(flag(args, "timeout", "0")) or CONNECT_TIMEOUT_S
        async with container.clock.timeout(seconds):
            _, writer = await asyncio.open_connection(host, int(port))
    except TimeoutError:
        container.stderr.write("TIMEOUT\n")
        return 1
    except ConnectionRefusedError:
        container.stderr.write("REFUSED\n")
        return 1
    except socket.gaierror as error:
        container.stderr.write(f"DNS: {error}\n")
        return 1
    except (OSError, ValueError) as error:
        container.stderr.write(f"OTHER: {error}\n")
        return 1
    writer.close()
    return 0


async def issuer_discovery(container: Container, args: list[str]) -> int:
    """`--token-path=FILE --audience=NAME`: exits 0 if the token is what its issuer's documents say."""
    from kubelite.images.agnhost.issuer import discover  # noqa: PLC0415 - rarely needed

    return await discover(container, flag(args, "token-path", ""), flag(args, "audience", ""))


def _later(module: str, name: str = "main") -> Subcommand:
    """A subcommand that is imported when it is first run."""

    async def run(container: Container, args: list[str]) -> int:
        found: Subcommand = getattr(import_module(f"kubelite.images.agnhost.{module}"), name)
        return await found(container, args)

    return run


SUBCOMMANDS: Mapping[str, Subcommand] = {
    "pause": pause,
    "netexec": netexec,
    "liveness": liveness,
    "entrypoint-tester": entrypoint_tester,
    "grpc-health-checking": grpc_health_checking,
    "nettest": nettest,
    "nonewprivs": nonewprivs,
    "mounttest": mounttest,
    "connect": connect,
    "test-service-account-issuer-discovery": issuer_discovery,
    "dns-server-list": _later("hostfacts", "dns_server_list"),
    "dns-suffix": _later("hostfacts", "dns_suffix"),
    "etc-hosts": _later("hostfacts", "etc_hosts"),
    "guestbook": _later("guestbook"),
    "inclusterclient": _later("inclusterclient"),
    "logs-generator": _later("logsgenerator"),
    "porter": _later("porter"),
    "serve-hostname": _later("hostname"),
    "test-webserver": _later("fileserver"),
}


async def main(container: Container) -> int:
    """Runs a subcommand; other commands of the image (a shell, wget, dig) run as in BusyBox and BIND.

    Raises:
        CommandNotFoundError: There is no such command.
    """
    argv = container.argv or ENTRYPOINT
    if posixpath.basename(argv[0]) not in _NAMES:
        return await run_applets(container, applets())
    return await run_subcommand(container, argv)


async def run_subcommand(container: Container, argv: Sequence[str]) -> int:
    """`agnhost SUBCOMMAND ARGUMENTS`."""
    if len(argv) == 1:
        return await pause(container, [])
    subcommand = SUBCOMMANDS.get(argv[1])
    if subcommand is None:
        container.stderr.write(f'Error: unknown command "{argv[1]}" for "app"\n')
        return 1
    return await subcommand(container, list(argv[2:]))


async def _in_shell(process: Process) -> int:
    from kubelite.images.agnhost.inshell import InShell  # noqa: PLC0415 - rarely needed

    container = InShell(process)
    try:
        return await run_subcommand(container, process.argv)
    finally:
        await container.flush()


def applets() -> Mapping[str, Applet]:
    """The commands of the image, agnhost itself among them."""
    return {**_TOOL_APPLETS, **dict.fromkeys(_NAMES, _in_shell)}


async def run_command(container: Container) -> int:
    """A command run by exec: `agnhost SUBCOMMAND` or any other of the image.

    Raises:
        CommandNotFoundError: There is no such command.
    """
    if not container.argv:
        raise CommandNotFoundError("")
    return await main(container)


async def tools(container: Container) -> int:
    """A shell and the tools of agnhost, without agnhost: what jessie-dnsutils is."""
    return await run_applets(container, _TOOL_APPLETS)


_TOOLS = tuple(f"/bin/{name}" for name in sorted(_TOOL_APPLETS))
TOOLS = Image(
    program=tools, kind="main", default_args=("bash",), exec=tools, size=113_000_000, commands=_TOOLS
)
IMAGE = Image(
    program=main,
    kind="main",
    entrypoint=ENTRYPOINT,
    exec=run_command,
    size=51_380_000,
    accounts={**ACCOUNTS, 1000: Account("user-defined-in-image", 1000, (50000,))},
    groups={50000: "group-defined-in-image"},
    commands=("/agnhost", "/agnhost-2", *_TOOLS),
)
