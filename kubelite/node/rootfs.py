"""The files that a container finds: those of its image, and those which its kubelet writes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from kubelite.images.devices import mount_devices
from kubelite.images.files import FileSystem
from kubelite.images.inodes import Directory, File

if TYPE_CHECKING:
    from kubelite.images.registry import Image
    from kubelite.node.machine import Machine

OVERLAY: Final = "overlay"
COMMAND_MODE: Final = 0o755
ANYBODY: Final = 0o666
ANYBODY_DIRECTORY: Final = 0o777
_DIRECTORIES: Final = {"/etc": 0o755, "/tmp": 0o1777, "/root": 0o700, "/var/run": 0o755}  # noqa: S108


def image_files(image: Image) -> Directory:
    """The files of an image by itself, as volumes show them."""
    files = FileSystem()
    _write_image(files, image)
    for command in image.commands:
        files.mkdir(command.rpartition("/")[0] or "/")
        files.write(command, b"", mode=COMMAND_MODE)
    return files.root


def make_root(machine: Machine, image: Image, working_dir: str) -> FileSystem:
    """The root file system of a container, of its image."""
    files = FileSystem(Directory(medium=OVERLAY), working_dir=working_dir, now=machine.clock.now)
    mount_devices(files, machine.devices)
    for path, mode in _DIRECTORIES.items():
        files.mkdir(path, mode=mode)
    files.mkdir(working_dir)
    _write_image(files, image)
    if image.foreign:
        for path in ("/", *_DIRECTORIES, working_dir):
            files.chmod(path, ANYBODY_DIRECTORY)
    return files


def mount_file(files: FileSystem, path: str, text: str, mode: int = 0o644) -> None:
    """Mount a file, which can be written to where the root file system is read-only."""
    files.mount(path, File(text.encode(), mode))


def _write_image(files: FileSystem, image: Image) -> None:
    for path, text in {**_account_files(image), **image.files}.items():
        directory = path.rpartition("/")[0] or "/"
        if not files.is_dir(directory):
            files.mkdir(directory)
        files.write(path, text)


@lru_cache(maxsize=256)
def _account_files(image: Image) -> dict[str, str]:
    return {
        "/etc/passwd": "".join(
            f"{account.name}:x:{uid}:{account.gid}:{account.name}:{'/root' if uid == 0 else '/'}:/bin/sh\n"
            for uid, account in image.accounts.items()
        ),
        "/etc/group": "".join(
            f"{name}:x:{gid}:{','.join(members)}\n" for name, gid, members in _groups(image)
        ),
    }


def _groups(image: Image) -> list[tuple[str, int, list[str]]]:
    """The lines of /etc/group: a group for each user, and those which have some as members."""
    groups = [(account.name, account.gid, list[str]()) for account in image.accounts.values()]
    for gid, name in image.groups.items():
        members = [account.name for account in image.accounts.values() if gid in account.groups]
        groups.append((name, gid, members))
    return groups
