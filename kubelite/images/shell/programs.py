"""The programs that a shell runs: applets of the image, and scripts of the file system.

Source: POSIX.1-2017, Shell Command Language, 2.9.1.1 Command Search and Execution.
"""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable

import attrs

from kubelite.images.shell.control import NOT_EXECUTABLE, NOT_FOUND, SIGPIPE_STATUS
from kubelite.images.shell.process import Process, decode

_BIN = frozenset({"", "/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"})
_EXECUTABLE = 0o111
_SHELLS = frozenset({"sh", "bash", "ash", "dash"})


def find_applet(process: Process, name: str) -> Callable[[Process], Awaitable[int]] | None:
    """The program of the image that a name or a path below /bin and its like means."""
    directory, _, base = name.rpartition("/")
    return process.applets.get(base) if directory in _BIN and base else None


async def run_program(process: Process, shell_name: str = "sh") -> int:
    """Runs a program of the image, or a script of the file system, by name or path; 127 if there is none."""
    name, files = process.argv[0], process.container.files
    path = process.path(name) if "/" in name else _in_path(process, name)
    try:
        if path and files.exists(path):
            if files.is_dir(path) or not files.stat(path).mode & _EXECUTABLE:
                await process.err(f"{shell_name}: {name}: Permission denied\n")
                return NOT_EXECUTABLE
            return await _run_script(process, files.read(path))
        applet = find_applet(process, name)
        if applet is None:
            await process.err(f"{shell_name}: {name}: not found\n")
            return NOT_FOUND
        return await applet(process)
    except BrokenPipeError:
        return SIGPIPE_STATUS
    except OSError as error:
        return await process.fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def _in_path(process: Process, name: str) -> str:
    """A script of that name in a directory of `PATH`; applets come first, as they are links there."""
    if not name or name in process.applets:
        return ""
    files = process.container.files
    directories = process.env.get("PATH", "").split(":")
    found = (posixpath.join(each, name) for each in directories if each.startswith("/"))
    return next((path for path in found if files.is_file(path)), "")


async def _run_script(process: Process, content: bytes) -> int:
    text = decode(content)
    interpreter = "sh"
    if text.startswith("#!"):
        words = text.partition("\n")[0][2:].split()
        if words and posixpath.basename(words[0]) == "env":
            words = words[1:]
        interpreter = words[0] if words else interpreter
        if posixpath.basename(interpreter) not in _SHELLS:
            argv = (*words, process.argv[0], *process.argv[1:])
            if find_applet(process, interpreter) is None:
                await process.err(f"sh: {process.argv[0]}: not found\n")
                return NOT_FOUND
            return await run_program(attrs.evolve(process, argv=argv))
    from kubelite.images.shell.interpreter import Shell  # noqa: PLC0415 - it runs programs itself

    shell = Shell.of(process, process.argv[0], process.argv[1:], interpreter=interpreter)
    return await shell.run_text(text)
