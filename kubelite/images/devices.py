"""The devices which every container finds in /dev."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kubelite.images.files import FileSystem
from kubelite.images.inodes import Device, Directory, Mount

if TYPE_CHECKING:
    from kubelite.runtime.randomness import Randomness


def make_devices(random: Randomness) -> Mapping[str, Mount]:
    """null, zero, random and urandom, by their names; to be shared by containers."""
    noise = Mount(Device(endless=random.randbytes))
    return {"null": Mount(Device()), "zero": Mount(Device(endless=bytes)), "random": noise, "urandom": noise}


def mount_devices(files: FileSystem, devices: Mapping[str, Mount]) -> None:
    """Let files have a /dev of their own with these devices."""
    files.mount("/dev", Directory(dict(devices), medium="tmpfs"))
