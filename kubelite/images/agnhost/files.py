"""`agnhost mounttest`: makes files, and says what it sees of them.

Source: the mounttest section of agnhost's README; Go's os.FileMode.
"""

from __future__ import annotations

import stat as modes
from collections.abc import Callable, Iterable
from typing import Final

from kubelite.images.container import Container
from kubelite.images.inodes import Stat

NEW_CONTENT: Final = "mount-tester new file\n"
RETRY_S: Final = 180
LOOP_S: Final = 2.0
"""How long it waits between two looks at a file."""
_KINDS: Final = {"directory": "d", "symlink": "L", "device": "Dc"}
_SPECIAL: Final = ((modes.S_ISUID, "u"), (modes.S_ISGID, "g"), (modes.S_ISVTX, "t"))
_MEDIA: Final = {"tmpfs": "tmpfs", "overlay": str(0x794C7630)}
_EXT4: Final = str(0xEF53)


def go_mode(kind: str, mode: int) -> str:
    """A mode as Go prints an os.FileMode: `-rw-r--r--`, `dgtrwxrwxrwx`."""
    letters = _KINDS.get(kind, "") + "".join(letter for bit, letter in _SPECIAL if mode & bit)
    return (letters or "-") + modes.filemode(mode & 0o777)[1:]


class MountTest:
    """One run; `failed` once anything has gone wrong."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._files = container.files
        self.failed = False

    def new_file(self, path: str, mode: int) -> None:
        """Write a file, and show its content."""
        if self._try(path, "error writing new file", "open", lambda: self._written(path, mode)):
            self.content(path)

    def _written(self, path: str, mode: int) -> None:
        self._files.write(path, NEW_CONTENT, mode=mode)

    def content(self, path: str) -> None:
        """Show what is in a file."""
        text = f'content of file "{path}": '
        self._try(
            path,
            "error reading file content for",
            "open",
            lambda: self._container.log(text + self._files.read_text(path)),
        )

    def file_system(self, path: str) -> None:
        """Show the type of the file system: by its name if it is tmpfs, else by its number."""

        def show() -> None:
            self._files.stat(path)
            medium = _MEDIA.get(self._files.medium(path), _EXT4)
            self._container.log(f'mount type of "{path}": {medium}')

        self._try(path, "error from statfs", "", show)

    def stat(self, path: str, lines: Callable[[Stat], Iterable[str]]) -> None:
        """Show something of a file's inode."""

        def show() -> None:
            for line in lines(self._files.stat(path)):
                self._container.log(line)

        self._try(path, "error from Stat", "stat", show)

    async def content_in_loop(self, path: str, seconds: float, *, until_expected: bool) -> None:
        """Show what is in a file again and again; `until_expected`, until it is what `new_file` writes."""
        clock = self._container.clock
        end, problem = clock.monotonic() + seconds, False
        while clock.monotonic() < end:
            try:
                text = self._files.read_text(path)
            except OSError as error:
                problem = True
                self._container.log(f"Error reading file {path}: {_go_error('open', path, error)}, retrying")
            else:
                problem = False
                self._container.log(f'content of file "{path}": {text}')
                if until_expected and text == NEW_CONTENT:
                    break
                if until_expected:
                    self._container.stdout.write(f"Unexpected content. Expected: {NEW_CONTENT}. Retrying")
            await clock.sleep(LOOP_S)
        self.failed |= problem

    def _try(self, path: str, problem: str, call: str, act: Callable[[], None]) -> bool:
        try:
            act()
        except OSError as error:
            quoted = f'("{path}")' if problem.startswith("error from") else f' "{path}"'
            self._container.log(f"{problem}{quoted}: {_go_error(call, path, error)}")
            self.failed = True
            return False
        return True


def _go_error(call: str, path: str, error: OSError) -> str:
    text = (error.strerror or "").lower()
    return f"{call} {path}: {text}" if call else text


async def mounttest(container: Container, args: list[str]) -> int:
    """Carries out what the flags ask for, in an order of its own: file system, new files, modes, contents."""
    flags = _flags(args)
    run = MountTest(container)
    if path := flags.get("fs_type"):
        run.file_system(path)
    for mode in ("0644", "0666", "0660", "0777"):
        if path := flags.get(f"new_file_{mode}"):
            run.new_file(path, int(mode, 8))
    if path := flags.get("file_mode"):
        run.stat(path, lambda found: [f'mode of file "{path}": {go_mode(found.kind, found.mode)}'])
    if path := flags.get("file_perm"):
        run.stat(path, lambda found: [f'perms of file "{path}": {go_mode("file", found.mode & 0o777)}'])
    if path := flags.get("file_owner"):
        owners = (f'owner UID of "{path}": {{0.uid}}', f'owner GID of "{path}": {{0.gid}}')
        run.stat(path, lambda found: [line.format(found) for line in owners])
    if path := flags.get("file_content"):
        run.content(path)
    if path := flags.get("file_content_in_loop"):
        seconds = float(flags.get("retry_time") or RETRY_S)
        until_expected = flags.get("break_on_expected_content", "true") != "false"
        await run.content_in_loop(path, seconds, until_expected=until_expected)
    return int(run.failed)


def _flags(args: list[str]) -> dict[str, str]:
    """`--name=value` or `--name value`."""
    flags, rest = dict[str, str](), list(args)
    while rest:
        name, equals, value = rest.pop(0).lstrip("-").partition("=")
        if not equals and name != "break_on_expected_content":
            value = rest.pop(0) if rest else ""
        flags[name] = value
    return flags
