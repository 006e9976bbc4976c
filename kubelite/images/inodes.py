"""What stands in a file system: files, directories, symbolic links, devices, and mounts of such things.

A `Directory` can be mounted in several containers: that is how volumes are shared. What one of them writes,
the others see. Who looks up, reads and changes all this by its path is `files`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

import attrs

from kubelite.runtime import Shown

FILE_MODE: Final = 0o644
DIRECTORY_MODE: Final = 0o755


@attrs.define(eq=False, repr=False)
class File(Shown):
    """A regular file. `mtime` is in Unix seconds."""

    data: bytes = b""
    mode: int = FILE_MODE
    mtime: float = 0.0
    uid: int = 0
    gid: int = 0


@attrs.define(eq=False, repr=False)
class Device(Shown):
    """A file whose bytes go elsewhere: `/dev/null`, `/dev/stdout`; `endless` gives as many as are wanted."""

    write: Callable[[bytes], None] = lambda _data: None
    read: Callable[[], bytes] = lambda: b""
    endless: Callable[[int], bytes] | None = None
    mode: int = 0o666
    mtime: float = 0.0
    uid: int = 0
    gid: int = 0


@attrs.define(eq=False, repr=False)
class Symlink(Shown):
    """A symbolic link; `target` is resolved when it is followed."""

    target: str
    mode: int = 0o777
    mtime: float = 0.0
    uid: int = 0
    gid: int = 0


@attrs.define(eq=False, repr=False)
class Directory(Shown):
    """A directory; also the root of a volume: `medium` is its file system's type, `size_limit` in bytes."""

    entries: dict[str, Node] = attrs.field(factory=dict)
    mode: int = DIRECTORY_MODE
    mtime: float = 0.0
    uid: int = 0
    gid: int = 0
    medium: str = ""
    size_limit: int = 0


@attrs.define(eq=False, repr=False)
class Mount(Shown):
    """A file or directory from elsewhere, seen at this place."""

    target: Directory | File | Device
    read_only: bool = False


Node: TypeAlias = File | Device | Symlink | Directory | Mount


class Stat(NamedTuple):
    """What is known of a path: kind is "file", "directory", "symlink" or "device"; size in bytes."""

    kind: str
    mode: int
    size: int
    mtime: float
    uid: int = 0
    gid: int = 0
