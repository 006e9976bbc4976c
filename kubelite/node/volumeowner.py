"""Whom the files of a volume belong to: what `fsGroup` does to them.

Source: pkg/volume/volume_linux.go (SetVolumeOwnership).
"""

from __future__ import annotations

from typing import Final

from kubelite.images.inodes import Directory, File
from kubelite.images.permissions import SET_GROUP

READABLE: Final = 0o440
WRITABLE: Final = 0o660
_DIRECTORY: Final = SET_GROUP | 0o110
"""What directories get besides."""


def give_to_group(directory: Directory, group: int, bits: int = READABLE) -> None:
    """Let a directory and all below it belong to a group, which may read or also write."""
    directory.gid = group
    directory.mode |= bits | _DIRECTORY
    for node in directory.entries.values():
        if isinstance(node, Directory):
            give_to_group(node, group, bits)
        elif isinstance(node, File):
            node.gid = group
            node.mode |= bits
