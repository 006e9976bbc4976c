"""BusyBox: a shell and its applets, one program that acts by the name it is called with.

Source: BusyBox 1.36's applet help and messages.
"""

from __future__ import annotations

from collections.abc import Mapping

from kubelite.images.busybox import (
    archive,
    checksums,
    commands,
    comparing,
    dates,
    dd,
    dumps,
    expr,
    filesystem,
    find,
    grep,
    httpd,
    identity,
    kernel,
    lines,
    network,
    running,
    sorting,
    system,
    text,
)
from kubelite.images.container import CommandNotFoundError, Container
from kubelite.images.shell.process import Applet, Process
from kubelite.images.shell.programs import find_applet, run_program
from kubelite.images.shell.streams import Standard


async def awk(process: Process) -> int:
    """A program over the records of its input; a language of its own, and imported when it is first used."""
    from kubelite.images.busybox.awk import run  # noqa: PLC0415 - as the docstring says

    return await run(process)


APPLETS: Mapping[str, Applet] = {
    **system.APPLETS,
    **running.APPLETS,
    **checksums.APPLETS,
    **text.APPLETS,
    **grep.APPLETS,
    **sorting.APPLETS,
    **commands.APPLETS,
    **comparing.APPLETS,
    **dates.APPLETS,
    **dumps.APPLETS,
    **dd.APPLETS,
    **expr.APPLETS,
    **find.APPLETS,
    **filesystem.APPLETS,
    **identity.APPLETS,
    **kernel.APPLETS,
    **lines.APPLETS,
    **network.APPLETS,
    **httpd.APPLETS,
    **archive.APPLETS,
    "awk": awk,
}
OWN_APPLETS = {name: applet for name, applet in APPLETS.items() if name != "bash"}
"""Those of images that are BusyBox and nothing else."""
DEFAULT_COMMAND = ("sh",)


def make_process(
    container: Container, applets: Mapping[str, Applet] = APPLETS, argv: tuple[str, ...] = ()
) -> Process:
    """The process for `argv`, or else the container's command, with the container's own streams."""
    return Process(
        argv=argv or container.argv or DEFAULT_COMMAND,
        env=dict(container.env),
        cwd=container.working_dir or "/",
        streams={0: container.stdin, 1: Standard(container.stdout), 2: Standard(container.stderr)},
        container=container,
        applets=applets,
    )


async def run_applets(container: Container, applets: Mapping[str, Applet], argv: tuple[str, ...] = ()) -> int:
    """Runs a command with the given applets: `argv`, or the container's own.

    Raises:
        CommandNotFoundError: There is neither such an applet nor such a file.
    """
    process = make_process(container, applets, argv)
    name = process.argv[0]
    is_file = "/" in name and container.files.is_file(process.path(name))
    if not is_file and find_applet(process, name) is None:
        raise CommandNotFoundError(name)
    try:
        return await run_program(process)
    finally:
        await process.table.close()


async def busybox(container: Container) -> int:
    """The program of images with a shell: `container.argv[0]` says which applet."""
    return await run_applets(container, APPLETS)


async def busybox_alone(container: Container) -> int:
    """The program of BusyBox's own images, which have no bash."""
    return await run_applets(container, OWN_APPLETS)
